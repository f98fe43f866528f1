"""Streets within reach: cut where the limit is, and walked by the rules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo.projection import geodesic_lengths_m
from app.geo.reach import StreetPlaces
from app.geo.streets import cut_lines
from tests.support.drawn import Drawing, draw
from tests.support.reached_town import BLOCK, LINE, between, town, towns


def test_streets_are_cut_exactly_at_the_limit_and_the_link_counts() -> None:
    # 30 m to the street, then 120 m both ways.
    city = town(LINE)
    edge, from_m, to_m = city.streets(LINE.place["home"], limit=150.0)
    assert list(edge) == [0]
    assert from_m == pytest.approx([180.0], abs=0.05)
    assert to_m == pytest.approx([420.0], abs=0.05)
    assert to_m - from_m == pytest.approx([240.0], abs=1e-3)


def test_the_middle_that_neither_end_reaches_stays_out() -> None:
    # From the corner a the block of 2 * (600 + 500) m is walked 1000 m both ways: 200 m remain.
    city = town(BLOCK)
    assert city.street_m(BLOCK.place["a"], limit=1000.0) == pytest.approx(2000.0, abs=0.01)
    assert city.street_m(BLOCK.place["a"], limit=5000.0) == pytest.approx(2200.0, abs=0.5)
    parts = city.streets(BLOCK.place["a"], limit=1000.0)
    assert len(parts[0]) == 2


def test_cut_streets_have_the_length_that_they_say() -> None:
    city = town(BLOCK)
    edge, from_m, to_m = city.streets(BLOCK.place["a"], limit=777.0)
    lines = cut_lines(city.network, edge, from_m, to_m)
    step_m = geodesic_lengths_m(lines.lon_deg[:-1], lines.lat_deg[:-1], lines.lon_deg[1:], lines.lat_deg[1:])
    joins = np.zeros(len(step_m), dtype=bool)
    joins[lines.start[1:-1] - 1] = True
    assert step_m[~joins].sum() == pytest.approx((to_m - from_m).sum(), abs=1e-3)
    assert step_m[~joins].min() > 1e-6


def test_one_way_streets_are_reached_from_where_one_may_walk() -> None:
    city = draw("a b c", "a-b-c oneway", points={"m": ("b", 0, 0)})
    place = town(city)
    edge_m = place.network.edge_length_m.sum()
    towards = place.streets(city.place["m"], limit=60.0)
    outward = place.streets(city.place["m"], limit=60.0, outward=True)
    assert (towards[1][0], towards[2][0]) == pytest.approx((edge_m / 2 - 60, edge_m / 2), abs=1e-3)
    assert (outward[1][0], outward[2][0]) == pytest.approx((edge_m / 2, edge_m / 2 + 60), abs=1e-3)


def test_towards_and_from_differ_only_by_one_way_rules() -> None:
    city = town(BLOCK)
    for limit in (200.0, 900.0):
        assert city.isochrones(BLOCK.place["a"], limits=[limit]) == city.isochrones(
            BLOCK.place["a"], limits=[limit], outward=True
        )
    one_way = draw("a b c d e", "a-b-c-d-e oneway")
    line = town(one_way)
    (towards,) = line.isochrones(one_way.place["c"], limits=[150.0])
    (outward,) = line.isochrones(one_way.place["c"], limits=[150.0], outward=True)
    assert line.contains(towards, *one_way.place["b"])
    assert not line.contains(towards, *one_way.place["d"])
    assert line.contains(outward, *one_way.place["d"])
    assert not line.contains(outward, *one_way.place["b"])


def test_restricted_streets_serve_both_ends_and_never_the_middle() -> None:
    # A gated lane c-d is the short way from the right side to the left; a public detour leads round.
    city = draw(
        """
        a b c d e f
        . . . . . .
        . . . . . .
        . . . . . .
        . . g h . .
        """,
        """
        a-b-c
        c-d restricted
        d-e-f
        c-g-h-d
        """,
    )
    place = town(city)
    (picture,) = place.isochrones(city.place["b"], limits=[350.0])
    assert place.contains(
        picture, *between(city, "c", "d", 0.5)
    )  # home on the lane itself: a trip starts there
    assert not place.contains(picture, *city.place["e"])  # through the lane 300 m, round it 1100 m
    (far,) = place.isochrones(city.place["b"], limits=[1150.0])
    assert place.contains(far, *city.place["e"])
    inside = between(city, "c", "d", 0.9)
    (out,) = place.isochrones(inside, limits=[150.0])
    assert place.contains(out, *city.place["e"])  # the trip ends on the lane


def test_streets_within_reach_of_two_are_counted_once_for_each() -> None:
    # Of b and g, 500 m apart: within 300 m of one 200 + 300 + 300 + 200, of both 100 m in the middle.
    city = town(LINE)
    ends = LINE.place["b"], LINE.place["g"]
    assert city.street_m(*ends, limit=300.0) == pytest.approx(700.0, abs=0.1)
    assert city.street_m(*ends, limit=300.0, nearest=2) == pytest.approx(100.0, abs=0.1)
    assert city.street_m(*ends, limit=200.0, nearest=2) == 0.0


@settings(max_examples=40)
@given(towns(), st.floats(1, 700), st.booleans())
def test_reached_streets_are_those_whose_places_are_reached(
    made: tuple[Drawing, tuple[float, float]], limit: float, outward: bool
) -> None:
    drawing, origin = made
    city = town(drawing)
    parts = city.streets(origin, limit=limit, outward=outward)
    edge = np.repeat(np.arange(city.network.edge_count), 9)
    offset_m = (
        np.tile(np.linspace(0.013, 0.987, 9), city.network.edge_count) * city.network.edge_length_m[edge]
    )
    reach = city.reach(origin, limit=limit + 50, outward=outward)
    cost = reach.costs(StreetPlaces(edge, offset_m, np.zeros(len(edge))))
    inside = np.zeros(len(edge), dtype=bool)
    for part_edge, from_m, to_m in zip(*parts, strict=True):
        inside |= (edge == part_edge) & (from_m <= offset_m) & (offset_m <= to_m)
    sure = np.abs(cost - limit) > 1e-3
    assert (inside == (cost <= limit))[sure].all()
