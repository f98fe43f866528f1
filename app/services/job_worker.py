"""The worker: takes jobs one at a time, does them, and says twice a second that it lives.

A worker that dies says nothing any more; any other then ends its job as failed, to be retried.
"""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors import DatabaseError, DatabaseUnavailableError
from app.domain.job import Ending, Job, JobLostError, JobStatus
from app.services.job_context import JobContext, JobKind, JobResult, JobStoppedError, Progress
from app.services.job_folders import JobFolders
from app.services.jobs import JobService
from app.services.ports import AreaStore, JobStore
from app.services.standards import StandardService
from app.settings import Settings

logger = logging.getLogger(__name__)

POLL_S = 0.5
BEAT_S = 0.5
SWEEP_S = 5.0
GRACE_S = 8.0
"""How long a job may go on, after its worker was asked to stop, until its next progress."""
MOST_ATTEMPTS = 5
"""How often a job is begun, when the database goes away meanwhile, before it fails."""


@dataclass(frozen=True)
class Explained:
    """An error as a job keeps it; ``retriable`` if another try may go well."""

    problem: dict[str, Any]
    retriable: bool


Explain = Callable[[Exception, Job, Path], Explained]
"""Of an error, its job, and the folder of the job's files."""


def worker_name() -> str:
    """A name that no other process has or had."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def is_surely_dead(worker: str | None) -> bool:
    """Whether a worker ran on this machine and its process is gone. False is no proof of life."""
    host, _, rest = (worker or "").partition(":")
    pid = rest.partition(":")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    return not Path(f"/proc/{pid}").exists() if Path("/proc/self").exists() else False


class Worker:
    """Does the jobs of a store.

    Parameters
    ----------
    kinds : mapping of str to JobKind
    explain : function
        An error as the problem document that a request would have been answered with.
    stop : threading.Event
        Set to end the worker: the running job is handed back for another.
    abandon : function
        Called where a job does not stop in time; must end the process.
    """

    def __init__(
        self,
        jobs: JobService,
        areas: AreaStore,
        standards: StandardService,
        settings: Settings,
        *,
        kinds: Mapping[str, JobKind],
        explain: Explain,
        stop: threading.Event,
        abandon: Callable[[], None],
    ) -> None:
        self.name = worker_name()
        self._jobs = jobs.store
        self._folders = jobs.folders
        self._areas = areas
        self._settings = settings
        self._standards = standards
        self._kinds = kinds
        self._explain = explain
        self._stop = stop
        self._abandon = abandon
        self._swept = -SWEEP_S

    def run(self) -> None:
        """Do jobs until asked to stop; a database that is away for a while is waited for."""
        while not self._stop.is_set():
            try:
                self.sweep()
                busy = self.run_next()
            except DatabaseError as error:
                self._note_outage("the job database does not answer", error)
                busy = False
            if not busy:
                self._stop.wait(POLL_S)

    def sweep(self) -> None:
        """Now and then, end the jobs of dead workers and remove what nobody needs any more."""
        if time.monotonic() - self._swept < SWEEP_S:
            return
        self._swept = time.monotonic()
        fail_lost_jobs(self._jobs, self._folders, self._explain, lost_after_s=self._settings.job_lost_after_s)
        self._jobs.expire(older_than_s=self._settings.job_retry_h * 3600.0)
        self._folders.drop_unneeded(self._jobs.unneeded)

    def run_next(self) -> bool:
        """Do the oldest queued job; False if nothing waits."""
        job = self._jobs.claim(self.name)
        if job is None:
            return False
        logger.info("job %s (%s): begins", job.id, job.kind)
        state = Progress()
        with self._reporting(job, state) as report_now:
            ending = self._do(job, state, report_now)
        if ending is None:
            self._hand_back(job)
        else:
            self._finish(job, ending)
        return True

    def _do(self, job: Job, state: Progress, report_now: Callable[[], None]) -> Ending | None:
        """The ending of a job; None if it shall be handed back."""
        outputs = self._folders.outputs(job.id)
        areas = self._areas.acting_for(job.created_by).ending(job.id, self.name)
        context = JobContext(
            job,
            self._settings,
            areas,
            self._standards,
            self._folders.inputs(job.id),
            outputs,
            state,
            report_now,
        )
        try:
            outputs.mkdir(parents=True, exist_ok=True)
            result = self._kinds[job.kind].run(context)
        except JobStoppedError:
            report_now()  # who was stopped where it stores has not heard yet why
            return Ending(JobStatus.CANCELLED) if state.cancelled.is_set() else None
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends this job and not the worker
            if isinstance(error, DatabaseUnavailableError) and job.attempt < MOST_ATTEMPTS:
                logger.warning("job %s: begins anew when the database answers again: %s", job.id, error)
                return None
            explained = self._explain(error, job, self._folders.inputs(job.id))
            return Ending(JobStatus.FAILED, problem=explained.problem, retriable=explained.retriable)
        return _ending_of(result, cancelled=state.cancelled.is_set())

    def _finish(self, job: Job, ending: Ending) -> None:
        mine = self._insist(job, lambda: self._jobs.finish(job.id, self.name, ending))
        logger.info("job %s: %s", job.id, ending.status if mine else "was taken from this worker")
        if mine and not ending.retriable:
            self._folders.drop_inputs(job.id)

    def _hand_back(self, job: Job) -> None:
        if self._insist(job, lambda: self._jobs.hand_back(job.id, self.name)):
            logger.info("job %s: handed back", job.id)

    def _insist(self, job: Job, change: Callable[[], bool]) -> bool:
        """Write down how a job ended, however long the database is away: what was done must not be forgotten."""
        while True:
            try:
                return change()
            except DatabaseError as error:
                self._note_outage(f"job {job.id}: its ending cannot be written yet", error)
                if self._stop.wait(POLL_S):
                    raise

    def _note_outage(self, problem: str, error: DatabaseError) -> None:
        """Log it, and sweep later: others that live could not say so either, and need a moment to."""
        logger.warning("%s: %s", problem, error)
        self._swept = time.monotonic()

    @contextmanager
    def _reporting(self, job: Job, state: Progress) -> Iterator[Callable[[], None]]:
        """Meanwhile tell how far the job is from a thread of its own, and hear whether it shall stop."""
        done = threading.Event()
        turn = threading.Lock()

        def report() -> None:
            with turn:
                try:
                    beat = self._jobs.beat(
                        job.id, self.name, stage=state.stage, percent=state.percent, details=state.details
                    )
                except DatabaseError as error:
                    self._note_outage(f"job {job.id}: its progress cannot be written", error)
                    return
            if beat.cancel_requested:
                state.cancelled.set()
            if not beat.is_mine:
                state.stopped.set()

        def keep_reporting() -> None:
            stopping_since: float | None = None
            while not done.wait(BEAT_S):
                report()
                if self._stop.is_set():
                    state.stopped.set()
                    stopping_since = stopping_since or time.monotonic()
                    if time.monotonic() - stopping_since > GRACE_S:
                        with suppress(DatabaseError):  # away: the job is found by this worker's silence
                            self._hand_back(job)
                        self._abandon()

        thread = threading.Thread(target=keep_reporting, name="job-heartbeat", daemon=True)
        thread.start()
        try:
            yield report
        finally:
            done.set()
            thread.join()


def fail_lost_jobs(
    jobs: JobStore, folders: JobFolders, explain: Explain, *, lost_after_s: float
) -> list[str]:
    """End the running jobs whose workers are dead, or silent for too long, as failed; returns their ids."""
    lost = []
    for job, silent_s in jobs.running():
        least_s = 0.0 if is_surely_dead(job.worker) else lost_after_s
        if job.worker is None or silent_s < least_s:
            continue
        explained = explain(JobLostError(job.id), job, folders.inputs(job.id))
        ending = Ending(JobStatus.FAILED, problem=explained.problem, retriable=True)
        if jobs.fail_lost(job.id, job.worker, ending, silent_s=least_s):
            logger.warning("job %s: its worker %s died", job.id, job.worker)
            lost.append(job.id)
    return lost


def _ending_of(result: JobResult, *, cancelled: bool) -> Ending:
    done = result.complete or not cancelled
    return Ending(JobStatus.SUCCEEDED if done else JobStatus.CANCELLED, result=result.report)
