"""The kinds of rules that a gate knows: each measures something, and says who makes it fail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from app.geo.units import SECONDS_PER_MINUTE, BoolArray
from app.geo.verdict import TOLERANCE
from app.services.gate_scope import ROUNDING, Failing, NotEvaluableError, Scope

NOBODY = Failing(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class Measure:
    """What a rule measured; `failing` are all who could make it fail, whether it does or not."""

    measured: float
    holds: bool
    failing: Failing
    where: str | None = None


Excused = Callable[[Failing], BoolArray]
"""Which of these do not count."""


def nobody(failing: Failing) -> BoolArray:
    """None of those failing."""
    return np.zeros(len(failing.household), dtype=np.bool_)


def measure(scope: Scope, excused: Excused, *, cost: float | None) -> Measure:
    """Measure a rule, leaving out whoever is excused.

    Raises
    ------
    NotEvaluableError
        If the rule's kind asks for what nobody told.
    """
    if scope.rule.kind == "min_gained":
        return _min_gained(scope, 1.0)
    if scope.rule.kind == "min_gained_per_cost":
        if cost is None:
            raise NotEvaluableError("the proposal has a feature without a cost")
        if cost <= 0:
            raise NotEvaluableError("the costs in the proposal add up to 0")
        return _min_gained(scope, cost)
    return _KINDS[scope.rule.kind](scope, excused)


def _min_share(scope: Scope, excused: Excused) -> Measure:
    failing, counted, covered = _shared(scope, excused)
    total = scope.weigh(counted)
    if total <= 0:  # everybody who counts is excused
        return Measure(1.0, holds=True, failing=failing)
    share = scope.weigh(counted & covered) / total
    return Measure(share, _at_least(share, scope.rule.value), failing)


def _min_zone_share(scope: Scope, excused: Excused) -> Measure:
    area = scope.before.area
    if area.zones is None:
        raise NotEvaluableError(f"area '{area.id}' has no zones")
    failing, counted, covered = _shared(scope, excused)
    counted = counted & (area.household_zone >= 0)
    zones, count = area.household_zone[counted], area.zones.count
    weight = scope.weight[counted]
    total = np.bincount(zones, weights=weight, minlength=count)
    done = np.bincount(zones, weights=weight * covered[counted], minlength=count)
    lived_in = np.flatnonzero(total > 0)
    if not len(lived_in):
        if excused(failing).any():
            return Measure(1.0, holds=True, failing=NOBODY)
        raise NotEvaluableError("nobody lives in any zone")
    share = np.full(count, np.inf)
    share[lived_in] = done[lived_in] / total[lived_in]
    worst = int(np.argmin(share))
    below = ~(share >= scope.rule.value * (1 - ROUNDING))
    zone = area.household_zone[failing.household]
    order = np.argsort(zone, kind="stable")
    found = failing.keep(order[(zone[order] >= 0) & below[zone[order]]])
    where = f"zone '{area.zones.id[worst]}'"
    return Measure(float(share[worst]), not below[worst], found, where)


def _shared(scope: Scope, excused: Excused) -> tuple[Failing, BoolArray, BoolArray]:
    """Who is not covered, who counts, and who is covered; whoever is excused counts on neither side of a share."""
    covered = scope.covered(scope.after, scope.share_of)
    household = np.flatnonzero(scope.inside)
    everybody = Failing(household, np.full(len(household), scope.share_of, dtype=np.int64))
    counted = scope.inside.copy()
    # The covered ones too: a zone that is excused must not make up for what is missing elsewhere.
    counted[household[excused(everybody)]] = False
    return everybody.keep(~covered[household]), counted, covered


def _max_lost(scope: Scope, excused: Excused) -> Measure:
    failing = _pairs({service: scope.step(service, lost=True) for service in scope.services})
    counted = failing.keep(~excused(failing))
    lost = _weight_of_distinct(scope, counted)
    # A household of weight 0 is somebody too: a rule that allows nobody allows no such household either.
    holds = lost <= scope.rule.value * (1 + ROUNDING) and (scope.rule.value > 0 or not len(counted.household))
    return Measure(lost, holds, failing)


def _max_minutes(scope: Scope, excused: Excused) -> Measure:
    """Whoever was within the minutes before and is not after; unreachable is beyond any."""
    limit_s = scope.rule.value * SECONDS_PER_MINUTE
    timed = [
        service for service in scope.services if scope.after.services[service].service.straight_m is None
    ]
    if not timed:
        raise NotEvaluableError("its limit is a straight line, for which there are no minutes")
    within = {
        service: [
            np.asarray(side.services[service].time_s <= limit_s + TOLERANCE)
            for side in (scope.before, scope.after)
        ]
        for service in timed
    }
    failing = _pairs({service: scope.inside & before & ~after for service, (before, after) in within.items()})
    counted = failing.keep(~excused(failing))
    return Measure(_weight_of_distinct(scope, counted), not len(counted.household), failing)


def gaining(scope: Scope) -> BoolArray:
    """Who gains what the rule asks for, shape (h,)."""
    return np.asarray(np.any([scope.step(service, lost=False) for service in scope.services], axis=0))


def _min_gained(scope: Scope, cost: float) -> Measure:
    weight = scope.weigh(gaining(scope)) / cost
    return Measure(weight, _at_least(weight, scope.rule.value), NOBODY)


def _pairs(by_service: Mapping[int, BoolArray]) -> Failing:
    """Households with their services, by household."""
    household = [np.flatnonzero(who) for who in by_service.values()]
    service = [
        np.full(len(who), position, dtype=np.int64)
        for position, who in zip(by_service, household, strict=True)
    ]
    households, services = np.concatenate(household), np.concatenate(service)
    order = np.lexsort((services, households))
    return Failing(households[order], services[order])


def _weight_of_distinct(scope: Scope, failing: Failing) -> float:
    return float(scope.weight[np.unique(failing.household)].sum())


def _at_least(measured: float, value: float) -> bool:
    return measured >= value * (1 - ROUNDING)


_KINDS: Mapping[str, Callable[[Scope, Excused], Measure]] = {
    "min_share": _min_share,
    "min_zone_share": _min_zone_share,
    "max_lost": _max_lost,
    "max_minutes": _max_minutes,
}
