"""Who is linked anew when streets change, and with what, looking only at streets close by."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import STRtree

from app.geo.edge_pieces import with_pieces
from app.geo.links import TIE_M, AccessLinks, EdgeLocator
from app.geo.network import ISLAND_LENGTH_M, WalkNetwork
from app.geo.street_patch import StreetPatch
from app.geo.units import BoolArray, FloatArray, Geometries, IntArray, expand_ranges

_ROUNDING_M = 4 * TIE_M


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
    """A locator of the streets close by, after a change; ``number`` are its edges' own, pieces included.

    Every street less than ``margin_m`` away from a shape that it was made for is among them.
    """

    locator: EdgeLocator
    number: IntArray
    margin_m: float

    @classmethod
    def around(
        cls, patch: StreetPatch, base: EdgeLocator, shapes: Geometries, margin_m: float
    ) -> "LocalLocator":
        """Of all streets less than `margin_m` away from these shapes; of all streets where that is infinite."""
        if np.isinf(margin_m):
            edges = np.arange(patch.index.network.edge_count)
        else:
            bounds = np.asarray(shapely.bounds(shapes)).reshape(-1, 4)
            boxes = shapely.box(*(bounds + np.asarray([-margin_m, -margin_m, margin_m, margin_m])).T)
            edges = base.edges_near(np.atleast_1d(boxes))
        edges = np.setdiff1d(edges, patch.pieces.taken_out, assume_unique=True)
        near = _local_network(patch, edges)
        number = np.concatenate([edges, patch.first_number + np.arange(len(patch.pieces.edge))])
        return cls(EdgeLocator(near, max_link_m=base.max_link_m), number, margin_m)

    def find(self, lon_deg: FloatArray, lat_deg: FloatArray) -> AccessLinks | None:
        """Links by the edges' own numbers; None where a street farther away might be nearer."""
        links = self.locator.link(lon_deg, lat_deg)
        if not (links.nearest_m + _ROUNDING_M < self.margin_m).all():
            return None
        on_island = bool(self.locator.network.edge_island[links.edge].any()) or not links.is_linked.all()
        if on_island and self.margin_m < self.locator.max_link_m + 2 * _ROUNDING_M:
            return None  # an island counts only where no other street is in reach
        return replace(links, edge=self.number[links.edge])


def _local_network(patch: StreetPatch, edges: IntArray) -> WalkNetwork:
    """Some kept edges and all pieces, as a network in which only places, lengths and islands count."""
    network, pieces = patch.index.network, patch.pieces
    island = np.concatenate([network.edge_island[edges], patch.island])
    return replace(
        network,
        edge_u=np.concatenate([network.edge_u[edges], patch.ends.u]),
        edge_v=np.concatenate([network.edge_v[edges], patch.ends.v]),
        edge_part=island.astype(np.int64),
        part_length_m=np.asarray([ISLAND_LENGTH_M, 0.0]),
        **with_pieces(network, edges, pieces),
    )
