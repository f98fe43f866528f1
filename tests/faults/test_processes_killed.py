"""Servers and workers killed or stopped in the middle of everything: found on restart, retried, without a trace."""

import os
import signal
from contextlib import closing
from pathlib import Path

from tests.support.http import STANDARD
from tests.support.processes import Server, begin_upload, free_port, is_alive, serving, wait_until
from tests.support.small_town import town

AREA = "/v1/areas/town"
COVERAGE = f"{AREA}/coverage?standard={STANDARD}"
WORKING = ("read", "network", "extent", "zones", "households_and_facilities")


def test_killed_and_stopped(memory_path: Path, database_url: str, demo_extract: Path) -> None:
    jobs = memory_path / "data" / "jobs"
    port = free_port()
    settings = {"database_url": database_url, "port": port}
    small = town().write(memory_path / "town.osm")

    with serving(memory_path, "--workers", "2", **settings) as server:
        assert (
            server.job_ended(server.upload("/v1/areas", {"name": "town"}, osm=small))["status"] == "succeeded"
        )
        before = server.ask(COVERAGE).body

        # A worker dies. The server starts another one, which finds the job; a user tries again.
        first = server.upload("/v1/areas", {"name": "town", "title": "First"}, osm=demo_extract)
        server.job_runs(first, *WORKING)
        (worker,) = server.children("worker --until-input-ends")
        os.kill(worker, signal.SIGKILL)
        retry_lost(server, first)
        server.job_runs(first, *WORKING)
        assert server.ask(COVERAGE).body == before, "it answers as before"

        # The server and its worker die, an upload and a job being under way.
        (worker,) = server.children("worker --until-input-ends")
        processes = [worker, *server.children("spawn_main")]
        with closing(begin_upload(port)):
            wait_until(lambda: len(list(jobs.iterdir())) == 2, "the upload's folder")
            os.kill(worker, signal.SIGKILL)
            server.kill()
            wait_until(lambda: not any(map(is_alive, processes)), "the end of all its processes")

    # At once on the same port: nobody holds it. The job is found, the upload's folder is gone.
    with serving(memory_path, "--workers", "2", **settings) as server:
        assert server.ask(COVERAGE).body == before
        lost = server.job_ended(first)
        assert (lost["status"], lost["retriable"], lost["problem"]["type"]) == (
            "failed",
            True,
            "urn:reach15:problem:worker-died",
        )
        wait_until(
            lambda: [path.name for path in jobs.iterdir()] == [first.rpartition("/")[2]], "a tidy folder"
        )
        retry_lost(server, first)
        server.job_runs(first, *WORKING)

        # Asked to stop, an upload and the job being under way: the upload is answered, the job handed back unless it
        # ends in the time that the upload is given.
        with closing(begin_upload(port)) as line:
            wait_until(lambda: len(list(jobs.iterdir())) == 2, "the upload's folder")
            assert server.stop() == 0
            head, _, body = line.makefile("rb").read().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 5\r\n" in head
        assert b"urn:reach15:problem:shutting-down" in body
        assert {path.name for path in jobs.iterdir()} <= {first.rpartition("/")[2]}, "nothing of the upload"

    # Without anybody's doing the job goes on, and is done.
    with serving(memory_path, **settings) as server:
        done = server.job_ended(first)
        assert done["status"] == "succeeded", done["problem"]
        assert done["attempt"] in (3, 4)
        assert server.get(AREA)["title"] == "First"
        assert [version["number"] for version in server.get(f"{AREA}/versions")["versions"]] == [2, 1]
        folders = {path.name for path in (memory_path / "data" / "areas" / "town" / "versions").iterdir()}
        assert len(folders) == 2
        assert list(jobs.iterdir()) == []
        assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


def retry_lost(server: Server, address: str) -> None:
    """Wait until a job is known to be lost, and try it again."""
    lost = server.job_ended(address)
    assert (lost["status"], lost["problem"]["type"]) == ("failed", "urn:reach15:problem:worker-died")
    assert server.ask(f"{address}/retry", "POST").status == 202
