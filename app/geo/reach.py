"""Everything within reach of some places: one bounded search, then the cost at any place of the streets.

What is said of walks *to* the origins holds for walks *from* them on the reversed graph (`app.geo.reversed`).
"""

from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

import numpy as np

from app.geo.links import AccessLinks
from app.geo.network import WalkNetwork
from app.geo.search import SearchGraph, Seeds, nearest_facilities
from app.geo.units import (
    BoolArray,
    Float32Array,
    FloatArray,
    Index32Array,
    IntArray,
    expand_ranges,
    ragged_rows,
    ragged_starts,
)
from app.geo.verdict import TOLERANCE
from app.geo.walks import share_of_edge


@dataclass(frozen=True)
class StreetPlaces:
    """Places on streets with a link, ``k`` of them: rows of grid points, or of anything else.

    ``edge`` may be the number of edges: a place without a link, which nothing reaches.
    """

    edge: IntArray | Index32Array
    offset_m: FloatArray | Float32Array
    link_m: FloatArray | Float32Array


@dataclass(frozen=True)
class Reach:
    """What lies within a limit of some origins, links of the origins included.

    Attributes
    ----------
    limit : float
        Costs beyond it may be missing (``inf``), in the graph's unit.
    end_edge, end_offset_m, end_cost, end_origin : arrays, shape (e,)
        Links of the origins, with the cost of each link.
    node_cost, node_origin : arrays, shape (nearest, size)
        Costs of the walks from each layered node to its nearest origins, and which these are.
    """

    network: WalkNetwork
    graph: SearchGraph
    limit: float
    end_edge: IntArray
    end_offset_m: FloatArray
    end_cost: FloatArray
    end_origin: IntArray
    node_cost: FloatArray
    node_origin: Index32Array

    @property
    def nearest(self) -> int:
        """How many distinct origins have to be in reach of a place."""
        return len(self.node_cost)

    @cached_property
    def is_reached(self) -> BoolArray:
        """Whether any place of an edge may be within reach, shape (m,)."""
        graph, cost = self.graph, self.node_cost[0]
        reached: BoolArray = np.isfinite(cost[graph.start_u]) | np.isfinite(cost[graph.start_v])
        reached[self.end_edge] = True
        return reached

    def costs(self, places: StreetPlaces) -> FloatArray:
        """Cost of the walk from each place to the ``nearest``-th nearest origin, links included, shape (k,).

        By way of one end of the edge or the other, or along it to an origin on it; never an interpolation.
        """
        if self.nearest == 1:
            by_u, rate_u, by_v, rate_v = np.take(self._lines, places.edge, axis=0, mode="clip").T
            cost: FloatArray = np.minimum(by_u + places.offset_m * rate_u, by_v - places.offset_m * rate_v)
            row, end_cost, _ = self._along_one_edge(places)
            np.minimum.at(cost, row, end_cost)
        else:
            cost = self._kth_costs(places)
        cost += places.link_m * self.graph.link_cost_per_m
        return cost

    def street_parts(self, limit: float) -> tuple[IntArray, FloatArray, FloatArray]:
        """Parts of edges within a limit, cut exactly where it is reached.

        Parameters
        ----------
        limit : float
            At most the limit of the search.

        Returns
        -------
        edge : int array, shape (p,)
            Ascending; an edge may have several parts, in order.
        from_m, to_m : float array, shape (p,)
            Offsets along the edge, ``from_m < to_m``.
        """
        graph, length_m = self.graph, self.network.edge_length_m
        limit += TOLERANCE
        forward, backward = self._cost_per_m
        edges = np.flatnonzero(self.is_reached)
        parts = []
        for cost, origin in zip(self.node_cost, self.node_origin, strict=True):
            for node, rate in ((graph.start_u, backward), (graph.start_v, forward)):
                edge = edges[np.isfinite(cost[node[edges]]) & np.isfinite(rate[edges])]
                whole_m = length_m[edge]
                far_m = np.minimum(_spent(limit - cost[node[edge]], rate[edge]), whole_m)
                ends = (np.zeros(len(edge)), far_m) if rate is backward else (whole_m - far_m, whole_m)
                parts.append((edge, origin[node[edge]], *ends))
        edge, left = self.end_edge, limit - self.end_cost
        low_m = np.maximum(self.end_offset_m - _spent(left, forward[edge]), 0.0)
        high_m = np.minimum(self.end_offset_m + _spent(left, backward[edge]), length_m[edge])
        parts.append((edge, self.end_origin, low_m, high_m))
        edge, whose, from_m, to_m = (np.concatenate(column) for column in zip(*parts, strict=True))
        some = to_m > from_m
        edge, whose, from_m, to_m = edge[some], whose[some], from_m[some], to_m[some]
        # What one origin covers twice counts once; then whatever enough origins cover.
        names, group = np.unique(edge * (int(whose.max(initial=0)) + 1) + whose, return_inverse=True)
        named_edge = np.zeros(len(names), dtype=np.int64)
        named_edge[group] = edge
        group, from_m, to_m = _covered(group, from_m, to_m, depth=1)
        return _covered(named_edge[group], from_m, to_m, depth=self.nearest)

    @cached_property
    def _cost_per_m(self) -> tuple[FloatArray, FloatArray]:
        """Cost of a metre of every edge, from u to v and back; ``inf`` where one may not walk so."""
        length_m = self.network.edge_length_m
        whole_m = np.where(length_m > 0, length_m, 1.0)
        return self.graph.cost_forward / whole_m, self.graph.cost_backward / whole_m

    @cached_property
    def _lines(self) -> FloatArray:
        """Cost of every edge's places as lines of the offset, by way of u and of v; one more row for no edge."""
        graph, cost = self.graph, self.node_cost[0]
        forward, backward = self._cost_per_m
        count = self.network.edge_count
        lines = np.full((count + 1, 4), np.inf)
        lines[:count, 0] = np.where(np.isfinite(backward), cost[graph.start_u], np.inf)
        lines[:count, 1] = np.where(np.isfinite(backward), backward, 0.0)
        lines[:count, 2] = cost[graph.start_v] + graph.cost_forward
        lines[:count, 3] = np.where(np.isfinite(forward), forward, 0.0)
        lines[count, 1::2] = 0.0
        return lines

    @cached_property
    def _ends_by_edge(self) -> tuple[IntArray, IntArray]:
        order = np.argsort(self.end_edge, kind="stable")
        return order, ragged_starts(self.end_edge, self.network.edge_count + 1)

    def _along_one_edge(self, places: StreetPlaces) -> tuple[IntArray, FloatArray, IntArray]:
        """Walks along a single edge on which an origin is linked too: row, cost and origin of each."""
        order, start = self._ends_by_edge
        has_end = np.diff(start) > 0
        row = np.flatnonzero(np.take(has_end, places.edge, mode="clip"))
        edge = places.edge[row]
        counts = start[edge + 1] - start[edge]
        end = order[expand_ranges(start[edge], counts)]
        row = np.repeat(row, counts)
        edge = places.edge[row].astype(np.int64)
        step_m = self.end_offset_m[end] - places.offset_m[row].astype(np.float64)
        forward, backward = self._cost_per_m
        along = np.where(
            step_m >= 0, share_of_edge(step_m, forward[edge]), share_of_edge(-step_m, backward[edge])
        )
        along = np.where(np.abs(step_m) == 0, 0.0, along)
        return row, along + self.end_cost[end], self.end_origin[end]

    def _kth_costs(self, places: StreetPlaces) -> FloatArray:
        graph, count = self.graph, self.network.edge_count
        forward, backward = self._cost_per_m
        linked = np.flatnonzero(places.edge < count)
        edge = places.edge[linked].astype(np.int64)
        offset_m = places.offset_m[linked].astype(np.float64)
        to_u = share_of_edge(offset_m, backward[edge])
        to_v = share_of_edge(self.network.edge_length_m[edge] - offset_m, forward[edge])
        found = [self._along_one_edge(places)]
        for cost, origin in zip(self.node_cost, self.node_origin, strict=True):
            for way, node in ((to_u, graph.start_u[edge]), (to_v, graph.start_v[edge])):
                found.append((linked, way + cost[node], origin[node]))
        row, cost, origin = (np.concatenate(column) for column in zip(*found, strict=True))
        possible = cost <= self.limit
        row, cost, origin = row[possible], cost[possible], origin[possible]
        order = np.lexsort((cost, origin, row))
        row, cost, origin = row[order], cost[order], origin[order]
        best = np.ones(len(row), dtype=bool)
        best[1:] = (row[1:] != row[:-1]) | (origin[1:] != origin[:-1])
        row, cost = row[best], cost[best]
        order = np.lexsort((cost, row))
        row, cost = row[order], cost[order]
        start = ragged_starts(row, len(places.edge))
        enough = np.flatnonzero(np.diff(start) >= self.nearest)
        kth = np.full(len(places.edge), np.inf)
        kth[enough] = cost[start[enough] + self.nearest - 1]
        return kth


def find_reach(
    network: WalkNetwork,
    graph: SearchGraph,
    links: AccessLinks,
    origin_start: IntArray,
    *,
    limit: float,
    nearest: int = 1,
    kernels: ModuleType | None = None,
) -> Reach:
    """Search everything within a limit of origins.

    Parameters
    ----------
    network, graph
        The graph must be built from this network.
    links : AccessLinks
        Of the access points of all origins.
    origin_start : int array, shape (o + 1,)
        Origin ``i`` has the access points ``origin_start[i]:origin_start[i + 1]``.
    limit : float
        Inclusive, in the graph's unit.
    nearest : int
        How many distinct origins must be in reach.
    kernels : module, optional
        As in `nearest_facilities`.
    """
    owner = ragged_rows(origin_start)[links.point]
    if nearest == 1:
        owner = np.zeros_like(owner)  # whose walk it is plays no part, and one source is faster than many
    end_cost = links.link_m * graph.link_cost_per_m
    near = np.flatnonzero(end_cost <= limit)
    edge, offset_m, end_cost, owner = links.edge[near], links.offset_m[near], end_cost[near], owner[near]
    length_m = network.edge_length_m[edge]
    fraction = np.divide(offset_m, length_m, out=np.zeros_like(length_m), where=length_m > 0)
    node = np.concatenate([graph.end_u[edge], graph.end_v[edge]])
    cost = np.concatenate(
        [
            share_of_edge(fraction, graph.cost_forward[edge]) + end_cost,
            share_of_edge(1.0 - fraction, graph.cost_backward[edge]) + end_cost,
        ]
    )
    possible = np.flatnonzero(cost <= limit)
    node_cost, node_origin = nearest_facilities(
        graph,
        Seeds(node[possible], np.tile(owner, 2)[possible], cost[possible]),
        facility_count=1 if nearest == 1 else len(origin_start) - 1,
        nearest=nearest,
        cutoff=limit,
        kernels=kernels,
    )
    return Reach(network, graph, limit, edge, offset_m, end_cost, owner, node_cost, node_origin)


def _spent(cost: FloatArray, cost_per_m: FloatArray) -> FloatArray:
    """Metres that a cost is spent on; none where nobody may walk, all where walking is free."""
    metres = np.divide(cost, cost_per_m, out=np.full_like(cost, np.inf), where=cost_per_m > 0)
    return np.where(np.isfinite(cost_per_m), metres, 0.0)


def _covered(
    group: IntArray, from_m: FloatArray, to_m: FloatArray, *, depth: int
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Stretches that at least `depth` of a group's stretches cover; those that touch are one."""
    place_m = np.concatenate([from_m, to_m])
    step = np.repeat(np.asarray([1, -1], dtype=np.int64), len(group))
    both = np.tile(group, 2)
    order = np.lexsort((-step, place_m, both))  # at one place, what begins comes before what ends
    place_m, step, both = place_m[order], step[order], both[order]
    after = np.cumsum(step)
    opens = (after == depth) & (step == 1)
    closes = (after == depth - 1) & (step == -1)
    return both[opens], place_m[opens], place_m[closes]
