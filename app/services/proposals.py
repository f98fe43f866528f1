"""What a proposal changes: every household before and after, exactly."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from app.domain.area import Area
from app.domain.proposal import Proposal
from app.domain.standard import Service, Standard
from app.geo.units import BoolArray, IntArray
from app.geo.verdict import COVERED
from app.services.area_engine import AreaEngine, WalkingView
from app.services.assessment import Assessment, ServiceAssessment, Walker, assess
from app.services.changed_area import changed_area, changed_network, resolve_facilities
from app.services.comparing_cache import assessment_before
from app.services.facilities import known_services
from app.services.incremental import IncrementalComparison, NotIncrementalError
from app.services.proposal_streets import resolve_streets


@dataclass(frozen=True)
class Comparison:
    """A city before and after a proposal; both have the same households in the same order.

    Attributes
    ----------
    households : int array
        Positions, ascending, of the households whose walks may have changed; all others have the very verdicts that
        they had.
    judged : tuple of ServiceAssessment
        Verdicts afterwards on these households alone, in the standard's order. Cheaper to look at than ``after``,
        whose arrays of everybody, area and streets are put together when they are first looked at.
    notes : tuple of str
        What the user should hear: what is there already, what was passed over.
    as_a_whole : str or None
        Why everything was worked out anew; None where only what could change was searched. The answer is the same.
    """

    proposal: Proposal
    before: Assessment
    after: Assessment
    households: IntArray
    judged: tuple[ServiceAssessment, ...]
    notes: tuple[str, ...] = ()
    as_a_whole: str | None = None

    def gained(self, position: int) -> BoolArray:
        """Households covered after and not before, by the standard's service at `position`, shape (h,)."""
        before, after = self._covered(position)
        return self._of_everybody(after & ~before)

    def lost(self, position: int) -> BoolArray:
        """Households covered before and not after, a step to ``undetermined`` included, shape (h,)."""
        before, after = self._covered(position)
        return self._of_everybody(before & ~after)

    def _covered(self, position: int) -> tuple[BoolArray, BoolArray]:
        before = self.before.services[position].verdicts.state[self.households]
        return before == COVERED, self.judged[position].verdicts.state == COVERED

    def _of_everybody(self, rows: BoolArray) -> BoolArray:
        every = np.zeros(self.before.area.households.count, dtype=bool)
        every[self.households] = rows
        return every


def compare(engine: AreaEngine, standard: Standard, walker: Walker, proposal: Proposal) -> Comparison:
    """Assess an area as it is and as a proposal would make it, searching only where something changes.

    Raises
    ------
    BadInputError
        If the proposal names what the area does not hold; names the feature.
    """
    area = engine.area
    streets = resolve_streets(area.network, proposal)
    services = known_services(standard)
    facilities = resolve_facilities(area, proposal, services)
    notes = (*proposal.notes, *facilities.notes, *streets.notes)
    with engine.comparing:
        before = assessment_before(engine, standard, walker)

        def make_area() -> tuple[Area, WalkingView]:
            changed = changed_area(area, proposal, services)
            return changed, AreaEngine(changed).view(walker.profile)

        try:
            parts = IncrementalComparison(engine, before, streets.changes, facilities)
            found = parts.run(make_area)
            return Comparison(proposal, before, found.after, found.households, found.judged, notes)
        except NotIncrementalError as error:
            reason = str(error)
    after = assess_anew(engine, standard, walker, proposal)
    everybody = np.arange(area.households.count)
    return Comparison(proposal, before, after, everybody, after.services, notes, reason)


def load_kernels(engine: AreaEngine, standard: Standard, *, proposals: int = 1) -> None:
    """Before a single question of so many comparisons: have the compiled search at hand if that saves time.

    A service that answers many questions loads it in the background; the answers are the same with it and without.
    """
    if engine.kernels is not None:
        assessments = 1 + proposals
        engine.kernels.wait_where_it_pays(
            engine.area.network.node_count * len(standard.services) * assessments
        )


def check_usable(area: Area, proposal: Proposal, services: Iterable[Service]) -> tuple[str, ...]:
    """What the user should hear of a proposal for this area, whose facilities offer what `services` find.

    Raises
    ------
    BadInputError
        As `compare` would, without comparing anything.
    """
    streets = resolve_streets(area.network, proposal)
    facilities = resolve_facilities(area, proposal, services)
    changed_network(area.network, streets.changes, proposal.source)
    return (*proposal.notes, *facilities.notes, *streets.notes)


def assess_anew(engine: AreaEngine, standard: Standard, walker: Walker, proposal: Proposal) -> Assessment:
    """The city as a proposal would make it, everything worked out anew: what `compare` must agree with."""
    area = changed_area(engine.area, proposal, known_services(standard))
    changed = AreaEngine(area, kernels=engine.kernels)
    return assess(changed, standard, walker)
