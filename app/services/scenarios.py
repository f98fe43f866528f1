"""Scenarios: proposals that are kept by name, each for an area. Whoever asks judges them by its current version."""

from dataclasses import dataclass

from app.domain.scenario import (
    UNCONDITIONAL,
    Precondition,
    Scenario,
    ScenarioContent,
    ScenarioSummary,
    check_scenario_name,
)
from app.ingest.proposal_files import parse_proposal
from app.services.areas import AreaService
from app.services.asked_proposals import PROPOSAL_NAME, AskedProposal
from app.services.facilities import distinct_services
from app.services.ports import ScenarioStore
from app.services.proposals import check_usable
from app.services.standards import StandardService


@dataclass(frozen=True)
class SavedScenario:
    """A scenario that was just stored: whether it is a new one, and what the user should hear of it."""

    summary: ScenarioSummary
    is_new: bool
    notes: tuple[str, ...]


class ScenarioService:
    """Keeps scenarios of the areas at hand."""

    def __init__(self, areas: AreaService, store: ScenarioStore, standards: StandardService) -> None:
        self._areas = areas
        self._store = store
        self._standards = standards

    def acting_for(self, actor: str) -> "ScenarioService":
        """The same for who asked."""
        return ScenarioService(self._areas, self._store.acting_for(actor), self._standards)

    def save(
        self,
        area_id: str,
        name: str,
        content: bytes,
        *,
        source: str = PROPOSAL_NAME,
        lenient: bool = False,
        crs: str | None = None,
        condition: Precondition = UNCONDITIONAL,
    ) -> SavedScenario:
        """Store a proposal, given as GeoJSON, that the area's current version can be asked about.

        Raises
        ------
        AreaNotFoundError
            If there is no such area.
        BadInputError
            If the name cannot be used or, as for a check, the proposal; `source` names it.
        PreconditionFailedError
            If the condition does not hold.
        """
        check_scenario_name(name)
        text, document = parse_proposal(content, source)
        asked = AskedProposal(document, source, lenient=lenient, crs=crs)
        services = distinct_services(listed.standard for listed in self._standards.list_standards())
        proposal = asked.read(services.keys())
        notes = check_usable(self._areas.engine(area_id).area, proposal, services.values())
        kept = ScenarioContent(text, len(proposal.changes), lenient=lenient, crs=crs)
        summary, is_new = self._store.save(area_id, name, kept, condition)
        return SavedScenario(summary, is_new, notes)

    def get(self, area_id: str, name: str) -> Scenario:
        """One scenario; `ScenarioNotFoundError` or `AreaNotFoundError` if there is none."""
        return self._store.get(area_id, name)

    def list_scenarios(
        self, area_id: str, *, after: str | None = None, limit: int | None = None
    ) -> tuple[tuple[ScenarioSummary, ...], int]:
        """Scenarios by name, those after one alone; and how many there are in all."""
        return self._store.list_scenarios(area_id, after=after, limit=limit)

    def remove(self, area_id: str, name: str, condition: Precondition = UNCONDITIONAL) -> None:
        """Forget one; `ScenarioNotFoundError` if there is none."""
        self._store.remove(area_id, name, condition)
