"""Jobs in the database.

Every change is one statement that says what must still be true, so that no two workers, and no worker and a user, can
both have their way. Moments are by the database's clock, the one that all workers share.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db.base import now
from app.db.models.jobs import JobModel
from app.db.ready import ReadyDatabase
from app.domain.job import Beat, Ending, Job, JobConflictError, JobNotFoundError, JobStatus

_FRESH: dict[str, Any] = {
    "status": JobStatus.QUEUED.value,
    "worker": None,
    "heartbeat_at": None,
    "started_at": None,
    "finished_at": None,
    "stage": None,
    "percent": None,
    "details": None,
    "cancel_requested": False,
    "retriable": False,
    "report": None,
    "error": None,
}

_Condition = sa.ColumnElement[bool]


class DatabaseJobStore:
    """A `JobStore` in a database, SQLite or PostgreSQL."""

    def __init__(self, database: ReadyDatabase) -> None:
        self._database = database

    def add(self, job: Job) -> None:
        with self._database.writing() as session:
            values = {
                "id": job.id,
                "kind": job.kind,
                "area_id": job.area_id,
                "request": job.input,
                "created_at": _now(session),
                "created_by": job.created_by,
                "attempt": 0,
            }
            session.execute(sa.insert(JobModel).values(_FRESH | values))

    def get(self, job_id: str) -> Job:
        with self._database.reading() as session:
            row = None if session is None else session.get(JobModel, job_id)
            if row is None:
                raise JobNotFoundError(job_id)
            return _job(row)

    def list_jobs(
        self, *, status: JobStatus | None, area_id: str | None, before: str | None, limit: int
    ) -> tuple[list[Job], int]:
        wanted: list[_Condition] = []
        if status is not None:
            wanted.append(JobModel.status == status.value)
        if area_id is not None:
            wanted.append(JobModel.area_id == area_id)
        with self._database.reading() as session:
            if session is None:
                return [], 0
            matched = session.scalar(sa.select(sa.func.count()).select_from(JobModel).where(*wanted)) or 0
            if before is not None:
                last = session.get(JobModel, before)
                if last is None:
                    raise JobNotFoundError(before)
                same = sa.and_(JobModel.created_at == last.created_at, JobModel.id < before)
                wanted.append(sa.or_(JobModel.created_at < last.created_at, same))
            newest = (JobModel.created_at.desc(), JobModel.id.desc())
            rows = session.scalars(sa.select(JobModel).where(*wanted).order_by(*newest).limit(limit))
            return [_job(row) for row in rows], matched

    def claim(self, worker: str) -> Job | None:
        is_queued = JobModel.status == JobStatus.QUEUED.value
        with self._database.reading() as session:
            if session is None or session.scalar(sa.select(JobModel.id).where(is_queued).limit(1)) is None:
                return None  # the usual case, and it takes no lock
        # PostgreSQL: workers pass over a row that another is just taking. SQLite has one writer at a time anyway.
        oldest = sa.select(JobModel.id).where(is_queued).order_by(JobModel.created_at, JobModel.id).limit(1)
        with self._database.writing() as session:
            job_id = session.scalar(oldest.with_for_update(skip_locked=True))
            if job_id is None:
                return None
            moment = _now(session)
            values = {
                "status": JobStatus.RUNNING.value,
                "worker": worker,
                "started_at": moment,
                "heartbeat_at": moment,
                "attempt": JobModel.attempt + 1,
            }
            session.execute(sa.update(JobModel).where(JobModel.id == job_id, is_queued).values(values))
            return _job(session.get_one(JobModel, job_id))

    def beat(
        self, job_id: str, worker: str, *, stage: str | None, percent: float | None, details: dict[str, Any]
    ) -> Beat:
        with self._database.writing() as session:
            cancel_requested = session.scalar(
                sa.update(JobModel)
                .where(*_held(job_id, worker))
                .values(heartbeat_at=_now(session), stage=stage, percent=percent, details=details)
                .returning(JobModel.cancel_requested)
            )
        return Beat(is_mine=cancel_requested is not None, cancel_requested=bool(cancel_requested))

    def finish(self, job_id: str, worker: str, ending: Ending) -> bool:
        with self._database.writing() as session:
            if _end(session, ending, *_held(job_id, worker)):
                return True
            ended = (JobModel.worker == worker, JobModel.status == JobStatus.SUCCEEDED.value)
            found = sa.select(JobModel.id).where(JobModel.id == job_id, *ended)
            return ending.status is JobStatus.SUCCEEDED and session.scalar(found) is not None

    def fail_lost(self, job_id: str, worker: str, ending: Ending, *, silent_s: float) -> bool:
        with self._database.writing() as session:
            heard = session.scalar(sa.select(JobModel.heartbeat_at).where(*_held(job_id, worker)))
            if heard is None or (_now(session) - heard).total_seconds() < silent_s:
                return False
            return _end(session, ending, *_held(job_id, worker), JobModel.heartbeat_at == heard)

    def hand_back(self, job_id: str, worker: str) -> bool:
        with self._database.writing() as session:
            return _change(session, _FRESH, *_held(job_id, worker), JobModel.cancel_requested.is_(False))

    def request_cancel(self, job_id: str) -> Job:
        with self._database.writing() as session:
            ended = {"status": JobStatus.CANCELLED.value, "finished_at": _now(session)}
            is_queued, runs = (JobModel.status == it.value for it in (JobStatus.QUEUED, JobStatus.RUNNING))
            done = _change(session, ended, JobModel.id == job_id, is_queued) or _change(
                session, {"cancel_requested": True}, JobModel.id == job_id, runs
            )
        job = self.get(job_id)
        if not done:
            raise JobConflictError(job, "only a queued or running job can be cancelled")
        return job

    def retry(self, job_id: str) -> Job:
        with self._database.writing() as session:
            done = _change(session, _FRESH, JobModel.id == job_id, JobModel.retriable.is_(True))
        job = self.get(job_id)
        if not done:
            raise JobConflictError(
                job,
                "another try would end the same, or what was sent for it is no longer kept; send it again"
                if job.status.is_end
                else "it has not ended; wait for it, or cancel it",
            )
        return job

    def running(self) -> list[tuple[Job, float]]:
        with self._database.reading() as session:
            if session is None:
                return []
            rows = session.scalars(
                sa.select(JobModel).where(JobModel.status == JobStatus.RUNNING.value)
            ).all()
            moment = _now(session) if rows else now()
            return [(_job(row), (moment - (row.heartbeat_at or moment)).total_seconds()) for row in rows]

    def expire(self, *, older_than_s: float) -> list[str]:
        with self._database.reading() as session:
            if session is None:
                return []
            kept = session.execute(
                sa.select(JobModel.id, JobModel.finished_at).where(JobModel.retriable.is_(True))
            ).all()
            moment = _now(session) if kept else now()
        old = [row.id for row in kept if (moment - row.finished_at).total_seconds() > older_than_s]
        if not old:
            return []
        with self._database.writing() as session:
            still = sa.and_(JobModel.id.in_(old), JobModel.retriable.is_(True))
            return list(
                session.scalars(
                    sa.update(JobModel).where(still).values(retriable=False).returning(JobModel.id)
                )
            )

    def unneeded(self, job_ids: list[str]) -> list[str]:
        open_ones = JobModel.status.in_((JobStatus.QUEUED.value, JobStatus.RUNNING.value))
        needed = sa.and_(JobModel.id.in_(job_ids), sa.or_(open_ones, JobModel.retriable.is_(True)))
        with self._database.reading() as session:
            kept = set() if session is None else set(session.scalars(sa.select(JobModel.id).where(needed)))
        return [job_id for job_id in job_ids if job_id not in kept]


def end_job(session: Session, job_id: str, worker: str, ending: Ending) -> bool:
    """End a running job with whatever else this transaction does.

    False if it is no longer this worker's, or somebody wants it cancelled: then nothing of it may be kept.
    """
    return _end(session, ending, *_held(job_id, worker), JobModel.cancel_requested.is_(False))


def _now(session: Session) -> datetime:
    if session.get_bind().dialect.name == "sqlite":
        return now()
    moment: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return moment


def _end(session: Session, ending: Ending, *conditions: _Condition) -> bool:
    values: dict[str, Any] = {
        "status": ending.status.value,
        "finished_at": _now(session),
        "report": ending.result,
        "error": ending.problem,
        "retriable": ending.retriable,
    }
    if ending.status is JobStatus.SUCCEEDED:
        values["percent"] = 100.0
    return _change(session, values, *conditions)


def _change(session: Session, values: dict[str, Any], *conditions: _Condition) -> bool:
    changed = sa.update(JobModel).where(*conditions).values(values).returning(JobModel.id)
    return session.scalar(changed) is not None


def _held(job_id: str, worker: str) -> tuple[_Condition, ...]:
    return JobModel.id == job_id, JobModel.worker == worker, JobModel.status == JobStatus.RUNNING.value


def _job(row: JobModel) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        area_id=row.area_id,
        input=row.request,
        status=JobStatus(row.status),
        created_at=row.created_at,
        created_by=row.created_by,
        started_at=row.started_at,
        finished_at=row.finished_at,
        stage=row.stage,
        percent=row.percent,
        details=row.details or {},
        attempt=row.attempt,
        worker=row.worker,
        cancel_requested=row.cancel_requested,
        retriable=row.retriable,
        result=row.report,
        problem=row.error,
    )
