"""Shapes of missing links on the wire, for the OpenAPI document."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.weight import Weight
from app.schemas.wire import AreaReference, Provenance, StandardReference
from app.schemas.wire_explain import LineString
from app.services.assessment import FASTEST_MPS, SLOWEST_MPS
from app.services.missing_links import LONGEST_M, MOST_COMPARED, MOST_COUNT

EXAMPLE: dict[str, Any] = {
    "standard": "cn-mofcom-5-8-15",
    "service": "pharmacy",
    "weight": "households",
    "max_length_m": 100,
    "limit": 5,
}


class LinksBody(BaseModel):
    """What is asked, for who would rather not put it into the query."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": EXAMPLE})

    standard: str | None = Field(None, description="Id of a standard, shipped or your own.")
    service: str | None = Field(None, description="Service that is to be reached.")
    weight: Weight | None = Field(None, description="What is counted; households.")
    max_length_m: float | None = Field(
        None, gt=0, le=LONGEST_M, allow_inf_nan=False, description="Longest new link; 100 m."
    )
    limit: int | None = Field(None, ge=1, le=MOST_COUNT, description="How many changes are named; 10.")
    max_compared: int | None = Field(
        None, ge=1, le=MOST_COMPARED, description="How many changes are compared at most."
    )
    profile: str | None = Field(None, description="Who walks: a shipped profile.")
    speed_mps: float | None = Field(None, ge=SLOWEST_MPS, le=FASTEST_MPS, allow_inf_nan=False)


class Lines(BaseModel):
    """A way in several pieces."""

    type: Literal["MultiLineString"]
    coordinates: list[list[tuple[float, float]]]


class OpenedStreet(BaseModel):
    """What a proposal says of it."""

    action: Literal["open"]
    node: int | None = None
    way: int | None = None


class StreetProposal(BaseModel):
    """A feature that `/proposals/check` takes."""

    type: Literal["Feature"]
    properties: OpenedStreet
    geometry: LineString | None


class GatePlace(BaseModel):
    """Where a gate is, in WGS 84."""

    lon: float
    lat: float


class MissingLinkProperties(BaseModel):
    """One street change and what it wins."""

    rank: int
    kind: Literal["gate", "way", "link"]
    node: int | None = Field(default=None, description="OSM node of a gate or another barrier.")
    gate: GatePlace | None = None
    way: int | None = Field(default=None, description="OSM way that becomes public.")
    nodes: list[int] | None = Field(default=None, description="OSM nodes that a new link joins.")
    length_m: float = Field(description="Of the new link, or of the way.")
    households: int = Field(description="How many rows are newly covered.")
    gained: float = Field(description="Their weight.")
    lost: float = Field(description="Weight that is covered no longer.")
    time_saved_s: float = Field(
        description="Seconds a trip times the weight, over all who reach the service before and after."
    )
    households_gained: list[str]
    households_lost: list[str]
    proposal: StreetProposal


class MissingLinkFeature(BaseModel):
    """A street change as a line: over the gate, along the way, or the new link."""

    type: Literal["Feature"]
    id: str = Field(description="`gate/NODE`, `way/WAY` or `link/NODE-NODE`.")
    geometry: LineString | Lines
    properties: MissingLinkProperties


class LinkCandidates(BaseModel):
    """How many street changes there are."""

    gate: int
    way: int
    link: int = Field(description="Pairs of places near in the air and far on foot.")
    links_across_obstacles: int = Field(
        description="Of those that could win anybody, how many cross a building or water."
    )


class MissingLinksAnswer(BaseModel):
    """Single street changes by what they win, the best first."""

    type: Literal["FeatureCollection"]
    attribution: str
    area: AreaReference
    standard: StandardReference
    service: str
    profile: str
    speed_mps: float
    weight: str
    max_length_m: float
    uncovered: float = Field(description="Weight that lacks the service.")
    candidates: LinkCandidates
    compared: int = Field(description="How many changes were compared exactly.")
    complete: bool = Field(description="Whether the ranking is proven.")
    bound: float | None = Field(
        description="No change that is not named, nor like one that is, wins more; null where that is unknown."
    )
    notes: list[str]
    provenance: Provenance
    features: list[MissingLinkFeature]
