"""What a new link does beside being walked over: who is linked to it, and which islands it joins to the city."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import STRtree

from app.domain.access import NEAREST
from app.domain.area import Area
from app.geo.link_ends import LinkEnds, Pairs, islands_joined
from app.geo.links import AccessLinks
from app.geo.units import (
    FloatArray,
    Geometries,
    IntArray,
    expand_ranges,
    ragged_rows,
)
from app.services.area_engine import WalkingView
from app.services.link_bounds import SLACK, ServiceBounds

_CROW = 0.998
"""No walk is shorter than this share of the straight line in the plane, whose scale is right to 0.1 %."""

_ROUNDING_M = 1e-3


class Gains:
    """Households that each of some changes could win, and their weight."""

    def __init__(self, count: int, weight: FloatArray) -> None:
        self._count, self._weight = count, weight
        self._keys: list[IntArray] = [np.empty(0, dtype=np.int64)]
        self._set = np.full(count, -1, dtype=np.int64)
        self._set_keys: list[IntArray] = [np.empty(0, dtype=np.int64)]
        self._set_weight: list[float] = []

    def add(self, change: IntArray, household: IntArray) -> None:
        """Each of these changes could win the household beside it."""
        self._keys.append(change * len(self._weight) + household)

    def add_all(self, changes: IntArray, households: IntArray) -> None:
        """Each of these changes could win all of these households; called at most once for a change."""
        number = len(self._set_weight)
        self._set[changes] = number
        self._set_keys.append(number * len(self._weight) + households)
        self._set_weight.append(float(self._weight[households].sum()))

    def take(self, bounds: ServiceBounds, places: AccessLinks, beyond_m: FloatArray) -> None:
        """Change ``i`` brings the service as near to its places, those of point ``i``, as `beyond_m` says."""
        # What is infinitely far seeds no search.
        found = bounds.households(replace(places, link_m=beyond_m), np.arange(self._count + 1))
        self.add(ragged_rows(found.start), found.household)

    def bounds(self) -> FloatArray:
        """The most weight that each could win."""
        key = np.unique(np.concatenate(self._keys))
        change, household = np.divmod(key, max(len(self._weight), 1))
        by_set = np.isin(self._set[change] * len(self._weight) + household, np.concatenate(self._set_keys))
        change, household = change[~by_set], household[~by_set]
        weights = self._weight[household] if len(household) else np.empty(0)
        most: FloatArray = np.bincount(change, weights=weights, minlength=self._count).astype(np.float64)
        most += np.append(self._set_weight, 0.0)[self._set]
        return most


@dataclass(frozen=True)
class Winnable:
    """What pairs could win for one service: at the places where they are walked into, and by standing where they do.

    ``end_pair`` names pairs by position, with the end at which a walk enters and how far the service is beyond;
    ``beside`` pairs and households.
    """

    end_pair: IntArray
    end: IntArray
    beyond_m: FloatArray
    beside_pair: IntArray
    beside_household: IntArray

    @property
    def pairs(self) -> IntArray:
        """Pairs that could win anybody, ascending."""
        return np.union1d(self.end_pair, self.beside_pair)

    def give(self, bounds: ServiceBounds, ends: LinkEnds, kept: IntArray, gains: Gains) -> None:
        """Add what the pairs `kept` could win, under their positions there."""
        rows = np.flatnonzero(np.isin(self.end_pair, kept))
        places = ends.at(self.end[rows], self.beyond_m[rows])
        found = bounds.households(places, np.arange(len(rows) + 1))
        gains.add(
            np.searchsorted(kept, self.end_pair[rows])[ragged_rows(found.start)],
            found.household,
        )
        rows = np.flatnonzero(np.isin(self.beside_pair, kept))
        gains.add(np.searchsorted(kept, self.beside_pair[rows]), self.beside_household[rows])


@dataclass(frozen=True)
class Surroundings:
    """Some pairs of ends in the plane, and the islands that they would join to the city (-1 for none, by side)."""

    area: Area
    view: WalkingView
    ends: LinkEnds
    pairs: Pairs
    xy_m: FloatArray
    segments: Geometries
    tree: STRtree
    islands: tuple[IntArray, IntArray]

    @classmethod
    def of(cls, area: Area, view: WalkingView, ends: LinkEnds, pairs: Pairs) -> "Surroundings":
        """Of these pairs."""
        network = view.network
        xy_m = np.stack([network.vertex_x_m[ends.vertex], network.vertex_y_m[ends.vertex]], axis=1)
        lines = np.stack([xy_m[pairs.one], xy_m[pairs.other]], axis=1)
        segments: Geometries = np.asarray(shapely.linestrings(lines), dtype=object)
        islands = islands_joined(network, ends.edge[pairs.one], ends.edge[pairs.other], pairs.length_m)
        return cls(area, view, ends, pairs, xy_m, segments, STRtree(segments), islands)

    def winnable(self, bounds: ServiceBounds, onward_m: FloatArray, arrived_m: FloatArray) -> Winnable:
        """What the pairs could win for a service, whose walks from the ends are `bounds.at_ends_m`."""
        pairs, places = self.pairs, self.ends.places
        from_homes_m = bounds.from_homes_m(places)
        near = _Near(self, bounds)
        beyond = near.facilities_m()
        for side, there in enumerate((pairs.other, pairs.one)):
            beyond[side] = np.minimum(beyond[side], pairs.length_m + onward_m[there])
        entered = []
        for side, here in enumerate((pairs.one, pairs.other)):
            possible = from_homes_m[here] + beyond[side] <= bounds.limit_m * SLACK
            if bounds.by_shortening:
                possible &= beyond[side] < arrived_m[here]
            rows = np.flatnonzero(possible)
            entered.append((rows, here[rows], beyond[side][rows]))
        beside = [near.linked(beyond, onward_m), *near.on_islands(beyond)]
        return Winnable(
            *(np.concatenate(column) for column in zip(*entered, strict=True)),
            *(np.concatenate(column) for column in zip(*beside, strict=True)),
        )


class _Near:
    """Households that lack a service, and its facilities, beside the pairs."""

    def __init__(self, around: Surroundings, bounds: ServiceBounds) -> None:
        self._around, self._bounds = around, bounds
        self._pairs, self._area, view = around.pairs, around.area, around.view
        reach_m = self._area.max_link_m
        household = ragged_rows(view.household_start)
        chosen = np.flatnonzero(bounds.wanted[household])
        self._household = household[chosen]
        homes = self._area.households.access
        self._home_xy = _plane(self._area, homes.lon_deg[chosen], homes.lat_deg[chosen])
        self._homes: Geometries = np.asarray(shapely.points(self._home_xy), dtype=object)
        self._home_reach_m = _reach_m(view.household_links, view, reach_m)[chosen]
        facilities = self._area.facilities
        counts = np.diff(facilities.access.start)[bounds.facilities]
        rows = expand_ranges(facilities.access.start[bounds.facilities], counts)
        points_m = _plane(self._area, facilities.access.lon_deg[rows], facilities.access.lat_deg[rows])
        outlines, outline_reach_m = _outlines(self._area, bounds.facilities)
        self._facilities: Geometries = np.concatenate([shapely.points(points_m), outlines])
        point_reach_m = _reach_m(view.facility_links, view, reach_m)[rows]
        self._facility_reach_m = np.concatenate([point_reach_m, outline_reach_m])
        self._island_homes: dict[int, IntArray] = {}
        self._island_facilities: dict[int, IntArray] = {}
        self._find_islands()

    def facilities_m(self) -> list[FloatArray]:
        """How near to either end facilities could be that are linked to the new link, or to an island that it joins."""
        found = [np.full(len(self._pairs.one), np.inf) for _ in range(2)]
        if len(self._facilities) == 0 or len(self._pairs.one) == 0:
            return found
        shape, pair = self._around.tree.query(
            self._facilities, predicate="dwithin", distance=self._facility_reach_m + _ROUNDING_M
        )
        island_pair, island_shape = self._facilities_of_islands()
        shape, pair = np.concatenate([shape, island_shape]), np.concatenate([pair, island_pair])
        for side, ends in enumerate((self._pairs.one, self._pairs.other)):
            points = shapely.points(self._around.xy_m[ends[pair]])
            np.minimum.at(found[side], pair, _CROW * shapely.distance(points, self._facilities[shape]))
        return found

    def linked(self, beyond: list[FloatArray], onward_m: FloatArray) -> tuple[IntArray, IntArray]:
        """Pairs, and households that would be linked to the new link itself and come to the service by it."""
        pairs = self._pairs
        if len(self._homes) == 0 or len(pairs.one) == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        home, pair = self._around.tree.query(
            self._homes, predicate="dwithin", distance=self._home_reach_m + _ROUNDING_M
        )
        segments = self._around.segments[pair]
        away_m = shapely.distance(self._homes[home], segments)
        along_m = shapely.line_locate_point(segments, self._homes[home])
        rest_m = shapely.length(segments) - along_m
        to_one = along_m * _CROW + np.minimum(beyond[0], onward_m[pairs.one])[pair]
        to_other = rest_m * _CROW + np.minimum(beyond[1], onward_m[pairs.other])[pair]
        within = away_m * _CROW + np.minimum(to_one, to_other) <= self._bounds.limit_m * SLACK
        return pair[within], self._household[home[within]]

    def on_islands(self, beyond: list[FloatArray]) -> list[tuple[IntArray, IntArray]]:
        """Pairs, and households that may be linked to an island once it is joined to the city."""
        found = []
        for side, ends in enumerate((self._pairs.one, self._pairs.other)):
            islands = self._around.islands[side]
            for pair in np.flatnonzero(islands >= 0).tolist():
                homes = self._island_homes[int(islands[pair])]
                if len(self._island_facilities[int(islands[pair])]) == 0:
                    crow_m = np.hypot(*(self._home_xy[homes] - self._around.xy_m[ends[pair]]).T)
                    homes = homes[crow_m * _CROW + beyond[side][pair] <= self._bounds.limit_m * SLACK]
                if len(homes):
                    found.append((np.full(len(homes), pair), self._household[homes]))
        return found

    def _find_islands(self) -> None:
        """Households and facilities that would be linked to an island that a pair joins.

        It is nearer than what they are linked to, and counts as soon as it is joined.
        """
        network = self._around.view.network
        joined = np.unique(np.concatenate(self._around.islands))
        joined = joined[joined >= 0]
        if len(joined) == 0:
            return
        first = network.segment_vertex
        part = network.edge_part[network.vertex_edge[first]]
        chosen = np.isin(part, joined)
        first, part = first[chosen], part[chosen]
        xy = np.stack([network.vertex_x_m, network.vertex_y_m], axis=1)
        segments = np.asarray(shapely.linestrings(np.stack([xy[first], xy[first + 1]], axis=1)), dtype=object)
        tree = STRtree(segments)
        for shapes, reach_m, kept in (
            (self._homes, self._home_reach_m, self._island_homes),
            (self._facilities, self._facility_reach_m, self._island_facilities),
        ):
            shape, segment = tree.query(shapes, predicate="dwithin", distance=reach_m + _ROUNDING_M)
            pairs = np.unique(np.stack([part[segment], shape]), axis=1)
            for island in joined.tolist():
                low, high = np.searchsorted(pairs[0], [island, island + 1])
                kept[island] = pairs[1, low:high]

    def _facilities_of_islands(self) -> tuple[IntArray, IntArray]:
        pairs, shapes = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        for islands in self._around.islands:
            for pair in np.flatnonzero(islands >= 0).tolist():
                near = self._island_facilities[int(islands[pair])]
                pairs.append(np.full(len(near), pair))
                shapes.append(near)
        return np.concatenate(pairs), np.concatenate(shapes)


def _plane(area: Area, lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
    return np.stack(area.network.projection.to_plane(lon_deg, lat_deg), axis=1)


def _reach_m(links: AccessLinks, view: WalkingView, max_link_m: float) -> FloatArray:
    """How far a new street may lie and still be what each point is linked to."""
    return np.where(links.is_on_main(view.network), np.minimum(links.nearest_m, max_link_m), max_link_m)


def _outlines(area: Area, chosen: IntArray) -> tuple[Geometries, FloatArray]:
    """Outlines of facilities that are areas, and how far a street may lie and still be how they are entered.

    Where streets cross an outline, or doors stand on it, only what touches it matters.
    """
    facilities = area.facilities
    which = chosen[[shape is not None for shape in facilities.outline[chosen].tolist()]]
    outlines: Geometries = np.asarray(
        shapely.boundary(area.network.projection.shapes_to_plane(facilities.outline[which])), dtype=object
    )
    first = facilities.access.start[which]
    is_nearest = facilities.access.kind[first] == NEAREST
    on_main = area.facility_links.is_on_main(area.network)[first]
    nearest_m = np.where(is_nearest, area.facility_links.nearest_m[first], 0.0)
    return outlines, np.where(is_nearest & ~on_main, area.max_link_m, nearest_m)
