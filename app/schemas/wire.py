"""Shapes of all answers, for the OpenAPI document.

Answers are assembled as plain data and sent as they are: validating ten thousand features again would cost more than
finding them. That they have these shapes is shown by the tests.
"""

from typing import Any, Literal

from pydantic import BaseModel, Field


class LiveAnswer(BaseModel):
    """The process runs."""

    status: Literal["live"]


class ReadyAnswer(BaseModel):
    """Questions can be answered."""

    status: Literal["ready"]
    areas: list[str]


class LocalName(BaseModel):
    """A name in Chinese and in English."""

    zh: str
    en: str


class Provenance(BaseModel):
    """What made an answer; equal provenance, equal answer."""

    data_hash: str = Field(description="SHA-256 of the area's content.")
    standard_version: str | None = None
    method_version: str = Field(description="Version of the walking model (docs/method.md).")
    software_version: str
    attribution: str = Field(description="Whose data it is; to be shown wherever the answer is.")


class Sums(BaseModel):
    """How many; `population` is null where nobody told."""

    points: int = Field(description="Rows, such as buildings.")
    households: float
    population: float | None
    pop_0_3: float | None = Field(default=None, description="Persons of an age group, where the area has it.")
    pop_3_6: float | None = None
    pop_6_12: float | None = None
    pop_60plus: float | None = None
    pop_65plus: float | None = None


# --- areas and standards ---------------------------------------------------------------------------------------


class AreaSummary(BaseModel):
    """An imported area."""

    id: str
    title: str
    version: str = Field(description="Changes when, and only when, the content does.")
    counts: dict[str, float | None]
    extent: tuple[float, float, float, float] = Field(
        description="Box around where the data is complete: west, south, east, north."
    )


class AreasAnswer(BaseModel):
    """All imported areas."""

    areas: list[AreaSummary]
    attribution: str


class AreaImport(BaseModel):
    """What an import kept and dropped."""

    source: str
    counts: dict[str, dict[str, float]]
    extent: dict[str, Any]


class AreaAnswer(AreaSummary):
    """One area."""

    imported: AreaImport = Field(alias="import")
    provenance: Provenance


class StandardOrigin(BaseModel):
    """Where a standard is from."""

    origin: Literal["shipped", "own"]
    digest: str = Field(description="Names all that the standard says: another word, another digest.")
    created_at: str | None = Field(
        description="Since when it is kept as it is, in UTC; null of a shipped one.",
        json_schema_extra={"format": "date-time"},
    )
    created_by: str | None = Field(description="Who keeps it; null of a shipped one.")


class StandardSummary(StandardOrigin):
    """A standard in the list."""

    id: str
    version: str
    title: LocalName
    services: int = Field(description="How many.")


class StandardsAnswer(BaseModel):
    """All standards: the shipped ones, then your own."""

    standards: list[StandardSummary]


class Source(BaseModel):
    """Where a value comes from; `mark` says how sure it is (docs/standards.md), `verify` that it needs a check."""

    document: str
    clause: str | None
    date: str | None
    mark: str
    verify: bool


class Selector(BaseModel):
    """One way in which OpenStreetMap shows a service."""

    key: str
    values: list[str] = Field(description="Any of them; any value but `no` where the list is empty.")
    where: dict[str, list[str]]
    without: dict[str, list[str]]
    name_regex: str | None


class Limit(BaseModel):
    """What a standard asks for: walking minutes, or metres."""

    minutes: float | None = None
    meters: float | None = None
    straight: bool | None = Field(
        default=None, description="True where the metres are those of a straight line; else they are walked."
    )


class StandardService(BaseModel):
    """One service that a standard asks for."""

    id: str
    name: LocalName
    obligation: Literal["must", "should", "may"]
    limit: Limit
    min_count: int = Field(description="Facilities that must lie within the limit.")
    tier: str | None
    strand: str | None
    service_class: str | None = Field(alias="class")
    any_of: list[str] = Field(
        description="Services of this standard, each within its own limit, any of which will do instead."
    )
    waived_by: list[str] = Field(
        description="Services of this standard that make this one unnecessary where they are covered."
    )
    user_data_only: bool = Field(description="OpenStreetMap cannot show it: `no_data` unless supplied.")
    min_area_m2: float | None
    per_persons: float | None
    osm: list[Selector]
    source: Source
    note: str | None


class StandardContent(BaseModel):
    """All that a standard said."""

    id: str
    version: str
    title: LocalName
    source: Source
    speed_mps: float | None
    profile: str | None
    speed_basis: str | None
    measure: str | None
    denominator: list[str]
    note: str | None
    services: list[StandardService]


class StandardAnswer(StandardOrigin, StandardContent):
    """A standard, and where it is from."""


# --- coverage --------------------------------------------------------------------------------------------------


class AreaReference(BaseModel):
    """The area version that was asked."""

    id: str
    version: str


class CoverageArea(AreaReference):
    """The area of a coverage answer."""

    title: str
    extent: tuple[float, float, float, float]


class StandardReference(BaseModel):
    """The standard version that was asked for."""

    id: str
    version: str


class CoverageStandard(StandardReference):
    """The standard of a coverage answer."""

    title: LocalName


class States(BaseModel):
    """Every household is in exactly one state for each service."""

    covered: Sums
    no_data: Sums
    not_snapped: Sums
    undetermined: Sums
    no_facility: Sums
    disconnected: Sums
    too_far: Sums


class ServiceCoverage(BaseModel):
    """Coverage of one service."""

    id: str
    name: LocalName
    obligation: str
    limit: Limit
    min_count: int
    facilities: int
    states: States
    share_covered: float | None = Field(description="Of all; null where there is nobody.")
    share_covered_of_determined: float | None = Field(
        description="Of those whom `no_data`, `not_snapped` and `undetermined` leave."
    )
    fragile: Sums | None = Field(
        default=None,
        description="Where `band` was asked for: those whose state changes at one of the two other speeds.",
    )


class ZoneService(BaseModel):
    """Coverage of one service in a zone."""

    id: str
    states: States
    share_covered: float | None
    share_covered_of_determined: float | None
    fragile: Sums | None = None


class Overall(BaseModel):
    """Over all required services together."""

    served: Sums
    underserved: Sums
    undetermined: Sums


class ZoneCoverage(BaseModel):
    """Coverage of one zone."""

    id: str = Field(description="`outside` for all households that lie in no zone; it comes last.")
    name: str | None
    total: Sums
    services: list[ZoneService]
    overall: Overall


class CoverageAnswer(BaseModel):
    """Service coverage of an area."""

    area: CoverageArea
    standard: CoverageStandard
    profile: str
    speed_mps: float
    weight: str
    band: float | None = Field(
        default=None, description="Where asked for: the share by which the speed was varied."
    )
    total: Sums
    services: list[ServiceCoverage]
    overall: Overall
    by: Literal["zone"] | None = Field(default=None, description="Where asked for.")
    zones: list[ZoneCoverage] | None = Field(
        default=None, description="With `by=zone`: every household is in exactly one of them."
    )
    provenance: Provenance
