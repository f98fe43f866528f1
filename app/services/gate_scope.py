"""What a gate's rule looks at: its households, its services, their states before and after."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import Reach15Error
from app.domain.household import Households
from app.domain.policy import SHARE_KINDS, MalformedPolicyError, Policy, Rule
from app.domain.zone import OUTSIDE, OUTSIDE_ID
from app.geo.units import BoolArray, FloatArray, IntArray
from app.geo.verdict import COVERED, NO_DATA, NOT_DETERMINED, NOT_SNAPPED, SERVED, UNDETERMINED
from app.services.assessment import Assessment, ServiceAssessment

WHOLE = -1
"""Stands for a household's services together, where others have the position of one service."""

ROUNDING = 1e-9
"""Relative: sums of weights in floating point may miss an exact value by so much."""


class NotEvaluableError(Reach15Error):
    """A rule cannot be evaluated for this area; the reason is its message."""


@dataclass(frozen=True)
class Failing:
    """Who makes a rule fail: households with the service they miss, or `WHOLE`; both of shape (f,)."""

    household: IntArray
    service: IntArray

    def keep(self, chosen: BoolArray | IntArray) -> "Failing":
        return Failing(self.household[chosen], self.service[chosen])


@dataclass(frozen=True)
class Scope:
    """One rule over one comparison. Everything is of the households `inside`, shape (h,) over all of them."""

    rule: Rule
    before: Assessment
    after: Assessment
    services: tuple[int, ...]
    inside: BoolArray
    weight: FloatArray

    @property
    def households(self) -> Households:
        return (
            self.before.area.households
        )  # the changed area, with the same, may have to be put together first

    @cached_property
    def total(self) -> float:
        """Weight of everybody inside."""
        return float(self.weight[self.inside].sum())

    def weigh(self, chosen: BoolArray) -> float:
        """Weight of some of them."""
        return float(self.weight[chosen & self.inside].sum())

    def covered(self, side: Assessment, service: int) -> BoolArray:
        """Whether each household is covered by a service, or served where `service` is `WHOLE`."""
        if service == WHOLE:
            return np.asarray(side.overall == SERVED)
        return np.asarray(side.services[service].verdicts.state == COVERED)

    @property
    def share_of(self) -> int:
        """What a share counts: the rule's service, or `WHOLE`."""
        return self.services[0] if self.rule.service is not None else WHOLE

    def step(self, service: int, *, lost: bool) -> BoolArray:
        """Households inside that lost a service, or gained it."""
        was, is_now = self.covered(self.before, service), self.covered(self.after, service)
        return self.inside & ((was & ~is_now) if lost else (is_now & ~was))


def scope_of(rule: Rule, before: Assessment, after: Assessment) -> Scope:
    """What a rule looks at.

    Raises
    ------
    MalformedPolicyError
        If the standard does not have its service.
    NotEvaluableError
        If the area does not know its weight or zone, or nobody lives there.
    """
    services = _services(rule, after)
    households = before.area.households
    weight = households.weights(rule.weight)
    if weight is None:
        raise NotEvaluableError(f"nobody told the {rule.weight} of area '{before.area.id}'")
    inside = zone_members(before, rule.zone)
    if not inside.any():
        raise NotEvaluableError("there are no households" + (f" in zone '{rule.zone}'" if rule.zone else ""))
    scope = Scope(rule, before, after, services, inside, weight)
    if scope.total <= 0:
        raise NotEvaluableError(f"the {rule.weight} there add up to 0")
    return scope


def check_services(policy: Policy, side: Assessment) -> None:
    """Raise `MalformedPolicyError` if a rule's service is none of the standard's."""
    for rule in policy.rules:
        _services(rule, side)


def _services(rule: Rule, side: Assessment) -> tuple[int, ...]:
    ids = [service.id for service in side.standard.services]
    if rule.service is None:
        return tuple(range(len(ids)))
    if rule.service not in ids:
        raise MalformedPolicyError(
            f"policy, rule '{rule.id}'",
            f"standard '{side.standard.id}' has no service '{rule.service}' (services: {', '.join(ids)})",
        )
    return (ids.index(rule.service),)


def zone_members(side: Assessment, zone: str | None) -> BoolArray:
    """Households of a zone, of ``outside``, or all of them.

    Raises
    ------
    NotEvaluableError
        If the area has no such zone.
    """
    area = side.area
    if zone is None:
        return np.ones(area.households.count, dtype=np.bool_)
    if area.zones is None:
        raise NotEvaluableError(f"area '{area.id}' has no zones")
    if zone == OUTSIDE_ID:
        return np.asarray(area.household_zone == OUTSIDE)
    found = np.flatnonzero(area.zones.id == zone)
    if not len(found):
        raise NotEvaluableError(f"area '{area.id}' has no zone '{zone}'")
    return np.asarray(area.household_zone == found[0])


def check_limits(scope: Scope, policy: Policy) -> None:
    """Raise `NotEvaluableError` if too many households are undetermined or not snapped after the proposal.

    Before it they tell nothing more: the extent stays, so whoever was undetermined is so still, or covered now.
    """
    for name, unknown, unlinked in _unknown(scope):
        _check_limit(scope, unknown, policy.max_undetermined, "undetermined", name)
        _check_limit(scope, unlinked, policy.max_not_snapped, "not_snapped", name)


def _unknown(scope: Scope) -> list[tuple[str, BoolArray, BoolArray]]:
    """For each thing that the rule asks for: of whom nothing can be said, and whom no link reaches."""
    side = scope.after
    if scope.rule.kind in SHARE_KINDS and scope.share_of == WHOLE:
        required = [item for item in side.services if item.service.obligation == "must"]
        unlinked = np.any([_in_state(item, NOT_SNAPPED) for item in required], axis=0)
        unknown = np.asarray(side.overall == NOT_DETERMINED)
        return [("all required services", unknown, np.asarray(unlinked))]
    return [
        (
            f"'{item.service.id}'",
            _in_state(item, UNDETERMINED) | _in_state(item, NO_DATA),
            _in_state(item, NOT_SNAPPED),
        )
        for item in (side.services[position] for position in scope.services)
    ]


def _in_state(item: ServiceAssessment, state: int) -> NDArray[np.bool_]:
    return np.asarray(item.verdicts.state == state)


def _check_limit(scope: Scope, who: BoolArray, limit: float, state: str, what: str) -> None:
    share = scope.weigh(who) / scope.total
    if share > limit + ROUNDING:
        raise NotEvaluableError(
            f"{share:.1%} of the {scope.rule.weight} are {state} for {what}; the policy takes {limit:.1%} at most"
        )
