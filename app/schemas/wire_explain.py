"""Shape of an explanation, for the OpenAPI document; as in `app.schemas.wire`, nothing validates with it."""

from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.wire import AreaReference, Limit, LocalName, Provenance, StandardReference
from app.schemas.wire_features import Verdict


class ExplainedService(BaseModel):
    """The service that was asked for."""

    id: str
    name: LocalName
    limit: Limit
    min_count: int


class ExplainedFacility(BaseModel):
    """The facility that the verdict names."""

    id: str
    name: str | None
    service: str = Field(
        description="The service that it serves as: the one that was asked for, or the one that covers instead."
    )
    rank: int = Field(description="1 is the nearest; k where the service asks for k facilities.")


class LinkEnd(BaseModel):
    """Where the straight link of a place meets the streets."""

    link_m: float
    lon: float
    lat: float
    way_id: int = Field(description="OpenStreetMap way there.")


class LinkEnds(BaseModel):
    """The straight walks at both ends of a route."""

    household: LinkEnd
    facility: LinkEnd


class Step(BaseModel):
    """Streets of one name in a row."""

    name: str | None = Field(description="Null where the way has none.")
    length_m: float


class RouteProperties(BaseModel):
    """The streets of a route in walking order; the links at both ends are not among them."""

    names: list[str]
    way_ids: list[int]
    length_m: float
    steps: list[Step]


class LineString(BaseModel):
    """A GeoJSON line."""

    type: Literal["LineString"]
    coordinates: list[tuple[float, float]] = Field(min_length=2)


class RouteFeature(BaseModel):
    """The whole walk, from the household to the facility, links included."""

    type: Literal["Feature"]
    geometry: LineString
    properties: RouteProperties


class Cost(BaseModel):
    """One term of the walking time."""

    term: Literal["household_link", "streets", "steps", "crossings", "signals", "slope", "facility_link"]
    length_m: float = Field(
        description="They add up to the walk's length; what a profile's costs add has none of its own."
    )
    time_s: float = Field(description="Of `slope` less than 0 where walking down saves time.")


class RunnerUp(BaseModel):
    """The next facility of the same service by nearness."""

    facility: str
    name: str | None
    time_s: float | None = Field(description="Null where the limit is a straight line.")
    distance_m: float | None = Field(description="Null where a profile's costs decide which walk is taken.")


class WouldChange(BaseModel):
    """What would make the verdict ``covered``, or what a covered one can bear."""

    needs: Literal["nothing", "shorter_walk", "facilities", "street", "connection", "data"]
    text: str = Field(description="The same for people.")
    margin_s: float | None = Field(
        default=None, description="`covered`: seconds that the walk may take longer."
    )
    margin_m: float | None = Field(default=None, description="`covered`: metres that it may be longer.")
    min_speed_mps: float | None = Field(default=None, description="Slowest speed that keeps to the limit.")
    shorter_m: float | None = Field(default=None, description="Metres by which it is too long.")
    missing_m: float | None = Field(default=None, description="`undetermined`: metres of data missing.")
    count: int | None = Field(default=None, description="`no_facility`: how many more there must be.")
    nearest_edge_m: float | None = Field(
        default=None, description="`not_snapped`: distance to the nearest street."
    )
    max_link_m: float | None = Field(
        default=None, description="`not_snapped`: the longest link that is made."
    )
    component_length_m: float | None = Field(
        default=None, description="`disconnected`: metres of streets in the household's part of the network."
    )
    also_covered_by: list[str] | None = Field(
        default=None,
        description="`covered`: services of `any_of` and `waived_by` that cover the household too.",
    )
    substitutes: list[str] | None = Field(
        default=None, description="Not covered: services that would do instead, each within its own limit."
    )


class ExplainAnswer(BaseModel):
    """One verdict, and the evidence for it."""

    household: str
    service: ExplainedService
    verdict: Verdict
    facility: ExplainedFacility | None
    links: LinkEnds | None = Field(description="Null where no walk is shown, as are `route` and `costs`.")
    route: RouteFeature | None
    costs: list[Cost] | None = Field(
        description="They add up to `time_s` of the verdict, to the last decimal."
    )
    runner_up: RunnerUp | None
    would_change: WouldChange
    attribution: str
    area: AreaReference
    standard: StandardReference
    profile: str
    speed_mps: float
    provenance: Provenance
