"""Distances as the crow flies, for limits in which streets play no part."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from app.geo.projection import LocalProjection
from app.geo.units import FloatArray, IntArray, ragged_rows
from app.geo.walks import NearestWalks


def straight_to_nearest(
    projection: LocalProjection,
    household_deg: tuple[FloatArray, FloatArray],
    household_start: IntArray,
    facility_deg: tuple[FloatArray, FloatArray],
    facility_start: IntArray,
    *,
    nearest: int = 1,
) -> NearestWalks:
    """Straight distance of every household to its k-th nearest facility, over all access points of both.

    Parameters
    ----------
    projection : LocalProjection
    household_deg, facility_deg : (lon, lat) float arrays
        Access points.
    household_start, facility_start : int array, shape (h + 1,) and (f + 1,)
        Where each owner's access points begin.
    nearest : int
        k, counted over distinct facilities.

    Returns
    -------
    NearestWalks
        ``cost`` in metres; ``inf`` where there are fewer than k facilities.
    """
    households, facilities = len(household_start) - 1, len(facility_start) - 1
    cost = np.full((nearest, households), np.inf)
    owner = np.full((nearest, households), -1, dtype=np.int64)
    access = np.full((nearest, households), -1, dtype=np.int64)
    if households and facilities >= nearest:
        homes = np.column_stack(projection.to_plane(*household_deg))
        places = np.column_stack(projection.to_plane(*facility_deg))
        for distance_m, facility in _rounds(homes, places, facility_start, nearest):
            _merge(cost, owner, access, _best_access(distance_m, facility, household_start))
    return NearestWalks(cost[-1], owner[-1], access[-1])


def _rounds(
    homes: FloatArray, places: FloatArray, facility_start: IntArray, nearest: int
) -> Iterator[tuple[FloatArray, IntArray]]:
    """Distances from all access points of households: to the nearest facility, or to each facility in turn."""
    if nearest == 1:
        distance_m, place = cKDTree(places).query(homes)
        yield np.asarray(distance_m), ragged_rows(facility_start)[place]
        return
    for facility, (first, last) in enumerate(pairwise(facility_start.tolist())):
        distance_m, _ = cKDTree(places[first:last]).query(homes)
        yield np.asarray(distance_m), np.full(len(homes), facility)


def _best_access(
    distance_m: FloatArray, facility: IntArray, household_start: IntArray
) -> tuple[FloatArray, IntArray, IntArray]:
    """The nearest access point of each household: its distance, the facility there, and its position."""
    household = ragged_rows(household_start)
    order = np.lexsort((distance_m, household))
    _, first = np.unique(household[order], return_index=True)
    best = order[first]
    return distance_m[best], facility[best], best


def _merge(
    cost: FloatArray, owner: IntArray, access: IntArray, found: tuple[FloatArray, IntArray, IntArray]
) -> None:
    """Put one more facility into the ranking of every household (in place); equal distances keep their order."""
    rows = [
        np.concatenate([old, new[None, :]]) for old, new in zip((cost, owner, access), found, strict=True)
    ]
    order = np.argsort(rows[0], axis=0, kind="stable")[: len(cost)]
    for target, values in zip((cost, owner, access), rows, strict=True):
        target[:] = np.take_along_axis(values, order, axis=0)
