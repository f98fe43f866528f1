"""The gate's ratchet: with a baseline, a rule fails only through households that did not fail in it."""

from dataclasses import dataclass

import numpy as np

from app.domain.policy import GAIN_KINDS, Baseline, BaselineGains, MalformedPolicyError, Policy
from app.geo.units import BoolArray
from app.services.assessment import Assessment
from app.services.gate_rules import Measure, gaining, nobody
from app.services.gate_scope import WHOLE, Failing, Scope
from app.services.weights import DECIMALS


@dataclass(frozen=True)
class OldFailures:
    """A rule whose number does not hold, beside a baseline: who makes it fail, and who of them did so before."""

    failing: Failing
    known: BoolArray
    holds: bool


def old_failures(scope: Scope, plain: Measure, baseline: Baseline) -> OldFailures:
    """Hold a rule that does not keep its number against what a baseline knows.

    It holds if and only if everybody who fails it failed it then. A rule of gains is failed by whoever gained then
    and does not now; for each unit of cost, it may not have become dearer either.
    """
    rule, failing = scope.rule, plain.failing
    old = baseline.rules.get(rule.id)
    if old is None or not old.is_about(rule):
        return OldFailures(failing, nobody(failing), holds=False)
    if rule.kind in GAIN_KINDS:
        return _old_gains(scope, plain, old.gains)
    keys = zip(*named(scope, failing), strict=True)
    known = np.fromiter((key in old.failing for key in keys), dtype=np.bool_, count=len(failing.household))
    return OldFailures(failing, known, holds=len(known) > 0 and bool(known.all()))


def _old_gains(scope: Scope, plain: Measure, old: BaselineGains | None) -> OldFailures:
    if old is None or old.weight != scope.rule.weight:  # it held then, or weighed something else
        return OldFailures(plain.failing, nobody(plain.failing), holds=False)
    gained = np.isin(scope.households.id, np.asarray(sorted(old.households), dtype=np.str_))
    missing = np.flatnonzero(scope.inside & gained & ~gaining(scope))
    losing = Failing(missing, np.full(len(missing), scope.share_of, dtype=np.int64))
    no_less = round(plain.measured, DECIMALS) >= old.measured
    return OldFailures(losing, nobody(losing), holds=len(missing) == 0 and no_less)


def named(scope: Scope, failing: Failing) -> tuple[list[str], list[str | None]]:
    """Ids of households and of the services that they miss, as reports and baselines have them."""
    services = [service.id for service in scope.after.standard.services]
    names = [None if service == WHOLE else services[service] for service in failing.service]
    return scope.households.id[failing.household].tolist(), names


def check_baseline(baseline: Baseline, side: Assessment) -> None:
    """Raise `MalformedPolicyError` if a baseline is of another area or standard."""
    found, wanted = (baseline.area, baseline.standard), (side.area.id, side.standard.id)
    if found != wanted:
        raise MalformedPolicyError(
            "baseline",
            f"is of area '{found[0]}' and standard '{found[1]}', not of '{wanted[0]}' and '{wanted[1]}'",
        )


def baseline_warnings(policy: Policy, baseline: Baseline | None) -> list[str]:
    """Rules that are no longer what they were: then nobody counts as known of old."""
    old = {} if baseline is None else baseline.rules
    return [
        f"rule '{rule.id}' looks at something else than in the baseline; everybody who fails it counts as new"
        for rule in policy.rules
        if rule.id in old and not old[rule.id].is_about(rule)
    ]
