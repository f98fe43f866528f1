"""Where to build: most weight by a number of sites, fewest sites for a target, or the worst zone first.

Exact by HiGHS on the reduced model (`siting_model`, docs/siting.md); equal inputs give equal answers.
"""

from dataclasses import dataclass, replace

import numpy as np

from app.geo.units import FloatArray, IntArray, ragged_rows
from app.services.mip import Control, Solved, gap, solve
from app.services.siting_model import Reduced, SitingModel, reduce_model
from app.services.siting_rows import SAME, Layout, Limits, ZoneRows, ZoneShares


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


def most_covered(model: SitingModel, limits: Limits, control: Control) -> Choice:
    """Maximal covering: at most ``limits.sites`` sites within the budget that cover the most weight.

    References
    ----------
    Church and ReVelle (1974), Papers in Regional Science 32, 101-118, doi:10.1007/BF01942293.
    """
    reduced = reduce_model(model)
    layout = Layout.of(reduced.model)
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
    layout = Layout.of(small)
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
    layout = Layout.of(small)
    counted = np.flatnonzero(zones.total > 0)
    best = layout.complete(small, greedy(small, limits))
    reached: list[float] = []
    for level in range(1, len(counted) + 1):
        extra = ZoneRows(small, layout, zones, counted, reached)
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
    extra = ZoneRows(small, layout, zones, counted, reached)
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


def _choice(
    model: SitingModel,
    reduced: Reduced,
    layout: Layout,
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
    if not solved.proven and share <= SAME:
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
    slack = SAME * max(1.0, value)
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
