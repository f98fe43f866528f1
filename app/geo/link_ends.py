"""Where a new link could begin or end, and which streets would be public with it."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from app.geo.links import AccessLinks
from app.geo.network import GATE, ISLAND_LENGTH_M, WALL, WalkNetwork
from app.geo.network_builder import connected_parts, split_at_gates
from app.geo.projection import geodesic_lengths_m
from app.geo.units import BoolArray, FloatArray, IntArray, ragged_starts

_ROUNDING_M = 0.01
"""Lengths of streets closer to one another than this are not told apart: which is longer is then left open."""

_PLANE_SLACK = 1.002
"""Metres of the plane and geodesic ones differ by less than this."""


@dataclass(frozen=True)
class LinkEnds:
    """OSM nodes that a new link may join, ``e`` of them, ascending by id.

    Attributes
    ----------
    osm_id : int array, shape (e,)
    vertex : int array, shape (e,)
        A vertex at which each lies.
    places : AccessLinks
        Each as a point on every edge that meets in it; of a node on public streets, on the public ones alone.
    edge : int array, shape (e,)
        An edge that meets in each: one that is not private, where there is any.
    is_public : bool array, shape (e,)
        Whether anybody may come there and go on by a public street.
    """

    osm_id: IntArray
    vertex: IntArray
    edge: IntArray
    places: AccessLinks
    is_public: BoolArray

    @classmethod
    def of(cls, network: WalkNetwork, spacing_m: float) -> "LinkEnds":
        """Nodes where streets meet or end and, between them, the first one on every `spacing_m` of street.

        No barriers. Of several nodes at one place only that of the smallest id, which a proposal would mean.
        """
        is_end = np.zeros(len(network.vertex_osm_id), dtype=bool)
        is_end[network.vertex_start[:-1]] = is_end[network.vertex_start[1:] - 1] = True
        if np.isfinite(spacing_m):
            stretch = np.floor(network.vertex_offset_m / spacing_m)
            is_end[1:] |= stretch[1:] != stretch[:-1]
        free = is_end & (network.vertex_mark & (WALL | GATE) == 0)
        osm_id = np.setdiff1d(np.unique(network.vertex_osm_id[free]), _hidden(network))
        rows = np.flatnonzero(np.isin(network.vertex_osm_id, osm_id))
        rows = rows[np.argsort(network.vertex_osm_id[rows], kind="stable")]
        return cls._on_rows(network, osm_id, rows)

    @classmethod
    def _on_rows(cls, network: WalkNetwork, osm_id: IntArray, rows: IntArray) -> "LinkEnds":
        owner = np.searchsorted(osm_id, network.vertex_osm_id[rows])
        edge = network.vertex_edge[rows]
        public_row = ~network.edge_restricted[edge]
        both_ways = network.edge_forward[edge] & network.edge_backward[edge]
        is_public = np.zeros(len(osm_id), dtype=bool)
        is_public[owner[public_row & both_ways]] = True
        keep = public_row | ~is_public[owner]
        start = ragged_starts(owner[keep], len(osm_id))
        rows = rows[keep]
        places = places_at(network, rows, start)
        first = start[:-1]
        # Rows of one end that are not private come first in this order.
        order = np.lexsort((network.edge_private[places.edge], places.point))
        return cls(osm_id, rows[first], places.edge[order][first], places, is_public)

    def at(self, ends: IntArray, beyond_m: FloatArray) -> AccessLinks:
        """Some ends as points, each with links of so many metres."""
        chosen = self.places.take(ends)
        return replace(chosen, link_m=beyond_m[chosen.point])


def places_at(network: WalkNetwork, vertices: IntArray, start: IntArray) -> AccessLinks:
    """Vertices as points that lie on their edges; point ``i`` has those of ``start[i]:start[i + 1]``."""
    return AccessLinks(
        start=start,
        edge=network.vertex_edge[vertices],
        offset_m=network.vertex_offset_m[vertices],
        link_m=np.zeros(len(vertices)),
        lon_deg=network.vertex_lon_deg[vertices],
        lat_deg=network.vertex_lat_deg[vertices],
        nearest_m=np.zeros(len(start) - 1),
    )


def _hidden(network: WalkNetwork) -> IntArray:
    """Ids of nodes at whose place another one of a smaller id lies."""
    order = np.lexsort((network.vertex_osm_id, network.vertex_lat_deg, network.vertex_lon_deg))
    lon, lat = network.vertex_lon_deg[order], network.vertex_lat_deg[order]
    osm_id = network.vertex_osm_id[order]
    again = np.zeros(len(order), dtype=bool)
    again[1:] = (lon[1:] == lon[:-1]) & (lat[1:] == lat[:-1]) & (osm_id[1:] != osm_id[:-1])
    return np.unique(osm_id[again])


class PublicPieces:
    """Pieces of public streets, and what becomes of them when places are joined (walking model, rule 7).

    Joining is *plain* where the longest piece of every connected part stays public: then whatever walk it makes legal
    leads through what was joined. Else the other walks that it makes legal stay in the parts that lose theirs.
    """

    def __init__(self, network: WalkNetwork) -> None:
        self._part = network.edge_part
        public = np.flatnonzero(~network.edge_private)
        self._piece = np.full(network.edge_count, -1, dtype=np.int64)
        self._length_m = np.zeros(0)
        if len(public):
            u, v = split_at_gates(network.edge_u[public], network.edge_v[public], network.node_gate)
            nodes = network.node_count + 2 * len(public)
            self._piece[public], self._length_m = connected_parts(u, v, network.edge_length_m[public], nodes)
        self._leader = np.full(len(network.part_length_m), -1, dtype=np.int64)
        stays = public[~network.edge_restricted[public]]
        self._leader[network.edge_part[stays]] = self._piece[stays]

    def is_plain(self, edges: IntArray, more_m: float) -> bool:
        """Whether it is plain to join the places where these edges are, by `more_m` of public street."""
        return len(self.losing(edges, more_m)) == 0

    def losing(self, edges: IntArray, more_m: float) -> IntArray:
        """Connected parts whose longest piece may not stay public when these edges are joined so, ascending."""
        parts = np.unique(self._part[edges])
        parts = parts[self._leader[parts] >= 0]
        leaders = self._leader[parts]
        joined = np.unique(self._piece[edges])
        is_joined = np.isin(leaders, joined)
        if is_joined.all():
            return parts[:0]
        joined_m = self._length_m[joined[joined >= 0]].sum() + more_m
        rivals_m = np.append(self._length_m[leaders[~is_joined]], joined_m)
        longest_m = rivals_m.max()
        if (rivals_m >= longest_m - _ROUNDING_M).sum() > 1:
            return parts
        lost: IntArray = parts[np.where(is_joined, joined_m, self._length_m[leaders]) < longest_m]
        return lost

    def losing_by_pair(self, one: IntArray, other: IntArray, more_m: FloatArray) -> IntArray:
        """The same of many pairs of edges, shape (p, 2): -1 where fewer parts than two lose theirs."""
        piece = self._piece[one], self._piece[other]
        leader = self._leader[self._part[one]], self._leader[self._part[other]]
        plain = (piece[0] == leader[0]) & (piece[1] == leader[1])
        same_part = self._part[one] == self._part[other]
        plain |= same_part & ((piece[0] == leader[0]) | (piece[1] == leader[1]))
        lost = np.full((len(one), 2), -1, dtype=np.int64)
        for row in np.flatnonzero(~plain).tolist():
            parts = self.losing(np.asarray([one[row], other[row]]), float(more_m[row]))
            lost[row, : len(parts)] = parts
        return lost


@dataclass(frozen=True)
class Pairs:
    """Pairs of ends, and how far apart they lie."""

    one: IntArray
    other: IntArray
    length_m: FloatArray

    @classmethod
    def within(cls, network: WalkNetwork, ends: LinkEnds, length_m: float) -> "Pairs":
        """All pairs not farther apart than this, nor at one place."""
        vertex = ends.vertex
        xy = np.stack([network.vertex_x_m[vertex], network.vertex_y_m[vertex]], axis=1)
        near = cKDTree(xy).query_pairs(length_m * _PLANE_SLACK, output_type="ndarray")
        one, other = near[np.lexsort((near[:, 1], near[:, 0]))].astype(np.int64).T
        lon_deg, lat_deg = network.vertex_lon_deg[vertex], network.vertex_lat_deg[vertex]
        apart_m = geodesic_lengths_m(lon_deg[one], lat_deg[one], lon_deg[other], lat_deg[other])
        pairs = cls(one, other, apart_m)
        return pairs.take(np.flatnonzero((apart_m <= length_m) & (apart_m > 0)))

    @property
    def count(self) -> int:
        return len(self.one)

    def take(self, kept: IntArray) -> "Pairs":
        """Some of them."""
        return Pairs(self.one[kept], self.other[kept], self.length_m[kept])

    def lines(self, ends: LinkEnds, network: WalkNetwork) -> FloatArray:
        """Both ends of each, in degrees, the smaller id first; shape (p, 2, 2)."""
        at = ends.vertex[np.stack([self.one, self.other], axis=1)]
        return np.stack([network.vertex_lon_deg[at], network.vertex_lat_deg[at]], axis=2)


def joins_an_island(network: WalkNetwork, edges: IntArray) -> bool:
    """Whether an island is none any more when the connected parts of these edges are joined."""
    lengths_m = network.part_length_m[np.unique(network.edge_part[edges])]
    if len(lengths_m) < 2:  # one part is joined to nothing
        return False
    return bool((lengths_m < ISLAND_LENGTH_M).any() and lengths_m.sum() > ISLAND_LENGTH_M - _ROUNDING_M)


def islands_joined(
    network: WalkNetwork, one: IntArray, other: IntArray, more_m: FloatArray
) -> tuple[IntArray, IntArray]:
    """For pairs of edges, the islands on either side that a street between them makes none; -1 for no island."""
    part = network.edge_part[one], network.edge_part[other]
    length_m = network.part_length_m[part[0]], network.part_length_m[part[1]]
    total_m = length_m[0] + np.where(part[0] == part[1], 0.0, length_m[1]) + more_m
    ends = total_m > ISLAND_LENGTH_M - _ROUNDING_M
    sides = [
        np.where(ends & (length < ISLAND_LENGTH_M), which, -1)
        for which, length in zip(part, length_m, strict=True)
    ]
    return sides[0], sides[1]
