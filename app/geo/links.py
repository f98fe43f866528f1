"""Access links: the straight walk between a point and the nearest place on the walk network."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from shapely import STRtree

from app.geo.errors import InvalidInputArrayError
from app.geo.network import WalkNetwork
from app.geo.units import (
    BoolArray,
    FloatArray,
    Geometries,
    IntArray,
    expand_ranges,
    ragged_rows,
    ragged_starts,
    running_starts,
)

TIE_M = 1e-6
"""The walking model, section 3: places whose distances differ by no more than this are equally near."""

DEFAULT_MAX_LINK_M = 150.0
"""The walking model, section 3."""


@dataclass(frozen=True)
class AccessLinks:
    """Links of ``p`` points, ``k`` in all; point ``i`` has ``start[i]:start[i + 1]``, none where it is not snapped.

    A point has more than one link where several places are equally near: at a node, one for each edge there.

    Attributes
    ----------
    start : int array, shape (p + 1,)
    edge : int array, shape (k,)
        Position of the edge in the network.
    offset_m : float array, shape (k,)
        Geodesic distance of the place from the edge's u, ``0 <= offset_m <= edge_length_m``.
    link_m : float array, shape (k,)
        Length of the straight link.
    lon_deg, lat_deg : float array, shape (k,)
        The place on the edge.
    nearest_m : float array, shape (p,)
        Distance to the nearest edge that could be linked: of an island only where no other edge is in reach.
    """

    start: IntArray
    edge: IntArray
    offset_m: FloatArray
    link_m: FloatArray
    lon_deg: FloatArray
    lat_deg: FloatArray
    nearest_m: FloatArray

    @property
    def point_count(self) -> int:
        return len(self.nearest_m)

    @cached_property
    def point(self) -> IntArray:
        """Point of every link, ascending, shape (k,)."""
        return ragged_rows(self.start)

    @cached_property
    def is_linked(self) -> BoolArray:
        """Whether each point has a link, shape (p,)."""
        linked: BoolArray = np.diff(self.start) > 0
        return linked

    def is_on_main(self, network: WalkNetwork) -> BoolArray:
        """Whether each point is linked to an edge that is on no island, shape (p,)."""
        on_main = np.zeros(self.point_count, dtype=bool)
        on_main[self.point[~network.edge_island[self.edge]]] = True
        return on_main

    def take(self, points: IntArray) -> "AccessLinks":
        """Those of some points, in their order."""
        counts = self.start[points + 1] - self.start[points]
        rows = expand_ranges(self.start[points], counts)
        return AccessLinks(
            start=running_starts(counts),
            nearest_m=self.nearest_m[points],
            **{name: getattr(self, name)[rows] for name in LINK_COLUMNS},
        )

    def then(self, other: "AccessLinks") -> "AccessLinks":
        """These, and those of other points behind them."""
        return AccessLinks(
            start=np.concatenate([self.start, self.start[-1] + other.start[1:]]),
            nearest_m=np.concatenate([self.nearest_m, other.nearest_m]),
            **{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in LINK_COLUMNS},
        )


LINK_COLUMNS = ("edge", "offset_m", "link_m", "lon_deg", "lat_deg")
"""Of `AccessLinks`, what there is of each link."""


class EdgeLocator:
    """Finds the places of a network nearest to points and outlines.

    Parameters
    ----------
    network : WalkNetwork
    max_link_m : float
        Longest link that is made, inclusive.
    """

    def __init__(self, network: WalkNetwork, *, max_link_m: float = DEFAULT_MAX_LINK_M) -> None:
        if not (np.isfinite(max_link_m) and max_link_m > 0):
            raise InvalidInputArrayError(
                "max_link_m", f"{max_link_m} is not a positive, finite number of metres"
            )
        self.network = network
        self.max_link_m = max_link_m
        first = network.segment_vertex
        xy = np.stack([network.vertex_x_m, network.vertex_y_m], axis=1)
        self._segments: Geometries = np.asarray(
            shapely.linestrings(np.stack([xy[first], xy[first + 1]], axis=1))
        )
        on_island = network.edge_island[network.vertex_edge[first]]
        self._main = np.flatnonzero(~on_island)
        self._island = np.flatnonzero(on_island)

    @cached_property
    def _main_tree(self) -> STRtree:
        return STRtree(self._segments[self._main])

    @cached_property
    def _island_tree(self) -> STRtree:
        return STRtree(self._segments[self._island])

    def edges_near(self, boxes: Geometries) -> IntArray:
        """Edges with a segment in or near any of these boxes (in the plane), ascending."""
        segments = [
            kept[tree.query(boxes)[1]]
            for kept, tree in ((self._main, self._main_tree), (self._island, self._island_tree))
        ]
        first = self.network.segment_vertex[np.concatenate(segments)]
        return np.unique(self.network.vertex_edge[first])

    def link(self, lon_deg: FloatArray, lat_deg: FloatArray) -> AccessLinks:
        """Link points to their nearest edges; to an island's only where no other edge is within reach.

        Parameters
        ----------
        lon_deg, lat_deg : float array, shape (p,)
            WGS 84, finite.

        Returns
        -------
        AccessLinks

        Raises
        ------
        InvalidInputArrayError
            If the arrays differ in length or hold NaN or infinity.
        """
        if lon_deg.shape != lat_deg.shape or lon_deg.ndim != 1:
            raise InvalidInputArrayError(
                "lon_deg, lat_deg", f"shapes {lon_deg.shape} and {lat_deg.shape} differ"
            )
        if not (np.isfinite(lon_deg).all() and np.isfinite(lat_deg).all()):
            raise InvalidInputArrayError("lon_deg, lat_deg", "not all coordinates are finite numbers")
        x_m, y_m = self.network.projection.to_plane(lon_deg, lat_deg)
        points = np.asarray(shapely.points(x_m, y_m))
        point, segment, nearest_m = self._nearest_segments(points)
        return self._links(point, segment, x_m, y_m, nearest_m)

    def nearest_place(self, areas: Geometries) -> Geometries:
        """The point of each area's outline (in the plane) nearest to the network, by the same rule of islands."""
        outlines: Geometries = shapely.boundary(areas)
        row, segment, _ = self._nearest_segments(outlines)
        _, first = np.unique(row, return_index=True)
        nearest_segment = np.full(len(outlines), -1, dtype=np.int64)
        nearest_segment[row[first]] = segment[first]
        far = np.flatnonzero(nearest_segment < 0)  # no edge in reach: whichever is nearest, for the record
        if len(far):
            (which, found) = STRtree(self._segments).query_nearest(outlines[far], all_matches=False)
            nearest_segment[far[which]] = found
        places: Geometries = shapely.get_point(
            shapely.shortest_line(outlines, self._segments[nearest_segment]), 0
        )
        return places

    def crossings(self, outlines: Geometries) -> tuple[IntArray, Geometries]:
        """Where walkable edges meet outlines (in the plane).

        Returns
        -------
        outline : int array, shape (c,)
            Position of the outline, ascending.
        place : object array of points, shape (c,)
            Each place once; where an edge runs along an outline, the ends of its segments there.
        """
        boundaries = shapely.boundary(outlines)
        found = [
            (outline, kept[segment])
            for kept, tree in ((self._main, self._main_tree), (self._island, self._island_tree))
            for outline, segment in [tree.query(boundaries, predicate="intersects")]
        ]
        outline = np.concatenate([pair[0] for pair in found])
        segment = np.concatenate([pair[1] for pair in found])
        meeting = shapely.intersection(boundaries[outline], self._segments[segment])
        coordinates, row = shapely.get_coordinates(meeting, return_index=True)
        table = np.column_stack([outline[row], np.round(coordinates, 6)])
        _, unique = np.unique(table, axis=0, return_index=True)
        unique = unique[np.lexsort((unique, outline[row][unique]))]
        return outline[row][unique], np.asarray(shapely.points(coordinates[unique]))

    def _nearest_segments(self, shapes: Geometries) -> tuple[IntArray, IntArray, FloatArray]:
        """All nearest segments within reach as (shape, segment) rows, and the distance to the nearest of all."""
        nearest_m = np.full(len(shapes), np.inf)
        rows = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))]
        waiting = np.arange(len(shapes))
        for kept, tree in ((self._main, self._main_tree), (self._island, self._island_tree)):
            if len(waiting) == 0 or len(kept) == 0:
                continue
            (which, _), distance_m = tree.query_nearest(
                shapes[waiting], return_distance=True, all_matches=False
            )
            nearest_m[waiting[which]] = np.minimum(nearest_m[waiting[which]], distance_m)
            in_reach = distance_m <= self.max_link_m + TIE_M
            within = waiting[which[in_reach]]
            tied, segment = tree.query(
                shapes[within], predicate="dwithin", distance=distance_m[in_reach] + TIE_M
            )
            rows.append((within[tied], kept[segment]))
            waiting = np.setdiff1d(waiting, within)
        shape, segment = (np.concatenate(column) for column in zip(*rows, strict=True))
        order = np.lexsort((segment, shape))
        return shape[order], segment[order], nearest_m

    def _links(
        self, point: IntArray, segment: IntArray, x_m: FloatArray, y_m: FloatArray, nearest_m: FloatArray
    ) -> AccessLinks:
        net = self.network
        a = net.segment_vertex[segment]
        b = a + 1
        dx_m, dy_m = net.vertex_x_m[b] - net.vertex_x_m[a], net.vertex_y_m[b] - net.vertex_y_m[a]
        square_m2 = dx_m**2 + dy_m**2
        along_m2 = (x_m[point] - net.vertex_x_m[a]) * dx_m + (y_m[point] - net.vertex_y_m[a]) * dy_m
        t = np.clip(
            np.divide(along_m2, square_m2, out=np.zeros_like(along_m2), where=square_m2 > 0), 0.0, 1.0
        )
        link_m = np.hypot(
            x_m[point] - (net.vertex_x_m[a] + t * dx_m), y_m[point] - (net.vertex_y_m[a] + t * dy_m)
        )
        offset_m = net.vertex_offset_m[a] + t * (net.vertex_offset_m[b] - net.vertex_offset_m[a])
        edge = net.vertex_edge[a]
        # A vertex inside an edge ends two of its segments: the same place twice.
        repeated = np.zeros(len(point), dtype=bool)
        repeated[1:] = (
            (point[1:] == point[:-1])
            & (edge[1:] == edge[:-1])
            & (np.abs(offset_m[1:] - offset_m[:-1]) <= TIE_M)
        )
        keep = np.flatnonzero(~repeated)
        a, b, t = a[keep], b[keep], t[keep]
        return AccessLinks(
            start=ragged_starts(point[keep], len(x_m)),
            edge=edge[keep],
            offset_m=np.minimum(offset_m[keep], net.edge_length_m[edge[keep]]),
            link_m=link_m[keep],
            lon_deg=net.vertex_lon_deg[a] + t * (net.vertex_lon_deg[b] - net.vertex_lon_deg[a]),
            lat_deg=net.vertex_lat_deg[a] + t * (net.vertex_lat_deg[b] - net.vertex_lat_deg[a]),
            nearest_m=nearest_m,
        )
