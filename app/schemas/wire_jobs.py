"""Shapes of jobs, for the OpenAPI document; see `app.schemas.wire`."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class JobLink(BaseModel):
    """Where to go from here."""

    rel: Literal["self", "cancel", "retry", "area", "rows", "file", "next"]
    href: str


class JobSummary(BaseModel):
    """A job in a list."""

    id: str
    kind: str
    area: str | None
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    stage: str | None = Field(description="What is being done, or was last.")
    percent: float | None = Field(description="Of the whole job; null where nobody can say.")
    eta_s: float | None = Field(description="Seconds that it will still take if it goes on like this.")
    details: dict[str, Any] = Field(description="Facts of the kind of job about its progress.")
    attempt: int = Field(description="How often a worker began with it.")
    cancel_requested: bool
    retriable: bool = Field(description="Whether `POST .../retry` will try again.")
    created_at: str
    created_by: str = Field(description="Who asked for it.")
    started_at: str | None
    finished_at: str | None


class JobAnswer(JobSummary):
    """One job."""

    report: dict[str, Any] | None = Field(description="What came of it.")
    problem: dict[str, Any] | None = Field(description="Why it failed, as a problem by RFC 9457.")
    links: list[JobLink]


class PageLink(BaseModel):
    """The next page."""

    rel: Literal["next"]
    href: str
    type: str


class JobsAnswer(BaseModel):
    """A page of jobs."""

    jobs: list[JobSummary]
    number_matched: int = Field(alias="numberMatched", description="On all pages together.")
    number_returned: int = Field(alias="numberReturned")
    links: list[PageLink]
