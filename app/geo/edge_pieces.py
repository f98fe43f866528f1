"""Pieces that replace edges of a network: their columns beside those that stay, and the nodes in which they end."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.geo.network import GATE, WALL, WalkNetwork
from app.geo.units import BoolArray, IntArray, expand_ranges, running_starts


@dataclass(frozen=True)
class EdgePieces:
    """Edges that replace others, ``p`` of them, each with its own vertices, in the shape of `WalkNetwork`.

    ``edge`` is the edge that each piece was cut from, -1 for a new link. ``taken_out`` are the edges replaced.
    ``end_osm_id`` has a column for u and one for v.
    """

    taken_out: IntArray
    edge: IntArray
    vertex_start: IntArray
    columns: dict[str, Any]


def with_pieces(network: WalkNetwork, edges: IntArray, pieces: EdgePieces) -> dict[str, Any]:
    """Columns of some of a network's edges with pieces behind them; what ends and parts they have is not among them."""
    counts = np.diff(network.vertex_start)[edges]
    rows = expand_ranges(network.vertex_start[edges], counts)
    columns: dict[str, Any] = {
        name: np.concatenate([values[edges if name.startswith("edge_") else rows], pieces.columns[name]])
        for name, values in network.arrays().items()
        if name in pieces.columns
    }
    columns["vertex_start"] = running_starts(np.concatenate([counts, np.diff(pieces.vertex_start)]))
    return columns


def own_or_piece(own: Any, of_pieces: Any, edges: IntArray) -> Any:
    """Values of edges, of which the network has one each in `own`; pieces are numbered behind its edges."""
    if len(of_pieces) == 0:
        return own[edges]
    is_piece = edges >= len(own)
    return np.where(
        is_piece,
        of_pieces[np.where(is_piece, edges - len(own), 0)],
        own[np.where(is_piece, 0, edges)],
    )


@dataclass(frozen=True)
class PieceEnds:
    """End nodes of pieces, those that are new numbered from the network's node count upwards.

    ``new_osm_id`` are the ids of new nodes; ``gate_u`` and ``gate_v`` say which ends are gates.
    """

    u: IntArray
    v: IntArray
    gate_u: BoolArray
    gate_v: BoolArray
    new_osm_id: IntArray


def place_ends(network: WalkNetwork, pieces: EdgePieces) -> PieceEnds:
    """Nodes in which pieces end.

    One that nobody passes is a node of its own for every piece that ends in it; any other is the network's node of
    that OSM id, or a new one.
    """
    ends = np.stack([pieces.vertex_start[:-1], pieces.vertex_start[1:] - 1], axis=1).ravel()
    osm_id, mark = pieces.columns["vertex_osm_id"][ends], pieces.columns["vertex_mark"][ends]
    is_wall = mark & WALL > 0
    known_ids, known_nodes = _nodes_of(network, pieces.taken_out)
    node = np.full(len(ends), -1, dtype=np.int64)
    at = np.searchsorted(known_ids, osm_id)
    inside = at < len(known_ids)
    known = ~is_wall
    known[inside] &= known_ids[at[inside]] == osm_id[inside]
    known &= inside
    node[known] = known_nodes[at[known]]
    fresh_ids, fresh = np.unique(osm_id[~known & ~is_wall], return_inverse=True)
    node[~known & ~is_wall] = network.node_count + fresh
    node[is_wall] = network.node_count + len(fresh_ids) + np.arange(is_wall.sum())
    gate = mark & GATE > 0
    return PieceEnds(
        node[0::2].copy(),
        node[1::2].copy(),
        gate[0::2].copy(),
        gate[1::2].copy(),
        np.concatenate([fresh_ids, osm_id[is_wall]]),
    )


def changed_gates(network: WalkNetwork, ends: PieceEnds) -> BoolArray:
    """Whether each node is a gate after a change, the new nodes behind the network's own."""
    gate = np.concatenate([network.node_gate, np.zeros(len(ends.new_osm_id), dtype=bool)])
    gate[ends.u], gate[ends.v] = ends.gate_u, ends.gate_v
    return gate


def _nodes_of(network: WalkNetwork, edges: IntArray) -> tuple[IntArray, IntArray]:
    """OSM ids, ascending, and nodes in which edges end, walls left out.

    All edges of a node that pieces join are taken out, so no other place need be looked at.
    """
    vertex = np.concatenate([network.vertex_start[edges], network.vertex_start[edges + 1] - 1])
    node = np.concatenate([network.edge_u[edges], network.edge_v[edges]])
    passable = network.vertex_mark[vertex] & WALL == 0
    osm_id, first = np.unique(network.vertex_osm_id[vertex[passable]], return_index=True)
    return osm_id, node[passable][first]
