"""Ends this process with SIGKILL at a chosen moment: before or after the n-th call of a function, or after a time."""

import functools
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.db.repositories.area_change import SqlAreaChange
from app.db.repositories.jobs import DatabaseJobStore
from app.services.job_context import JobContext
from app.store.artifacts import ArtifactFolder


@dataclass(frozen=True)
class Moment:
    """When to die: `call` names one of `CALLS`; `stage` only counts calls that begin with it."""

    call: str
    after: bool = False
    stage: str | None = None
    nth: int = 1

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.stage or self.call} {self.nth}"


CALLS: dict[str, type[Any]] = {
    "progress": JobContext,
    "claim": DatabaseJobStore,
    "finish": DatabaseJobStore,
    "write": ArtifactFolder,
    "remove_all_but": ArtifactFolder,
    "remove": ArtifactFolder,
    "register": SqlAreaChange,
    "prune": SqlAreaChange,
    "end_job": SqlAreaChange,
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(moment: Moment) -> None:
    """Make this process die at a moment."""
    owner = CALLS[moment.call]
    original: Callable[..., Any] = getattr(owner, moment.call)
    calls = 0

    @functools.wraps(original)
    def deadly(self: Any, *arguments: Any, **options: Any) -> Any:
        nonlocal calls
        counts = moment.stage is None or arguments[:1] == (moment.stage,)
        calls += counts
        strikes = counts and calls == moment.nth
        if strikes and not moment.after:
            die()
        result = original(self, *arguments, **options)
        if strikes and moment.after:
            die()
        return result

    setattr(owner, moment.call, deadly)


def arm_clock(seconds: float) -> None:
    """Make this process die after a time."""
    timer = threading.Timer(seconds, die)
    timer.daemon = True
    timer.start()


__all__ = ["Moment", "arm", "arm_clock"]
