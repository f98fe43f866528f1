"""Checks a proposal: reads it, compares the city before and after, and holds a policy against both."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.policy import DEFAULT_POLICY, Baseline, Policy
from app.domain.standard import Standard
from app.services.area_engine import AreaEngine
from app.services.asked_proposals import AskedProposal
from app.services.assessment import Walker
from app.services.gate import GateResult, evaluate
from app.services.proposals import Comparison, compare


@dataclass(frozen=True)
class GateCheck:
    """A proposal, what it changes, and how the policy's rules ended; ``now`` is the moment that counted."""

    comparison: Comparison
    policy: Policy
    result: GateResult
    now: datetime


def check_proposal(
    engine: AreaEngine,
    standard: Standard,
    walker: Walker,
    asked: AskedProposal,
    *,
    now: datetime,
    policy: Policy | None = None,
    baseline: Baseline | None = None,
) -> GateCheck:
    """Check a proposal.

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
    proposal = asked.read_for(standard)
    policy = policy or DEFAULT_POLICY
    comparison = compare(engine, standard, walker, proposal)
    result = evaluate(
        comparison.before, comparison.after, policy, now=now, cost=proposal.cost, baseline=baseline
    )
    return GateCheck(comparison, policy, result, now)
