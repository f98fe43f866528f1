"""Catchments of many places against one walk at a time: the same households, compiled or not."""

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo import catchment_kernels
from app.geo.catchments import Catchments, straight_catchments, walked_catchments
from app.geo.links import EdgeLocator
from app.geo.search import build_search_graph
from app.geo.straight import straight_to_nearest
from app.geo.verdict import TOLERANCE
from app.geo.walks import walks_to_nearest
from tests.support.drawn import Drawing, draw, engine_network
from tests.support.random_city import MAX_LINK_M, City, Points, cities

BOTH = pytest.mark.parametrize("kernels", [None, catchment_kernels], ids=["scipy", "compiled"])


def arrays_of(points: Points) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lon_lat = np.array([xy for group in points.values() for xy in group]).reshape(-1, 2)
    start = np.array([0, *accumulate(len(group) for group in points.values())], dtype=np.int64)
    return lon_lat[:, 0], lon_lat[:, 1], start


@settings(max_examples=150, derandomize=True)
@given(cities(), st.sampled_from([0.0, 60.0, 150.0, 400.0, 1e6]), st.sampled_from([1.0, 1.1, 0.7]))
def test_a_catchment_is_whoever_walks_no_farther(city: City, limit: float, per_unit: float) -> None:
    network = engine_network(city.ways, walls=city.walls, gates=city.gates)
    locator, graph = EdgeLocator(network, max_link_m=MAX_LINK_M), build_search_graph(network)
    (home_lon, home_lat, home_start), (shop_lon, shop_lat, shop_start) = (
        arrays_of(city.homes),
        arrays_of(city.shops),
    )
    homes, shops = locator.link(home_lon, home_lat), locator.link(shop_lon, shop_lat)
    found = {
        name: walked_catchments(
            network,
            graph,
            homes,
            home_start,
            shops,
            shop_start,
            limit=limit,
            per_unit=per_unit,
            kernels=kernels,
        )
        for name, kernels in (("scipy", None), ("compiled", catchment_kernels))
    }
    for shop in range(len(city.shops)):
        one = np.zeros(len(shop_lon), dtype=bool)
        one[shop_start[shop] : shop_start[shop + 1]] = True
        alone = locator.link(shop_lon[one], shop_lat[one])
        walks = walks_to_nearest(
            network, graph, homes, home_start, alone, np.array([0, one.sum()], dtype=np.int64)
        )
        expected = np.flatnonzero(walks.cost / per_unit <= limit + TOLERANCE).tolist()
        for catchments in found.values():
            first, last = catchments.start[shop : shop + 2]
            assert catchments.household[first:last].tolist() == expected


def street() -> Drawing:
    return draw(
        """
        a . b . c
        H . I . J
        """,
        "a-b-c",
    )


@BOTH
def test_limits_are_inclusive_and_links_count(kernels: object) -> None:
    """H and I are 200 m apart, each 100 m from the street: 400 m from door to door, J another 200 m on."""
    city = street()
    network = city.network
    locator = EdgeLocator(network)
    at = [city.place[name] for name in "HIJ"]
    links = locator.link(np.array([p[0] for p in at]), np.array([p[1] for p in at]))
    alone = np.arange(4, dtype=np.int64)

    def households(limit: float) -> list[list[int]]:
        found = walked_catchments(
            network,
            build_search_graph(network),
            links,
            alone,
            links,
            alone,
            limit=limit,
            kernels=kernels,  # type: ignore[arg-type]
        )
        return [found.household[a:b].tolist() for a, b in zip(found.start, found.start[1:], strict=False)]

    assert households(399.0) == [[0], [1], [2]]
    assert households(401.0) == [[0, 1], [0, 1, 2], [1, 2]]
    assert households(601.0) == [[0, 1, 2]] * 3


def test_straight_lines_know_no_streets() -> None:
    city = street()
    lon, lat = (np.array([city.place[name][axis] for name in "HIJ"]) for axis in (0, 1))
    start = np.arange(4, dtype=np.int64)
    projection = city.network.projection
    for limit_m in (0.0, 199.0, 201.0, 500.0):
        found = straight_catchments(projection, (lon, lat), start, (lon, lat), start, limit_m=limit_m)
        for place in range(3):
            one = (lon[place : place + 1], lat[place : place + 1])
            walks = straight_to_nearest(projection, (lon, lat), start, one, np.array([0, 1], dtype=np.int64))
            expected = np.flatnonzero(walks.cost <= limit_m + TOLERANCE).tolist()
            assert found.household[found.start[place] : found.start[place + 1]].tolist() == expected


def test_catchments_count_and_weigh() -> None:
    found = Catchments(np.array([0, 2, 2, 3]), np.array([0, 2, 2]), 3)
    assert found.counts().tolist() == [1, 0, 2]
    assert found.sums(np.array([1.0, 5.0, 10.0])).tolist() == [11.0, 0.0, 10.0]
    assert found.kept(np.array([False, True, True])).start.tolist() == [0, 1, 1, 2]
    assert found.matrix.toarray().tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 1]]
