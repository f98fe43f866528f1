"""The route behind a walk: its parts add up to the walk that the search finds."""

import numpy as np
import pytest

from app.geo.links import AccessLinks, EdgeLocator
from app.geo.network import WalkNetwork
from app.geo.route import Route, find_route, leg_vertices
from app.geo.search import build_search_graph
from app.geo.walks import walks_to_nearest
from tests.support.drawn import Drawing, draw

TOLERANCE_M = 1e-6


def links_at(locator: EdgeLocator, drawing: Drawing, name: str) -> AccessLinks:
    lon, lat = drawing.place[name]
    return locator.link(np.asarray([lon]), np.asarray([lat]))


def route_between(drawing: Drawing, home: str, goal: str) -> tuple[WalkNetwork, Route | None, float]:
    """The route, and the walk as the search for all households finds it."""
    network = drawing.network
    locator, graph = EdgeLocator(network), build_search_graph(network)
    start, end = links_at(locator, drawing, home), links_at(locator, drawing, goal)
    one = np.asarray([0, 1])
    walks = walks_to_nearest(network, graph, start, one, end, one)
    route = find_route(network, graph, start, end)
    if route is not None:
        streets_m = sum(leg.length_m for leg in route.legs)
        links_m = start.link_m[route.start_link] + end.link_m[route.end_link]
        assert streets_m + links_m == pytest.approx(route.cost, abs=TOLERANCE_M)
        assert route.cost == pytest.approx(walks.cost[0], abs=TOLERANCE_M)
    return network, route, float(walks.cost[0])


def test_the_route_goes_round_the_block_by_the_shorter_side() -> None:
    # H stands at a, F at d: by b 100 + 100 m, by c the same streets are 300 m long.
    drawing = draw(
        """
        H b .
        . F .
        """,
        """
        H-b
        b-F
        """,
    )
    _, route, cost_m = route_between(drawing, "H", "F")
    assert route is not None
    assert cost_m == pytest.approx(200.0, abs=0.05)
    assert [round(leg.length_m) for leg in route.legs] == [100, 100]


def test_along_one_edge_the_walk_never_visits_its_ends() -> None:
    drawing = draw("a H F b", "a-b")
    network, route, cost_m = route_between(drawing, "H", "F")
    assert route is not None
    assert cost_m == pytest.approx(100.0, abs=0.05)  # from 100 m to 200 m along the only edge
    assert len(route.legs) == 1
    lon_deg, _ = leg_vertices(network, route.legs[0])
    assert lon_deg[0] == pytest.approx(drawing.place["H"][0], abs=1e-7)
    assert lon_deg[-1] == pytest.approx(drawing.place["F"][0], abs=1e-7)


def test_against_a_oneway_street_there_is_no_route() -> None:
    drawing = draw("H b F", "F-b-H oneway")
    _, route, cost_m = route_between(drawing, "H", "F")
    assert route is None
    assert np.isinf(cost_m)


def test_a_leg_walked_backwards_runs_backwards() -> None:
    drawing = draw("F a b H", "F-a-b-H")
    network, route, _ = route_between(drawing, "H", "F")
    assert route is not None
    lon_deg = np.concatenate([leg_vertices(network, leg)[0] for leg in route.legs])
    assert (np.diff(lon_deg) <= 0).all()
    assert lon_deg[0] > lon_deg[-1]
