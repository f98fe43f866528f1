"""The walk network: streets as immutable arrays.

A network has *nodes* (places where ways meet, end, or are cut) and *edges* (a stretch of one way between two
nodes, with its whole geometry as *vertices*). Edges follow their way's own direction: ``edge_u`` comes first.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.geo.projection import LocalProjection
from app.geo.units import BoolArray, FloatArray, IntArray, MarkArray

ISLAND_LENGTH_M = 500.0
"""The walking model, section 3: a connected part with less than this length of edges is an island."""

WALL, GATE, CROSSING, SIGNAL = 1, 2, 4, 8
"""Bits of ``vertex_mark``: nobody passes this node, restricted node, road crossed without and with signals."""


@dataclass(frozen=True)
class WalkNetwork:
    """Streets usable on foot, with ``n`` nodes, ``m`` edges and ``q`` vertices.

    Attributes
    ----------
    projection : LocalProjection
        The plane of ``vertex_x_m`` and ``vertex_y_m``.
    node_osm_id : int array, shape (n,)
        OSM id of each node. A node that nobody can pass stands once for every edge that ends in it.
    edge_u, edge_v : int array, shape (m,)
        Node positions of the first and the last vertex; equal for a loop.
    edge_way_id : int array, shape (m,)
        OSM id of the way. ``edge_name`` holds its name, ``""`` where it has none.
    edge_forward, edge_backward : bool array, shape (m,)
        Whether one may walk from u to v, and from v to u.
    edge_restricted : bool array, shape (m,)
        Usable at the ends of a trip only (walking model, rule 7), whether by its own tags or because it lies
        behind a gate.
    edge_private : bool array, shape (m,)
        Restricted by its own tags.
    edge_steps, edge_wheelchair_no : bool array, shape (m,)
        Steps without a ramp; tagged ``wheelchair=no``.
    edge_stairs : bool array, shape (m,)
        Steps that are climbed, with or without a ramp, no escalators.
    edge_crossings, edge_signals : float array, shape (m,)
        Roads that a walk over the whole edge crosses, without and with signals: 1 for a crossing inside, half of
        one for a crossing at an end. 0 on edges without length and on the roads themselves.
    edge_slope_forward, edge_slope_backward : float array, shape (m,)
        Time factor of the slope from u to v and from v to u; 1 where no terrain model tells.
    edge_length_m : float array, shape (m,)
        Geodesic length. May be 0 where two OSM nodes share one place.
    edge_part : int array, shape (m,)
        Connected part of each edge, directions ignored, restricted edges and nodes counted as connecting.
    part_length_m : float array, shape (parts,)
        Length of edges in each part. Parts are numbered by their smallest node id.
    node_gate : bool array, shape (n,)
        Restricted barrier nodes: a trip on public edges does not pass them.
    vertex_start : int array, shape (m + 1,)
        Edge ``i`` has the vertices ``vertex_start[i]:vertex_start[i + 1]``, at least two.
    vertex_osm_id, vertex_lon_deg, vertex_lat_deg, vertex_x_m, vertex_y_m : arrays, shape (q,)
        Where the edge runs.
    vertex_mark : 8-bit unsigned int array, shape (q,)
        Sum of `WALL`, `GATE`, `CROSSING` and `SIGNAL`: what stands at the node; a wall counts before a gate.
    vertex_offset_m : float array, shape (q,)
        Geodesic distance along the edge from u; 0 at u, ``edge_length_m`` at v.
    """

    projection: LocalProjection
    node_osm_id: IntArray
    node_gate: BoolArray
    edge_u: IntArray
    edge_v: IntArray
    edge_way_id: IntArray
    edge_name: NDArray[np.str_]
    edge_forward: BoolArray
    edge_backward: BoolArray
    edge_restricted: BoolArray
    edge_private: BoolArray
    edge_steps: BoolArray
    edge_wheelchair_no: BoolArray
    edge_stairs: BoolArray
    edge_crossings: FloatArray
    edge_signals: FloatArray
    edge_slope_forward: FloatArray
    edge_slope_backward: FloatArray
    edge_length_m: FloatArray
    edge_part: IntArray
    part_length_m: FloatArray
    vertex_start: IntArray
    vertex_osm_id: IntArray
    vertex_lon_deg: FloatArray
    vertex_lat_deg: FloatArray
    vertex_x_m: FloatArray
    vertex_y_m: FloatArray
    vertex_offset_m: FloatArray
    vertex_mark: MarkArray

    @classmethod
    def array_names(cls) -> tuple[str, ...]:
        """Names of all array fields, in declaration order."""
        return tuple(field.name for field in fields(cls) if field.name != "projection")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by name: what a store keeps."""
        return {name: getattr(self, name) for name in self.array_names()}

    @property
    def node_count(self) -> int:
        return len(self.node_osm_id)

    @property
    def edge_count(self) -> int:
        return len(self.edge_u)

    @property
    def length_m(self) -> float:
        """Length of all edges together."""
        return float(self.edge_length_m.sum())

    @property
    def edge_closed_to_wheels(self) -> BoolArray:
        """Whether a wheelchair cannot use each edge, shape (m,)."""
        closed: BoolArray = self.edge_steps | self.edge_wheelchair_no
        return closed

    @cached_property
    def edge_island(self) -> BoolArray:
        """Whether each edge belongs to a part with less than `ISLAND_LENGTH_M` of edges, shape (m,)."""
        island: BoolArray = self.part_length_m[self.edge_part] < ISLAND_LENGTH_M
        return island

    @cached_property
    def segment_vertex(self) -> IntArray:
        """Position of the first vertex of every segment (two consecutive vertices), shape (q - m,)."""
        is_last = np.zeros(len(self.vertex_osm_id), dtype=bool)
        is_last[self.vertex_start[1:] - 1] = True
        return np.flatnonzero(~is_last)

    @cached_property
    def vertex_edge(self) -> IntArray:
        """Edge of every vertex, shape (q,)."""
        return np.repeat(np.arange(self.edge_count, dtype=np.int64), np.diff(self.vertex_start))
