"""Isochrones in the engine: what is drawn, and that one nests in the other."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo.isochrone import draw_isochrones, search_limit
from app.geo.reach import find_reach
from app.geo.search import build_search_graph
from app.geo.surface import Surface
from tests.support.drawn import Drawing, draw
from tests.support.pictures import multipolygon
from tests.support.reached_town import BLOCK, LINE, Town, between, town, towns

NEAR_M = 15.0
"""Drawings have no streets so close together that the grid could miss one."""


def test_polygons_of_a_line_are_as_wide_as_what_is_left_to_walk() -> None:
    # 100 m from d: at d 100 m to each side, at c and e nothing is left.
    city = town(LINE)
    (picture,) = city.isochrones(LINE.place["d"], limits=[100.0])
    (plane,) = city.network.projection.shapes_to_plane(np.asarray([picture]))
    assert plane.area == pytest.approx(2 * 100.0**2, rel=0.03)
    west, south, east, north = plane.bounds
    assert (east - west, north - south) == (pytest.approx(200, abs=12), pytest.approx(200, abs=12))


def test_a_wide_block_is_a_hole_and_an_island_is_a_part() -> None:
    city = town(BLOCK)
    (picture,) = city.isochrones(BLOCK.place["a"], limits=[1200.0])
    assert [len(polygon.interiors) for polygon in picture.geoms] == [1]
    bridge = draw("a b . . . . c d", "a-b-c-d", points={"x": ("b", 0, 0)})
    far = Town(bridge.network, max_link_m=150.0)
    two = far.isochrones(bridge.place["a"], bridge.place["d"], limits=[120.0])[0]
    assert len(two.geoms) == 2


def test_each_polygon_depends_on_its_own_limit_alone() -> None:
    city = town(BLOCK)
    limits = [120.0, 250.0, 250.3, 400.0, 900.0]
    together = city.isochrones(BLOCK.place["home"], limits=limits)
    alone = [city.isochrones(BLOCK.place["home"], limits=[limit])[0] for limit in limits]
    assert [shape.wkb for shape in together] == [shape.wkb for shape in alone]
    for small, large in pairwise(together):
        assert small.is_empty or shapely.covers(large, small)
        assert shapely.area(shapely.difference(small, large)) == 0.0


def test_a_cold_and_a_warm_surface_draw_the_same() -> None:
    city = town(BLOCK)
    cold = city.isochrones(BLOCK.place["home"], limits=[300.0, 700.0])
    warm = city.isochrones(BLOCK.place["home"], limits=[300.0, 700.0])
    tight = city.isochrones(
        BLOCK.place["home"], limits=[300.0, 700.0], surface=Surface(BLOCK.network, keep=1)
    )
    assert [shape.wkb for shape in cold] == [shape.wkb for shape in warm] == [shape.wkb for shape in tight]


def test_seconds_draw_what_metres_draw() -> None:
    network = BLOCK.network
    cost_s = network.edge_length_m / 0.8
    timed = replace(build_search_graph(network, cost_s, cost_s), link_cost_per_m=1 / 0.8)
    city = town(BLOCK)
    links = city.links(BLOCK.place["home"])
    reach = find_reach(network, timed, links, np.arange(2), limit=search_limit(400 / 0.8, 1 / 0.8))
    (drawn,) = draw_isochrones(city.surface, reach, [400 / 0.8])
    (metres,) = city.isochrones(BLOCK.place["home"], limits=[400.0])
    plane = city.network.projection.shapes_to_plane(np.asarray([multipolygon(drawn.polygons), metres]))
    assert shapely.area(shapely.symmetric_difference(*plane)) < 0.002 * shapely.area(metres_plane := plane[1])
    assert shapely.area(metres_plane) > 0


def test_a_street_too_narrow_for_the_grid_is_drawn() -> None:
    # A lane 3 m beside a street, reached only round the far end: its strip lies between the rows of the grid.
    city = draw(
        """
        a b c d e f g h i j
        """,
        """
        a-b-c-d-e-f-g-h-i-j
        q-r
        q-j
        """,
        points={"q": ("j", 0, 3.4), "r": ("a", 0, 3.4)},
    )
    place = town(city)
    (picture,) = place.isochrones(city.place["a"], limits=[400.0])
    lane = np.array([between(city, "q", "r", share) for share in np.linspace(0.65, 0.95, 50)])
    wrong = shapely.contains_xy(picture, *lane.T)
    assert (place.border_m(picture, *lane[wrong].T) <= NEAR_M).all()


def test_union_of_singles_is_what_many_reach_together() -> None:
    city = town(BLOCK)
    names = ("a", "b", "home")
    (merged,) = city.isochrones(*(BLOCK.place[name] for name in names), limits=[350.0])
    singles = [city.isochrones(BLOCK.place[name], limits=[350.0])[0] for name in names]
    plane = city.network.projection.shapes_to_plane(np.asarray([merged, shapely.union_all(singles)]))
    assert shapely.area(shapely.symmetric_difference(*plane)) < 0.01 * shapely.area(plane[0])
    assert shapely.covers(shapely.buffer(plane[0], NEAR_M), plane[1])
    assert shapely.covers(shapely.buffer(plane[1], NEAR_M), plane[0])


def test_within_reach_of_two_lies_within_reach_of_one() -> None:
    city = town(LINE)
    ends = LINE.place["b"], LINE.place["g"]
    (one,) = city.isochrones(*ends, limits=[320.0])
    (two,) = city.isochrones(*ends, limits=[320.0], nearest=2)
    assert not two.is_empty
    assert shapely.covers(one, two)
    assert city.contains(two, *between(LINE, "d", "e", 0.5))
    assert not city.contains(two, *LINE.place["b"])
    assert city.isochrones(*ends, limits=[200.0], nearest=2)[0].is_empty


@pytest.mark.parametrize("limit", [30.0, 30.001, 31.0, 33.0, 45.0])
def test_the_origins_place_on_its_street_is_inside_however_little_is_left(limit: float) -> None:
    city = town(LINE)
    links = city.links(LINE.place["home"])
    assert links.link_m == pytest.approx([30.0], abs=0.01)
    limit = max(limit, float(links.link_m[0]))
    (picture,) = city.isochrones(LINE.place["home"], limits=[limit])
    assert city.contains(picture, links.lon_deg[0], links.lat_deg[0])
    (plane,) = city.network.projection.shapes_to_plane(np.asarray([picture]))
    assert (
        max(plane.bounds[2] - plane.bounds[0], plane.bounds[3] - plane.bounds[1])
        < 2 * (limit - 30) + 2 * NEAR_M
    )


def test_nothing_is_drawn_where_the_link_is_longer_or_missing() -> None:
    city = town(LINE)
    assert city.isochrones(LINE.place["home"], limits=[29.0])[0].is_empty
    nowhere = (LINE.place["home"][0], LINE.place["home"][1] + 0.01)
    assert city.isochrones(nowhere, limits=[500.0])[0].is_empty
    assert len(city.streets(nowhere, limit=500.0)[0]) == 0


def test_an_island_is_reached_alone() -> None:
    # 60 m of jetty 300 m from a street: too short to be anything but an island.
    city = draw(
        "a b c d e f g",
        "a-b-c-d-e-f-g\np-q",
        points={"p": ("d", 0, 300), "q": ("d", 60, 300), "o": ("d", 5, 320)},
    )
    place = town(city)
    (shape,) = place.isochrones(city.place["o"], limits=[500.0])
    assert len(shape.geoms) == 1
    assert place.contains(shape, *between(city, "p", "q", 0.99))
    assert not place.contains(shape, *city.place["d"])


@settings(max_examples=60)
@given(towns(), st.lists(st.floats(1, 700), min_size=2, max_size=4), st.booleans())
def test_polygons_of_any_town_are_valid_nest_and_hold_their_origin(
    made: tuple[Drawing, tuple[float, float]], limits: list[float], outward: bool
) -> None:
    drawing, origin = made
    city = town(drawing)
    limits = sorted(limits)
    shapes = city.isochrones(origin, limits=limits, outward=outward)
    links = city.links(origin)
    for limit, shape in zip(limits, shapes, strict=True):
        assert shapely.is_valid(shape)
        assert shape.wkb == city.isochrones(origin, limits=[limit], outward=outward)[0].wkb
        if len(links.edge) and float(links.link_m.min()) <= limit:
            assert shapely.contains_xy(shape, links.lon_deg, links.lat_deg).all()
        else:
            assert shape.is_empty
    for small, large in pairwise(shapes):
        assert small.is_empty or shapely.covers(large, small)
