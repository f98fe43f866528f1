"""Jobs as users see them: queue one, look at it, cancel it, try it again."""

import uuid
from datetime import UTC, datetime
from typing import Any

from app.domain.job import Job, JobStatus
from app.services.job_folders import JobFolders
from app.services.ports import JobStore


class JobService:
    """The jobs of a store and their folders.

    Parameters
    ----------
    actor : str
        Who asks: kept with each job, and what the job changes is done in this name.
    """

    def __init__(self, store: JobStore, folders: JobFolders, *, actor: str) -> None:
        self.store = store
        self.folders = folders
        self._actor = actor

    def acting_for(self, actor: str) -> "JobService":
        """The same jobs for who asks."""
        return JobService(self.store, self.folders, actor=actor)

    @staticmethod
    def new_id() -> str:
        return uuid.uuid4().hex

    def submit(self, kind: str, content: dict[str, Any], *, area_id: str | None, job_id: str) -> Job:
        """Queue a job; its files are already in ``folders.inputs(job_id)``."""
        moment = datetime.now(UTC)
        job = Job(job_id, kind, area_id, content, JobStatus.QUEUED, moment, created_by=self._actor)
        self.store.add(job)
        return self.store.get(job_id)

    def get(self, job_id: str) -> Job:
        """One job; `JobNotFoundError` if there is none."""
        return self.store.get(job_id)

    def list_jobs(
        self,
        *,
        status: JobStatus | None = None,
        area_id: str | None = None,
        before: str | None = None,
        limit: int = 100,
    ) -> tuple[list[Job], int]:
        """Jobs, the newest first, and how many match on all pages."""
        return self.store.list_jobs(status=status, area_id=area_id, before=before, limit=limit)

    def cancel(self, job_id: str) -> Job:
        """Cancel a queued job, ask the worker of a running one to stop; `JobConflictError` for an ended one."""
        job = self.store.request_cancel(job_id)
        if job.status is JobStatus.CANCELLED:
            self.folders.drop_inputs(job_id)
        return job

    def retry(self, job_id: str) -> Job:
        """Queue a job again; `JobConflictError` unless it is retriable."""
        return self.store.retry(job_id)


TOO_SOON_PERCENT = 10.0
"""Until then a job knows no pace: its first long stage may be all that was seen of it, and would count upwards."""


def eta_s(job: Job, now: datetime) -> float | None:
    """Seconds that a running job will still take if it goes on as it did; None where nobody can say."""
    if job.status is not JobStatus.RUNNING or job.started_at is None:
        return None
    if job.percent is None or job.percent <= TOO_SOON_PERCENT:
        return None
    passed_s = (now - job.started_at).total_seconds()
    return round(max(passed_s * (100.0 - job.percent) / job.percent, 0.0), 1)
