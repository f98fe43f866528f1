"""A worker in this process, over the database and the data directory of some settings."""

import threading
from collections.abc import Mapping

from app.db.ready import ReadyDatabase
from app.problems import explain_failure
from app.schemas.job_kinds import JOB_KINDS
from app.services.job_context import JobKind
from app.services.job_worker import Worker
from app.settings import Settings
from app.wiring import open_jobs, open_standards, open_store


def make_worker(
    settings: Settings,
    database: ReadyDatabase,
    *,
    kinds: Mapping[str, JobKind] = JOB_KINDS,
    stop: threading.Event | None = None,
) -> Worker:
    """A worker as `reach15 worker` starts it, of a user called worker; that a job does not stop in time is an error."""

    def abandon() -> None:
        raise AssertionError("the job did not stop")

    return Worker(
        open_jobs(settings, database, actor="worker"),
        open_store(settings, database, actor="worker"),
        open_standards(database),
        settings,
        kinds=kinds,
        explain=explain_failure,
        stop=stop or threading.Event(),
        abandon=abandon,
    )
