"""Households against drawn polygons: who stands on the wrong side, and how far from the border."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import shapely

from app.domain.access import AccessPoints
from app.geo.isochrone import Ring
from app.geo.links import AccessLinks
from app.geo.search import SearchGraph
from app.geo.units import BoolArray, IntArray, ragged_rows
from app.geo.verdict import TOLERANCE
from app.geo.walks import walks_to_nearest
from app.services.area_engine import WalkingView


@dataclass(frozen=True)
class WrongSides:
    """Households that a polygon puts on the wrong side of its border.

    ``wrong`` of ``households``, all of the area, counted as rows; ``farthest_m`` is how far the farthest of them lies
    from the border, 0 where there is none.
    """

    households: int
    wrong: int
    farthest_m: float

    @property
    def share(self) -> float:
        return self.wrong / self.households if self.households else 0.0


class HouseholdCheck:
    """Walks of all access points of all households to some origins, by the same search as verdicts."""

    def __init__(
        self,
        view: WalkingView,
        homes: AccessPoints,
        graph: SearchGraph,
        links: AccessLinks,
        start: IntArray,
        *,
        nearest: int,
        kernels: ModuleType | None,
    ) -> None:
        self._homes = homes
        self._projection = view.network.projection
        each = np.arange(view.household_links.point_count + 1)
        self._cost = walks_to_nearest(
            view.network, graph, view.household_links, each, links, start, nearest=nearest, kernels=kernels
        ).cost

    def count(self, polygons: Sequence[tuple[Ring, ...]], limit: float) -> WrongSides:
        """Compare one multipolygon with the walks.

        A household with several access points counts as inside where one of them is: so its walk is counted too.
        """
        homes = self._homes
        reached = self._cost <= limit + TOLERANCE
        shape = shapely.MultiPolygon([shapely.Polygon(outer, holes) for outer, *holes in polygons])
        shapely.prepare(shape)
        drawn = shapely.intersects_xy(shape, homes.lon_deg, homes.lat_deg)
        household = ragged_rows(homes.start)
        count = len(homes.start) - 1
        is_wrong = _any(reached, household, count) != _any(drawn, household, count)
        points = np.flatnonzero((reached != drawn) & is_wrong[household])
        farthest_m = 0.0
        if len(points) and not shape.is_empty:
            border = self._projection.shapes_to_plane(np.asarray([shapely.boundary(shape)]))[0]
            places = shapely.points(*self._projection.to_plane(homes.lon_deg[points], homes.lat_deg[points]))
            farthest_m = float(shapely.distance(border, places).max())
        return WrongSides(count, int(is_wrong.sum()), farthest_m)


def _any(values: BoolArray, row: IntArray, count: int) -> BoolArray:
    found = np.zeros(count, dtype=bool)
    found[row[values]] = True
    return found
