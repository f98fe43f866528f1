"""Walking times from every node of a network to the nearest of some others; nobody asks which one it is."""

from types import ModuleType

import numpy as np
from scipy.sparse.csgraph import dijkstra

from app.geo.errors import InvalidCutoffError, InvalidInputArrayError, InvalidSpeedError
from app.geo.network import WalkNetwork
from app.geo.search import SearchGraph, Seeds, buckets, build_search_graph, reversed_matrix
from app.geo.units import FloatArray, IntArray
from app.geo.verdict import TOLERANCE

STANDARD_SPEED_MPS = 1000 / 900
"""GB 50180-2018: 1000 m is the upper bound of the 15-minute tier."""

_CACHED_NODES = 250_000
"""About as many nodes with their arcs as a processor's own cache holds."""


def nearest_facility_times(
    network: WalkNetwork,
    facility_nodes: IntArray,
    *,
    cutoff_s: float,
    speed_mps: float = STANDARD_SPEED_MPS,
    kernels: ModuleType | None = None,
) -> FloatArray:
    """Walking time from every node to its nearest facility.

    One search for all facilities on the reversed network, so one-way ways count the right way round and restricted
    ways serve the ends of a walk only.

    Parameters
    ----------
    network : WalkNetwork
        ``n`` nodes.
    facility_nodes : int array, shape (f,)
        Node positions ``0..n-1`` (not OSM ids). May be empty.
    cutoff_s : float
        Inclusive limit in seconds, > 0; `inf` for none.
    speed_mps : float
        Walking speed, > 0.
    kernels : module, optional
        `app.geo.kernels` to search with compiled code; by default SciPy searches, with the same result.

    Returns
    -------
    float array, shape (n,)
        Seconds; ``inf`` where no facility lies within `cutoff_s`.

    Raises
    ------
    InvalidCutoffError, InvalidSpeedError, InvalidInputArrayError
        If the cutoff or the speed is not positive, or a position is not one of the network.
    """
    if not cutoff_s > 0:
        raise InvalidCutoffError(cutoff_s)
    if not 0 < speed_mps < np.inf:
        raise InvalidSpeedError(speed_mps)
    nodes = np.asarray(facility_nodes, dtype=np.int64)
    if len(nodes) and not (nodes.min() >= 0 and nodes.max() < network.node_count):
        raise InvalidInputArrayError("facility_nodes", f"holds positions outside 0..{network.node_count - 1}")
    graph = build_search_graph(network)
    ends = np.concatenate([network.edge_u, network.edge_v])
    arrives, leaves = (
        np.concatenate(pair) for pair in ((graph.end_u, graph.end_v), (graph.start_u, graph.start_v))
    )
    is_facility = np.zeros(network.node_count, dtype=bool)
    is_facility[nodes] = True
    seed_node = np.unique(arrives[is_facility[ends]])
    cutoff_m = (cutoff_s + TOLERANCE) * speed_mps
    cost_m = nearest_costs(graph, seed_node, np.zeros(len(seed_node)), cutoff=cutoff_m, kernels=kernels)
    times_s = np.full(network.node_count, np.inf)
    np.minimum.at(times_s, ends, cost_m[leaves] / speed_mps)
    times_s[nodes] = 0.0
    return times_s


def nearest_costs(
    graph: SearchGraph,
    seed_node: IntArray,
    seed_cost: FloatArray,
    *,
    cutoff: float = np.inf,
    kernels: ModuleType | None = None,
) -> FloatArray:
    """Cost of the walk from every layered node to the nearest seed, shape (size,); ``inf`` beyond the cutoff.

    As `nearest_facilities` without the name of the facility, which makes it the faster of the two.

    Parameters
    ----------
    graph : SearchGraph
    seed_node, seed_cost : arrays, shape (s,)
        Layered nodes where walks may end, and what lies beyond each of them.
    cutoff : float
        Inclusive limit, in the graph's unit.
    kernels : module, optional
        As in `nearest_facilities`.
    """
    cost = np.full(graph.size, np.inf)
    if len(seed_node) == 0:
        return cost
    if kernels is None:
        seeds = Seeds(seed_node, np.zeros(len(seed_node), dtype=np.int64), seed_cost)
        found = dijkstra(reversed_matrix(graph, seeds, 1), indices=[graph.size], min_only=True, limit=cutoff)
        return np.asarray(found[: graph.size])
    order = np.argsort(seed_node, kind="stable")  # numbers follow a curve: neighbours come together
    seed_node, seed_cost = seed_node[order], seed_cost[order]
    at_once = _seeds_at_once(graph.size, len(order), cutoff)
    network = (graph.arc_start, graph.arc_to, graph.arc_cost)
    search = (*network, seed_node, seed_cost, cutoff, *buckets(graph, seed_cost, cutoff), at_once)
    room = len(graph.arc_to) + at_once + 16  # more entries at a time are the work of very odd costs
    while not kernels.least_cost(*search, room, cost):
        room *= 2
        cost.fill(np.inf)
    return cost


def _seeds_at_once(size: int, count: int, cutoff: float) -> int:
    """How many seeds to search together, each such search lowering what those before it left.

    All at once while a cache holds the network, or everything is reached. In a larger network few seeds at a time that
    lie near one another keep to few of its pages.
    """
    if size <= _CACHED_NODES or not np.isfinite(cutoff):
        return count
    return max(1, (1000 * count) // size)
