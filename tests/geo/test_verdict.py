"""Section 4 of `method.md`: exactly one state, in the order in which they are tested."""

from math import inf

import numpy as np
import pytest
import shapely

from app.geo.extent import border_distances_m
from app.geo.projection import LocalProjection
from app.geo.verdict import OVERALL_STATES, STATES, judge, judge_overall

LIMIT_S, LINE_M = 900.0, 1000.0


def state_of(
    walk: float = inf,
    *,
    limit: float = LIMIT_S,
    border_m: float = 5000.0,
    linked: bool = True,
    facilities: int = 3,
    min_count: int = 1,
    can_be_read: bool = True,
) -> str:
    verdicts = judge(
        np.array([walk]),
        limit=limit,
        limit_line_m=LINE_M,
        border_m=np.array([border_m]),
        linked=np.array([linked]),
        facility_count=facilities,
        min_count=min_count,
        can_be_read=can_be_read,
    )
    return STATES[verdicts.state[0]]


def test_the_states_are_those_of_the_model_in_its_order() -> None:
    assert STATES == (
        "covered",
        "no_data",
        "not_snapped",
        "undetermined",
        "no_facility",
        "disconnected",
        "too_far",
    )


def test_each_state_outranks_those_after_it() -> None:
    # Everything is wrong at once; then one reason after another is taken away.
    assert state_of(900, border_m=-1, linked=False, facilities=0, can_be_read=False) == "covered"
    assert state_of(901, border_m=-1, linked=False, facilities=0, can_be_read=False) == "no_data"
    assert state_of(901, border_m=-1, linked=False, facilities=0) == "not_snapped"
    assert state_of(901, border_m=-1, facilities=0) == "undetermined"
    assert state_of(901, facilities=0) == "no_facility"
    assert state_of(inf) == "disconnected"
    assert state_of(901) == "too_far"


@pytest.mark.parametrize(
    ("walk", "expected"),
    [
        (0.0, "covered"),
        (LIMIT_S, "covered"),
        (LIMIT_S + 0.9e-6, "covered"),  # the tolerance
        (LIMIT_S + 1e-6, "covered"),
        (LIMIT_S + 1.1e-6, "too_far"),
        (LIMIT_S + 0.4, "too_far"),  # never rounded first
        (LIMIT_S - 0.4, "covered"),
    ],
)
def test_the_limit_is_inclusive_with_a_millionth_of_tolerance(walk: float, expected: str) -> None:
    assert state_of(walk) == expected


def test_a_limit_of_metres_works_as_one_of_seconds() -> None:
    assert state_of(300.0000009, limit=300.0) == "covered"
    assert state_of(300.0000011, limit=300.0) == "too_far"


def test_sums_that_drift_are_still_covered() -> None:
    drifted = sum([0.9] * 999)  # misses 899.1 by about 1e-11
    assert drifted != 899.1
    assert state_of(drifted, limit=899.1) == "covered"


@pytest.mark.parametrize(
    ("border_m", "expected"),
    [
        (1000.1, "too_far"),
        (1000.0, "too_far"),  # the line ends on the border and does not leave
        (999.9, "undetermined"),
        (0.0, "undetermined"),
        (-50.0, "undetermined"),  # outside the extent
        (-5000.0, "undetermined"),
    ],
)
def test_a_line_that_leaves_the_extent_leaves_the_state_open(border_m: float, expected: str) -> None:
    assert state_of(901, border_m=border_m) == expected
    assert state_of(inf, border_m=border_m) == expected.replace("too_far", "disconnected")


def test_a_household_outside_is_covered_all_the_same_where_it_walks_in_time() -> None:
    assert state_of(900, border_m=-50.0) == "covered"


def test_the_missing_metres_are_those_of_the_line_beyond_the_border() -> None:
    verdicts = judge(
        np.array([901.0, 901.0, 901.0]),
        limit=LIMIT_S,
        limit_line_m=LINE_M,
        border_m=np.array([400.0, -250.0, 1600.0]),
        linked=np.ones(3, dtype=bool),
        facility_count=1,
        min_count=1,
        can_be_read=True,
    )
    assert verdicts.missing_m.tolist() == [600.0, 1250.0, -600.0]
    assert verdicts.walk.tolist() == [901.0, 901.0, 901.0]


@pytest.mark.parametrize(
    ("facilities", "min_count", "walk", "expected"),
    [
        (0, 1, inf, "no_facility"),
        (1, 2, inf, "no_facility"),
        (2, 2, inf, "disconnected"),  # two there are, but no walk to both: unlinked ones count as facilities
        (2, 2, 901, "too_far"),
        (2, 2, 899, "covered"),
    ],
)
def test_min_count_asks_for_so_many(facilities: int, min_count: int, walk: float, expected: str) -> None:
    assert state_of(walk, facilities=facilities, min_count=min_count) == expected


def test_of_several_access_points_the_one_nearest_the_border_decides() -> None:
    extent, plane = shapely.box(24.90, 60.15, 24.98, 60.19), LocalProjection(24.94, 60.17)
    # one door in the middle, one about 222 m south of the northern border, one outside
    border_m = border_distances_m(
        plane, extent, np.array([24.94, 24.94, 24.94]), np.array([60.17, 60.188, 60.191])
    )
    assert state_of(901, border_m=float(border_m[0])) == "too_far"
    assert state_of(901, border_m=float(border_m[:2].min())) == "undetermined"
    assert border_m[1] == pytest.approx(222.8, abs=0.5)
    assert border_m[:3].min() == pytest.approx(-111.4, abs=0.5)


def test_every_household_has_one_state() -> None:
    rng = np.random.default_rng(5)
    walk = np.where(rng.random(500) < 0.2, inf, rng.uniform(0, 2000, 500))
    border_m, linked = rng.uniform(-500, 3000, 500), rng.random(500) < 0.9
    verdicts = judge(
        walk,
        limit=LIMIT_S,
        limit_line_m=LINE_M,
        border_m=border_m,
        linked=linked,
        facility_count=4,
        min_count=1,
        can_be_read=True,
    )
    one_by_one = [
        state_of(*each[:1], border_m=each[1], linked=each[2], facilities=4)
        for each in zip(walk.tolist(), border_m.tolist(), linked.tolist(), strict=True)
    ]
    assert [STATES[state] for state in verdicts.state] == one_by_one


# --- overall -----------------------------------------------------------------------------------------------------


def overall(*states: str) -> str:
    required = [np.array([STATES.index(state)], dtype=np.int8) for state in states]
    return OVERALL_STATES[judge_overall(required, 1)[0]]


@pytest.mark.parametrize("left_out", ["too_far", "no_facility", "disconnected", "not_snapped"])
@pytest.mark.parametrize("other", STATES)
def test_one_service_left_out_is_enough(left_out: str, other: str) -> None:
    assert overall(left_out, other) == "underserved"
    assert overall(other, left_out) == "underserved"


@pytest.mark.parametrize("open_state", ["undetermined", "no_data"])
def test_what_is_open_is_neither_served_nor_underserved(open_state: str) -> None:
    assert overall("covered", open_state) == "undetermined"
    assert overall(open_state, "covered") == "undetermined"
    assert overall(open_state) == "undetermined"


def test_served_needs_every_required_service() -> None:
    assert overall("covered", "covered", "covered") == "served"
    assert overall("covered", "covered", "too_far") == "underserved"
