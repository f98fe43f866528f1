"""Catchments of many places at once: which households come within a limit of each, as the verdict would say."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from app.geo.links import AccessLinks
from app.geo.network import WalkNetwork
from app.geo.projection import LocalProjection
from app.geo.search import SearchGraph, Seeds, reversed_matrix
from app.geo.units import (
    BoolArray,
    FloatArray,
    IntArray,
    ragged_rows,
    ragged_starts,
    running_starts,
)
from app.geo.verdict import TOLERANCE
from app.geo.walks import LinkCosts, along_one_edge, seeds_of, share_of_edge

_PLACES_AT_ONCE = 64
"""Rows of a dense table of distances held at a time where no compiled search is at hand."""


@dataclass(frozen=True)
class Catchments:
    """The households of ``p`` places in compressed rows.

    Place ``i`` has ``household[start[i]:start[i + 1]]``, ascending, each once.
    """

    start: IntArray
    household: IntArray
    household_count: int

    @property
    def place_count(self) -> int:
        return len(self.start) - 1

    @property
    def matrix(self) -> csr_array:
        """Ones where a household lies in a catchment, shape (places, households)."""
        ones = np.ones(len(self.household))
        return csr_array((ones, self.household, self.start), shape=(self.place_count, self.household_count))

    def counts(self) -> IntArray:
        """In how many catchments each household lies, shape (h,)."""
        return np.bincount(self.household, minlength=self.household_count)

    def sums(self, weight: FloatArray) -> FloatArray:
        """Weight of each place's households, shape (p,)."""
        rows = ragged_rows(self.start)
        total = np.bincount(rows, weights=weight[self.household], minlength=self.place_count)
        return total.astype(np.float64)

    def kept(self, wanted: BoolArray) -> "Catchments":
        """The same with some households alone; none is renumbered."""
        keep = wanted[self.household]
        rows = ragged_rows(self.start)[keep]
        return Catchments(ragged_starts(rows, self.place_count), self.household[keep], self.household_count)


def walked_catchments(  # noqa: PLR0913  # two sides of a walk, and what it may cost
    network: WalkNetwork,
    graph: SearchGraph,
    household_links: AccessLinks,
    household_start: IntArray,
    place_links: AccessLinks,
    place_start: IntArray,
    *,
    limit: float,
    per_unit: float = 1.0,
    wanted: BoolArray | None = None,
    kernels: ModuleType | None = None,
) -> Catchments:
    """Households whose walk to a place is within a limit: those whose verdict it would make `covered`.

    Costs are summed in the same order as in `walks_to_nearest`, so that they are the same to the last bit.

    Parameters
    ----------
    network, graph
        The graph must be built from this network.
    household_links, place_links : AccessLinks
        Of the access points of all households and of all places.
    household_start, place_start : int array, shape (h + 1,) and (p + 1,)
        Where each owner's access points begin.
    limit : float
        Inclusive, with the verdict's tolerance, after a walk's cost is divided by `per_unit`.
    per_unit : float
        Cost of one unit of the limit: the speed where the graph is in metres and the limit in seconds.
    wanted : bool array, shape (h,), optional
        Households that are of interest; by default all.
    kernels : module, optional
        `app.geo.catchment_kernels` to search with compiled code; by default SciPy searches, with the same result.
    """
    count, places = len(household_start) - 1, len(place_start) - 1
    bound = limit + TOLERANCE
    # A little more than the limit, so that no rounding of the product loses what the quotient would accept.
    cutoff = bound * per_unit * (1.0 + 1e-12)
    ends = LinkCosts.of(network.edge_length_m, place_links, graph.link_cost_per_m)
    owner = ragged_rows(place_start)[place_links.point]
    starts = LinkCosts.of(network.edge_length_m, household_links, graph.link_cost_per_m)
    household = ragged_rows(household_start)[household_links.point]
    if wanted is not None:
        keep = np.flatnonzero(wanted[household])
        household = household[keep]
        starts = LinkCosts(
            starts.access[keep], starts.edge[keep], starts.fraction[keep], starts.link_cost[keep]
        )
    seeds = seeds_of(graph, ends, owner)
    doors = _Doors.of(graph, starts, household)
    if kernels is not None:
        order = np.argsort(seeds.facility, kind="stable")
        first, found = kernels.bounded_catchments(
            graph.arc_start,
            graph.arc_to,
            graph.arc_cost,
            ragged_starts(seeds.facility, places),
            seeds.node[order],
            seeds.cost[order],
            doors.start,
            doors.household,
            doors.cost,
            doors.link_cost,
            count,
            cutoff,
            per_unit,
            bound,
        )
        by_ends = ragged_rows(first), found
    else:
        by_ends = _by_tables(graph, seeds, doors, places, (cutoff, per_unit, bound))
    start, end, cost = along_one_edge(network.edge_length_m, graph, starts, ends)
    within = cost / per_unit <= bound
    along = owner[end[within]], household[start[within]]
    return _distinct([by_ends, along], places, count)


def straight_catchments(
    projection: LocalProjection,
    household_deg: tuple[FloatArray, FloatArray],
    household_start: IntArray,
    place_deg: tuple[FloatArray, FloatArray],
    place_start: IntArray,
    *,
    limit_m: float,
) -> Catchments:
    """Households within a straight line of places, over all access points of both."""
    count, places = len(household_start) - 1, len(place_start) - 1
    if count == 0 or len(place_deg[0]) == 0:
        nothing = np.empty(0, dtype=np.int64)
        return Catchments(np.zeros(places + 1, dtype=np.int64), nothing, count)
    homes = np.column_stack(projection.to_plane(*household_deg))
    spots = np.column_stack(projection.to_plane(*place_deg))
    bound_m = limit_m + TOLERANCE
    near: Any = cKDTree(homes).query_ball_point(spots, bound_m * (1.0 + 1e-12))
    spot = np.repeat(np.arange(len(spots)), [len(found) for found in near])
    access = np.concatenate([np.asarray(found, dtype=np.int64) for found in near])
    gap = homes[access] - spots[spot]
    within = np.sqrt(gap[:, 0] * gap[:, 0] + gap[:, 1] * gap[:, 1]) <= bound_m
    rows = ragged_rows(place_start)[spot[within]], ragged_rows(household_start)[access[within]]
    return _distinct([rows], places, count)


@dataclass(frozen=True)
class _Doors:
    """Walks from households to the ends of their edges, by layered node."""

    start: IntArray
    household: IntArray
    cost: FloatArray
    link_cost: FloatArray

    @classmethod
    def of(cls, graph: SearchGraph, starts: LinkCosts, household: IntArray) -> "_Doors":
        cost = np.concatenate(
            [
                share_of_edge(starts.fraction, graph.cost_backward[starts.edge]),
                share_of_edge(1.0 - starts.fraction, graph.cost_forward[starts.edge]),
            ]
        )
        node = np.concatenate([graph.start_u[starts.edge], graph.start_v[starts.edge]])
        open_ = np.flatnonzero(np.isfinite(cost))
        order = open_[np.argsort(node[open_], kind="stable")]
        return cls(
            ragged_starts(node[order], graph.size),
            np.tile(household, 2)[order],
            cost[order],
            np.tile(starts.link_cost, 2)[order],
        )


def _by_tables(
    graph: SearchGraph, seeds: Seeds, doors: _Doors, places: int, limits: tuple[float, float, float]
) -> tuple[IntArray, IntArray]:
    """As the compiled search, by dense tables of SciPy's."""
    cutoff, per_unit, bound = limits
    nothing = np.empty(0, dtype=np.int64)
    rows, households = [nothing], [nothing]
    if len(seeds.node) == 0:
        return nothing, nothing
    matrix = reversed_matrix(graph, seeds, places)
    node_of_door = ragged_rows(doors.start)
    for begin in range(0, places, _PLACES_AT_ONCE):
        some = np.arange(begin, min(places, begin + _PLACES_AT_ONCE))
        table = dijkstra(matrix, indices=graph.size + some, limit=cutoff)[:, : graph.size]
        walk = doors.cost + table[:, node_of_door] + doors.link_cost
        row, door = np.nonzero(walk / per_unit <= bound)
        rows.append(some[row])
        households.append(doors.household[door])
    return np.concatenate(rows), np.concatenate(households)


def _distinct(pairs: list[tuple[IntArray, IntArray]], places: int, households: int) -> Catchments:
    place, household = (np.concatenate(column) for column in zip(*pairs, strict=True))
    key = np.unique(place * max(households, 1) + household)
    place, household = key // max(households, 1), key % max(households, 1)
    return Catchments(running_starts(np.bincount(place, minlength=places)), household, households)
