"""Where to build: most weight by a number of sites, fewest sites for a target, or the worst zone first.

Exact by HiGHS on the reduced model (`siting_model`, docs/siting.md); equal inputs give equal answers.
"""

from dataclasses import dataclass, replace

import numpy as np

from app.geo.units import BoolArray, FloatArray, IntArray, ragged_rows, running_starts
from app.services.mip import Control, Programme, Rows, Solved, gap, solve
from app.services.siting_model import Reduced, SitingModel, reduce_model

_SAME = 1e-9
"""Share by which two sums of weights may differ through rounding alone."""


@dataclass(frozen=True)
class Limits:
    """What an answer must keep to.

    Attributes
    ----------
    sites : int or None
        Most sites; None where as few as possible are wanted.
    budget : float or None
        Most cost of all sites together.
    required : float array, shape (services,), or None
        Weight of each service's demands that must be met.
    """

    sites: int | None = None
    budget: float | None = None
    required: FloatArray | None = None


@dataclass(frozen=True)
class Choice:
    """An answer.

    Attributes
    ----------
    chosen : int array
        Candidates, in the order in which they are best built.
    gained : float array
        What each adds to those before it; the sum is ``objective``.
    objective, bound : float
        Weight newly covered, and what no other answer to the same question can exceed.
    fewest : int or None
        Least number of sites that any answer needs, where as few as possible were wanted.
    gap : float
        0 where the answer is proven best; else the share by which it may fall short, 1 where nothing is known.
    levels : float array or None
        Shares covered of the zones, worst first, where zones were raised; the first ``settled`` are proven.
    """

    chosen: IntArray
    gained: FloatArray
    objective: float
    bound: float
    gap: float
    fewest: int | None = None
    levels: FloatArray | None = None
    settled: int | None = None


@dataclass(frozen=True)
class ZoneShares:
    """Of each zone, the weight that counts and how much of it is covered already, shape (z,)."""

    covered: FloatArray
    total: FloatArray


def most_covered(model: SitingModel, limits: Limits, control: Control) -> Choice:
    """Maximal covering: at most ``limits.sites`` sites within the budget that cover the most weight.

    References
    ----------
    Church and ReVelle (1974), Papers in Regional Science 32, 101-118, doi:10.1007/BF01942293.
    """
    reduced = reduce_model(model)
    layout = _Layout.of(reduced.model)
    start = layout.complete(reduced.model, greedy(reduced.model, limits))
    rows = layout.rows(reduced.model, limits)
    solved = solve(
        layout.programme(reduced.model, rows, layout.weight_gain(reduced.model)),
        control,
        stage="solving",
        start=start,
    )
    return _choice(model, reduced, layout, solved, limits)


def fewest_sites(model: SitingModel, limits: Limits, control: Control) -> Choice | None:
    """Set covering: the fewest sites that meet the required weights, and of such answers one that covers the most.

    Returns None where no answer exists.

    References
    ----------
    Toregas et al. (1971), Operations Research 19, 1363-1373, doi:10.1287/opre.19.6.1363.
    """
    reduced = reduce_model(model)
    small = reduced.model
    layout = _Layout.of(small)
    first_start = greedy(small, limits)
    usable = first_start if _meets(small, first_start, limits) else None
    rows = layout.rows(small, replace(limits, sites=None))
    count = solve(
        layout.programme(small, rows, layout.site_gain(small)),
        control,
        stage="fewest sites",
        start=None if usable is None else layout.complete(small, usable),
        sign=-1.0,
    )
    if count.values is None:
        if count.proven:
            return None
        return Choice(np.empty(0, dtype=np.int64), np.empty(0), 0.0, _reachable(small), 1.0, fewest=0)
    found = layout.chosen(count.values)
    fewest = len(found) if count.proven else max(0, int(np.ceil(-count.bound - 1e-6)))
    enough = replace(limits, sites=len(found))
    solved = solve(
        layout.programme(small, layout.rows(small, enough), layout.weight_gain(small)),
        control,
        stage="most weight",
        start=count.values,
    )
    choice = _choice(model, reduced, layout, solved, enough)
    return replace(
        choice, fewest=fewest, gap=max(choice.gap, 0.0 if count.proven else gap(len(found), fewest))
    )


def worst_first(model: SitingModel, limits: Limits, zones: ZoneShares, control: Control) -> Choice:
    """Raise the zone with the smallest share covered, then the next, and so on; then cover the most weight.

    The sum of the k smallest shares is raised for k = 1, 2, ...: lexicographic max-min, for sites that cannot be
    divided too.

    References
    ----------
    Ogryczak and Sliwinski (2003), Mathematical Methods of OR 58, 187-206 (the sum of the k smallest as a linear
    programme).
    """
    reduced = reduce_model(model)
    small = reduced.model
    layout = _Layout.of(small)
    counted = np.flatnonzero(zones.total > 0)
    best = layout.complete(small, greedy(small, limits))
    reached: list[float] = []
    for level in range(1, len(counted) + 1):
        extra = _ZoneRows(small, layout, zones, counted, reached)
        solved = solve(
            extra.programme(limits, level),
            control,
            stage=f"zone {level} of {len(counted)}",
            start=extra.extended(best),
        )
        if solved.values is not None:
            best = solved.values[: layout.size]
        if not solved.proven:
            break
        reached.append(float(np.sort(extra.shares(best))[:level].sum()))
        control.progress("zones", 100.0 * level / len(counted), {"settled": level})
    extra = _ZoneRows(small, layout, zones, counted, reached)
    gain = np.concatenate([layout.weight_gain(small), np.zeros(extra.width)])
    if len(reached) < len(counted):
        solved = Solved(best, np.inf, proven=False)
    else:
        solved = solve(
            extra.programme(limits, 0, gain), control, stage="most weight", start=extra.extended(best)
        )
    if solved.values is not None:
        best = solved.values[: layout.size]
    choice = _choice(model, reduced, layout, replace(solved, values=best), limits, polish=False)
    return replace(choice, levels=np.sort(extra.shares(best)), settled=len(reached))


def greedy(model: SitingModel, limits: Limits) -> IntArray:
    """Locked candidates, then again and again the one that adds most weight for its cost; a start, and a yardstick."""
    chosen = np.flatnonzero(model.locked).tolist()
    left_sites = model.candidate_count if limits.sites is None else limits.sites
    budget = np.inf if limits.budget is None else limits.budget
    matrix = model.matrix
    while len(chosen) < left_sites and not _meets(model, np.asarray(chosen, dtype=np.int64), limits):
        have = np.zeros(model.candidate_count)
        have[chosen] = 1.0
        missing = model.need - have @ matrix
        worth = np.where(missing > 0, model.weight / np.maximum(missing, 1), 0.0)
        adds = matrix @ worth
        spent = float(model.cost[chosen].sum())
        adds[(have > 0) | (spent + model.cost > budget)] = 0.0
        if not adds.any():
            break
        rate = adds if limits.budget is None else adds / np.maximum(model.cost, 1e-9)
        chosen.append(int(np.argmax(rate)))
    return np.asarray(sorted(chosen), dtype=np.int64)


def _meets(model: SitingModel, chosen: IntArray, limits: Limits) -> bool:
    """Whether what must be met is met; False where nothing must be, so that there is always more to do."""
    if limits.required is None or model.has_capacity:
        return False
    if limits.budget is not None and float(model.cost[chosen].sum()) > limits.budget:
        return False
    met = np.bincount(model.group, weights=model.weight * model.met(chosen), minlength=len(limits.required))
    return bool((met >= limits.required).all())


def _reachable(model: SitingModel) -> float:
    return float(model.weight[model.can_be_met].sum())


@dataclass(frozen=True)
class _Layout:
    """Columns of a programme: candidates, then demands; with capacities instead the weight that each pair carries."""

    candidates: int
    demands: int
    pairs: int

    @classmethod
    def of(cls, model: SitingModel) -> "_Layout":
        if model.has_capacity:
            return cls(model.candidate_count, 0, len(model.demand))
        return cls(model.candidate_count, model.demand_count, 0)

    @property
    def size(self) -> int:
        return self.candidates + self.demands + self.pairs

    def weight_gain(self, model: SitingModel) -> FloatArray:
        weights = np.ones(self.pairs) if self.pairs or not self.demands else model.weight
        return np.concatenate([np.zeros(self.candidates), weights])

    def site_gain(self, model: SitingModel) -> FloatArray:
        del model
        return np.concatenate([np.full(self.candidates, -1.0), np.zeros(self.demands + self.pairs)])

    def chosen(self, values: FloatArray) -> IntArray:
        return np.flatnonzero(values[: self.candidates] > 0.5)

    def complete(self, model: SitingModel, chosen: IntArray) -> FloatArray:
        """All columns for some chosen candidates (with capacities carrying nothing yet)."""
        values = np.zeros(self.size)
        values[chosen] = 1.0
        if self.demands:
            values[self.candidates :] = model.met(chosen)
        return values

    def programme(self, model: SitingModel, rows: Rows, gain: FloatArray) -> Programme:
        lower, upper, integer = self.columns(model)
        return rows.programme(gain, lower, upper, integer)

    def columns(self, model: SitingModel) -> tuple[FloatArray, FloatArray, BoolArray]:
        upper = np.ones(self.size)
        integer = np.ones(self.size, dtype=bool)
        if self.pairs:
            upper[self.candidates :] = model.weight[model.demand]
            integer[self.candidates :] = False
        else:
            # Whole candidates make whole demands where one is enough.
            integer[self.candidates :] = model.need > 1
        lower = np.zeros(self.size)
        lower[: self.candidates] = model.locked
        return lower, upper, integer

    def rows(self, model: SitingModel, limits: Limits) -> Rows:
        rows = Rows()
        everyone = np.arange(self.candidates)
        if self.pairs:
            self._add_carrying(rows, model)
        elif self.demands:
            self._add_meeting(rows, model)
        if limits.sites is not None:
            rows.add(everyone, np.ones(self.candidates), upper=float(limits.sites))
        if limits.budget is not None:
            rows.add(everyone, model.cost, upper=limits.budget)
        if limits.required is not None:
            for group, weight in enumerate(limits.required.tolist()):
                index, value = self.served(model, model.group == group)
                if weight > 0:
                    rows.add(index, value, lower=weight)
        return rows

    def served(self, model: SitingModel, which: BoolArray) -> tuple[IntArray, FloatArray]:
        """The weight served of some demands, as a linear form."""
        if self.pairs:
            pair = np.flatnonzero(which[model.demand])
            return self.candidates + pair, np.ones(len(pair))
        demand = np.flatnonzero(which)
        return self.candidates + demand, model.weight[demand]

    def _add_meeting(self, rows: Rows, model: SitingModel) -> None:
        """A demand is met by as many chosen candidates as it needs: ``need * y <= sum x``."""
        start, candidate = model.by_demand
        counts = np.diff(start)
        ends = running_starts(counts + 1)
        index = np.empty(ends[-1], dtype=np.int64)
        value = np.ones(len(index))
        last = ends[1:] - 1
        is_last = np.zeros(len(index), dtype=bool)
        is_last[last] = True
        index[~is_last] = candidate
        index[last] = self.candidates + np.arange(self.demands)
        value[last] = -model.need.astype(np.float64)
        rows.add_many(ends, index, value, np.zeros(self.demands), np.full(self.demands, np.inf))

    def _add_carrying(self, rows: Rows, model: SitingModel) -> None:
        """Weight carried: of a demand no more than it has, of a candidate no more than it can serve if chosen."""
        pair_column = self.candidates + np.arange(self.pairs)
        by_demand = np.argsort(model.demand, kind="stable")
        rows.add_many(
            model.by_demand[0],
            pair_column[by_demand],
            np.ones(self.pairs),
            np.full(model.demand_count, -np.inf),
            model.weight,
        )
        candidate = ragged_rows(model.start)
        most = np.minimum(model.capacity[candidate], model.weight[model.demand])
        rows.add_many(
            2 * np.arange(self.pairs + 1),
            np.stack([pair_column, candidate], axis=1).ravel(),
            np.stack([np.ones(self.pairs), -most], axis=1).ravel(),
            np.full(self.pairs, -np.inf),
            np.zeros(self.pairs),
        )
        for one in np.flatnonzero(np.isfinite(model.capacity)).tolist():
            own = pair_column[model.start[one] : model.start[one + 1]]
            value = np.append(np.ones(len(own)), -model.capacity[one])
            rows.add(np.append(own, one), value, upper=0.0)


class _ZoneRows:
    """The programme with shares of zones: for each level that is settled or sought a threshold and shortfalls."""

    def __init__(
        self,
        model: SitingModel,
        layout: _Layout,
        zones: ZoneShares,
        counted: IntArray,
        reached: list[float],
    ) -> None:
        self._model, self._layout, self._zones = model, layout, zones
        self._counted, self._reached = counted, reached
        self.width = (len(reached) + 1) * (1 + len(counted))

    def shares(self, values: FloatArray) -> FloatArray:
        """Share covered of every zone that counts."""
        shares = []
        for zone in self._counted.tolist():
            index, value = self._layout.served(self._model, self._model.zone == zone)
            gained = float(values[index] @ value)
            shares.append((self._zones.covered[zone] + gained) / self._zones.total[zone])
        return np.asarray(shares)

    def extended(self, values: FloatArray) -> FloatArray:
        """Values of the first columns with the thresholds and shortfalls that go with them."""
        shares = self.shares(values)
        parts = [values]
        for level in range(1, len(self._reached) + 2):
            threshold = np.sort(shares)[min(level, len(shares)) - 1]
            parts += [np.asarray([threshold]), np.maximum(0.0, threshold - shares)]
        return np.concatenate(parts)

    def programme(self, limits: Limits, level: int, gain: FloatArray | None = None) -> Programme:
        """Raise the sum of the `level` smallest shares (or `gain`), holding what smaller levels reached."""
        layout, model = self._layout, self._model
        rows = layout.rows(model, limits)
        count = len(self._counted)
        for number in range(len(self._reached) + 1):
            first = layout.size + number * (1 + count)
            for position, zone in enumerate(self._counted.tolist()):
                total = self._zones.total[zone]
                index, value = layout.served(model, model.zone == zone)
                # The threshold exceeds no share by more than its shortfall.
                rows.add(
                    np.concatenate([[first, first + 1 + position], index]),
                    np.concatenate([[1.0, -1.0], -value / total]),
                    upper=float(self._zones.covered[zone] / total),
                )
            if number < len(self._reached):
                index, value = self._smallest_sum(first, number + 1)
                rows.add(index, value, lower=self._reached[number] - _SAME)
        lower, upper, integer = layout.columns(model)
        if gain is None:
            gain = np.zeros(layout.size + self.width)
            index, value = self._smallest_sum(layout.size + len(self._reached) * (1 + count), level)
            gain[index] = value
        return rows.programme(
            gain,
            np.concatenate([lower, np.zeros(self.width)]),
            np.concatenate([upper, np.ones(self.width)]),
            np.concatenate([integer, np.zeros(self.width, dtype=bool)]),
        )

    def _smallest_sum(self, first: int, level: int) -> tuple[IntArray, FloatArray]:
        """The sum of the `level` smallest shares: ``level * threshold - sum of shortfalls``."""
        index = first + np.arange(1 + len(self._counted))
        value = np.full(len(index), -1.0)
        value[0] = float(level)
        return index, value


def _choice(
    model: SitingModel,
    reduced: Reduced,
    layout: _Layout,
    solved: Solved,
    limits: Limits,
    *,
    polish: bool = True,
) -> Choice:
    """The answer in the original's terms: sums made anew from whole sites, ties settled, each site's own part."""
    values = np.zeros(layout.size) if solved.values is None else solved.values
    chosen = reduced.candidate[layout.chosen(values)]
    if layout.pairs:
        carried = np.bincount(
            ragged_rows(reduced.model.start),
            weights=np.maximum(0.0, values[layout.candidates :]),
            minlength=reduced.model.candidate_count,
        ).astype(np.float64)
        parts = carried[layout.chosen(values)]
        keep = (parts > 1e-6) | model.locked[chosen]
        chosen, parts = chosen[keep], np.round(parts[keep], 6)
        order = np.lexsort((chosen, -parts))
        chosen, gained = chosen[order], parts[order]
    else:
        if polish:
            chosen = _settle_ties(model, chosen, limits)
        chosen, gained = _in_order(model, chosen)
    objective = float(gained.sum())
    bound = min(max(solved.bound, objective), max(_reachable(model), objective))
    if solved.proven:
        bound = objective
    share = gap(objective, bound)
    if not solved.proven and share <= _SAME:
        share = 0.0
    return Choice(chosen, gained, objective, bound, share)


def _in_order(model: SitingModel, chosen: IntArray) -> tuple[IntArray, FloatArray]:
    """Sites by what each adds to those before it, the largest first; of equals the first candidate."""
    matrix = model.matrix[chosen]
    missing = model.need.astype(np.float64)
    left = list(range(len(chosen)))
    order, gained = [], []
    done = np.zeros(model.demand_count, dtype=bool)
    while left:
        # What a site completes counts first; where it completes nothing, what it prepares.
        completes = matrix[left] @ np.where((missing == 1) & ~done, model.weight, 0.0)
        prepares = matrix[left] @ np.where(missing > 0, model.weight, 0.0)
        best = max(range(len(left)), key=lambda i: (completes[i], prepares[i], -left[i]))
        site = left.pop(best)
        served = matrix.indices[matrix.indptr[site] : matrix.indptr[site + 1]]
        missing[served] -= 1
        new = served[(missing[served] <= 0) & ~done[served]]
        done[new] = True
        order.append(site)
        gained.append(float(model.weight[new].sum()))
    return chosen[order], np.asarray(gained)


def _settle_ties(model: SitingModel, chosen: IntArray, limits: Limits) -> IntArray:
    """Of equally good answers one that depends on the order of candidates alone.

    Sites that add nothing go, the last first; then each site gives way to the first candidate that does as well and
    keeps within the limits, until none does.
    """
    sites = sorted(chosen.tolist())
    value = model.covered(np.asarray(sites, dtype=np.int64))
    slack = _SAME * max(1.0, value)
    for site in reversed(sites.copy()):
        others = np.asarray([one for one in sites if one != site], dtype=np.int64)
        if not model.locked[site] and model.covered(others) >= value - slack:
            sites.remove(site)
    changed = True
    while changed:
        changed = False
        for site in sites.copy():
            if model.locked[site]:
                continue
            others = np.asarray([one for one in sites if one != site], dtype=np.int64)
            first = _first_as_good(model, others, site, value - slack, limits)
            if first < site:
                sites = sorted([*others.tolist(), first])
                changed = True
    return np.asarray(sites, dtype=np.int64)


def _first_as_good(model: SitingModel, others: IntArray, site: int, least: float, limits: Limits) -> int:
    """The first candidate up to `site` that covers at least so much together with the others."""
    have = np.zeros(model.candidate_count)
    have[others] = 1.0
    count = have @ model.matrix
    already = float(model.weight[count >= model.need].sum())
    adds = model.matrix[:site] @ np.where(count == model.need - 1, model.weight, 0.0)
    good = (already + adds >= least) & (have[:site] == 0)
    if limits.budget is not None:
        spent = float(model.cost[others].sum())
        good &= spent + model.cost[:site] <= max(limits.budget, spent + model.cost[site])
    for one in np.flatnonzero(good).tolist():
        if limits.required is None or _meets(model, np.append(others, one), limits):
            return int(one)
    return site
