"""What a proposal changes: every household before and after, exactly."""

from dataclasses import dataclass

import numpy as np

from app.domain.area import Area
from app.domain.proposal import Proposal
from app.domain.standard import Standard
from app.geo.units import BoolArray
from app.geo.verdict import COVERED
from app.services.area_engine import AreaEngine, WalkingView
from app.services.assessment import Assessment, Walker, assess
from app.services.changed_area import changed_area, resolve_facilities
from app.services.comparing_cache import assessment_before
from app.services.incremental import IncrementalComparison, NotIncrementalError
from app.services.proposal_streets import resolve_streets


@dataclass(frozen=True)
class Comparison:
    """A city before and after a proposal; both have the same households in the same order.

    ``notes`` is what the user should hear: what is there already, what was passed over. ``as_a_whole`` says why
    everything was worked out anew, None where only what could change was searched; the answer is the same.
    """

    proposal: Proposal
    before: Assessment
    after: Assessment
    notes: tuple[str, ...] = ()
    as_a_whole: str | None = None

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
    """Assess an area as it is and as a proposal would make it, searching only where something changes.

    Raises
    ------
    BadInputError
        If the proposal names what the area does not hold; names the feature.
    """
    area = engine.area
    streets = resolve_streets(area.network, proposal)
    facilities = resolve_facilities(area, proposal)
    notes = (*proposal.notes, *facilities.notes, *streets.notes)
    with engine.comparing:
        before = assessment_before(engine, standard, walker)

        def make_area() -> tuple[Area, WalkingView]:
            changed = changed_area(area, proposal)
            return changed, AreaEngine(changed).view(walker.profile)

        try:
            parts = IncrementalComparison(engine, before, streets.changes, facilities)
            return Comparison(proposal, before, parts.run(make_area), notes)
        except NotIncrementalError as error:
            reason = str(error)
    return Comparison(proposal, before, assess_anew(engine, standard, walker, proposal), notes, reason)


def assess_anew(engine: AreaEngine, standard: Standard, walker: Walker, proposal: Proposal) -> Assessment:
    """The city as a proposal would make it, everything worked out anew: what `compare` must agree with."""
    changed = AreaEngine(changed_area(engine.area, proposal), kernels=engine.kernels)
    return assess(changed, standard, walker)
