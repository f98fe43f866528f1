"""What a siting question is made of, and what can be left out of it without changing any answer."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from app.geo.units import BoolArray, FloatArray, IntArray, ragged_rows, ragged_starts


@dataclass(frozen=True)
class SitingModel:
    """Candidates, and the demands that each would serve: ``c`` candidates, ``d`` demands.

    A demand is a household that lacks one service; of a household that lacks several there is one for each.

    Attributes
    ----------
    start, demand : int arrays
        Candidate ``i`` serves ``demand[start[i]:start[i + 1]]``, ascending.
    weight : float array, shape (d,)
    need : int array, shape (d,)
        How many more facilities must be in reach before the demand is met, >= 1.
    group : int array, shape (d,)
        Service of each demand: a target holds for each of them.
    zone : int array, shape (d,)
        Zone of each demand, -1 for none.
    cost : float array, shape (c,)
    capacity : float array, shape (c,)
        Weight that each can serve; ``inf`` where nobody said.
    locked : bool array, shape (c,)
        Candidates that are part of every answer.
    """

    start: IntArray
    demand: IntArray
    weight: FloatArray
    need: IntArray
    group: IntArray
    zone: IntArray
    cost: FloatArray
    capacity: FloatArray
    locked: BoolArray

    @property
    def candidate_count(self) -> int:
        return len(self.cost)

    @property
    def demand_count(self) -> int:
        return len(self.weight)

    @property
    def has_capacity(self) -> bool:
        return bool(np.isfinite(self.capacity).any())

    @cached_property
    def matrix(self) -> csr_array:
        """Ones where a candidate serves a demand, shape (c, d)."""
        ones = np.ones(len(self.demand))
        return csr_array((ones, self.demand, self.start), shape=(self.candidate_count, self.demand_count))

    @cached_property
    def by_demand(self) -> tuple[IntArray, IntArray]:
        """The same the other way round: row starts, shape (d + 1,), and candidates, ascending in each row."""
        order = np.argsort(self.demand, kind="stable")
        start = ragged_starts(self.demand, self.demand_count)
        return start, ragged_rows(self.start)[order]

    @cached_property
    def can_be_met(self) -> BoolArray:
        """Whether enough candidates serve a demand, shape (d,)."""
        enough: BoolArray = np.diff(self.by_demand[0]) >= self.need
        return enough

    def met(self, chosen: IntArray) -> BoolArray:
        """Whether each demand is met by some candidates, capacities aside, shape (d,)."""
        indicator = np.zeros(self.candidate_count)
        indicator[chosen] = 1.0
        enough: BoolArray = indicator @ self.matrix >= self.need
        return enough

    def covered(self, chosen: IntArray) -> float:
        """Weight of the demands that some candidates meet, capacities aside."""
        return float(self.weight[self.met(chosen)].sum())


@dataclass(frozen=True)
class Reduced:
    """A smaller model with the same best answers; ``candidate`` is the original position of each one left."""

    model: SitingModel
    candidate: IntArray


def reduce_model(model: SitingModel) -> Reduced:
    """Leave out what cannot matter: exact, whatever number of sites or budget is asked for.

    1. Demands without weight, and those that too few candidates serve, are dropped.
    2. Demands that the very same candidates serve, with equal need, service and zone, are one demand.
    3. A candidate is dropped if another one serves all that it serves, costs no more, and one of the two is enough
       for everything that it serves (so all its demands need one facility); of equals the first stays. Not where
       capacities matter, and never a locked one.
    4. Then more demands may be served by the very same candidates.
    """
    kept = np.arange(model.candidate_count)
    small = _merge_demands(model)
    if not model.has_capacity:
        stays = ~_dominated(small)
        kept = kept[stays]
        small = _merge_demands(_with_candidates(small, np.flatnonzero(stays)))
    return Reduced(small, kept)


def _merge_demands(model: SitingModel) -> SitingModel:
    start, candidate = model.by_demand
    wanted = np.flatnonzero((model.weight > 0) & model.can_be_met)
    number: dict[tuple[bytes, int, int, int], int] = {}
    merged = np.full(model.demand_count, -1, dtype=np.int64)
    columns = zip(
        wanted.tolist(),
        start[wanted].tolist(),
        start[wanted + 1].tolist(),
        model.need[wanted].tolist(),
        model.group[wanted].tolist(),
        model.zone[wanted].tolist(),
        strict=True,
    )
    for demand, first, last, need, group, zone in columns:
        key = (candidate[first:last].tobytes(), need, group, zone)
        merged[demand] = number.setdefault(key, len(number))
    count = len(number)
    first_of = np.full(count, -1, dtype=np.int64)
    first_of[merged[wanted][::-1]] = wanted[::-1]
    stays = np.zeros(model.demand_count, dtype=bool)
    stays[first_of] = True
    keep = stays[model.demand]
    rows = ragged_rows(model.start)[keep]
    return replace(
        model,
        start=ragged_starts(rows, model.candidate_count),
        demand=merged[model.demand[keep]],
        weight=np.bincount(merged[wanted], weights=model.weight[wanted], minlength=count).astype(np.float64),
        need=model.need[first_of],
        group=model.group[first_of],
        zone=model.zone[first_of],
    )


def _dominated(model: SitingModel) -> BoolArray:
    """Candidates that another one replaces in every answer, shape (c,)."""
    sizes = np.diff(model.start)
    several = np.bincount(
        ragged_rows(model.start), weights=model.need[model.demand] > 1, minlength=model.candidate_count
    )
    shared = (model.matrix @ model.matrix.T).tocoo()
    one, other, count = shared.row, shared.col, shared.data
    inside = (one != other) & (count == sizes[one])
    one, other = one[inside], other[inside]
    cheaper = model.cost[other] <= model.cost[one]
    # Of two that serve the same at the same cost the first is kept.
    same = (sizes[one] == sizes[other]) & (model.cost[one] == model.cost[other])
    replaced = cheaper & (~same | (other < one) | model.locked[other])
    dominated = np.zeros(model.candidate_count, dtype=bool)
    dominated[one[replaced]] = True
    gone: BoolArray = (dominated | (sizes == 0)) & ~model.locked & (several == 0)
    return gone


def _with_candidates(model: SitingModel, kept: IntArray) -> SitingModel:
    rows = ragged_rows(model.start)
    number = np.full(model.candidate_count, -1, dtype=np.int64)
    number[kept] = np.arange(len(kept))
    keep = number[rows] >= 0
    return replace(
        model,
        start=ragged_starts(number[rows[keep]], len(kept)),
        demand=model.demand[keep],
        cost=model.cost[kept],
        capacity=model.capacity[kept],
        locked=model.locked[kept],
    )
