"""Shapes of the gate's report on the wire, for the OpenAPI document."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.domain.policy import Kind, Severity
from app.ingest.standard_problems import POLICY_SCHEMA, load_schema
from app.schemas.wire import Provenance, StandardReference
from app.services.gate import Status

_State = Literal[
    "covered", "no_data", "not_snapped", "undetermined", "no_facility", "disconnected", "too_far"
]
ByWeight = dict[str, float | None]


class CheckArea(BaseModel):
    """The area version that was asked."""

    id: str
    title: str
    version: str


class PolicyLimits(BaseModel):
    """Shares beyond which a rule is not evaluated."""

    max_undetermined: float
    max_not_snapped: float


class PolicyReference(BaseModel):
    """What was asked for, besides its rules."""

    title: str | None
    limits: PolicyLimits


class FailingHousehold(BaseModel):
    """Who makes a rule fail; `service` is null where all required services count together."""

    household: str
    service: str | None
    in_baseline: bool
    waived: bool


class WaiverAnswer(BaseModel):
    """An exception that somebody answers for."""

    rule: str
    household: str | None = None
    zone: str | None = None
    owner: str
    reason: str
    expires: str


class RuleAnswer(BaseModel):
    """How one rule ended."""

    id: str
    kind: Kind
    severity: Severity
    value: float
    service: str | None
    zone: str | None
    weight: str
    note: str | None
    status: Status
    measured: float | None = Field(description="A share or a weight; null where it could not be evaluated.")
    message: str
    households: list[FailingHousehold] = Field(description="Empty where its number holds.")
    waivers: list[WaiverAnswer]
    expired_waivers: list[WaiverAnswer]


class Callout(BaseModel):
    """An average that rises although somebody is newly left out."""

    service: str
    zone: str | None
    weight: str
    share_difference: float
    lost: ByWeight
    message: str


class ShareSums(BaseModel):
    """Covered and total, by weight."""

    covered: ByWeight
    total: ByWeight
    share_covered: ByWeight


class ServiceShares(ShareSums):
    """The same for one service."""

    id: str
    facilities: int


class SideTable(BaseModel):
    """Coverage before or after."""

    services: list[ServiceShares]
    overall: ShareSums


class ZoneSideTable(SideTable):
    """The same for one zone."""

    id: str
    name: str | None


class SideAnswer(SideTable):
    """Coverage before or after, in all and by zone where the area has zones."""

    zones: list[ZoneSideTable] | None = None


class StepSums(BaseModel):
    """After less before, by weight."""

    covered: ByWeight
    share_covered: ByWeight
    gained: ByWeight
    lost: ByWeight


class ServiceSteps(StepSums):
    """The same for one service."""

    id: str
    facilities: int


class StepTable(BaseModel):
    """What lies between before and after; `gained_any` and `lost_any` count each household once."""

    services: list[ServiceSteps]
    overall: StepSums
    gained_any: ByWeight
    lost_any: ByWeight


class ZoneStepTable(StepTable):
    """The same for one zone."""

    id: str
    name: str | None


class ChangeCounts(BaseModel):
    """Features of `changes` by kind."""

    gained: int
    lost: int
    faster: int
    slower: int


class DifferenceAnswer(StepTable):
    """What lies between before and after, in all and by zone."""

    zones: list[ZoneStepTable] | None = None
    changes: ChangeCounts


class ChangedSide(BaseModel):
    """A household's verdict on one service; `distance_m` where the limit is a length."""

    state: _State
    time_s: float | None
    distance_m: float | None = None


class ChangeProperties(BaseModel):
    """One household and one service that changed."""

    household: str
    service: str
    change: Literal["gained", "lost", "faster", "slower"]
    before: ChangedSide
    after: ChangedSide
    households: float
    zone: str | None = None


class ChangePoint(BaseModel):
    """Where the household is."""

    type: Literal["Point"]
    coordinates: tuple[float, float]


class ChangeFeature(BaseModel):
    """A GeoJSON feature."""

    type: Literal["Feature"]
    geometry: ChangePoint
    properties: ChangeProperties


class ChangesAnswer(BaseModel):
    """GeoJSON (RFC 7946)."""

    type: Literal["FeatureCollection"]
    features: list[ChangeFeature]


class CheckAnswer(BaseModel):
    """The gate's report; `reach15 check` makes all its formats from it (docs/gate.md)."""

    verdict: Literal["passed", "failed", "not_evaluated"]
    exit_code: Literal[0, 1, 2]
    counts: dict[str, int]
    evaluated_on: str = Field(description="The day, by UTC, that decides which waivers have run out.")
    area: CheckArea
    standard: StandardReference
    profile: str
    speed_mps: float
    policy: PolicyReference
    rules: list[RuleAnswer]
    warnings: list[str]
    callouts: list[Callout]
    before: SideAnswer
    after: SideAnswer
    difference: DifferenceAnswer
    changes: ChangesAnswer
    provenance: Provenance


EXAMPLE_SCENARIO = "new-supermarket"
EXAMPLE_PROPOSAL: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"action": "add", "services": ["supermarket"], "cost": 250},
            "geometry": {"type": "Point", "coordinates": [24.9414, 60.1719]},
        }
    ],
}
EXAMPLE_POLICY: dict[str, Any] = {
    "rules": [{"id": "no-loss", "kind": "max_lost", "value": 0, "service": "supermarket"}]
}


def proposal_schema() -> dict[str, Any]:
    """A proposal, for the OpenAPI document."""
    return {
        "type": "object",
        "description": "A proposal, a GeoJSON FeatureCollection (docs/proposals.md).",
    }


def check_body() -> dict[str, Any]:
    """The request body for the OpenAPI document: the proposal itself, or `{proposal, policy, baseline}`."""
    proposal = proposal_schema()
    beside = {
        "policy": {"type": "object", "description": load_schema(POLICY_SCHEMA)["description"]},
        "baseline": {"type": "object", "description": "What `reach15 check --write-baseline` wrote."},
    }
    kinds = [
        {
            "type": "object",
            "required": [name],
            "additionalProperties": False,
            "properties": {name: value, **beside},
        }
        for name, value in {
            "proposal": proposal,
            "scenario": {"type": "string", "description": "Name of a scenario of the area."},
        }.items()
    ]
    examples = {
        "proposal": {"summary": "A proposal alone: nobody may be lost", "value": EXAMPLE_PROPOSAL},
        "policy": {
            "summary": "With a policy",
            "value": {"proposal": EXAMPLE_PROPOSAL, "policy": EXAMPLE_POLICY},
        },
        "scenario": {
            "summary": "A proposal that is kept",
            "value": {"scenario": EXAMPLE_SCENARIO, "policy": EXAMPLE_POLICY},
        },
    }
    content = {"schema": {"anyOf": [proposal, *kinds]}, "examples": examples}
    return {
        "required": True,
        "content": {"application/json": content, "application/geo+json": {"schema": proposal}},
    }
