"""What a new street leads through: drawn shapes, in degrees that are ten-millionths to the digit."""

import numpy as np
import pytest
import shapely

from app.geo.errors import InvalidInputArrayError
from app.geo.obstacles import Obstacles

COURT = shapely.Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (3, 1), (3, 3), (1, 3)]])
ISLES = shapely.MultiPolygon([shapely.box(10, 0, 11, 1), shapely.box(12, 0, 13, 1)])
RIVER = shapely.LineString([(20, -5), (20, 0), (22, 5)])
ALL = Obstacles.of(np.array([COURT, ISLES], dtype=object), np.array([RIVER], dtype=object))


@pytest.mark.parametrize(
    ("segment", "crossed"),
    [
        (((-1, 2), (5, 2)), True),  # right through a house and its court
        (((1, 2), (3, 2)), False),  # within the court, from wall to wall
        (((2, 2), (2, 5)), True),  # out of the court
        (((1, 1), (3, 3)), False),  # from corner to corner of the court
        (((0.25, 0.25), (0.5, 0.5)), True),  # all of it indoors
        (((0, 0), (0, 4)), False),  # along the wall
        (((-1, 0), (9, 0)), False),  # along it and beyond
        (((0, 4), (-1, 5)), False),  # away from a corner
        (((-1, 3), (1, 5)), False),  # past a corner
        (((0, 0), (4, 4)), True),  # from corner to corner, through the walls
        (((10.5, -1), (10.5, 2)), True),
        (((11, 0.5), (12, 0.5)), False),  # between the parts of one building
        (((19, -1), (21, -1)), True),  # over the river
        (((19, 0), (21, 0)), True),  # where it bends
        (((19, 5), (25, 5)), True),  # where its line ends
        (((20, -1), (25, -1)), False),  # begins on it, as on a bridge
        (((20, 0), (15, 0)), False),
        (((20, -4), (20, -1)), True),  # along it
        (((22, 5), (22, 9)), False),
        (((30, 30), (31, 31)), False),
    ],
)
def test_through_the_inside_is_crossing(segment: tuple[tuple[float, float], ...], crossed: bool) -> None:
    there = np.array([segment], dtype=np.float64)
    assert ALL.crossed(np.concatenate([there, there[:, ::-1]])).tolist() == [crossed, crossed]


def test_many_at_once_are_as_each_alone() -> None:
    random = np.random.default_rng(7)
    segments = np.round(random.uniform(-2, 24, (45_000, 2, 2)), 1)
    alone = [bool(ALL.crossed(segments[[at]])[0]) for at in range(0, 45_000, 200)]
    assert ALL.crossed(segments)[::200].tolist() == alone
    assert {True, False} == set(alone)


def test_nothing_in_the_way() -> None:
    none = Obstacles.of(np.array([], dtype=object), np.array([], dtype=object))
    assert (none.polygon_count, none.line_count) == (0, 0)
    assert not none.crossed(np.array([[[0.0, 0.0], [9.0, 9.0]]])).any()
    assert ALL.crossed(np.empty((0, 2, 2))).tolist() == []
    assert (ALL.polygon_count, ALL.line_count) == (3, 1)


@pytest.mark.parametrize("wrong", [np.zeros((3, 4)), np.zeros((2, 2)), np.full((1, 2, 2), np.nan)])
def test_anything_but_segments_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(InvalidInputArrayError):
        ALL.crossed(wrong)
