"""Shapes of answers about versions of areas, for the OpenAPI document."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class VersionAnswer(BaseModel):
    """One import's outcome, kept."""

    number: int = Field(description="Counts the imports of an area from 1; never given twice.")
    version: str = Field(description="Short form of the data's hash, as answers carry it.")
    current: bool = Field(description="Whether answers are given from it.")
    data_hash: str
    title: str
    counts: dict[str, Any]
    created_at: str = Field(description="In UTC.", json_schema_extra={"format": "date-time"})
    created_by: str = Field(description="Who imported it.")


class VersionsAnswer(BaseModel):
    """Versions of an area that are kept, newest first."""

    area: str
    versions: list[VersionAnswer]
    attribution: str


class RollbackQuestion(BaseModel):
    """Which version to go back to."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 1}, {"version": "a1885e89aabe"}, {}]}
    )

    version: int | str | None = Field(
        default=None,
        description="Its `number`, or its `version`; by default the one before the current one.",
    )
