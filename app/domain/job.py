"""Jobs: long work that is asked for now and done by a worker process, and how each one ended."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.errors import NotFoundError, Reach15Error


class JobStatus(StrEnum):
    """Where a job stands. The last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_end(self) -> bool:
        return self not in (JobStatus.QUEUED, JobStatus.RUNNING)


@dataclass(frozen=True)
class Job:
    """One job as it stands.

    Attributes
    ----------
    input : dict
        What is to be done, JSON-ready; its kind knows how to read it.
    stage, percent, details
        How far a running job is; an ended one keeps the last of them. ``percent`` is None where nobody can say.
    created_by : str
        Who asked for it, and in whose name it changes things.
    attempt : int
        How often a worker began with it.
    worker : str or None
        Who runs it, or ran it last.
    retriable : bool
        Whether it failed, or was cancelled, for a reason that another try may not meet, and its input is kept.
    result : dict or None
        What came of it, JSON-ready; a job that was cancelled may have one too: the best found so far.
    problem : dict or None
        Why it failed: the problem document (RFC 9457) that a request would have been answered with.
    """

    id: str
    kind: str
    area_id: str | None
    input: dict[str, Any]
    status: JobStatus
    created_at: datetime
    created_by: str
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stage: str | None = None
    percent: float | None = None
    details: dict[str, Any] = field(default_factory=dict)
    attempt: int = 0
    worker: str | None = None
    cancel_requested: bool = False
    retriable: bool = False
    result: dict[str, Any] | None = None
    problem: dict[str, Any] | None = None


@dataclass(frozen=True)
class Ending:
    """How a job ends."""

    status: JobStatus
    result: dict[str, Any] | None = None
    problem: dict[str, Any] | None = None
    retriable: bool = False


@dataclass(frozen=True)
class Beat:
    """What a worker hears when it reports about its job.

    ``is_mine`` is False once the job was taken from it, for being silent too long; it must then stop, and may store
    nothing more.
    """

    is_mine: bool
    cancel_requested: bool


class JobNotFoundError(NotFoundError):
    """There is no job of this id."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(
            f"job '{job_id}' does not exist; `reach15 jobs list` and /v1/jobs list those there are"
        )


class JobConflictError(Reach15Error):
    """The job is in a state in which this cannot be done with it."""

    def __init__(self, job: Job, problem: str) -> None:
        self.job_id = job.id
        self.job_status = str(job.status)
        super().__init__(f"job '{job.id}' is {job.status}: {problem}")


class JobLostError(Reach15Error):
    """A job's worker died, or its server stopped, before the job was done."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(
            "the worker died before the job was done, and nothing of it was kept; retry the job "
            f"(POST /v1/jobs/{job_id}/retry, or reach15 jobs retry {job_id})"
        )
