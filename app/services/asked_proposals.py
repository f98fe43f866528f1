"""Proposals as they are asked about: sent with the question, or kept as a scenario."""

from collections.abc import Collection
from dataclasses import dataclass

import orjson

from app.domain.proposal import Proposal
from app.domain.scenario import Scenario
from app.domain.standard import Standard
from app.ingest.proposal_files import proposal_from
from app.services.facilities import known_services

PROPOSAL_NAME = "proposal"
"""How messages name a proposal, wherever it came from: a report must not depend on who asked."""


@dataclass(frozen=True)
class AskedProposal:
    """A proposal as parsed JSON, and how it is to be read.

    Attributes
    ----------
    source : str
        How messages name it.
    lenient, crs
        As for `app.ingest.proposal_files.proposal_from`.
    """

    document: object
    source: str = PROPOSAL_NAME
    lenient: bool = False
    crs: str | None = None

    @classmethod
    def of(cls, scenario: Scenario) -> "AskedProposal":
        """The proposal of a scenario, to be read as when it was stored."""
        about = scenario.summary
        source = scenario_source(about.name)
        return cls(orjson.loads(scenario.document), source, lenient=about.lenient, crs=about.crs)

    def read_for(self, standard: Standard) -> Proposal:
        """As `read`; known are the services of this standard and of the shipped ones."""
        return self.read({service.id for service in known_services(standard)})

    def read(self, known_services: Collection[str]) -> Proposal:
        """The proposal; services that are not known get a note.

        Raises
        ------
        BadInputError
            If anything in it cannot be used; names the feature and the property.
        """
        return proposal_from(
            self.document, self.source, lenient=self.lenient, crs=self.crs, known_services=known_services
        )


def scenario_source(name: str) -> str:
    """How messages name the proposal of a scenario."""
    return f"scenario '{name}'"
