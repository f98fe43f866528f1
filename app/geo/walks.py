"""Walks from points to their nearest facilities, links at both ends included."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from app.geo.links import TIE_M, AccessLinks
from app.geo.network import WalkNetwork
from app.geo.search import SearchGraph, Seeds, nearest_facilities
from app.geo.units import BoolArray, FloatArray, IntArray, expand_ranges, ragged_rows, ragged_starts


@dataclass(frozen=True)
class NearestWalks:
    """The walk of ``h`` points to their k-th nearest facility.

    Attributes
    ----------
    cost : float array, shape (h,)
        Cost of the whole walk; ``inf`` where fewer than k facilities can be reached.
    facility : int array, shape (h,)
        Position of the k-th facility; ``-1`` where the cost is ``inf``.
    access : int array, shape (h,)
        Access point of the household at which that walk begins, counted over all; ``-1`` likewise.
    """

    cost: FloatArray
    facility: IntArray
    access: IntArray


@dataclass(frozen=True)
class _Candidates:
    """Possible walks: from access point ``access[i]`` to ``facility[i]`` at ``cost[i]``."""

    access: IntArray
    facility: IntArray
    cost: FloatArray


def walks_to_nearest(
    network: WalkNetwork,
    graph: SearchGraph,
    household_links: AccessLinks,
    household_start: IntArray,
    facility_links: AccessLinks,
    facility_start: IntArray,
    *,
    nearest: int = 1,
    kernels: ModuleType | None = None,
) -> NearestWalks:
    """Walk of every household to its k-th nearest facility, the smallest over all access points of both.

    Inside an edge a walk goes by way of one of its ends, whichever is faster, or straight along it where the
    facility lies on the same edge: never an interpolation between the ends.

    Parameters
    ----------
    network, graph
        The graph must be built from this network.
    household_links, facility_links : AccessLinks
        Of the access points of all households and of all facilities.
    household_start, facility_start : int array, shape (h + 1,) and (f + 1,)
        Household ``i`` has the access points ``household_start[i]:household_start[i + 1]``; the same for facilities.
    nearest : int
        k, counted over distinct facilities.
    kernels : module, optional
        As in `nearest_facilities`.
    """
    household_count, facility_count = len(household_start) - 1, len(facility_start) - 1
    ends = LinkCosts.of(network.edge_length_m, facility_links, graph.link_cost_per_m)
    facility_of_link = _owner_of_link(facility_links, facility_start)
    seeds = seeds_of(graph, ends, facility_of_link)
    node_cost, node_facility = nearest_facilities(
        graph, seeds, facility_count=facility_count, nearest=nearest, kernels=kernels
    )

    starts = LinkCosts.of(network.edge_length_m, household_links, graph.link_cost_per_m)
    found = [_by_way_of_ends(graph, starts, node_cost[rank], node_facility[rank]) for rank in range(nearest)]
    found.append(_along_one_edge(network.edge_length_m, graph, starts, ends, facility_of_link))
    candidates = _Candidates(*(np.concatenate(column) for column in zip(*map(_columns, found), strict=True)))
    household = ragged_rows(household_start)[candidates.access]
    if nearest == 1:
        return _pick_nearest(candidates, household, household_count)
    return _pick_kth(candidates, household, household_count, nearest)


def walks_by_labels(
    edge_length_m: FloatArray,
    graph: SearchGraph,
    household_links: AccessLinks,
    household_start: IntArray,
    facility_links: AccessLinks,
    facility_of_link: IntArray,
    node_cost: FloatArray,
    node_facility: IntArray,
) -> NearestWalks:
    """As `walks_to_nearest` for the nearest facility, with the labels of a search that has been made.

    Parameters
    ----------
    facility_of_link : int array
        Facility of each of `facility_links`; those on the households' edges are enough.
    node_cost, node_facility : arrays
        Labels of the nodes that the graph names.
    """
    starts = LinkCosts.of(edge_length_m, household_links, graph.link_cost_per_m)
    ends = LinkCosts.of(edge_length_m, facility_links, graph.link_cost_per_m)
    found = [
        _by_way_of_ends(graph, starts, node_cost, node_facility),
        _along_one_edge(edge_length_m, graph, starts, ends, facility_of_link),
    ]
    candidates = _Candidates(*(np.concatenate(column) for column in zip(*map(_columns, found), strict=True)))
    household = ragged_rows(household_start)[candidates.access]
    return _pick_nearest(candidates, household, len(household_start) - 1)


@dataclass(frozen=True)
class LinkCosts:
    """Access links with their place as a fraction of the edge, and the cost of the link itself."""

    access: IntArray
    edge: IntArray
    fraction: FloatArray
    link_cost: FloatArray

    @classmethod
    def of(cls, edge_length_m: FloatArray, links: AccessLinks, cost_per_m: float) -> "LinkCosts":
        """Of these links, on edges of these lengths."""
        length_m = edge_length_m[links.edge]
        fraction = np.divide(links.offset_m, length_m, out=np.zeros_like(length_m), where=length_m > 0)
        return cls(links.point, links.edge, fraction, links.link_m * cost_per_m)


def share_of_edge(fraction: FloatArray, whole: FloatArray) -> FloatArray:
    """Cost of a fraction of an edge; a direction that nobody may walk costs ``inf`` even over no distance."""
    return np.where(np.isfinite(whole), fraction * np.where(np.isfinite(whole), whole, 0.0), np.inf)


def _owner_of_link(links: AccessLinks, owner_start: IntArray) -> IntArray:
    owner: IntArray = ragged_rows(owner_start)[links.point]
    return owner


def seeds_of(graph: SearchGraph, ends: LinkCosts, facility: IntArray) -> Seeds:
    """Where walks to facilities end: each link of one by way of both ends of its edge."""
    from_u = share_of_edge(ends.fraction, graph.cost_forward[ends.edge]) + ends.link_cost
    from_v = share_of_edge(1.0 - ends.fraction, graph.cost_backward[ends.edge]) + ends.link_cost
    node = np.concatenate([graph.end_u[ends.edge], graph.end_v[ends.edge]])
    cost = np.concatenate([from_u, from_v])
    possible = np.isfinite(cost)
    return Seeds(node[possible], np.concatenate([facility, facility])[possible], cost[possible])


def _by_way_of_ends(
    graph: SearchGraph, starts: LinkCosts, node_cost: FloatArray, node_facility: IntArray
) -> _Candidates:
    """Walks that leave the household's edge at one of its ends."""
    to_u = share_of_edge(starts.fraction, graph.cost_backward[starts.edge])
    to_v = share_of_edge(1.0 - starts.fraction, graph.cost_forward[starts.edge])
    node_u, node_v = graph.start_u[starts.edge], graph.start_v[starts.edge]
    cost = np.concatenate([to_u + node_cost[node_u], to_v + node_cost[node_v]]) + np.tile(starts.link_cost, 2)
    facility = np.concatenate([node_facility[node_u], node_facility[node_v]])
    reached = np.isfinite(cost)
    return _Candidates(np.tile(starts.access, 2)[reached], facility[reached], cost[reached])


def along_one_edge(
    edge_length_m: FloatArray, graph: SearchGraph, starts: LinkCosts, ends: LinkCosts
) -> tuple[IntArray, IntArray, FloatArray]:
    """Rows of `starts` and `ends` that are linked to one edge, and the cost of the walk along it (``inf`` if none)."""
    order = np.argsort(ends.edge, kind="stable")
    sorted_edges = ends.edge[order]
    here = np.searchsorted(sorted_edges, starts.edge, side="left")
    counts = np.searchsorted(sorted_edges, starts.edge, side="right") - here
    start = np.repeat(np.arange(len(starts.edge), dtype=np.int64), counts)
    end = order[expand_ranges(here, counts)]
    step = ends.fraction[end] - starts.fraction[start]
    edge = starts.edge[start]
    along = np.where(
        step >= 0,
        share_of_edge(step, graph.cost_forward[edge]),
        share_of_edge(-step, graph.cost_backward[edge]),
    )
    # One and the same place: nothing to walk, whatever the one-way rule.
    along = np.where(np.abs(step) * edge_length_m[edge] <= TIE_M, 0.0, along)
    return start, end, along + starts.link_cost[start] + ends.link_cost[end]


def _along_one_edge(
    edge_length_m: FloatArray, graph: SearchGraph, starts: LinkCosts, ends: LinkCosts, facility: IntArray
) -> _Candidates:
    """Walks along a single edge on which both the household and the facility are linked."""
    start, end, cost = along_one_edge(edge_length_m, graph, starts, ends)
    reached = np.isfinite(cost)
    return _Candidates(starts.access[start][reached], facility[end][reached], cost[reached])


def _columns(candidates: _Candidates) -> tuple[IntArray, IntArray, FloatArray]:
    return candidates.access, candidates.facility, candidates.cost


def _pick_nearest(candidates: _Candidates, household: IntArray, household_count: int) -> NearestWalks:
    """As `_pick_kth` with k = 1, without sorting: the least cost, then the first facility, then the first access."""
    cost = np.full(household_count, np.inf)
    np.minimum.at(cost, household, candidates.cost)
    tied = np.flatnonzero(candidates.cost == cost[household])
    facility, tied = _least_of_tied(candidates.facility, household, tied, household_count)
    access, _ = _least_of_tied(candidates.access, household, tied, household_count)
    return NearestWalks(cost, facility, access)


def _least_of_tied(
    values: IntArray, household: IntArray, tied: IntArray, household_count: int
) -> tuple[IntArray, IntArray]:
    """The smallest value among the tied rows of each household (-1 where it has none), and the rows that have it."""
    none = np.iinfo(np.int64).max
    least = np.full(household_count, none)
    np.minimum.at(least, household[tied], values[tied])
    tied = tied[values[tied] == least[household[tied]]]
    least[least == none] = -1
    return least, tied


def _pick_kth(
    candidates: _Candidates, household: IntArray, household_count: int, nearest: int
) -> NearestWalks:
    # The best walk to each facility, then the k-th of these; ties go to the facility and access point first listed.
    order = np.lexsort((candidates.access, candidates.cost, candidates.facility, household))
    best = order[_first_of_each(household[order], candidates.facility[order])]
    ranked = best[np.lexsort((candidates.facility[best], candidates.cost[best], household[best]))]
    first = ragged_starts(household[ranked], household_count)
    has_kth = np.diff(first) >= nearest
    kth = ranked[(first[:-1] + nearest - 1)[has_kth]]
    walks = NearestWalks(
        np.full(household_count, np.inf),
        np.full(household_count, -1, dtype=np.int64),
        np.full(household_count, -1, dtype=np.int64),
    )
    walks.cost[has_kth] = candidates.cost[kth]
    walks.facility[has_kth] = candidates.facility[kth]
    walks.access[has_kth] = candidates.access[kth]
    return walks


def _first_of_each(first_key: IntArray, second_key: IntArray) -> BoolArray:
    is_first = np.ones(len(first_key), dtype=bool)
    is_first[1:] = (first_key[1:] != first_key[:-1]) | (second_key[1:] != second_key[:-1])
    return is_first
