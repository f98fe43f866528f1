"""Ids are found by all of their text, however long a stranger's is."""

import numpy as np
import pytest

from app.domain.errors import HouseholdNotFoundError
from app.services.area_engine import AreaEngine
from app.services.ids import find_household, find_position

IDS = np.asarray(["a", "b/1", "b/10", "b/2", "é", "京"])


def test_ids_are_found_by_all_of_their_text() -> None:
    assert [find_position(IDS, str(name)) for name in IDS] == list(range(6))
    for stranger in ("", "b", "b/1 ", "b/1\0", "京京", "z" * 1000):
        assert find_position(IDS, stranger) is None
    assert find_position(np.empty(0, dtype="U1"), "a") is None


def test_every_household_is_found_and_an_unknown_one_is_named(demo_engine: AreaEngine) -> None:
    area = demo_engine.area
    ids = area.households.id
    assert [find_household(area, str(name)) for name in ids] == list(range(len(ids)))
    with pytest.raises(HouseholdNotFoundError, match="way/0"):
        find_household(area, "way/0")
