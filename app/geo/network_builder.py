"""From ways as OpenStreetMap draws them to a walk network.

Steps: cut ways where they meet, split what nobody can pass, measure, find connected parts, and apply the rule
of restricted ends. The numbers in comments are those of the walking model, section 1.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from app.geo.errors import NoWalkableWayError
from app.geo.network import CROSSING, GATE, SIGNAL, WALL, WalkNetwork
from app.geo.projection import LocalProjection, geodesic_lengths_m
from app.geo.units import BoolArray, FloatArray, IntArray, MarkArray, expand_ranges, ragged_rows

_NO_IDS: IntArray = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class WayLines:
    """Walkable ways, ``w`` of them with ``r`` node references in all.

    A way that the extract's edge cuts appears once for each of its pieces, in the way's own order.

    Attributes
    ----------
    way_id : int array, shape (w,)
    name : str array, shape (w,)
    forward, backward, restricted, steps, wheelchair_no, stairs : bool array, shape (w,)
        As in `WalkNetwork`; ``restricted`` by the way's own tags alone.
    for_foot : bool array, shape (w,)
        Ways that cross a road at a crossing node; the others are the roads that are crossed there.
    ref_start : int array, shape (w + 1,)
        Way ``i`` runs over the references ``ref_start[i]:ref_start[i + 1]``.
    ref_osm_id : int array, shape (r,)
    ref_lon_deg, ref_lat_deg : float array, shape (r,)
    """

    way_id: IntArray
    name: NDArray[np.str_]
    forward: BoolArray
    backward: BoolArray
    restricted: BoolArray
    steps: BoolArray
    wheelchair_no: BoolArray
    stairs: BoolArray
    for_foot: BoolArray
    ref_start: IntArray
    ref_osm_id: IntArray
    ref_lon_deg: FloatArray
    ref_lat_deg: FloatArray


def build_walk_network(
    ways: WayLines,
    *,
    wall_ids: IntArray,
    gate_ids: IntArray,
    crossing_ids: IntArray = _NO_IDS,
    signal_ids: IntArray = _NO_IDS,
) -> WalkNetwork:
    """Join ways into a network.

    Parameters
    ----------
    ways : WayLines
        In any order; the result does not depend on it.
    wall_ids : int array
        OSM ids of nodes that nobody can pass (rule 6). Ids that no way uses are ignored.
    gate_ids : int array
        OSM ids of restricted nodes (rules 6 and 7). A node in both is a wall.
    crossing_ids, signal_ids : int array
        OSM ids of nodes where ways for walkers cross a road, without and with signals.

    Returns
    -------
    WalkNetwork

    Raises
    ------
    NoWalkableWayError
        If no way has two different nodes.
    AreaTooWideError
        If the ways cannot be measured in one plane.
    """
    ways = _without_repeated_refs(_in_canonical_order(ways))
    if len(ways.way_id) == 0:
        raise NoWalkableWayError(0)
    osm_ids, ref_node = np.unique(ways.ref_osm_id, return_inverse=True)
    edge_first, edge_last, edge_way = _cut_where_ways_meet(ways, ref_node, osm_ids, wall_ids, gate_ids)

    vertex_counts = edge_last - edge_first + 1
    refs = expand_ranges(edge_first, vertex_counts)
    vertex_start = np.concatenate([[0], np.cumsum(vertex_counts)])
    lon_deg, lat_deg = ways.ref_lon_deg[refs], ways.ref_lat_deg[refs]
    projection = LocalProjection.around(lon_deg, lat_deg)
    x_m, y_m = projection.to_plane(lon_deg, lat_deg)
    offset_m = offsets_m(lon_deg, lat_deg, vertex_start)

    node_osm_id, edge_u, edge_v = _nodes(osm_ids, ref_node[edge_first], ref_node[edge_last], wall_ids)
    node_gate = np.isin(node_osm_id, gate_ids) & ~np.isin(node_osm_id, wall_ids)
    length_m = offset_m[vertex_start[1:] - 1]
    part, part_length_m = connected_parts(edge_u, edge_v, length_m, len(node_osm_id))
    vertex_osm_id, counts_here = ways.ref_osm_id[refs], ways.for_foot[edge_way] & (length_m > 0)
    network = WalkNetwork(
        projection=projection,
        node_osm_id=node_osm_id,
        node_gate=node_gate,
        edge_u=edge_u,
        edge_v=edge_v,
        edge_way_id=ways.way_id[edge_way],
        edge_name=ways.name[edge_way],
        edge_forward=ways.forward[edge_way],
        edge_backward=ways.backward[edge_way],
        edge_restricted=ways.restricted[edge_way],
        edge_private=ways.restricted[edge_way],
        edge_steps=ways.steps[edge_way],
        edge_wheelchair_no=ways.wheelchair_no[edge_way],
        edge_stairs=ways.stairs[edge_way],
        edge_crossings=crossed(np.isin(vertex_osm_id, crossing_ids), vertex_start) * counts_here,
        edge_signals=crossed(np.isin(vertex_osm_id, signal_ids), vertex_start) * counts_here,
        edge_slope_forward=np.ones(len(length_m)),
        edge_slope_backward=np.ones(len(length_m)),
        edge_length_m=length_m,
        edge_part=part,
        part_length_m=part_length_m,
        vertex_start=vertex_start,
        vertex_osm_id=vertex_osm_id,
        vertex_lon_deg=lon_deg,
        vertex_lat_deg=lat_deg,
        vertex_x_m=x_m,
        vertex_y_m=y_m,
        vertex_offset_m=offset_m,
        vertex_mark=_marks(vertex_osm_id, wall_ids, gate_ids, crossing_ids, signal_ids),
    )
    return replace(network, edge_restricted=restricted_with_enclaves(network))


def without_edges(network: WalkNetwork, closed: BoolArray) -> WalkNetwork:
    """The network that is left when the edges marked in `closed`, shape (m,), cannot be walked.

    Nodes stay as they are; connected parts are found anew. What is restricted stays so: it is a property of the
    city, not of the walker.

    Raises
    ------
    NoWalkableWayError
        If nothing is left.
    """
    keep = np.flatnonzero(~closed)
    if len(keep) == 0:
        raise NoWalkableWayError(network.edge_count)
    counts = np.diff(network.vertex_start)[keep]
    vertices = expand_ranges(network.vertex_start[keep], counts)
    part, part_length_m = connected_parts(
        network.edge_u[keep], network.edge_v[keep], network.edge_length_m[keep], network.node_count
    )
    changed: dict[str, Any] = {
        name: values[keep] if name.startswith("edge_") else values[vertices]
        for name, values in network.arrays().items()
        if name.startswith(("edge_", "vertex_")) and name != "vertex_start"
    }
    changed |= {
        "vertex_start": np.concatenate([[0], np.cumsum(counts)]),
        "edge_part": part,
        "part_length_m": part_length_m,
    }
    return replace(network, **changed)


def connected_parts(
    edge_u: IntArray, edge_v: IntArray, length_m: FloatArray, node_count: int
) -> tuple[IntArray, FloatArray]:
    """Connected part of every edge, directions ignored, and the length of edges in each part.

    Parts are numbered in the order of their smallest node, and a node without edges is no part.
    """
    edge_count = len(edge_u)
    graph = coo_array((np.ones(edge_count, dtype=np.int8), (edge_u, edge_v)), shape=(node_count, node_count))
    _, label = connected_components(graph, directed=False)
    # SciPy numbers components in node order; nodes that no edge uses would leave gaps.
    _, part = np.unique(label[edge_u], return_inverse=True)
    return np.asarray(part, dtype=np.int64), np.asarray(np.bincount(part, weights=length_m), dtype=np.float64)


def _in_canonical_order(ways: WayLines) -> WayLines:
    # Stable, so that the pieces of one cut way keep the way's own order.
    order = np.argsort(ways.way_id, kind="stable")
    counts = np.diff(ways.ref_start)[order]
    return _take(ways, order, expand_ranges(ways.ref_start[order], counts), counts)


def _without_repeated_refs(ways: WayLines) -> WayLines:
    """Drop a reference equal to the one before it, and ways that are left with one reference."""
    row = ragged_rows(ways.ref_start)
    repeated = np.zeros(len(row), dtype=bool)
    repeated[1:] = (ways.ref_osm_id[1:] == ways.ref_osm_id[:-1]) & (row[1:] == row[:-1])
    counts = np.bincount(row[~repeated], minlength=len(ways.way_id))
    keep_way = counts >= 2
    keep_ref = np.flatnonzero(~repeated & keep_way[row])
    return _take(ways, np.flatnonzero(keep_way), keep_ref, counts[keep_way])


def _take(ways: WayLines, way_order: IntArray, ref_order: IntArray, counts: IntArray) -> WayLines:
    return WayLines(
        way_id=ways.way_id[way_order],
        name=ways.name[way_order],
        forward=ways.forward[way_order],
        backward=ways.backward[way_order],
        restricted=ways.restricted[way_order],
        steps=ways.steps[way_order],
        wheelchair_no=ways.wheelchair_no[way_order],
        stairs=ways.stairs[way_order],
        for_foot=ways.for_foot[way_order],
        ref_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        ref_osm_id=ways.ref_osm_id[ref_order],
        ref_lon_deg=ways.ref_lon_deg[ref_order],
        ref_lat_deg=ways.ref_lat_deg[ref_order],
    )


def _cut_where_ways_meet(
    ways: WayLines, ref_node: IntArray, osm_ids: IntArray, wall_ids: IntArray, gate_ids: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """First and last reference, and way, of every edge (rule 8).

    A way is cut at its ends, wherever a node is used more than once (by another way or by itself), and at every
    barrier. Each edge thus belongs to one way, which keeps names and tags exact; merging further would only save
    nodes.
    """
    way_of_ref = ragged_rows(ways.ref_start)
    uses = np.bincount(ref_node, minlength=len(osm_ids))
    barrier = np.isin(osm_ids, wall_ids) | np.isin(osm_ids, gate_ids)
    cut = (uses[ref_node] > 1) | barrier[ref_node]
    cut[ways.ref_start[:-1]] = True
    cut[ways.ref_start[1:] - 1] = True
    cuts = np.flatnonzero(cut)
    within_way = way_of_ref[cuts[:-1]] == way_of_ref[cuts[1:]]
    first, last = cuts[:-1][within_way], cuts[1:][within_way]
    return first, last, way_of_ref[first]


def offsets_m(lon_deg: FloatArray, lat_deg: FloatArray, vertex_start: IntArray) -> FloatArray:
    """Geodesic distance of every vertex from the first of its edge."""
    step_m = np.zeros(len(lon_deg))
    step_m[1:] = geodesic_lengths_m(lon_deg[:-1], lat_deg[:-1], lon_deg[1:], lat_deg[1:])
    step_m[vertex_start[:-1]] = 0.0  # from the last vertex of one edge to the first of the next
    running_m = np.cumsum(step_m)
    return np.asarray(running_m - np.repeat(running_m[vertex_start[:-1]], np.diff(vertex_start)))


def crossed(is_crossing: BoolArray, vertex_start: IntArray) -> FloatArray:
    """Crossings on each edge. One at an end counts half, so that whoever walks through it pays for it once."""
    weight = is_crossing.astype(np.float64)
    weight[vertex_start[:-1]] /= 2
    weight[vertex_start[1:] - 1] /= 2
    return np.asarray(np.add.reduceat(weight, vertex_start[:-1]))


def _nodes(
    osm_ids: IntArray, first_node: IntArray, last_node: IntArray, wall_ids: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Node ids and the edges' end nodes; a wall becomes one node for every edge that ends in it (rule 6)."""
    ends = np.stack([first_node, last_node], axis=1).ravel()
    is_wall = np.isin(osm_ids, wall_ids)[ends]
    used, position = np.unique(ends[~is_wall], return_inverse=True)
    node = np.empty(len(ends), dtype=np.int64)
    node[~is_wall] = position
    node[is_wall] = len(used) + np.arange(is_wall.sum())
    node_osm_id = np.concatenate([osm_ids[used], osm_ids[ends[is_wall]]])
    return node_osm_id, node[0::2].copy(), node[1::2].copy()


def _marks(
    vertex_osm_id: IntArray,
    wall_ids: IntArray,
    gate_ids: IntArray,
    crossing_ids: IntArray,
    signal_ids: IntArray,
) -> MarkArray:
    mark = np.zeros(len(vertex_osm_id), dtype=np.uint8)
    for bit, ids in ((WALL, wall_ids), (GATE, gate_ids), (CROSSING, crossing_ids), (SIGNAL, signal_ids)):
        mark[np.isin(vertex_osm_id, ids)] |= bit
    mark[mark & WALL > 0] &= ~np.uint8(GATE)
    return mark


def restricted_with_enclaves(network: WalkNetwork) -> BoolArray:
    """Restricted edges of a network, those behind a gate included (rule 7).

    Take the public edges alone, cut at gates. In each connected part of the whole network the longest of these
    pieces stays public; every other one can only be reached through something restricted, so it is restricted too.
    """
    return restricted_edges(
        network.edge_u,
        network.edge_v,
        network.edge_length_m,
        network.edge_private,
        network.edge_part,
        np.minimum.reduceat(network.vertex_osm_id, network.vertex_start[:-1]),
        network.node_gate,
    )


def restricted_edges(
    edge_u: IntArray,
    edge_v: IntArray,
    length_m: FloatArray,
    private: BoolArray,
    part: IntArray,
    smallest_osm_id: IntArray,
    node_gate: BoolArray,
) -> BoolArray:
    """As `restricted_with_enclaves`, from the arrays that decide; `smallest_osm_id` is that of each edge's nodes."""
    public = np.flatnonzero(~private)
    if len(public) == 0:
        return private.copy()
    u, v = split_at_gates(edge_u[public], edge_v[public], node_gate)
    piece, piece_length_m = connected_parts(u, v, length_m[public], len(node_gate) + 2 * len(public))
    smallest_id = np.full(len(piece_length_m), np.iinfo(np.int64).max)
    np.minimum.at(smallest_id, piece, smallest_osm_id[public])
    part_of_piece = np.empty(len(piece_length_m), dtype=np.int64)
    part_of_piece[piece] = part[public]
    # Longest first within each part; lengths equal to the millimetre fall to the smallest node id.
    order = np.lexsort((smallest_id, -np.round(piece_length_m, 3), part_of_piece))
    _, leader = np.unique(part_of_piece[order], return_index=True)
    stays_public = np.zeros(len(piece_length_m), dtype=bool)
    stays_public[order[leader]] = True
    restricted = private.copy()
    restricted[public[~stays_public[piece]]] = True
    return restricted


def split_at_gates(edge_u: IntArray, edge_v: IntArray, node_gate: BoolArray) -> tuple[IntArray, IntArray]:
    """End nodes under which edges that meet in a gate do not connect.

    Each end that lies in a gate gets a number of its own, from ``len(node_gate)`` upwards.
    """
    node_count, edge_count = len(node_gate), len(edge_u)
    own_u = node_count + np.arange(edge_count)
    own_v = node_count + edge_count + np.arange(edge_count)
    return np.where(node_gate[edge_u], own_u, edge_u), np.where(node_gate[edge_v], own_v, edge_v)
