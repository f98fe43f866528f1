"""Shapes of several proposals side by side, for the OpenAPI document."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.schemas.wire import Provenance, StandardReference
from app.schemas.wire_gate import (
    EXAMPLE_PROPOSAL,
    EXAMPLE_SCENARIO,
    ByWeight,
    Callout,
    ChangeCounts,
    ChangesAnswer,
    CheckArea,
    ServiceSteps,
    SideAnswer,
    StepSums,
    proposal_schema,
)
from app.services.side_by_side import MOST_COMPARED

_PER_COST = Field(
    description="Weight gained for each unit of cost; null unless every feature has a `cost`, together more than 0."
)


class CostedSteps(ServiceSteps):
    """What one service gains and loses, and gains for a unit of cost."""

    gained_per_cost: float | None = _PER_COST


class CostedTable(BaseModel):
    """What lies between before and after; `gained_any` and `lost_any` count each household once."""

    services: list[CostedSteps]
    overall: StepSums
    gained_any: ByWeight
    lost_any: ByWeight


class CostedZone(CostedTable):
    """The same for one zone."""

    id: str
    name: str | None


class CostedDifference(CostedTable):
    """What lies between before and after, in all and by zone where that was asked for."""

    zones: list[CostedZone] | None = None
    changes: ChangeCounts


class NewlyUncovered(BaseModel):
    """A service that somebody loses."""

    service: str
    lost: ByWeight
    message: str


class ComparedAnswer(BaseModel):
    """One of the proposals."""

    rank: int
    name: str
    scenario: bool = Field(description="Whether it is a scenario of the area.")
    features: int
    cost: float | None = Field(description="Of all features; null if any has none.")
    gained: ByWeight = Field(description="Whoever gains any service, by weight.")
    lost: ByWeight = Field(description="Whoever loses any service, by weight.")
    net: float = Field(description="Gained less lost, in the weight that ranks.")
    gained_per_cost: float | None = _PER_COST
    newly_uncovered: list[NewlyUncovered] = Field(description="Empty if nobody loses anything.")
    callouts: list[Callout]
    after: SideAnswer
    difference: CostedDifference
    warnings: list[str]
    changes: ChangesAnswer | None = Field(
        default=None, description="Who changes, with `households=true` only."
    )


class SideBySideAnswer(BaseModel):
    """Several proposals side by side, best first."""

    area: CheckArea
    standard: StandardReference
    profile: str
    speed_mps: float
    weight: str
    by: Literal["area", "zone"]
    before: SideAnswer
    proposals: list[ComparedAnswer]
    provenance: Provenance


def compare_body() -> dict[str, Any]:
    """The request body for the OpenAPI document."""
    schema = {
        "type": "object",
        "additionalProperties": False,
        "description": f"At least one, at most {MOST_COMPARED} together; no two of one name.",
        "properties": {
            "proposals": {
                "type": "object",
                "description": "Proposals by the names that the answer is to have for them.",
                "additionalProperties": proposal_schema(),
            },
            "scenarios": {
                "type": "array",
                "description": "Names of scenarios of the area.",
                "items": {"type": "string"},
            },
        },
    }
    examples = {
        "both": {
            "summary": "A proposal beside a scenario",
            "value": {"proposals": {"closer": EXAMPLE_PROPOSAL}, "scenarios": [EXAMPLE_SCENARIO]},
        }
    }
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}
