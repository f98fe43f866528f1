"""Isochrones in the engine: what is reached, what is drawn, and that one nests in the other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo import kernels
from app.geo.isochrone import Isochrone, draw_isochrones, search_limit
from app.geo.links import AccessLinks, EdgeLocator
from app.geo.network import WalkNetwork
from app.geo.projection import geodesic_lengths_m
from app.geo.reach import Reach, StreetPlaces, find_reach
from app.geo.reversed import reversed_graph
from app.geo.search import SearchGraph, build_search_graph
from app.geo.streets import cut_lines
from app.geo.surface import GRID_M, POINTS_PER_TILE, TILE_M, TILE_SIDE, Surface
from app.geo.units import FloatArray, IntArray
from app.geo.walks import walks_to_nearest
from tests.support.drawn import Drawing, draw
from tests.support.pictures import multipolygon

NEAR_M = 15.0
"""Drawings have no streets so close together that the grid could miss one."""


@dataclass(frozen=True)
class Town:
    """A network with everything that is made of it once."""

    network: WalkNetwork
    max_link_m: float = 150.0

    @cached_property
    def graph(self) -> SearchGraph:
        return build_search_graph(self.network)

    @cached_property
    def locator(self) -> EdgeLocator:
        return EdgeLocator(self.network, max_link_m=self.max_link_m)

    @cached_property
    def surface(self) -> Surface:
        return Surface(self.network, max_link_m=self.max_link_m)

    def links(self, *places: tuple[float, float]) -> AccessLinks:
        lon, lat = np.array(places).T
        return self.locator.link(lon, lat)

    def reach(
        self, *places: tuple[float, float], limit: float, nearest: int = 1, outward: bool = False
    ) -> Reach:
        graph = reversed_graph(self.graph) if outward else self.graph
        start = np.arange(len(places) + 1)
        return find_reach(self.network, graph, self.links(*places), start, limit=limit, nearest=nearest)

    def isochrones(
        self,
        *places: tuple[float, float],
        limits: Sequence[float],
        nearest: int = 1,
        outward: bool = False,
        surface: Surface | None = None,
    ) -> list[shapely.MultiPolygon]:
        reach = self.reach(*places, limit=search_limit(max(limits), 1.0), nearest=nearest, outward=outward)
        drawn: list[Isochrone] = draw_isochrones(surface or self.surface, reach, limits)
        return [multipolygon(item.polygons) for item in drawn]

    def streets(
        self, *places: tuple[float, float], limit: float, nearest: int = 1, outward: bool = False
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        reach = self.reach(*places, limit=limit, nearest=nearest, outward=outward)
        return reach.street_parts(limit)

    def street_m(self, *places: tuple[float, float], limit: float, **options: bool) -> float:
        _, from_m, to_m = self.streets(*places, limit=limit, **options)
        return float((to_m - from_m).sum())

    def contains(self, shape: shapely.MultiPolygon, lon: float, lat: float) -> bool:
        return bool(shapely.contains_xy(shape, lon, lat))

    def border_m(self, shape: shapely.MultiPolygon, lon: FloatArray, lat: FloatArray) -> FloatArray:
        border = self.network.projection.shapes_to_plane(np.asarray([shapely.boundary(shape)]))[0]
        distance: FloatArray = shapely.distance(
            border, shapely.points(*self.network.projection.to_plane(lon, lat))
        )
        return distance


def town(drawing: Drawing, **options: float) -> Town:
    return Town(drawing.network, **options)


LINE = draw(
    """
    a b c d e f g h
    """,
    "a-b-c-d-e-f-g-h",
    points={"home": ("d", 0, 30)},
)
BLOCK = draw(
    """
    a . . . . . b
    . . . . . . .
    . . . . . . .
    . . . . . . .
    . . . . . . .
    d . . . . . c
    """,
    "a-b-c-d-a",
    points={"home": ("a", 0, 0)},
)


# --- the surface ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_grid_points_have_the_links_that_any_other_place_has(seed: int) -> None:
    # Random streets, among them islands, parallel ones and one without length.
    random = np.random.default_rng(seed)
    names = [f"n{number}" for number in range(24)]
    points = {name: ("o", *random.uniform(-300, 300, 2)) for name in names}
    pairs = random.choice(names, size=(26, 2))
    lines = [f"{one}-{other}" for one, other in pairs if one != other]
    city = town(draw("o", "\n".join(["n0-n1", *lines]), points=points), max_link_m=60.0)
    for key in ((-1, -1), (0, 0), (-1, 0)):
        (tile,) = city.surface.tiles([key])
        steps = GRID_M * np.arange(TILE_SIDE)
        y_m, x_m = np.meshgrid(key[1] * TILE_M + steps, key[0] * TILE_M + steps, indexing="ij")
        expected = city.locator.link(*city.network.projection.to_degrees(x_m.ravel(), y_m.ravel()))
        point = np.concatenate([np.arange(POINTS_PER_TILE), tile.extra_point])
        linked = tile.edge < city.network.edge_count
        ours = np.lexsort((tile.offset_m[linked], tile.edge[linked], point[linked]))
        theirs = np.lexsort((expected.offset_m, expected.edge, expected.point))
        assert (point[linked][ours] == expected.point[theirs]).all()
        assert (tile.edge[linked][ours] == expected.edge[theirs]).all()
        assert tile.offset_m[linked][ours] == pytest.approx(expected.offset_m[theirs], abs=1e-3)
        assert tile.link_m[linked][ours] == pytest.approx(expected.link_m[theirs], abs=1e-3)


def test_tiles_are_kept_and_the_oldest_goes() -> None:
    surface = Surface(LINE.network, keep=2)
    first, second = surface.tiles([(0, 0), (1, 0)])
    assert surface.tiles([(0, 0)])[0] is first
    surface.tiles([(5, 5)])
    assert surface.tiles([(0, 0)])[0] is first
    again = surface.tiles([(1, 0)])[0]
    assert again is not second
    assert (again.edge == second.edge).all()


def test_costs_of_places_are_those_of_households() -> None:
    city = draw(
        """
        a b . c d
        . . . . .
        e f . g h
        """,
        """
        a-b-c-d-h oneway
        a-e-f restricted
        f-g-h
        b-f oneway
        """,
        points={"o": ("c", 0, -20), "p": ("g", 30, 10)},
    )
    place = town(city)
    random = np.random.default_rng(3)
    x_m, y_m = random.uniform(-350, 350, 400), random.uniform(-250, 250, 400)
    homes = place.locator.link(*place.network.projection.to_degrees(x_m, y_m))
    goals = place.links(city.place["o"], city.place["p"])
    for nearest in (1, 2):
        for search in (None, kernels):
            for graph in (place.graph, reversed_graph(place.graph)):
                expected = walks_to_nearest(
                    place.network, graph, homes, np.arange(401), goals, np.arange(3), nearest=nearest
                ).cost
                reach = find_reach(
                    place.network, graph, goals, np.arange(3), limit=5000.0, nearest=nearest, kernels=search
                )
                cost = np.full(400, np.inf)
                np.minimum.at(
                    cost, homes.point, reach.costs(StreetPlaces(homes.edge, homes.offset_m, homes.link_m))
                )
                assert np.isfinite(expected).any()
                assert cost == pytest.approx(expected, abs=1e-6)


# --- streets -------------------------------------------------------------------------------------------------------


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
        picture, *_between(city, "c", "d", 0.5)
    )  # home on the lane itself: a trip starts there
    assert not place.contains(picture, *city.place["e"])  # through the lane 300 m, round it 1100 m
    (far,) = place.isochrones(city.place["b"], limits=[1150.0])
    assert place.contains(far, *city.place["e"])
    inside = _between(city, "c", "d", 0.9)
    (out,) = place.isochrones(inside, limits=[150.0])
    assert place.contains(out, *city.place["e"])  # the trip ends on the lane


def _between(city: Drawing, one: str, other: str, share: float) -> tuple[float, float]:
    (lon, lat), (to_lon, to_lat) = city.place[one], city.place[other]
    return lon + share * (to_lon - lon), lat + share * (to_lat - lat)


def test_streets_within_reach_of_two_are_counted_once_for_each() -> None:
    # Of b and g, 500 m apart: within 300 m of one 200 + 300 + 300 + 200, of both 100 m in the middle.
    city = town(LINE)
    ends = LINE.place["b"], LINE.place["g"]
    assert city.street_m(*ends, limit=300.0) == pytest.approx(700.0, abs=0.1)
    assert city.street_m(*ends, limit=300.0, nearest=2) == pytest.approx(100.0, abs=0.1)
    assert city.street_m(*ends, limit=200.0, nearest=2) == 0.0


# --- polygons ------------------------------------------------------------------------------------------------------


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
    lane = np.array([_between(city, "q", "r", share) for share in np.linspace(0.65, 0.95, 50)])
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
    assert city.contains(two, *_between(LINE, "d", "e", 0.5))
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
    assert place.contains(shape, *_between(city, "p", "q", 0.99))
    assert not place.contains(shape, *city.place["d"])


# --- any town ------------------------------------------------------------------------------------------------------


@st.composite
def towns(draws: st.DrawFn) -> tuple[Drawing, tuple[float, float]]:
    """Shaken grids with one-way and restricted streets, and a place in or beside them."""
    shake = st.floats(-40, 40)
    names = [f"n{row}{column}" for row in range(4) for column in range(4)]
    points = {
        name: ("o", 110.0 * int(name[2]) + draws(shake), 110.0 * int(name[1]) + draws(shake))
        for name in names
    }
    streets = []
    for row in range(4):
        for column in range(4):
            for other in ((row, column + 1), (row + 1, column)):
                if max(other) < 4 and draws(st.integers(0, 4)):
                    flag = draws(st.sampled_from(["", "", "", " oneway", " against", " restricted"]))
                    streets.append(f"n{row}{column}-n{other[0]}{other[1]}{flag}")
    streets.append("n00-n33")
    city = draw("o", "\n".join(streets), points=points)
    east, north = draws(st.floats(-60, 420)), draws(st.floats(-60, 420))
    plane = city.network.projection
    base = plane.to_plane(*(np.array([value]) for value in city.place["o"]))
    lon, lat = plane.to_degrees(base[0] + east, base[1] + north)
    return city, (float(lon[0]), float(lat[0]))


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=40, deadline=None)
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
