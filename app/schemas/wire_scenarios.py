"""Shapes of answers about scenarios, for the OpenAPI document."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.schemas.wire_gate import EXAMPLE_PROPOSAL, proposal_schema
from app.schemas.wire_jobs import PageLink


class ScenarioAnswer(BaseModel):
    """A proposal that is kept by name."""

    name: str
    changes: int = Field(description="Features of the proposal.")
    lenient: bool = Field(description="Whether unknown properties of it are passed over.")
    crs: str | None = Field(description="Coordinate system that was named when it was stored.")
    digest: str = Field(description="Names its content.")
    created_at: str = Field(description="In UTC.", json_schema_extra={"format": "date-time"})
    created_by: str
    changed_at: str = Field(description="In UTC.", json_schema_extra={"format": "date-time"})
    changed_by: str


class SavedScenarioAnswer(ScenarioAnswer):
    """A scenario that was just stored."""

    area: str
    warnings: list[str] = Field(description="What is worth knowing although the proposal can be used.")


class ScenariosAnswer(BaseModel):
    """Scenarios of an area, by name."""

    area: str
    scenarios: list[ScenarioAnswer]
    number_matched: int = Field(alias="numberMatched", description="On all pages together.")
    number_returned: int = Field(alias="numberReturned")
    links: list[PageLink] = Field(description="Empty on the last page.")


class ScenarioDocument(BaseModel):
    """A proposal as it was stored (docs/proposals.md)."""

    type: Literal["FeatureCollection"]
    features: list[dict[str, Any]]


def scenario_body() -> dict[str, Any]:
    """The request body for the OpenAPI document: the proposal itself."""
    content = {"schema": proposal_schema()}
    examples = {"proposal": {"summary": "One new supermarket", "value": EXAMPLE_PROPOSAL}}
    return {
        "required": True,
        "content": {
            "application/geo+json": content | {"examples": examples},
            "application/json": content,
        },
    }
