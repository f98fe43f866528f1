"""Walking distances from everywhere to the nearest facilities.

Restricted ways serve the ends of a trip only (walking model, rule 7). The search therefore runs on a *layered*
graph: a restricted run at the start, the public streets, a restricted run at the end. Only nodes that touch
something restricted exist in more than one layer, so the graph is hardly larger than the network.
"""

from dataclasses import dataclass
from types import ModuleType

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from app.geo.network import WalkNetwork
from app.geo.network_builder import split_at_gates
from app.geo.units import FloatArray, Index32Array, IntArray, ragged_rows, ragged_starts

_BUCKET_WIDTH = 5.0
"""Metres (or seconds) of cost in one bucket of the compiled search; anything from 2 to 50 is about as fast."""

_FACILITIES_AT_ONCE = 64
"""Rows of a dense distance table that are held at a time when more than the nearest facility is asked for."""


@dataclass(frozen=True)
class SearchGraph:
    """The layered graph, reversed: an arc leads from where a walk arrives to where it comes from.

    Attributes
    ----------
    size : int
        Number of layered nodes.
    arc_start, arc_to, arc_cost : arrays
        Compressed rows: node ``i`` is reached from ``arc_to[arc_start[i]:arc_start[i + 1]]``.
    cost_forward, cost_backward : float array, shape (m,)
        Cost of each whole edge from u to v and back; ``inf`` where one may not walk so.
    start_u, start_v, end_u, end_v : int array, shape (m,)
        Layered node of each edge's ends, for a trip that starts on the edge and for one that ends on it.
    link_cost_per_m : float
        Cost of a metre of access link: 1 in a graph of metres, ``1 / speed_mps`` in a graph of seconds.
    """

    size: int
    arc_start: Index32Array
    arc_to: Index32Array
    arc_cost: FloatArray
    cost_forward: FloatArray
    cost_backward: FloatArray
    start_u: IntArray
    start_v: IntArray
    end_u: IntArray
    end_v: IntArray
    link_cost_per_m: float = 1.0


def build_search_graph(
    network: WalkNetwork, cost_forward: FloatArray | None = None, cost_backward: FloatArray | None = None
) -> SearchGraph:
    """Layered search graph of a network.

    Parameters
    ----------
    network : WalkNetwork
    cost_forward, cost_backward : float array, shape (m,), optional
        Cost of each edge from u to v and from v to u, >= 0; by default its length in metres. One-way rules of the
        network apply on top.
    """
    forward = np.where(
        network.edge_forward, network.edge_length_m if cost_forward is None else cost_forward, np.inf
    )
    backward = np.where(
        network.edge_backward, network.edge_length_m if cost_backward is None else cost_backward, np.inf
    )
    n, restricted = network.node_count, network.edge_restricted
    public_u, public_v = split_at_gates(network.edge_u, network.edge_v, network.node_gate)
    first_layer = n + 2 * network.edge_count  # the numbers below are taken by `split_at_gates`
    start_u = np.where(restricted, first_layer + network.edge_u, public_u)
    start_v = np.where(restricted, first_layer + network.edge_v, public_v)
    end_u = np.where(restricted, first_layer + n + network.edge_u, public_u)
    end_v = np.where(restricted, first_layer + n + network.edge_v, public_v)

    from_node, to_node, cost = whole_edge_arcs(start_u, start_v, end_u, end_v, forward, backward)
    step_from, step_to = _layer_steps(network, public_u, public_v, first_layer)
    from_node, to_node = np.concatenate([from_node, step_from]), np.concatenate([to_node, step_to])
    cost = np.concatenate([cost, np.zeros(len(step_from))])

    used, compact = np.unique(
        np.concatenate([from_node, to_node, start_u, start_v, end_u, end_v]), return_inverse=True
    )
    compact = _along_a_curve(network, used, first_layer)[compact]
    sizes = [len(from_node), len(to_node)] + [network.edge_count] * 3
    compact_from, compact_to, su, sv, eu, ev = np.split(compact, np.cumsum(sizes))
    arc_start, arc_to, arc_cost = _fastest_rows(compact_to, compact_from, cost, len(used))
    return SearchGraph(
        len(used),
        arc_start.astype(np.int32),
        arc_to.astype(np.int32),
        arc_cost,
        forward,
        backward,
        start_u=su,
        start_v=sv,
        end_u=eu,
        end_v=ev,
    )


def _along_a_curve(network: WalkNetwork, used: IntArray, first_layer: int) -> IntArray:
    """New number of every used node, along a space-filling curve: what lies near is near in memory too."""
    n, m = network.node_count, network.edge_count
    node_at = np.zeros(n, dtype=np.int64)
    node_at[network.edge_v] = network.vertex_start[1:] - 1
    node_at[network.edge_u] = network.vertex_start[:-1]
    copies = np.concatenate([network.edge_u, network.edge_v])  # those of `split_at_gates`, numbered from n
    node = np.where(used < n, used, (used - first_layer) % n)
    is_copy = (used >= n) & (used < n + 2 * m)
    node[is_copy] = copies[used[is_copy] - n]
    at = node_at[node]
    order = np.argsort(_morton(network.vertex_x_m[at], network.vertex_y_m[at]), kind="stable")
    number = np.empty(len(used), dtype=np.int64)
    number[order] = np.arange(len(used))
    return number


def _morton(x_m: FloatArray, y_m: FloatArray) -> IntArray:
    """Position along the Z-order curve of metre cells: the bits of both coordinates in turn (Morton, 1966)."""
    key = np.zeros(len(x_m), dtype=np.int64)
    for axis, values_m in enumerate((x_m, y_m)):
        cell = (values_m - values_m.min()).astype(np.int64)
        for bit in range(21):
            key |= ((cell >> bit) & 1) << (2 * bit + axis)
    return key


def whole_edge_arcs(
    start_u: IntArray,
    start_v: IntArray,
    end_u: IntArray,
    end_v: IntArray,
    forward: FloatArray,
    backward: FloatArray,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Walks along whole edges, in the layer of trips that start and in that of trips that end there."""
    from_node = np.concatenate([start_u, start_v, end_u, end_v])
    to_node = np.concatenate([start_v, start_u, end_v, end_u])
    cost = np.concatenate([forward, backward, forward, backward])
    walkable = np.isfinite(cost)
    return from_node[walkable], to_node[walkable], cost[walkable]


def _layer_steps(
    network: WalkNetwork, public_u: IntArray, public_v: IntArray, first_layer: int
) -> tuple[IntArray, IntArray]:
    """Free steps from the starting layer to the public one and to the ending one, at nodes that touch both."""
    restricted = network.edge_restricted
    touched = np.unique(np.concatenate([network.edge_u[restricted], network.edge_v[restricted]]))
    node = np.concatenate([network.edge_u[~restricted], network.edge_v[~restricted]])
    public = np.concatenate([public_u[~restricted], public_v[~restricted]])
    meets = np.isin(node, touched)
    node, public = node[meets], public[meets]
    start, end = first_layer, first_layer + network.node_count
    step_from = np.concatenate([start + node, public, start + touched])
    step_to = np.concatenate([public, end + node, end + touched])
    return step_from, step_to


def _fastest_rows(
    row: IntArray, column: IntArray, cost: FloatArray, size: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """Compressed rows in which the cheapest of parallel arcs is kept (a sparse matrix would add them up)."""
    order = np.lexsort((cost, column, row))
    row, column, cost = row[order], column[order], cost[order]
    keep = np.ones(len(row), dtype=bool)
    keep[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
    keep &= row != column
    return ragged_starts(row[keep], size), column[keep], cost[keep]


@dataclass(frozen=True)
class Seeds:
    """Where walks may end: facility ``facility[i]`` is ``cost[i]`` beyond layered node ``node[i]``."""

    node: IntArray
    facility: IntArray
    cost: FloatArray


def nearest_facilities(
    graph: SearchGraph,
    seeds: Seeds,
    *,
    facility_count: int,
    nearest: int = 1,
    cutoff: float = np.inf,
    kernels: ModuleType | None = None,
) -> tuple[FloatArray, Index32Array]:
    """Cost of the walk from every layered node to its nearest facilities.

    One multi-source search on the reversed graph, so one-way ways count the right way round. Of facilities equally
    near the one with the smallest number is named.

    Parameters
    ----------
    graph : SearchGraph
    seeds : Seeds
        Facilities are numbered ``0..facility_count - 1``.
    facility_count : int
    nearest : int
        How many distinct facilities to find for each node, >= 1.
    cutoff : float
        Inclusive limit, in the graph's unit.
    kernels : module, optional
        `app.geo.kernels` to search with compiled code; by default SciPy searches, with the same result.

    Returns
    -------
    cost : float array, shape (nearest, size)
        Ascending along the first axis; ``inf`` where there is no further facility within the cutoff.
    facility : 32-bit int array, shape (nearest, size)
        ``-1`` where the cost is ``inf``.

    References
    ----------
    Dijkstra (1959), Numerische Mathematik 1, 269-271, doi:10.1007/BF01386390.
    Dial (1969), Communications of the ACM 12, 632-633, doi:10.1145/363269.363610 (the queue of buckets).
    """
    cost = np.full((nearest, graph.size), np.inf)
    facility = np.full((nearest, graph.size), -1, dtype=np.int32)
    if facility_count == 0 or len(seeds.node) == 0:
        return cost, facility
    if kernels is not None:
        return _search_compiled(kernels, graph, seeds, nearest, cutoff)
    matrix = reversed_matrix(graph, seeds, facility_count)
    sources = graph.size + np.arange(facility_count)
    if nearest == 1:
        found, _, source = dijkstra(
            matrix, indices=sources, min_only=True, return_predecessors=True, limit=cutoff
        )
        cost[0] = found[: graph.size]
        reached = np.isfinite(cost[0])
        facility[0, reached] = source[: graph.size][reached] - graph.size
        _name_smallest(graph, seeds, cost[0], facility[0])
        return cost, facility
    for begin in range(0, facility_count, _FACILITIES_AT_ONCE):
        some = sources[begin : begin + _FACILITIES_AT_ONCE]
        table = dijkstra(matrix, indices=some, limit=cutoff)[:, : graph.size]
        cost, facility = _merge_nearest(cost, facility, table, (some - graph.size).astype(np.int32))
    return cost, facility


def _search_compiled(
    kernels: ModuleType, graph: SearchGraph, seeds: Seeds, nearest: int, cutoff: float
) -> tuple[FloatArray, Index32Array]:
    arrays = (graph.arc_start, graph.arc_to, graph.arc_cost, seeds.node, seeds.facility, seeds.cost)
    if nearest > 1:
        cost, facility = kernels.nearest_several(*arrays, cutoff, nearest)
        return cost, facility
    cost, facility = kernels.nearest_one(*arrays, cutoff, *buckets(graph, seeds.cost, cutoff))
    return cost[None, :], facility[None, :]


def buckets(graph: SearchGraph, seed_cost: FloatArray, cutoff: float) -> tuple[float, int]:
    """Buckets per unit of cost for the compiled search, and their number less one (the number is a power of two).

    A graph in seconds has costs of about the same size as one in metres.
    """
    dearest = min(max(float(graph.arc_cost.max(initial=0.0)), float(seed_cost.max(initial=0.0))), cutoff)
    return 1.0 / _BUCKET_WIDTH, (1 << max(1, int(np.ceil(np.log2(dearest / _BUCKET_WIDTH + 2))))) - 1


def _name_smallest(graph: SearchGraph, seeds: Seeds, cost: FloatArray, facility: Index32Array) -> None:
    """Among facilities equally near, name the one with the smallest number at every node (in place).

    SciPy names any of them. A smaller number spreads along arcs that are walked at exactly the node's cost.
    """
    at_seed = cost[seeds.node] == seeds.cost
    np.minimum.at(facility, seeds.node[at_seed], seeds.facility[at_seed])
    row = ragged_rows(graph.arc_start.astype(np.int64))
    tight = np.flatnonzero(cost[row] + graph.arc_cost == cost[graph.arc_to])
    tight = tight[np.isfinite(cost[row[tight]])]
    comes_from, leads_to = row[tight], graph.arc_to[tight]
    while True:
        smaller = facility[comes_from] < facility[leads_to]
        if not smaller.any():
            return
        np.minimum.at(facility, leads_to[smaller], facility[comes_from[smaller]])


def reversed_matrix(graph: SearchGraph, seeds: Seeds, facility_count: int) -> csr_array:
    """The graph with one more node for each facility, from which its seeds are reached."""
    start, to, cost = _fastest_rows(
        graph.size + seeds.facility, seeds.node, seeds.cost, graph.size + facility_count
    )
    seed_start = graph.arc_start[-1] + start[graph.size + 1 :]
    return csr_array(
        (
            np.concatenate([graph.arc_cost, cost]),
            np.concatenate([graph.arc_to, to]).astype(np.int32),
            np.concatenate([graph.arc_start, seed_start]).astype(np.int32),
        ),
        shape=(graph.size + facility_count, graph.size + facility_count),
    )


def _merge_nearest(
    cost: FloatArray, facility: Index32Array, table: FloatArray, table_facility: Index32Array
) -> tuple[FloatArray, Index32Array]:
    nearest = len(cost)
    owner = np.broadcast_to(table_facility[:, None], table.shape)
    all_cost, all_facility = np.concatenate([cost, table]), np.concatenate([facility, owner])
    # Stable: of facilities equally far the one that stands first in the list is named.
    order = np.argsort(all_cost, axis=0, kind="stable")[:nearest]
    cost = np.take_along_axis(all_cost, order, axis=0)
    facility = np.take_along_axis(all_facility, order, axis=0)
    facility[np.isinf(cost)] = -1
    return cost, facility
