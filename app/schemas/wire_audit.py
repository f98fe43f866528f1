"""Shapes of the audit log, for the OpenAPI document; see `app.schemas.wire`."""

from typing import Any

from pydantic import BaseModel, Field

from app.schemas.wire_jobs import PageLink


class AuditEntryAnswer(BaseModel):
    """One change."""

    id: int = Field(description="Grows with time.")
    at: str = Field(description="In UTC.", json_schema_extra={"format": "date-time"})
    actor: str = Field(description="Who changed it.")
    action: str = Field(description="What was done, such as `import`, `rollback`, `add`.")
    subject: str = Field(description="What was changed, such as `area:helsinki`.")
    details: dict[str, Any] = Field(description="Facts of the action.")


class AuditAnswer(BaseModel):
    """A page of the log, the newest change first."""

    entries: list[AuditEntryAnswer]
    number_matched: int = Field(alias="numberMatched")
    number_returned: int = Field(alias="numberReturned")
    links: list[PageLink]
