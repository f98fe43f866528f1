"""What a proposal changes: every household before and after, exactly."""

from dataclasses import dataclass

import numpy as np

from app.domain.proposal import Proposal
from app.domain.standard import Standard
from app.geo.units import BoolArray
from app.geo.verdict import COVERED
from app.services.area_engine import AreaEngine
from app.services.assessment import Assessment, Walker, assess
from app.services.changed_area import changed_area, resolve_facilities
from app.services.proposal_streets import resolve_streets


@dataclass(frozen=True)
class Comparison:
    """A city before and after a proposal; both have the same households in the same order.

    ``notes`` is what the user should hear: what is there already, what was passed over.
    """

    proposal: Proposal
    before: Assessment
    after: Assessment
    notes: tuple[str, ...] = ()

    def gained(self, position: int) -> BoolArray:
        """Households covered after and not before, by the standard's service at `position`, shape (h,)."""
        before, after = self._covered(position)
        gained: BoolArray = after & ~before
        return gained

    def lost(self, position: int) -> BoolArray:
        """Households covered before and not after, a step to ``undetermined`` included, shape (h,)."""
        before, after = self._covered(position)
        lost: BoolArray = before & ~after
        return lost

    def _covered(self, position: int) -> tuple[BoolArray, BoolArray]:
        before, after = (
            np.asarray(side.services[position].verdicts.state == COVERED)
            for side in (self.before, self.after)
        )
        return before, after


def compare(engine: AreaEngine, standard: Standard, walker: Walker, proposal: Proposal) -> Comparison:
    """Assess an area as it is and as a proposal would make it.

    Raises
    ------
    BadInputError
        If the proposal names what the area does not hold; names the feature.
    """
    before = assess(engine, standard, walker)
    after = assess(AreaEngine(changed_area(engine.area, proposal), kernels=engine.kernels), standard, walker)
    return Comparison(proposal, before, after, find_notes(engine, proposal))


def find_notes(engine: AreaEngine, proposal: Proposal) -> tuple[str, ...]:
    """Everything the user should hear of a proposal for this area."""
    area = engine.area
    return (
        *proposal.notes,
        *resolve_facilities(area, proposal).notes,
        *resolve_streets(area.network, proposal).notes,
    )
