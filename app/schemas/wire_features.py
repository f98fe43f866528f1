"""Shapes of the GeoJSON answers, for the OpenAPI document; as in `app.schemas.wire`, nothing validates with them."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.schemas.wire import AreaReference, Provenance, StandardReference

StateName = Literal[
    "covered", "no_data", "not_snapped", "undetermined", "no_facility", "disconnected", "too_far"
]


class Point(BaseModel):
    """A GeoJSON point."""

    type: Literal["Point"]
    coordinates: tuple[float, float] = Field(description="Longitude and latitude, WGS 84.")


class AccessPoint(BaseModel):
    """Where a household is left or a facility entered."""

    lon: float
    lat: float
    kind: Literal["entrance", "crossing", "nearest", "given", "inside"]


class Holds(BaseModel):
    """Whether the state is the same for a walker slower, or faster, by the share `band`."""

    slower: bool
    faster: bool


class Verdict(BaseModel):
    """A state and what explains it; see docs/method.md for which state carries what."""

    state: StateName
    time_s: float | None = Field(
        description="Walking time, links included; null where there is no walk, and where the limit is a straight line."
    )
    distance_m: float | None = Field(
        default=None, description="Where the limit is in metres: those of the walk, or of the straight line."
    )
    any_of: str | None = Field(
        default=None,
        description="`covered`: the service that covers the household instead; walk and facility are its own.",
    )
    waived_by: str | None = Field(
        default=None,
        description="`covered`: the service that makes this one unnecessary; walk and facility are its own.",
    )
    facility: str | None = Field(default=None, description="Where the walk leads to.")
    access_point: int | None = Field(
        default=None, description="Where it begins: a position in the household's `access_points`."
    )
    over_s: float | None = Field(default=None, description="`too_far`: seconds beyond the limit.")
    over_m: float | None = Field(default=None, description="`too_far`: metres beyond the limit.")
    missing_m: float | None = Field(
        default=None, description="`undetermined`: metres of data missing beyond the border."
    )
    nearest_edge_m: float | None = Field(
        default=None, description="`not_snapped`: distance to the nearest street."
    )
    facilities: int | None = Field(default=None, description="`no_facility`: how many there are.")
    component: int | None = Field(
        default=None, description="`disconnected`: the part of the streets it is on."
    )
    component_length_m: float | None = Field(
        default=None, description="`disconnected`: metres of streets there."
    )
    holds: Holds | None = Field(default=None, description="Where `band` was asked for.")


class HouseholdProperties(BaseModel):
    """A household; its link is where the nearest of its access points meets the streets, null if none does."""

    id: str
    households: float
    population: float | None
    pop_0_3: float | None = Field(default=None, description="Persons of an age group, where the area has it.")
    pop_3_6: float | None = None
    pop_6_12: float | None = None
    pop_60plus: float | None = None
    pop_65plus: float | None = None
    zone: str | None = Field(
        default=None, description="Where the area has zones: the one it lies in, or `outside`."
    )
    estimated: bool = Field(description="Whether `households` is an estimate from the building's size.")
    link_m: float | None
    link_lon: float | None
    link_lat: float | None
    access_points: list[AccessPoint] | None = Field(default=None, description="Where there are several.")
    services: dict[str, Verdict]


class Household(BaseModel):
    """A household as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: Point
    properties: HouseholdProperties


class _Assessed(BaseModel):
    attribution: str
    area: AreaReference
    standard: StandardReference
    profile: str
    speed_mps: float
    band: float | None = Field(
        default=None, description="Where asked for: the share by which the speed was varied."
    )
    provenance: Provenance


class HouseholdAnswer(Household, _Assessed):
    """One household."""


class Link(BaseModel):
    """Where to go on."""

    rel: Literal["next"]
    href: str
    type: Literal["application/geo+json"]


class _Page(BaseModel):
    type: Literal["FeatureCollection"]
    number_matched: int = Field(alias="numberMatched", description="On all pages together.")
    number_returned: int = Field(alias="numberReturned", description="On this page.")
    links: list[Link] = Field(description="Empty on the last page.")


class HouseholdsAnswer(_Page, _Assessed):
    """A page of households."""

    weight: str | None = Field(default=None, description="Where asked for.")
    weight_matched: float | None = Field(
        default=None, alias="weightMatched", description="With `weight`: its sum on all pages together."
    )
    features: list[Household]


class FacilityProperties(BaseModel):
    """A facility."""

    id: str
    services: list[str]
    name: str | None
    source: Literal["osm", "supplied"]
    area_m2: float | None = Field(description="Null where it is mapped as a point.")
    access_points: list[AccessPoint]


class Facility(BaseModel):
    """A facility as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: Point
    properties: FacilityProperties


class FacilitiesAnswer(_Page):
    """A page of facilities."""

    attribution: str
    area: AreaReference
    standards: list[StandardReference] = Field(description="Standards that `services` are those of.")
    provenance: Provenance
    features: list[Facility]


class Polygons(BaseModel):
    """A GeoJSON polygon or several."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any]


class ZoneProperties(BaseModel):
    """A zone and who lives in it."""

    id: str
    name: str | None
    points: int
    households: float
    population: float | None
    pop_0_3: float | None = None
    pop_3_6: float | None = None
    pop_6_12: float | None = None
    pop_60plus: float | None = None
    pop_65plus: float | None = None


class Zone(BaseModel):
    """A zone as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: Polygons
    properties: ZoneProperties


class ZonesAnswer(_Page):
    """A page of zones."""

    attribution: str
    area: AreaReference
    provenance: Provenance
    features: list[Zone]
