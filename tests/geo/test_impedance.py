"""Seconds beside length: steps, crossings, signals and slope, on streets drawn 100 m a cell and walked at 1 m/s."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo.impedance import NO_COSTS, ExtraCosts, edge_times
from app.geo.links import EdgeLocator
from app.geo.network import WalkNetwork
from app.geo.network_builder import build_walk_network, without_edges
from app.geo.route import find_route
from app.geo.search import SearchGraph, build_search_graph
from app.geo.slope import STEEPEST, EdgeSamples, sample_edges, slope_factors, tobler_factor
from app.geo.walks import walks_to_nearest
from tests.support.drawn import Drawing, draw, way_lines
from tests.support.random_city import City, cities

STEPS = ExtraCosts(steps_s_per_m=3.0)
ROADS = ExtraCosts(crossing_s=7.0, signal_s=30.0)
SLOPE = ExtraCosts(uses_slope=True)
ALL = ExtraCosts(steps_s_per_m=3.0, crossing_s=7.0, signal_s=30.0, uses_slope=True)
TOLERANCE_S = 0.1  # a cell is 100 m in a plane, within a few centimetres on the ground


def build(
    drawing: Drawing,
    *,
    stairs: Collection[int] = (),
    on_foot: Collection[int] = (),
    crossings: str = "",
    signals: str = "",
) -> WalkNetwork:
    """The drawn network; `stairs` and `on_foot` are numbers of ways, from 1, and the others names of nodes."""
    lines = way_lines(drawing.ways)
    lines = replace(
        lines,
        stairs=np.isin(lines.way_id, list(stairs)),
        for_foot=np.isin(lines.way_id, [*on_foot, *stairs]),
    )

    def ids(names: str) -> np.ndarray:
        return np.asarray([drawing.node_id[name] for name in names.split()], dtype=np.int64)

    return build_walk_network(
        lines,
        wall_ids=ids(""),
        gate_ids=ids(""),
        crossing_ids=ids(crossings),
        signal_ids=ids(signals),
    )


def hilly(network: WalkNetwork, rise_by_metre_east: float) -> WalkNetwork:
    """The network on a plane that rises to the east."""
    samples = sample_edges(network, 30.0)
    x_m, _ = network.projection.to_plane(samples.lon_deg, samples.lat_deg)
    flat = np.zeros(network.edge_count, dtype=bool)
    factors = slope_factors(network, samples, rise_by_metre_east * x_m, spans=flat)
    return replace(network, edge_slope_forward=factors.forward, edge_slope_backward=factors.backward)


def timed_graph(network: WalkNetwork, costs: ExtraCosts, speed_mps: float = 1.0) -> SearchGraph:
    times = edge_times(network, costs, speed_mps)
    graph = build_search_graph(network, times.forward_s, times.backward_s)
    return replace(graph, link_cost_per_m=1.0 / speed_mps)


def walk_s(
    network: WalkNetwork, drawing: Drawing, start: str, end: str, costs: ExtraCosts, speed_mps: float = 1.0
) -> float:
    """The walk as the search finds it; the route must take as long."""
    locator, graph, one = EdgeLocator(network), timed_graph(network, costs, speed_mps), np.asarray([0, 1])
    links = [locator.link(*(np.asarray([value]) for value in drawing.place[name])) for name in (start, end)]
    found = walks_to_nearest(network, graph, links[0], one, links[1], one).cost[0]
    route = find_route(network, graph, *links)
    assert (route is None and np.isinf(found)) or route.cost == pytest.approx(found, abs=1e-9)
    return float(found)


# --- steps -----------------------------------------------------------------------------------------------------

STAIRS = draw("a b c d", "a-b\nb-c\nc-d")


def test_steps_cost_by_the_metre() -> None:
    # 300 m at 1 m/s, of which 100 m are steps at 3 s/m.
    network = build(STAIRS, stairs=[2])
    assert walk_s(network, STAIRS, "a", "d", NO_COSTS) == pytest.approx(300, abs=TOLERANCE_S)
    assert walk_s(network, STAIRS, "a", "d", STEPS) == pytest.approx(600, abs=TOLERANCE_S)
    assert walk_s(network, STAIRS, "d", "a", STEPS) == pytest.approx(600, abs=TOLERANCE_S)
    assert walk_s(network, STAIRS, "a", "d", STEPS, 2.0) == pytest.approx(150 + 300, abs=TOLERANCE_S)


def test_half_the_steps_cost_half_and_cutting_them_changes_nothing() -> None:
    # From b, 150 m east of a on the way, to d: 150 m, of which 50 m are steps.
    whole = draw("a . c d", "a-c\nc-d", points={"b": ("a", 150.0, 0.0)})
    network = build(whole, stairs=[1])
    assert walk_s(network, whole, "b", "d", STEPS) == pytest.approx(150 + 50 * 3, abs=TOLERANCE_S)
    cut = draw("a . c d", "a-b\nb-c\nc-d", points={"b": ("a", 150.0, 0.0)})
    network = build(cut, stairs=[1, 2])
    assert walk_s(network, cut, "a", "d", STEPS) == pytest.approx(300 + 200 * 3, abs=TOLERANCE_S)
    assert walk_s(network, cut, "b", "d", STEPS) == pytest.approx(150 + 50 * 3, abs=TOLERANCE_S)


def test_a_detour_is_taken_where_steps_take_longer() -> None:
    # Along the steps 100 + 300 s, round the block 300 m.
    block = draw("a b\nc d", "a-b\na-c-d-b")
    network = build(block, stairs=[1])
    assert walk_s(network, block, "a", "b", STEPS) == pytest.approx(300, abs=TOLERANCE_S)
    assert walk_s(network, block, "a", "b", NO_COSTS) == pytest.approx(100, abs=TOLERANCE_S)


# --- crossings -------------------------------------------------------------------------------------------------

CROSSED = draw(
    """
    . n .
    a x b
    . s .
    """,
    """
    a-x
    x-b
    n-x-s
    """,
)


@pytest.mark.parametrize(("crossings", "signals", "extra_s"), [("", "", 0), ("x", "", 7), ("", "x", 30)])
def test_who_walks_across_the_road_pays_once(crossings: str, signals: str, extra_s: float) -> None:
    # Footways a-x and x-b meet the road n-x-s in x.
    network = build(CROSSED, on_foot=[1, 2], crossings=crossings, signals=signals)
    assert walk_s(network, CROSSED, "a", "b", ROADS) == pytest.approx(200 + extra_s, abs=TOLERANCE_S)
    assert walk_s(network, CROSSED, "b", "a", ROADS) == pytest.approx(200 + extra_s, abs=TOLERANCE_S)
    assert walk_s(network, CROSSED, "a", "b", NO_COSTS) == pytest.approx(200, abs=TOLERANCE_S)


def test_who_walks_along_the_road_waits_for_nobody() -> None:
    network = build(CROSSED, on_foot=[1, 2], signals="x")
    assert walk_s(network, CROSSED, "n", "s", ROADS) == pytest.approx(200, abs=TOLERANCE_S)


def test_from_the_road_onto_the_footway_is_half_a_crossing() -> None:
    network = build(CROSSED, on_foot=[1, 2], signals="x")
    assert walk_s(network, CROSSED, "n", "b", ROADS) == pytest.approx(200 + 15, abs=TOLERANCE_S)


def test_a_crossing_inside_an_edge_counts_once() -> None:
    # The road is not walkable, so the footway a-x-y-b is not cut at x.
    footway = draw("a x y b", "a-x-y-b")
    network = build(footway, on_foot=[1], crossings="x", signals="y")
    assert network.edge_count == 1
    assert network.edge_crossings.tolist() == [1.0]
    assert network.edge_signals.tolist() == [1.0]
    assert walk_s(network, footway, "a", "b", ROADS) == pytest.approx(300 + 7 + 30, abs=TOLERANCE_S)


def test_edges_without_length_cost_nothing() -> None:
    flat = draw("a b", "a-c\nc-b", points={"c": ("a", 0.0, 0.0)})
    network = build(flat, on_foot=[1, 2], crossings="a c")
    assert network.edge_length_m[0] == 0
    assert network.edge_crossings.tolist() == [0.0, 0.5]


# --- slope -----------------------------------------------------------------------------------------------------


def test_tobler_by_hand() -> None:
    # 6 exp(-3.5 |S + 0.05|) over 6 exp(-3.5 * 0.05): exp(3.5 (|S + 0.05| - 0.05)), the time being its inverse speed.
    slope = np.asarray([0.0, 0.05, 0.10, -0.05, -0.10, -0.20])
    expected = [1.0, np.exp(0.175), np.exp(0.35), np.exp(-0.175), 1.0, np.exp(0.35)]
    assert tobler_factor(slope).tolist() == pytest.approx(expected, abs=1e-12)
    assert (
        tobler_factor(np.asarray([5.0, -5.0])).tolist()
        == tobler_factor(np.asarray([STEEPEST, -STEEPEST])).tolist()
    )


def test_uphill_takes_longer_than_downhill() -> None:
    # 300 m east at 10 %: exp(0.35) = 1.419 times as long up; down at 10 % as long as on the flat.
    network = hilly(build(STAIRS), 0.10)
    assert walk_s(network, STAIRS, "a", "d", SLOPE) == pytest.approx(300 * np.exp(0.35), abs=TOLERANCE_S)
    assert walk_s(network, STAIRS, "d", "a", SLOPE) == pytest.approx(300, abs=TOLERANCE_S)
    assert walk_s(network, STAIRS, "a", "d", STEPS) == pytest.approx(300, abs=TOLERANCE_S)


def test_a_one_way_is_climbed_in_its_own_direction() -> None:
    # East only: 5 % up is exp(0.175); no way leads back.
    lift = draw("a b", "a-b oneway")
    network = hilly(build(lift), 0.05)
    assert walk_s(network, lift, "a", "b", SLOPE) == pytest.approx(100 * np.exp(0.175), abs=TOLERANCE_S)
    assert walk_s(network, lift, "b", "a", SLOPE) == np.inf
    against = draw("a b", "a-b against")
    network = hilly(build(against), 0.05)
    assert walk_s(network, against, "b", "a", SLOPE) == pytest.approx(100 * np.exp(-0.175), abs=TOLERANCE_S)


def test_a_drawn_direction_changes_no_climb() -> None:
    backwards = draw("a b c d", "b-a\nc-b\nd-c")
    for start, end in (("a", "d"), ("d", "a")):
        one, other = (
            walk_s(hilly(build(drawing), 0.08), drawing, start, end, SLOPE) for drawing in (STAIRS, backwards)
        )
        assert one == pytest.approx(other, abs=1e-6)


def test_a_hill_between_the_ends_is_climbed_and_a_bridge_is_not() -> None:
    # 90 m in three pieces of 30 m: up 3 m (10 %), level, down 3 m.
    street = draw("a .", "a-b", points={"b": ("a", 90.0, 0.0)})
    network = build(street)
    samples = sample_edges(network, 30.0)
    height_m = np.asarray([0.0, 3.0, 3.0, 0.0])
    assert len(samples.lon_deg) == 4
    hill = slope_factors(network, samples, height_m, spans=np.asarray([False]))
    assert hill.forward[0] == pytest.approx((np.exp(0.35) + 1 + 1) / 3, abs=1e-3)
    assert hill.backward[0] == pytest.approx(hill.forward[0], abs=1e-12)
    bridge = slope_factors(network, samples, height_m, spans=np.asarray([True]))
    assert bridge.forward.tolist() == [1.0]


def test_where_heights_are_unknown_a_street_counts_as_flat() -> None:
    street = draw("a .", "a-b", points={"b": ("a", 90.0, 0.0)})
    network = build(street)
    samples = sample_edges(network, 30.0)
    heights = np.asarray([0.0, 3.0, np.nan, 0.0])
    factors = slope_factors(network, samples, heights, spans=np.asarray([False]))
    assert factors.forward[0] == pytest.approx((np.exp(0.35) + 1 + 1) / 3, abs=1e-3)
    assert factors.known_m[0] == pytest.approx(30, abs=0.01)


def test_samples_lie_on_the_street_its_ends_included() -> None:
    bent = draw("a b\n. c", "a-b-c")
    samples = sample_edges(bent.network, 50.0)
    assert samples.start.tolist() == [0, 5]
    expected = [bent.place["a"], bent.place["b"], bent.place["c"]]
    for row, (lon, lat) in zip((0, 2, 4), expected, strict=True):
        assert samples.lon_deg[row] == pytest.approx(lon, abs=1e-7)
        assert samples.lat_deg[row] == pytest.approx(lat, abs=1e-7)


def test_all_costs_stay_with_their_edges_when_others_are_closed() -> None:
    network = hilly(build(CROSSED, on_foot=[1, 2], signals="x"), 0.10)
    left = without_edges(network, np.asarray([True, False, False, False]))
    assert left.edge_signals.tolist() == network.edge_signals[1:].tolist()
    assert left.edge_slope_forward.tolist() == network.edge_slope_forward[1:].tolist()


def test_terms_add_up_to_the_edge() -> None:
    network = hilly(build(CROSSED, stairs=[1, 2], crossings="x"), 0.10)
    times = edge_times(network, ALL, 1.1)
    for edge in range(network.edge_count):
        assert sum(times.terms(edge, forward=True).values()) == pytest.approx(times.forward_s[edge], abs=1e-9)
        assert sum(times.terms(edge, forward=False).values()) == pytest.approx(
            times.backward_s[edge], abs=1e-9
        )


# --- on random cities ------------------------------------------------------------------------------------------


def city_walks(city: City, network: WalkNetwork, costs: ExtraCosts) -> np.ndarray:
    locator, graph = EdgeLocator(network), timed_graph(network, costs)
    sides = []
    for points in (city.homes, city.shops):
        place = np.asarray([xy for group in points.values() for xy in group])
        start = np.cumsum([0, *(len(group) for group in points.values())])
        sides += [locator.link(place[:, 0], place[:, 1]), start]
    return walks_to_nearest(network, graph, *sides).cost


def with_random_costs(city: City, seed: int, *, hills: bool) -> WalkNetwork:
    random = np.random.default_rng(seed)
    lines = way_lines(city.ways)
    count = len(lines.way_id)
    lines = replace(lines, stairs=random.random(count) < 0.3, for_foot=random.random(count) < 0.7)
    nodes = np.unique(lines.ref_osm_id)
    network = build_walk_network(
        lines,
        wall_ids=np.asarray(sorted(city.walls), dtype=np.int64),
        gate_ids=np.asarray(sorted(city.gates), dtype=np.int64),
        crossing_ids=random.choice(nodes, 3),
        signal_ids=random.choice(nodes, 2),
    )
    if not hills:
        return network
    samples: EdgeSamples = sample_edges(network, 30.0)
    # One height for each place, whichever street leads there.
    height_m = 300 * np.sin(2000 * samples.lon_deg) * np.cos(3000 * samples.lat_deg)
    factors = slope_factors(network, samples, height_m, spans=np.zeros(network.edge_count, dtype=bool))
    return replace(network, edge_slope_forward=factors.forward, edge_slope_backward=factors.backward)


@given(cities(), st.integers(0, 1000))
@settings(max_examples=40)
def test_costs_never_make_a_walk_faster_and_no_costs_change_nothing(city: City, seed: int) -> None:
    network = with_random_costs(city, seed, hills=True)
    plain = city_walks(city, network, NO_COSTS)
    dearer = city_walks(city, network, replace(ALL, uses_slope=False))
    assert (dearer >= plain - 1e-9).all()
    in_metres = build_search_graph(network)
    in_seconds = timed_graph(network, NO_COSTS)
    assert in_metres.arc_cost.tolist() == in_seconds.arc_cost.tolist()
    hilly_walks = city_walks(city, network, SLOPE)
    least = SLOPE.least_factor
    assert (hilly_walks >= plain * least - 1e-9).all()
    assert np.isfinite(hilly_walks).tolist() == np.isfinite(plain).tolist()


@given(cities(), st.integers(0, 1000))
@settings(max_examples=40)
def test_there_and_back_is_never_faster_than_on_the_flat(city: City, seed: int) -> None:
    network = with_random_costs(city.two_way(), seed, hills=True)
    times = edge_times(network, SLOPE, 1.0)
    assert (times.forward_s + times.backward_s >= 2 * network.edge_length_m - 1e-9).all()
