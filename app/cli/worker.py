"""`reach15 worker`: does imports and other jobs, for a service that runs elsewhere or for more of them at a time."""

import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Annotated

import typer

from app.cli.text import say

_STOPPING = (signal.SIGTERM, signal.SIGINT)


def work(
    *,
    until_input_ends: Annotated[
        bool,
        typer.Option(
            "--until-input-ends", help="Also stop when standard input ends: how `serve` ends its own."
        ),
    ] = False,
) -> None:
    """Do jobs, one at a time, until Ctrl-C; the one at hand is then handed back for another worker.

    `reach15 serve` starts its own worker. Start more on any machine that shares the database and the data directory.
    """
    # Blocked here, before there are other threads, and waited for in one of them: the work may be in compiled code
    # for seconds, where Python runs no signal handler.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    stop = threading.Event()
    threading.Thread(target=_wait_for_signal, args=(stop,), daemon=True).start()
    if until_input_ends:
        threading.Thread(target=_wait_for_end_of_input, args=(stop,), daemon=True).start()
    say("worker: ready for jobs; Ctrl-C stops")
    _log_to_stderr()
    _run(stop)


def _run(stop: threading.Event) -> None:
    from app.cli.wiring import load_settings, open_jobs, open_standards, open_store
    from app.domain.errors import DatabaseUnavailableError
    from app.problems import explain_failure
    from app.schemas.job_kinds import JOB_KINDS
    from app.services.job_worker import Worker
    from app.wiring import open_database

    settings = load_settings()
    database = open_database(settings)
    with suppress(DatabaseUnavailableError):  # away for a while: waited for, as later
        database.check()  # tables that it does not know it neither reads nor waits for
    Worker(
        open_jobs(settings, database),
        open_store(settings, database),
        open_standards(settings, database),
        settings,
        kinds=JOB_KINDS,
        explain=explain_failure,
        stop=stop,
        abandon=_abandon,
    ).run()


def _wait_for_signal(stop: threading.Event) -> None:
    signal.sigwait(_STOPPING)
    stop.set()


def _wait_for_end_of_input(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop.set()


def _abandon() -> None:
    """End at once; the job is handed back already, and no other thread can be made to stop."""
    os._exit(0)


def _log_to_stderr() -> None:
    import logging

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: worker: %(message)s")
    logging.getLogger("app.services.job_worker").setLevel(logging.INFO)
