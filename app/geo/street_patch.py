"""What a change of streets means close by: edges in pieces, islands, restricted ends, and the rows of a graph."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from app.geo.edge_pieces import EdgePieces, PieceEnds, changed_gates, own_or_piece, place_ends
from app.geo.graph_patch import EdgeGroup, GraphPatch, patch_graph
from app.geo.network import ISLAND_LENGTH_M, WalkNetwork
from app.geo.network_builder import connected_parts, restricted_edges
from app.geo.search import SearchGraph
from app.geo.street_changes import StreetChanges, cut_pieces
from app.geo.units import BoolArray, FloatArray, IntArray, expand_ranges, running_starts

EdgeCosts = Callable[[dict[str, Any]], tuple[FloatArray, FloatArray]]
"""Costs of edges from u to v and back, one-way rules left out, by their columns."""


class StreetIndex:
    """What is kept of a network so that a change of it need not look at all of it."""

    def __init__(self, network: WalkNetwork) -> None:
        self.network = network
        ends = np.concatenate([network.edge_u, network.edge_v])
        order = np.argsort(ends, kind="stable")
        self._start = running_starts(np.bincount(ends, minlength=network.node_count))
        self._edge = (order % network.edge_count).astype(np.int32)

    @cached_property
    def has_restricted(self) -> bool:
        """Whether anything is restricted, way or node."""
        return bool(self.network.edge_private.any() or self.network.node_gate.any())

    @cached_property
    def smallest_osm_id(self) -> IntArray:
        """Smallest node id on each edge."""
        smallest: IntArray = np.minimum.reduceat(self.network.vertex_osm_id, self.network.vertex_start[:-1])
        return smallest

    def edges_at(self, nodes: IntArray) -> IntArray:
        """Edges that end in any of these nodes, ascending."""
        nodes = nodes[nodes < self.network.node_count]
        rows = expand_ranges(self._start[nodes], self._start[nodes + 1] - self._start[nodes])
        return np.unique(self._edge[rows]).astype(np.int64)

    def edges_at_one(self, node: int) -> list[int]:
        """Edges that end in a node."""
        if node >= self.network.node_count:
            return []
        found: list[int] = self._edge[self._start[node] : self._start[node + 1]].tolist()
        return found


@dataclass(frozen=True)
class StreetPatch:
    """Pieces of the edges that a change touches, and of those whose kind it changes.

    ``restricted`` and ``island`` are those of the pieces.
    """

    index: StreetIndex
    pieces: EdgePieces
    ends: PieceEnds
    restricted: BoolArray
    island: BoolArray

    @classmethod
    def of(cls, index: StreetIndex, changes: StreetChanges) -> "StreetPatch":
        """Work a change out; once more where it changes the kind of edges that it does not touch."""
        also: IntArray = np.empty(0, dtype=np.int64)
        while True:
            pieces = cut_pieces(index.network, changes, also)
            ends = place_ends(index.network, pieces)
            island, island_flips = _Islands(index, pieces, ends).find()
            restricted, restricted_flips = _restricted(index, pieces, ends)
            more = np.union1d(island_flips, restricted_flips)
            if len(more) == 0:
                return cls(index, pieces, ends, restricted, island)
            also = np.union1d(also, more)

    @property
    def first_number(self) -> int:
        """Number of the first piece; below it are the network's own edges."""
        return self.index.network.edge_count

    def graph_patch(self, graph: SearchGraph, turned: SearchGraph, costs: EdgeCosts) -> GraphPatch:
        """Rows of a graph of this network that change."""
        net, pieces, ends = self.index.network, self.pieces, self.ends
        out = pieces.taken_out
        dirty = np.unique(np.concatenate([net.edge_u[out], net.edge_v[out], ends.u, ends.v]))
        staying = np.setdiff1d(self.index.edges_at(dirty), out)
        forward, backward = costs(pieces.columns)
        coming = EdgeGroup(
            self.first_number + np.arange(len(pieces.edge)),
            ends.u,
            ends.v,
            ends.gate_u,
            ends.gate_v,
            self.restricted,
            np.where(pieces.columns["edge_forward"], forward, np.inf),
            np.where(pieces.columns["edge_backward"], backward, np.inf),
        )
        return patch_graph(
            graph,
            turned,
            gone=_group(net, graph, out),
            staying=_group(net, graph, staying),
            coming=coming,
            dirty=dirty,
            node_count=net.node_count + len(ends.new_osm_id),
        )


def _group(network: WalkNetwork, graph: SearchGraph, edges: IntArray) -> EdgeGroup:
    u, v = network.edge_u[edges], network.edge_v[edges]
    return EdgeGroup(
        edges,
        u,
        v,
        network.node_gate[u],
        network.node_gate[v],
        network.edge_restricted[edges],
        graph.cost_forward[edges],
        graph.cost_backward[edges],
    )


class _Islands:
    """Finds which pieces, and which other edges, lie on an island after a change.

    From every end of a piece or of an edge taken out the streets are followed until they are long enough to be no
    island, or end: what lies farther keeps its kind.
    """

    def __init__(self, index: StreetIndex, pieces: EdgePieces, ends: PieceEnds) -> None:
        self._index, self._pieces, self._ends = index, pieces, ends
        self._gone = set(pieces.taken_out.tolist())
        self._at: dict[int, list[int]] = {}
        first = index.network.edge_count
        for number, (u, v) in enumerate(zip(ends.u.tolist(), ends.v.tolist(), strict=True)):
            for node in {u, v}:
                self._at.setdefault(node, []).append(first + number)
        self._is_island: dict[int, bool] = {}

    def find(self) -> tuple[BoolArray, IntArray]:
        """Whether each piece lies on an island, and the network's kept edges that change their kind."""
        net, out = self._index.network, self._pieces.taken_out
        start = np.unique(
            np.concatenate([net.edge_u[out], net.edge_v[out], self._ends.u, self._ends.v])
        ).tolist()
        for node in start:
            self._follow(node)
        island = np.asarray([self._is_island[node] for node in self._ends.u.tolist()], dtype=bool)
        seen = {edge for node in self._is_island for edge in self._index.edges_at_one(node)} - self._gone
        old_islands = np.unique(net.edge_part[out][net.edge_island[out]])
        old_islands = np.union1d(old_islands, self._parts_joined())
        if len(old_islands):
            seen |= set(np.flatnonzero(np.isin(net.edge_part, old_islands)).tolist()) - self._gone
        flips = [edge for edge in sorted(seen) if self._island_now(edge) != bool(net.edge_island[edge])]
        return island, np.asarray(flips, dtype=np.int64)

    def _parts_joined(self) -> IntArray:
        """Islands that a new link or an opened wall touches."""
        net = self._index.network
        edges = self._index.edges_at(np.unique(np.concatenate([self._ends.u, self._ends.v])))
        return np.unique(net.edge_part[edges][net.edge_island[edges]])

    def _island_now(self, edge: int) -> bool:
        net = self._index.network
        for node in (int(net.edge_u[edge]), int(net.edge_v[edge])):
            if node in self._is_island:
                return self._is_island[node]
        # Its old island was touched and it was not come to: it hangs on something long enough.
        return False

    def _follow(self, begin: int) -> None:
        if begin in self._is_island:
            return
        waiting, nodes, edges, length_m = [begin], {begin}, set[int](), 0.0
        long_enough = False
        while waiting and not long_enough:
            node = waiting.pop()
            for edge, other, edge_m in self._edges(node):
                if edge in edges:
                    continue
                edges.add(edge)
                length_m += edge_m
                if other not in nodes:
                    nodes.add(other)
                    waiting.append(other)
            long_enough = length_m >= ISLAND_LENGTH_M + 1.0 or any(
                self._is_island.get(item) is False for item in waiting
            )
        if not long_enough:
            # Summed in the order in which a network sums its edges, so that the last bit is the same.
            ordered = np.asarray(sorted(edges), dtype=np.int64)
            patch_m = self._lengths(ordered)
            total = float(np.bincount(np.zeros(len(patch_m), dtype=np.int64), weights=patch_m).sum())
            long_enough = total >= ISLAND_LENGTH_M
        for node in nodes:
            self._is_island[node] = not long_enough

    def _lengths(self, edges: IntArray) -> FloatArray:
        lengths: FloatArray = own_or_piece(
            self._index.network.edge_length_m, self._pieces.columns["edge_length_m"], edges
        )
        return lengths

    def _edges(self, node: int) -> Iterator[tuple[int, int, float]]:
        net = self._index.network
        for edge in self._index.edges_at_one(node):
            if edge not in self._gone:
                u, v = int(net.edge_u[edge]), int(net.edge_v[edge])
                yield edge, v if u == node else u, float(net.edge_length_m[edge])
        for edge in self._at.get(node, ()):
            position = edge - net.edge_count
            u, v = int(self._ends.u[position]), int(self._ends.v[position])
            yield edge, v if u == node else u, float(self._pieces.columns["edge_length_m"][position])


def _restricted(index: StreetIndex, pieces: EdgePieces, ends: PieceEnds) -> tuple[BoolArray, IntArray]:
    """Whether each piece is restricted, and the network's kept edges that become restricted or public (rule 7).

    Which piece of the public streets is the longest concerns the whole network, and so do its parts.
    """
    if not index.has_restricted:
        return np.zeros(len(pieces.edge), dtype=bool), np.empty(0, dtype=np.int64)
    net = index.network
    keep = np.ones(net.edge_count, dtype=bool)
    keep[pieces.taken_out] = False
    kept = np.flatnonzero(keep)
    u, v = np.concatenate([net.edge_u[kept], ends.u]), np.concatenate([net.edge_v[kept], ends.v])
    length_m = np.concatenate([net.edge_length_m[kept], pieces.columns["edge_length_m"]])
    part, _ = connected_parts(u, v, length_m, net.node_count + len(ends.new_osm_id))
    smallest = (
        np.minimum.reduceat(pieces.columns["vertex_osm_id"], pieces.vertex_start[:-1])
        if len(pieces.edge)
        else np.empty(0, dtype=np.int64)
    )
    restricted = restricted_edges(
        u,
        v,
        length_m,
        np.concatenate([net.edge_private[kept], pieces.columns["edge_private"]]),
        part,
        np.concatenate([index.smallest_osm_id[kept], smallest]),
        changed_gates(net, ends),
    )
    flips = kept[restricted[: len(kept)] != net.edge_restricted[kept]]
    return restricted[len(kept) :], flips
