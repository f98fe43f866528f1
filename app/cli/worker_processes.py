"""The worker processes of a server: started with it, started again when they die, ended with it."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

logger = logging.getLogger("uvicorn.error")

CHECK_S = 0.5
LONGEST_PAUSE_S = 30.0
PATIENCE_S = 15.0
"""For a worker to hand back its job (`app.services.job_worker.GRACE_S`) and end; then it is killed."""


@contextmanager
def worker_processes(count: int) -> Iterator[None]:
    """Keep so many workers running meanwhile."""
    if count == 0:
        yield
        return
    done = threading.Event()
    keepers = [threading.Thread(target=_keep_one, args=(done,), daemon=True) for _ in range(count)]
    for keeper in keepers:
        keeper.start()
    try:
        yield
    finally:
        done.set()
        for keeper in keepers:
            keeper.join()


def _keep_one(done: threading.Event) -> None:
    """Keep one worker running until `done`; one that dies again and again is started ever more slowly."""
    pause_s = CHECK_S
    while not done.is_set():
        begin = time.monotonic()
        process = _start()
        while process.poll() is None and not done.wait(CHECK_S):
            pass
        if done.is_set():
            _end(process)
            return
        lived_s = time.monotonic() - begin
        pause_s = CHECK_S if lived_s > LONGEST_PAUSE_S else min(pause_s * 2, LONGEST_PAUSE_S)
        logger.warning("a worker process ended (%s); another one starts", process.returncode)
        _end(process)
        done.wait(pause_s)


def _start() -> "subprocess.Popen[bytes]":
    # A group of its own: Ctrl-C in a terminal reaches the server alone, which then ends the workers in order. Its
    # standard input is a pipe that breaks when the server dies in any way; the worker then ends too.
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", "worker", "--until-input-ends"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        process_group=0,
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
