"""What a kind of job is, and what its work may ask for and tell while it runs.

To add a kind: write ``run(context) -> JobResult``, make a `JobKind` of it and add that to ``JOB_KINDS`` in
``app/schemas/job_kinds.py``. Call ``context.progress(...)`` often: it is where a cancelled job stops.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.domain.job import Job
from app.services.ports import AreaStore
from app.services.standards import StandardService
from app.settings import Settings


class JobStoppedError(Exception):
    """A job has to stop at once; its work lets this pass. No error of the user's, so none of the error trees."""


@dataclass(frozen=True)
class JobResult:
    """What came of a job.

    Attributes
    ----------
    report : dict
        JSON-ready; ``GET /v1/jobs/{id}`` shows it as ``report``.
    complete : bool
        False if the job was cancelled on the way and this is the best it had found.
    """

    report: dict[str, Any]
    complete: bool = True


@dataclass
class Progress:
    """How far a job is, shared by the thread that works and the one that reports."""

    stage: str | None = None
    percent: float | None = None
    details: dict[str, Any] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class JobContext:
    """What the work of a job has at hand.

    Attributes
    ----------
    job : Job
        ``job.input`` is what was asked for.
    areas : AreaStore
        Its ``save`` is the last that a job does: it ends the job as succeeded, in one transaction with the switch.
    inputs : Path
        Folder of the files that were sent, by the paths in ``job.input``.
    outputs : Path
        Folder for files that are part of the result; ``GET /v1/jobs/{id}/files/{name}`` serves them.
    """

    job: Job
    settings: Settings
    areas: AreaStore
    standards: StandardService
    inputs: Path
    outputs: Path
    state: Progress
    report_now: Callable[[], None]

    def progress(
        self, stage: str, percent: float | None = None, details: dict[str, Any] | None = None
    ) -> None:
        """Say how far the job is.

        Parameters
        ----------
        stage : str
            A word for what is being done, such as ``network``.
        percent : float, optional
            Of the whole job, 0 to 100.
        details : dict, optional
            JSON-ready facts of the kind, such as the best solution so far and its gap.

        Raises
        ------
        JobStoppedError
            If the job was cancelled, or its worker has to stop.
        """
        entered = stage != self.state.stage
        self.state.stage = stage
        self.state.percent = percent
        self.state.details = details or {}
        if entered:  # not only twice a second: nothing may be stored by a worker that has lost its job
            self.report_now()
        if self.state.stopped.is_set() or self.state.cancelled.is_set():
            raise JobStoppedError

    def is_cancelled(self) -> bool:
        """Whether the user wants the job to stop: for work that then hands over the best it has (see `JobResult`)."""
        return self.state.cancelled.is_set()


@dataclass(frozen=True)
class JobKind:
    """One kind of long work; `name` is what ``kind`` says on the wire."""

    name: str
    run: Callable[[JobContext], JobResult]
