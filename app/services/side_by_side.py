"""Several proposals compared with one city, and so with one another."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.errors import BadInputError
from app.domain.policy import Rule
from app.domain.standard import Standard
from app.services.area_engine import AreaEngine
from app.services.asked_proposals import AskedProposal
from app.services.assessment import Walker
from app.services.gate_rules import measure, nobody
from app.services.gate_scope import NotEvaluableError, scope_of
from app.services.proposals import Comparison, compare

MOST_COMPARED = 20
"""Proposals in one question; each is a comparison, and its answer a table of all services and zones."""


@dataclass(frozen=True)
class Compared:
    """One of the proposals: its name in the question, whether it is a scenario, and what it changes."""

    name: str
    is_scenario: bool
    comparison: Comparison

    @property
    def cost(self) -> float | None:
        """What all of it costs; None if any of its features has no cost."""
        return self.comparison.proposal.cost

    def gained_per_cost(
        self, weight: str, *, service: str | None = None, zone: str | None = None
    ) -> float | None:
        """Weight that gains a service (or any) for each unit of cost, as the gate's `min_gained_per_cost` measures it.

        None without costs, or where they add up to nothing.
        """
        cost = self.cost
        if cost is None or cost <= 0:
            return None
        rule = Rule("side-by-side", "min_gained_per_cost", 0.0, service, zone, weight)
        try:
            scope = scope_of(rule, self.comparison.before, self.comparison.after)
            return measure(scope, nobody, cost=cost).measured
        except NotEvaluableError:
            return None


def compare_side_by_side(
    engine: AreaEngine,
    standard: Standard,
    walker: Walker,
    proposals: Mapping[str, AskedProposal],
    scenarios: Mapping[str, AskedProposal],
) -> tuple[Compared, ...]:
    """Compare each with the city as it is, by its name.

    Raises
    ------
    BadInputError
        If there are none or too many, two have one name, or one of them cannot be used; names it.
    """
    count = len(proposals) + len(scenarios)
    if not 1 <= count <= MOST_COMPARED:
        raise BadInputError(
            "proposals", f"are {count} with the scenarios; compare 1 to {MOST_COMPARED} at a time"
        )
    twice = sorted(proposals.keys() & scenarios.keys())
    if twice:
        raise BadInputError(
            f"scenario '{twice[0]}'", "has the name of a proposal that was sent; give that one another name"
        )
    # All are read before anything is worked out, so that a fault is told at once.
    read = [
        (name, asked is scenarios.get(name), asked.read_for(standard))
        for name, asked in sorted({**proposals, **scenarios}.items())
    ]
    return tuple(
        Compared(name, is_scenario, compare(engine, standard, walker, proposal))
        for name, is_scenario, proposal in read
    )


def proposal_source(name: str) -> str:
    """How messages name one of several proposals that were sent."""
    return f"proposal '{name}'"
