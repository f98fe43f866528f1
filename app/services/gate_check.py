"""Checks a proposal: reads it, compares the city before and after, and holds a policy against both."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.policy import DEFAULT_POLICY, Baseline, Policy
from app.domain.standard import Standard
from app.ingest.proposal_files import proposal_from
from app.services.area_engine import AreaEngine
from app.services.assessment import Walker
from app.services.gate import GateResult, evaluate
from app.services.proposals import Comparison, compare
from app.services.standards import list_standards

PROPOSAL_NAME = "proposal"
"""How messages name the proposal, wherever it came from: a report must not depend on who asked."""


@dataclass(frozen=True)
class GateCheck:
    """A proposal, what it changes, and how the policy's rules ended; ``now`` is the moment that counted."""

    comparison: Comparison
    policy: Policy
    result: GateResult
    now: datetime


def check_proposal(  # noqa: PLR0913 - what is asked, of what, by whom, and when
    engine: AreaEngine,
    standard: Standard,
    walker: Walker,
    document: object,
    *,
    now: datetime,
    policy: Policy | None = None,
    baseline: Baseline | None = None,
    lenient: bool = False,
    crs: str | None = None,
) -> GateCheck:
    """Check a proposal that is parsed JSON.

    Parameters
    ----------
    policy : Policy, optional
        By default `DEFAULT_POLICY`.

    Raises
    ------
    BadInputError
        If the proposal cannot be used, here or anywhere; names the feature and the property.
    MalformedPolicyError
        If policy or baseline do not go with the standard or the area.
    """
    known = {service.id for item in (*list_standards(), standard) for service in item.services}
    proposal = proposal_from(document, PROPOSAL_NAME, lenient=lenient, crs=crs, known_services=known)
    policy = policy or DEFAULT_POLICY
    comparison = compare(engine, standard, walker, proposal)
    result = evaluate(
        comparison.before, comparison.after, policy, now=now, cost=proposal.cost, baseline=baseline
    )
    return GateCheck(comparison, policy, result, now)
