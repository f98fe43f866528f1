"""The route of one walk, street by street: the evidence behind a time."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse.csgraph import dijkstra

from app.geo.links import TIE_M, AccessLinks
from app.geo.network import WalkNetwork
from app.geo.search import SearchGraph, Seeds, reversed_matrix
from app.geo.units import BoolArray, FloatArray, IntArray
from app.geo.walks import LinkCosts, share_of_edge


@dataclass(frozen=True)
class Leg:
    """A stretch of one edge, walked from ``from_m`` to ``to_m`` (metres from its u)."""

    edge: int
    from_m: float
    to_m: float

    @property
    def length_m(self) -> float:
        return abs(self.to_m - self.from_m)


@dataclass(frozen=True)
class Route:
    """A whole walk.

    ``start_link`` and ``end_link`` are positions among the links of the two places; ``cost`` is the walk's cost in
    the graph's unit, links included, and ``legs`` the streets between, in walking order.
    """

    cost: float
    start_link: int
    end_link: int
    legs: tuple[Leg, ...]


def find_route(
    network: WalkNetwork, graph: SearchGraph, start: AccessLinks, end: AccessLinks
) -> Route | None:
    """Cheapest walk from a place with the links `start` to a place with the links `end`; None if there is none.

    Both hold the links of all access points of one place. The cost is the one that `walks_to_nearest` finds.
    """
    starts = LinkCosts.of(network.edge_length_m, start, graph.link_cost_per_m)
    ends = LinkCosts.of(network.edge_length_m, end, graph.link_cost_per_m)
    entries = _entries(graph, ends)
    node_cost, predecessor = _search(graph, entries)
    best: tuple[float, int, int, str] | None = None
    for row in range(len(start.edge)):
        for cost, other, way in _first_steps(network, graph, starts, ends, row, node_cost):
            total = cost + starts.link_cost[row]
            if np.isfinite(total) and (best is None or total < best[0]):
                best = (float(total), row, other, way)
    if best is None:
        return None
    total, row, other, way = best
    edge, offset_m = int(start.edge[row]), float(start.offset_m[row])
    if way == "along":
        return Route(total, row, other, _without_empty([Leg(edge, offset_m, float(end.offset_m[other]))]))
    first_node = int((graph.start_u if way == "u" else graph.start_v)[edge])
    to_m = 0.0 if way == "u" else float(network.edge_length_m[edge])
    nodes = _trace(predecessor, first_node, graph.size)
    end_row, last_leg = _last_step(network, end, entries, nodes[-1], node_cost)
    middle = [_leg_between(network, graph, a, b) for a, b in pairwise(nodes)]
    legs = [Leg(edge, offset_m, to_m), *(leg for leg in middle if leg is not None), last_leg]
    return Route(total, row, end_row, _without_empty(legs))


@dataclass(frozen=True)
class _Entries:
    """Ways of reaching the end: from layered node ``node`` by link ``link``, from the edge's u or v."""

    node: IntArray
    link: IntArray
    cost: FloatArray
    from_u: BoolArray


def _entries(graph: SearchGraph, ends: LinkCosts) -> _Entries:
    count = len(ends.edge)
    from_u = share_of_edge(ends.fraction, graph.cost_forward[ends.edge])
    from_v = share_of_edge(1.0 - ends.fraction, graph.cost_backward[ends.edge])
    cost = np.concatenate([from_u, from_v]) + np.tile(ends.link_cost, 2)
    possible = np.flatnonzero(np.isfinite(cost))
    node = np.concatenate([graph.end_u[ends.edge], graph.end_v[ends.edge]])
    is_u = np.arange(2 * count) < count
    link = np.tile(np.arange(count, dtype=np.int64), 2)
    return _Entries(node[possible], link[possible], cost[possible], is_u[possible])


def _search(graph: SearchGraph, entries: _Entries) -> tuple[FloatArray, IntArray]:
    """Cost of every node to the end, and the next node on the way there (``size`` stands for the end itself)."""
    if len(entries.node) == 0:
        return np.full(graph.size, np.inf), np.full(graph.size, -1, dtype=np.int64)
    seeds = Seeds(entries.node, np.zeros(len(entries.node), dtype=np.int64), entries.cost)
    matrix = reversed_matrix(graph, seeds, 1)
    cost, predecessor = dijkstra(matrix, indices=np.asarray([graph.size]), return_predecessors=True)
    return cost[0], predecessor[0].astype(np.int64)


def _first_steps(
    network: WalkNetwork,
    graph: SearchGraph,
    starts: LinkCosts,
    ends: LinkCosts,
    row: int,
    node_cost: FloatArray,
) -> list[tuple[float, int, str]]:
    """Costs of going by u, by v, and straight along the edge to a link of the end on the same edge."""
    edge, fraction = int(starts.edge[row]), float(starts.fraction[row])
    length_m = float(network.edge_length_m[edge])
    forward, backward = float(graph.cost_forward[edge]), float(graph.cost_backward[edge])
    steps = []
    if np.isfinite(backward):
        steps.append((fraction * backward + float(node_cost[graph.start_u[edge]]), -1, "u"))
    if np.isfinite(forward):
        steps.append(((1.0 - fraction) * forward + float(node_cost[graph.start_v[edge]]), -1, "v"))
    for other in np.flatnonzero(ends.edge == edge).tolist():
        step = float(ends.fraction[other]) - fraction
        along = step * forward if step > 0 else -step * backward
        if abs(step) * length_m <= TIE_M:
            along = 0.0
        steps.append((along + float(ends.link_cost[other]), other, "along"))
    return steps


def _trace(predecessor: IntArray, first: int, end: int) -> list[int]:
    nodes = [first]
    while predecessor[nodes[-1]] != end:
        nodes.append(int(predecessor[nodes[-1]]))
    return nodes


def _last_step(
    network: WalkNetwork, end: AccessLinks, entries: _Entries, node: int, node_cost: FloatArray
) -> tuple[int, Leg]:
    """The link of the end that a walk takes from its last node, and the part of the edge before it."""
    here = np.flatnonzero((entries.node == node) & (entries.cost == node_cost[node]))
    entry = int(here[0])
    link = int(entries.link[entry])
    edge = int(end.edge[link])
    from_m = 0.0 if entries.from_u[entry] else float(network.edge_length_m[edge])
    return link, Leg(edge, from_m, float(end.offset_m[link]))


def _leg_between(network: WalkNetwork, graph: SearchGraph, here: int, there: int) -> Leg | None:
    """The cheapest edge from one layered node to the next; None for a step between layers."""
    best: tuple[float, Leg] | None = None
    for u, v in ((graph.start_u, graph.start_v), (graph.end_u, graph.end_v)):
        for a, b, cost, is_forward in ((u, v, graph.cost_forward, True), (v, u, graph.cost_backward, False)):
            for edge in np.flatnonzero((a == here) & (b == there)).tolist():
                if np.isfinite(cost[edge]) and (best is None or cost[edge] < best[0]):
                    length_m = float(network.edge_length_m[edge])
                    leg = Leg(edge, 0.0, length_m) if is_forward else Leg(edge, length_m, 0.0)
                    best = (float(cost[edge]), leg)
    return None if best is None else best[1]


def _without_empty(legs: list[Leg]) -> tuple[Leg, ...]:
    return tuple(leg for leg in legs if leg.from_m != leg.to_m)


def leg_vertices(network: WalkNetwork, leg: Leg) -> tuple[FloatArray, FloatArray]:
    """Lon and lat of a leg's course, in walking order, its ends included."""
    rows = slice(int(network.vertex_start[leg.edge]), int(network.vertex_start[leg.edge + 1]))
    offset_m = network.vertex_offset_m[rows]
    low, high = sorted((leg.from_m, leg.to_m))
    inner = offset_m[(offset_m > low) & (offset_m < high)]
    at_m = np.concatenate([[low], inner, [high]])
    lon_deg = np.interp(at_m, offset_m, network.vertex_lon_deg[rows])
    lat_deg = np.interp(at_m, offset_m, network.vertex_lat_deg[rows])
    return (lon_deg, lat_deg) if leg.from_m <= leg.to_m else (lon_deg[::-1], lat_deg[::-1])
