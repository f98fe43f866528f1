"""Shapes of snapshots, for the OpenAPI document; see `app.schemas.wire`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.wire import CoverageAnswer, Limit, LocalName, StandardContent, StandardReference
from app.schemas.wire_jobs import PageLink


class SnapshotNote(BaseModel):
    """What a snapshot is for."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "before the new clinic"}]}
    )

    note: str | None = Field(default=None, description="For people; at most 2000 characters.")


class SnapshotStandard(StandardReference):
    """The standard as it was."""

    digest: str = Field(description="Names all that it said.")


class SnapshotParameters(BaseModel):
    """What was asked for; null where nothing was."""

    profile: str | None
    speed_mps: float | None
    weight: str


class SnapshotSummaryAnswer(BaseModel):
    """A snapshot in the list."""

    id: int
    taken_at: str = Field(description="In UTC.", json_schema_extra={"format": "date-time"})
    taken_by: str
    note: str | None
    version: str = Field(description="Version of the area's data.")
    standard: SnapshotStandard
    parameters: SnapshotParameters


class SnapshotsAnswer(BaseModel):
    """A page of an area's snapshots, the newest first."""

    area: str
    snapshots: list[SnapshotSummaryAnswer]
    number_matched: int = Field(alias="numberMatched", description="On all pages together.")
    number_returned: int = Field(alias="numberReturned")
    links: list[PageLink] = Field(description="Empty on the last page.")


class SnapshotAnswer(SnapshotSummaryAnswer):
    """A snapshot with the answer, and the standard as it was."""

    area: str
    coverage: CoverageAnswer
    standard_content: StandardContent


class SnapshotSide(BaseModel):
    """What made an answer; `snapshot` is null for the present one."""

    snapshot: int | None
    version: str
    standard: SnapshotStandard
    profile: str
    speed_mps: float
    data_hash: str
    method_version: str
    software_version: str


class Pair(BaseModel):
    """A number on both sides."""

    before: float | None
    after: float | None
    change: float | None


class _Change(BaseModel):
    total: Pair
    gained: float = Field(description="More than before; 0 where it is not more.")
    lost: float = Field(description="Less than before; 0 where it is not less.")
    states: dict[str, float] = Field(description="Change of each state.")


class ServiceChange(_Change):
    """Change of one service in one weight."""

    covered: Pair
    share_covered: Pair


class OverallChange(_Change):
    """Change over all required services in one weight."""

    served: Pair
    share_served: Pair


class LimitPair(BaseModel):
    """The limit on both sides."""

    before: Limit
    after: Limit


class ServiceDifference(BaseModel):
    """What changed for a service that both sides have."""

    id: str
    name: LocalName
    limit: LimitPair
    by_weight: dict[str, ServiceChange | None] = Field(
        description="By each weight of both sides; null where it is not known on a side."
    )


class SnapshotDifference(BaseModel):
    """What changed from a snapshot to another one, or to now."""

    area: str
    before: SnapshotSide
    after: SnapshotSide
    differs: list[
        Literal["standard", "profile", "speed_mps", "data_hash", "method_version", "software_version"]
    ] = Field(description="What made the answers, where it is another.")
    services: list[ServiceDifference]
    only_before: list[str] = Field(description="Services that the other side does not have.")
    only_after: list[str]
    overall: dict[str, OverallChange | None]
