"""Drawn towns with what isochrones are made of: reach, surface, streets; and random ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from hypothesis import strategies as st

from app.geo.isochrone import Isochrone, draw_isochrones, search_limit
from app.geo.links import AccessLinks, EdgeLocator
from app.geo.network import WalkNetwork
from app.geo.reach import Reach, find_reach
from app.geo.reversed import reversed_graph
from app.geo.search import SearchGraph, build_search_graph
from app.geo.surface import Surface
from app.geo.units import FloatArray, IntArray
from tests.support.drawn import Drawing, draw
from tests.support.pictures import multipolygon


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


def between(city: Drawing, one: str, other: str, share: float) -> tuple[float, float]:
    (lon, lat), (to_lon, to_lat) = city.place[one], city.place[other]
    return lon + share * (to_lon - lon), lat + share * (to_lat - lat)


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
