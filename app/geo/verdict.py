"""From walks to verdicts: exactly one state for each household and service (walking model, section 4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.geo.units import BoolArray, FloatArray

STATES = ("covered", "no_data", "not_snapped", "undetermined", "no_facility", "disconnected", "too_far")
"""In the order in which they are tested."""

COVERED, NO_DATA, NOT_SNAPPED, UNDETERMINED, NO_FACILITY, DISCONNECTED, TOO_FAR = range(len(STATES))

NOT_DETERMINED_STATES = (NO_DATA, NOT_SNAPPED, UNDETERMINED)
"""States that say nothing about the service itself; left out of `share_covered_of_determined`."""

LEFT_OUT_STATES = (TOO_FAR, NO_FACILITY, DISCONNECTED, NOT_SNAPPED)
"""States that make a household underserved."""

TOLERANCE = 1e-6
"""Seconds or metres by which a walk may exceed its limit through rounding alone."""

SERVED, UNDERSERVED, NOT_DETERMINED = range(3)
OVERALL_STATES = ("served", "underserved", "undetermined")


@dataclass(frozen=True)
class Verdicts:
    """Verdicts of ``h`` households on one service.

    Attributes
    ----------
    state : int8 array, shape (h,)
        Position in `STATES`.
    walk : float array, shape (h,)
        Walk to the ``min_count``-th nearest facility in the limit's unit (seconds or metres); ``inf`` if there is
        none.
    missing_m : float array, shape (h,)
        How far a straight line of the limit's length reaches beyond the extent; <= 0 where it does not.
    """

    state: NDArray[np.int8]
    walk: FloatArray
    missing_m: FloatArray


def judge(
    walk: FloatArray,
    *,
    limit: float,
    limit_line_m: float,
    border_m: FloatArray,
    linked: BoolArray,
    facility_count: int,
    min_count: int,
    can_be_read: bool,
) -> Verdicts:
    """One state for each household.

    Parameters
    ----------
    walk : float array, shape (h,)
        Walk to the ``min_count``-th nearest facility, links included, in the unit of ``limit``; ``inf`` if none.
    limit : float
        Inclusive, with a tolerance of `TOLERANCE`; seconds or metres.
    limit_line_m : float
        Length of a straight line as long as the limit.
    border_m : float array, shape (h,)
        Distance to the border of the loaded extent, negative outside.
    linked : bool array, shape (h,)
        Whether the household has any access link.
    facility_count : int
        Facilities of the service in the area, linked or not.
    can_be_read : bool
        False where the standard says that OSM cannot show the service and nobody supplied its facilities.
    """
    missing_m = limit_line_m - border_m
    state = np.full(len(walk), TOO_FAR, dtype=np.int8)
    state[np.isinf(walk)] = DISCONNECTED
    if facility_count < min_count:
        state[:] = NO_FACILITY
    state[missing_m > TOLERANCE] = UNDETERMINED
    state[~linked] = NOT_SNAPPED
    if not can_be_read:
        state[:] = NO_DATA
    state[walk <= limit + TOLERANCE] = COVERED
    return Verdicts(state, walk, missing_m)


def judge_overall(required_states: list[NDArray[np.int8]], household_count: int) -> NDArray[np.int8]:
    """Served, underserved or not determined, over the states of all required services.

    Returns
    -------
    int8 array, shape (h,)
        Position in `OVERALL_STATES`.
    """
    overall = np.full(household_count, SERVED, dtype=np.int8)
    for state in required_states:
        overall[(state != COVERED) & (overall == SERVED)] = NOT_DETERMINED
        overall[np.isin(state, LEFT_OUT_STATES)] = UNDERSERVED
    return overall
