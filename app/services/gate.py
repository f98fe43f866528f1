"""The gate: whether a proposal keeps the rules of a policy. What could not be evaluated never passes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from app.domain.policy import Baseline, Policy, Rule, Waiver
from app.geo.units import BoolArray
from app.services.assessment import Assessment
from app.services.gate_ratchet import baseline_warnings, check_baseline, named, old_failures
from app.services.gate_rules import Measure, measure, nobody
from app.services.gate_scope import (
    Failing,
    NotEvaluableError,
    Scope,
    check_limits,
    check_services,
    scope_of,
    zone_members,
)

Status = Literal["passed", "failed", "warned", "waived", "not_evaluated"]
STATUSES: tuple[Status, ...] = ("passed", "failed", "warned", "waived", "not_evaluated")

EXIT_PASSED, EXIT_FAILED, EXIT_NOT_EVALUATED = 0, 1, 2


@dataclass(frozen=True)
class RuleResult:
    """How one rule ended.

    Attributes
    ----------
    measured : float or None
        A share or a weight, as the rule's kind asks, whoever is excused counted in; None if not evaluated.
    reason : str or None
        Why it was not evaluated.
    where : str or None
        The worst zone, where the rule asks for it.
    households : str tuple
        Ids of the households that make it fail; empty where its number holds.
    services : tuple
        The service that each of them misses; None for all together.
    in_baseline, waived : bool tuples
        Who of them failed in the baseline already; for whom a waiver stands.
    waivers : tuple of Waiver
        Those that stand for somebody here.
    expired : tuple of Waiver
        Those that would, had they not run out.
    held_by_baseline : bool
        Whether it passes only because nobody fails it who did not in the baseline.
    """

    rule: Rule
    status: Status
    measured: float | None = None
    reason: str | None = None
    where: str | None = None
    households: tuple[str, ...] = ()
    services: tuple[str | None, ...] = ()
    in_baseline: tuple[bool, ...] = ()
    waived: tuple[bool, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    expired: tuple[Waiver, ...] = ()
    held_by_baseline: bool = False


@dataclass(frozen=True)
class GateResult:
    """How every rule of a policy ended, in the policy's order."""

    rules: tuple[RuleResult, ...]
    warnings: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 passes, 1 a rule of severity error failed, 2 something could not be evaluated."""
        statuses = {result.status for result in self.rules}
        if "failed" in statuses:
            return EXIT_FAILED
        return EXIT_NOT_EVALUATED if "not_evaluated" in statuses else EXIT_PASSED

    @property
    def verdict(self) -> str:
        return ("passed", "failed", "not_evaluated")[self.exit_code]


def evaluate(
    before: Assessment,
    after: Assessment,
    policy: Policy,
    *,
    now: datetime,
    cost: float | None = None,
    baseline: Baseline | None = None,
) -> GateResult:
    """Hold a policy against a city before and after a proposal.

    Parameters
    ----------
    before, after : Assessment
        Of the same households in the same order.
    now : datetime
        Decides which waivers have run out; with a time zone.
    cost : float, optional
        What all of the proposal costs; None if any of it has no cost.
    baseline : Baseline, optional
        Rules then fail only through households that did not fail in it.

    Raises
    ------
    MalformedPolicyError
        If a rule asks for a service that the standard does not have, or the baseline is not of this area and
        standard.
    """
    check_services(policy, after)
    if baseline is not None:
        check_baseline(baseline, before)
    results = tuple(_result(rule, before, after, policy, now, cost, baseline) for rule in policy.rules)
    warnings = [*_waiver_warnings(policy, results, before, now), *baseline_warnings(policy, baseline)]
    return GateResult(results, tuple(warnings))


def _result(
    rule: Rule,
    before: Assessment,
    after: Assessment,
    policy: Policy,
    now: datetime,
    cost: float | None,
    baseline: Baseline | None,
) -> RuleResult:
    try:
        scope = scope_of(rule, before, after)
        check_limits(scope, policy)
        plain = measure(scope, nobody, cost=cost)
    except NotEvaluableError as error:
        return RuleResult(rule, "not_evaluated", reason=str(error))
    if plain.holds:
        return RuleResult(rule, "passed", plain.measured, where=plain.where)
    waivers = [waiver for waiver in policy.waivers if waiver.rule == rule.id]
    return _failing_result(scope, plain, waivers, now, cost, baseline)


def _failing_result(
    scope: Scope,
    plain: Measure,
    waivers: Sequence[Waiver],
    now: datetime,
    cost: float | None,
    baseline: Baseline | None,
) -> RuleResult:
    """A rule whose number does not hold: old failures, waivers, and what is left."""
    old = None if baseline is None else old_failures(scope, plain, baseline)
    failing = plain.failing if old is None else old.failing
    known = nobody(failing) if old is None else old.known
    valid = [waiver for waiver in waivers if not waiver.has_expired(now)]
    applying = {id(waiver): _waives(scope, waiver, failing) for waiver in waivers}

    def waived(group: Failing) -> BoolArray:
        everyone = [nobody(group), *(_waives(scope, waiver, group) for waiver in valid)]
        return np.asarray(np.any(everyone, axis=0))

    excused = waived(failing)
    is_held = old is not None and old.holds
    status: Status = "failed" if scope.rule.severity == "error" else "warned"
    if is_held:
        status = "passed"
    elif excused.any() and ((known | excused).all() or measure(scope, waived, cost=cost).holds):
        status = "waived"
    households, services = named(scope, failing)
    return RuleResult(
        scope.rule,
        status,
        plain.measured,
        where=plain.where,
        households=tuple(households),
        services=tuple(services),
        in_baseline=tuple(known.tolist()),
        waived=tuple(excused.tolist()),
        waivers=tuple(waiver for waiver in valid if applying[id(waiver)].any()),
        expired=tuple(w for w in waivers if w.has_expired(now) and applying[id(w)].any()),
        held_by_baseline=is_held,
    )


def _waives(scope: Scope, waiver: Waiver, failing: Failing) -> BoolArray:
    if waiver.household is not None:
        return np.asarray(scope.households.id[failing.household] == waiver.household)
    try:
        return zone_members(scope.before, waiver.zone)[failing.household]
    except NotEvaluableError:
        return nobody(failing)  # no such zone: nobody lives in it; `_waiver_warnings` says so


def _waiver_warnings(
    policy: Policy, results: Sequence[RuleResult], before: Assessment, now: datetime
) -> list[str]:
    """Waivers that do nothing, and why."""
    used = {id(waiver) for result in results for waiver in (*result.waivers, *result.expired)}
    known = set(before.area.households.id.tolist())
    warnings = []
    for number, waiver in enumerate(policy.waivers, start=1):
        about = f"household '{waiver.household}'" if waiver.household is not None else f"zone '{waiver.zone}'"
        name = f"waiver {number} (rule '{waiver.rule}', {about}, owner {waiver.owner})"
        if id(waiver) in used:
            continue
        if waiver.has_expired(now):
            warnings.append(f"{name} expired on {waiver.expires} and is not needed; take it away")
        elif waiver.household is not None and waiver.household not in known:
            warnings.append(f"{name} names no household of area '{before.area.id}'")
        elif waiver.zone is not None and not _is_zone(before, waiver.zone):
            warnings.append(f"{name} names no zone of area '{before.area.id}'")
    return warnings


def _is_zone(side: Assessment, zone: str) -> bool:
    try:
        zone_members(side, zone)
    except NotEvaluableError:
        return False
    return True
