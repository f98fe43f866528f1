"""Finding things by their ids, which are kept in ascending order."""

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from app.domain.area import Area
from app.domain.errors import HouseholdNotFoundError


def rank_after(ids: NDArray[np.str_], wanted: str) -> int:
    """How many ids come before `wanted` or are it, in code point order.

    `np.searchsorted` would first widen a copy of all ids to the length of `wanted`, which a stranger chooses.
    """
    return bisect_right(range(len(ids)), wanted, key=lambda position: str(ids[position]))


def find_position(ids: NDArray[np.str_], wanted: str) -> int | None:
    """Position of an id among ascending ids."""
    position = rank_after(ids, wanted) - 1
    return position if position >= 0 and str(ids[position]) == wanted else None


def find_household(area: Area, household_id: str) -> int:
    """Position of a household.

    Raises
    ------
    HouseholdNotFoundError
        If the area has none of this id.
    """
    position = find_position(area.households.id, household_id)
    if position is None:
        raise HouseholdNotFoundError(area.id, household_id)
    return position
