"""A gate's policy: rules that a proposal must keep, limits of what may stay unknown, and waivers that run out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from app.domain.errors import BadInputError

Kind = Literal["min_share", "min_zone_share", "max_lost", "min_gained", "min_gained_per_cost", "max_minutes"]
Severity = Literal["error", "warn"]

SHARE_KINDS = ("min_share", "min_zone_share")
GAIN_KINDS = ("min_gained", "min_gained_per_cost")
"""Rules that fail for want of gains: no household makes them fail by itself, so none can be waived."""

DEFAULT_MAX_UNDETERMINED = 0.05
DEFAULT_MAX_NOT_SNAPPED = 0.05
"""Shares beyond which a rule cannot be evaluated."""


@dataclass(frozen=True)
class Rule:
    """One thing that a proposal must keep.

    Attributes
    ----------
    value : float
        A share for `SHARE_KINDS`, minutes for ``max_minutes``, a weight (for each unit of cost) for the others.
    service : str or None
        Service of the standard; None means all of them.
    zone : str or None
        Zone of the area that the rule looks at; None means the whole area.
    weight : str
        One of `app.domain.household.WEIGHTS`.
    """

    id: str
    kind: Kind
    value: float
    service: str | None = None
    zone: str | None = None
    weight: str = "households"
    severity: Severity = "error"
    note: str | None = None


@dataclass(frozen=True)
class Waiver:
    """Someone answers for a household or a zone that may fail a rule, until the end of a day UTC."""

    rule: str
    owner: str
    reason: str
    expires: date
    household: str | None = None
    zone: str | None = None

    def has_expired(self, now: datetime) -> bool:
        """Whether its last day, by UTC, is over."""
        return now.astimezone(UTC).date() > self.expires


@dataclass(frozen=True)
class Policy:
    """Rules, in the order in which they are reported."""

    rules: tuple[Rule, ...]
    max_undetermined: float = DEFAULT_MAX_UNDETERMINED
    max_not_snapped: float = DEFAULT_MAX_NOT_SNAPPED
    waivers: tuple[Waiver, ...] = ()
    title: str | None = None


BaselineKey = tuple[str, str | None]
"""A household's id, and the service it misses; None stands for all required services together."""


@dataclass(frozen=True)
class BaselineGains:
    """What a rule of gains that failed had found: who gained, and how much of which weight that was."""

    households: frozenset[str]
    measured: float
    weight: str


@dataclass(frozen=True)
class BaselineRule:
    """Who failed a rule when the baseline was written, and what the rule looked at.

    ``gains`` is None for all rules but those of `GAIN_KINDS` that failed.
    """

    kind: str
    service: str | None
    zone: str | None
    failing: frozenset[BaselineKey]
    gains: BaselineGains | None = None

    def is_about(self, rule: Rule) -> bool:
        """Whether the rule still looks at the same."""
        return (self.kind, self.service, self.zone) == (rule.kind, rule.service, rule.zone)


@dataclass(frozen=True)
class Baseline:
    """What failed in an area before, by rule id: a rule then fails only through others."""

    area: str
    standard: str
    rules: Mapping[str, BaselineRule]


class MalformedPolicyError(BadInputError):
    """A policy, or a baseline that goes with one, is not what it should be."""


DEFAULT_POLICY = Policy(rules=(Rule("no-household-lost", "max_lost", 0.0),), title="default")
"""What is asked where nobody gives a policy: that no household loses a service."""
