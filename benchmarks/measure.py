"""How the benchmarks time and weigh things."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
"""City extracts that are not part of the repository; a benchmark that needs one is left out where it is missing."""

Row = dict[str, Any]
"""One line of the result: ``work, against, ratio, ours_s, theirs_s, peak_mb``."""


def row(work: str, against: str, ours_s: float, theirs_s: float | None, peak_mb: float | None = None) -> Row:
    """A result; the ratio says how many times our time goes into theirs (above 1: we are faster)."""
    return {
        "work": work,
        "against": against,
        "ratio": None if theirs_s is None else round(theirs_s / ours_s, 2),
        "ours_s": round(ours_s, 5),
        "theirs_s": None if theirs_s is None else round(theirs_s, 5),
        "peak_mb": None if peak_mb is None else round(peak_mb),
    }


def pair(ours: Callable[[], object], theirs: Callable[[], object], *, repeat: int = 7) -> tuple[float, float]:
    """Median seconds of both, run in turn so that whatever else the machine does falls on both alike."""
    ours(), theirs()  # warm: caches, compiled code
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeat):
        for work, seconds in zip((ours, theirs), taken, strict=True):
            begin = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - begin)
    return statistics.median(taken[0]), statistics.median(taken[1])


def median_s(work: Callable[[], object], *, repeat: int = 15) -> float:
    """Median seconds of some work, after one warm run."""
    work()
    seconds = []
    for _ in range(repeat):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def in_new_process(function: str, *arguments: str) -> dict[str, float]:
    """Run ``module:function`` in a process of its own; its seconds and the process's peak memory."""
    command = [sys.executable, "-m", "benchmarks.measure", function, *arguments]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | {"TERM": "dumb"}
    )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _child(function: str, arguments: list[str]) -> None:
    module_name, _, name = function.partition(":")
    work = getattr(__import__(module_name, fromlist=[name]), name)
    begin = time.perf_counter()
    work(*arguments)
    seconds = time.perf_counter() - begin
    sys.stdout.write(json.dumps({"seconds": seconds, "peak_mb": _peak_mb()}) + "\n")


def _peak_mb() -> float:
    """Peak resident memory of this program; what `getrusage` tells begins with the parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    _child(sys.argv[1], sys.argv[2:])
