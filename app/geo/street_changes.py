"""Streets opened and closed: from one network to the next, edge by edge.

What a change touches is taken out and put back in pieces; all other edges stay as they are and in their order.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from app.geo.edge_pieces import EdgePieces, changed_gates, place_ends, with_pieces
from app.geo.errors import NoWalkableWayError
from app.geo.network import CROSSING, GATE, SIGNAL, WALL, WalkNetwork
from app.geo.network_builder import connected_parts, crossed, offsets_m, restricted_with_enclaves
from app.geo.units import FloatArray, IntArray, MarkArray, expand_ranges, running_starts

NO_OSM_ID = 2**63 - 1
"""What stands for the id of a vertex that is no OSM node; never the smallest."""


def _no_ids() -> IntArray:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class NewLink:
    """A street that is not there yet, from one OSM node to another; its ends lie where these nodes do.

    ``way_id`` is negative, so that it is nobody else's.
    """

    way_id: int
    name: str
    from_osm_id: int
    to_osm_id: int
    lon_deg: FloatArray
    lat_deg: FloatArray


@dataclass(frozen=True)
class StreetChanges:
    """What opens and closes.

    Attributes
    ----------
    closed_segments : int array
        First vertices of the segments that nobody walks any more.
    closed_nodes : int array
        OSM ids of nodes that become walls.
    opened_nodes : int array
        OSM ids of barrier nodes that anybody may pass.
    opened_ways : int array
        OSM ids of ways that are restricted by their own tags no longer.
    links : tuple of NewLink
    """

    closed_segments: IntArray = field(default_factory=_no_ids)
    closed_nodes: IntArray = field(default_factory=_no_ids)
    opened_nodes: IntArray = field(default_factory=_no_ids)
    opened_ways: IntArray = field(default_factory=_no_ids)
    links: tuple[NewLink, ...] = ()


def change_streets(network: WalkNetwork, changes: StreetChanges) -> WalkNetwork:
    """The network after a change: kept edges in their order, then pieces, then new links.

    Raises
    ------
    NoWalkableWayError
        If nothing is left.
    """
    pieces = cut_pieces(network, changes)
    keep = np.ones(network.edge_count, dtype=bool)
    keep[pieces.taken_out] = False
    kept = np.flatnonzero(keep)
    if len(kept) + len(pieces.edge) == 0:
        raise NoWalkableWayError(network.edge_count)
    ends = place_ends(network, pieces)
    columns = with_pieces(network, kept, pieces)
    columns["edge_u"] = np.concatenate([network.edge_u[kept], ends.u])
    columns["edge_v"] = np.concatenate([network.edge_v[kept], ends.v])
    part, part_length_m = connected_parts(
        columns["edge_u"],
        columns["edge_v"],
        columns["edge_length_m"],
        network.node_count + len(ends.new_osm_id),
    )
    changed = replace(
        network,
        node_osm_id=np.concatenate([network.node_osm_id, ends.new_osm_id]),
        node_gate=changed_gates(network, ends),
        edge_part=part,
        part_length_m=part_length_m,
        **columns,
    )
    return replace(changed, edge_restricted=restricted_with_enclaves(changed))


def cut_pieces(network: WalkNetwork, changes: StreetChanges, also: IntArray | None = None) -> EdgePieces:
    """The edges that a change touches, cut into what is left of them, and the new links.

    Edges `also` are taken out and put back as they are.
    """
    freed = _vertices_of(network, changes.opened_nodes)
    freed = freed[network.vertex_mark[freed] & (WALL | GATE) > 0]
    joined = np.asarray(
        [osm_id for link in changes.links for osm_id in (link.from_osm_id, link.to_osm_id)], dtype=np.int64
    )
    cut_at = _vertices_of(network, np.concatenate([changes.closed_nodes, joined]))
    vertex_edge = (
        np.searchsorted(
            network.vertex_start, np.concatenate([changes.closed_segments, cut_at, freed]), side="right"
        )
        - 1
    )
    opened = _no_ids()
    if len(changes.opened_ways):
        opened = np.flatnonzero(np.isin(network.edge_way_id, changes.opened_ways) & network.edge_private)
    taken_out = np.unique(np.concatenate([vertex_edge, opened, _no_ids() if also is None else also]))
    edge, first, last = _stretches(network, taken_out, changes.closed_segments, cut_at)
    return _with_links(network, changes, _columns(network, changes, edge, first, last), taken_out)


def _vertices_of(network: WalkNetwork, osm_ids: IntArray) -> IntArray:
    if len(osm_ids) == 0:
        return _no_ids()
    return np.flatnonzero(np.isin(network.vertex_osm_id, osm_ids))


def _stretches(
    network: WalkNetwork, edges: IntArray, closed_segments: IntArray, cut_at: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """What is left of edges: edge, first and last vertex of each stretch."""
    counts = np.diff(network.vertex_start)[edges]
    vertex = expand_ranges(network.vertex_start[edges], counts)
    edge = np.repeat(edges, counts)
    goes_on = np.ones(len(vertex), dtype=bool)  # whether a segment leads from this vertex to the next
    goes_on[np.cumsum(counts) - 1] = False
    goes_on &= ~np.isin(vertex, closed_segments)
    comes_from = np.zeros(len(vertex), dtype=bool)
    comes_from[1:] = goes_on[:-1]
    is_cut = np.isin(vertex, cut_at)
    begins = goes_on & (~comes_from | is_cut)
    ends = comes_from & (~goes_on | is_cut)
    return edge[begins], vertex[begins], vertex[ends]


def _columns(
    network: WalkNetwork, changes: StreetChanges, edge: IntArray, first: IntArray, last: IntArray
) -> EdgePieces:
    counts = last - first + 1
    rows, start = expand_ranges(first, counts), running_starts(counts)
    columns: dict[str, Any] = {
        name: values[edge if name.startswith("edge_") else rows]
        for name, values in network.arrays().items()
        if name.startswith(("edge_", "vertex_"))
        and name not in {"vertex_start", "edge_u", "edge_v", "edge_part"}
    }
    offset_m = columns["vertex_offset_m"] - np.repeat(columns["vertex_offset_m"][start[:-1]], counts)
    mark = _changed_marks(columns["vertex_mark"], columns["vertex_osm_id"], changes)
    length_m = offset_m[start[1:] - 1] if len(edge) else np.empty(0)
    pays = (network.edge_crossings[edge] + network.edge_signals[edge] > 0) & (length_m > 0)
    columns |= {
        "vertex_offset_m": offset_m,
        "vertex_mark": mark,
        "edge_length_m": length_m,
        "edge_private": columns["edge_private"] & ~np.isin(columns["edge_way_id"], changes.opened_ways),
        "edge_crossings": crossed(mark & CROSSING > 0, start) * pays,
        "edge_signals": crossed(mark & SIGNAL > 0, start) * pays,
    }
    return EdgePieces(_no_ids(), edge, start, columns)


def _changed_marks(mark: MarkArray, osm_id: IntArray, changes: StreetChanges) -> MarkArray:
    barrier = np.uint8(WALL | GATE)
    changed = mark.copy()
    changed[np.isin(osm_id, changes.opened_nodes)] &= ~barrier
    closed = np.isin(osm_id, changes.closed_nodes)
    changed[closed] = (changed[closed] & ~barrier) | np.uint8(WALL)
    return changed


def _with_links(
    network: WalkNetwork, changes: StreetChanges, pieces: EdgePieces, taken_out: IntArray
) -> EdgePieces:
    if not changes.links:
        return replace(pieces, taken_out=taken_out)
    mark_of = _marks(network, [end for link in changes.links for end in (link.from_osm_id, link.to_osm_id)])
    added = [_link_columns(network, changes, link, mark_of) for link in changes.links]
    return EdgePieces(
        taken_out,
        np.concatenate([pieces.edge, np.full(len(added), -1, dtype=np.int64)]),
        running_starts(
            np.concatenate([np.diff(pieces.vertex_start), [len(link.lon_deg) for link in changes.links]])
        ),
        {
            name: np.concatenate([values, *(one[name] for one in added)])
            for name, values in pieces.columns.items()
        },
    )


def _marks(network: WalkNetwork, osm_ids: list[int]) -> dict[int, int]:
    """What each of some nodes is, wherever it first stands."""
    at = _vertices_of(network, np.asarray(osm_ids, dtype=np.int64))
    found, first = np.unique(network.vertex_osm_id[at], return_index=True)
    return dict(zip(found.tolist(), network.vertex_mark[at[first]].tolist(), strict=True))


def _link_columns(
    network: WalkNetwork, changes: StreetChanges, link: NewLink, mark_of: dict[int, int]
) -> dict[str, Any]:
    count = len(link.lon_deg)
    x_m, y_m = network.projection.to_plane(link.lon_deg, link.lat_deg)
    start = np.asarray([0, count], dtype=np.int64)
    osm_id = np.full(count, NO_OSM_ID, dtype=np.int64)
    osm_id[[0, -1]] = link.from_osm_id, link.to_osm_id
    mark = np.zeros(count, dtype=np.uint8)
    mark[[0, -1]] = mark_of[link.from_osm_id], mark_of[link.to_osm_id]
    mark = _changed_marks(mark, osm_id, changes)
    offset_m = offsets_m(link.lon_deg, link.lat_deg, start)
    yes, no = np.ones(1, dtype=bool), np.zeros(1, dtype=bool)
    pays = offset_m[-1] > 0
    return {
        "edge_way_id": np.asarray([link.way_id], dtype=np.int64),
        "edge_name": np.asarray([link.name], dtype=np.str_),
        "edge_forward": yes,
        "edge_backward": yes,
        "edge_restricted": no,
        "edge_private": no,
        "edge_steps": no,
        "edge_wheelchair_no": no,
        "edge_stairs": no,
        "edge_crossings": crossed(mark & CROSSING > 0, start) * pays,
        "edge_signals": crossed(mark & SIGNAL > 0, start) * pays,
        "edge_slope_forward": np.ones(1),
        "edge_slope_backward": np.ones(1),
        "edge_length_m": offset_m[-1:],
        "vertex_osm_id": osm_id,
        "vertex_lon_deg": link.lon_deg,
        "vertex_lat_deg": link.lat_deg,
        "vertex_x_m": x_m,
        "vertex_y_m": y_m,
        "vertex_offset_m": offset_m,
        "vertex_mark": mark,
    }
