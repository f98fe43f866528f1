"""Who is linked anew when streets change, and with what, looking only at streets close by."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from shapely import STRtree

from app.geo.links import TIE_M, AccessLinks, EdgeLocator
from app.geo.network import ISLAND_LENGTH_M, WalkNetwork
from app.geo.street_patch import StreetPatch
from app.geo.units import BoolArray, FloatArray, Geometries, IntArray, expand_ranges

_ROUNDING_M = 4 * TIE_M
_WIDEST_M = 1e7


@dataclass(frozen=True)
class Shapes:
    """Points or outlines in the plane with the nearest edge that each could be linked to.

    ``reach_m`` is how far a new street may lie and still matter: not farther than the nearest one where that is no
    island, else as far as links reach.
    """

    shape: Geometries
    reach_m: FloatArray
    tree: STRtree

    @classmethod
    def of(cls, shape: Geometries, nearest_m: FloatArray, on_main: BoolArray, max_link_m: float) -> "Shapes":
        """Shapes whose nearest edges are `nearest_m` away; `on_main` where that is linked and no island."""
        reach_m = np.where(on_main, nearest_m, np.maximum(nearest_m, max_link_m)) + _ROUNDING_M
        return cls(shape, reach_m, STRtree(shape))

    def within_reach(self, segments: Geometries, max_link_m: float) -> IntArray:
        """Shapes that any of these segments concerns, ascending."""
        if len(self.shape) == 0 or len(segments) == 0:
            return np.empty(0, dtype=np.int64)
        segment, shape = self.tree.query(segments, predicate="dwithin", distance=max_link_m + _ROUNDING_M)
        away_m = shapely.distance(self.shape[shape], segments[segment])
        near = np.unique(shape[away_m <= self.reach_m[shape]])
        # Those without any street in reach look farther.
        far = np.flatnonzero(np.isfinite(self.reach_m) & (self.reach_m > max_link_m + 2 * _ROUNDING_M))
        if len(far):
            away_m = shapely.distance(self.shape[far], shapely.multilinestrings(segments))
            near = np.union1d(near, far[away_m <= self.reach_m[far]])
        return near.astype(np.int64)


def changed_segments(patch: StreetPatch) -> Geometries:
    """Every segment (in the plane) of edges that were taken out, and of what came in their place."""
    network, pieces = patch.index.network, patch.pieces
    counts = np.diff(network.vertex_start)[pieces.taken_out]
    rows = expand_ranges(network.vertex_start[pieces.taken_out], counts)
    old = _segments(network.vertex_x_m[rows], network.vertex_y_m[rows], counts)
    columns = pieces.columns
    new = _segments(columns["vertex_x_m"], columns["vertex_y_m"], np.diff(pieces.vertex_start))
    return np.concatenate([old, new])


def _segments(x_m: FloatArray, y_m: FloatArray, counts: IntArray) -> Geometries:
    is_last = np.zeros(len(x_m), dtype=bool)
    is_last[np.cumsum(counts) - 1] = True
    first = np.flatnonzero(~is_last)
    xy = np.stack([x_m, y_m], axis=1)
    lines: Geometries = np.asarray(shapely.linestrings(np.stack([xy[first], xy[first + 1]], axis=1)))
    return lines


@dataclass(frozen=True)
class LocalLocator:
    """A locator of the streets close by, after a change; ``number`` are its edges' own, pieces included."""

    locator: EdgeLocator
    number: IntArray
    box: shapely.Polygon | None

    @classmethod
    def around(
        cls, patch: StreetPatch, base: EdgeLocator, shapes: Geometries, margin_m: float
    ) -> "LocalLocator":
        """Of all streets less than `margin_m` beyond the box around these shapes."""
        network = patch.index.network
        if margin_m >= _WIDEST_M or len(shapes) == 0:
            box, edges = None, np.arange(network.edge_count)
        else:
            west, south, east, north = shapely.total_bounds(shapes)
            box = shapely.box(west - margin_m, south - margin_m, east + margin_m, north + margin_m)
            edges = base.edges_near(np.asarray([box], dtype=object))
        edges = np.setdiff1d(edges, patch.pieces.taken_out)
        near = _local_network(patch, edges)
        number = np.concatenate([edges, patch.first_number + np.arange(len(patch.pieces.edge))])
        return cls(EdgeLocator(near, max_link_m=base.max_link_m), number, box)

    def is_certain(self, shapes: Geometries, nearest_m: FloatArray) -> bool:
        """Whether no street beyond the box can be nearer than those found."""
        if self.box is None or len(shapes) == 0:
            return True
        rim_m = shapely.distance(shapes, self.box.exterior)
        return bool((nearest_m + _ROUNDING_M < rim_m).all())

    def link(self, lon_deg: FloatArray, lat_deg: FloatArray) -> AccessLinks:
        """Links by the edges' own numbers."""
        links = self.locator.link(lon_deg, lat_deg)
        return replace(links, edge=self.number[links.edge])


def _local_network(patch: StreetPatch, edges: IntArray) -> WalkNetwork:
    """Some kept edges and all pieces, as a network in which only places, lengths and islands count."""
    network, pieces = patch.index.network, patch.pieces
    counts = np.diff(network.vertex_start)[edges]
    rows = expand_ranges(network.vertex_start[edges], counts)
    columns: dict[str, Any] = {
        name: np.concatenate([values[edges if name.startswith("edge_") else rows], pieces.columns[name]])
        for name, values in network.arrays().items()
        if name in pieces.columns
    }
    starts = np.concatenate([[0], np.cumsum(np.concatenate([counts, np.diff(pieces.vertex_start)]))])
    island = np.concatenate([network.edge_island[edges], patch.island])
    return replace(
        network,
        edge_u=np.concatenate([network.edge_u[edges], patch.ends.u]),
        edge_v=np.concatenate([network.edge_v[edges], patch.ends.v]),
        vertex_start=starts.astype(np.int64),
        edge_part=island.astype(np.int64),
        part_length_m=np.asarray([ISLAND_LENGTH_M, 0.0]),
        **columns,
    )
