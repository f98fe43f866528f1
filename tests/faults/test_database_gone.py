"""The database away for ten seconds while a server answers and a job runs: nothing is lost, nothing restarted."""

import time
from pathlib import Path

from tests.support.databases import TestCluster
from tests.support.http import STANDARD
from tests.support.processes import BOUNDARY, Server, form, serving, wait_until
from tests.support.small_town import town

AWAY_S = 10.0
FORM = f"multipart/form-data; boundary={BOUNDARY}"
AREA = "/v1/areas/town"
PATHS = (
    f"{AREA}/coverage?standard={STANDARD}",
    AREA,
    f"{AREA}/versions",
    "/v1/jobs",
    "/v1/areas",
    "/health/ready",
)


def test_gone_for_ten_seconds(memory_path: Path, postgis: TestCluster, demo_extract: Path) -> None:
    small = town().write(memory_path / "town.osm")
    with (
        postgis.database() as url,
        serving(memory_path, database_url=url, job_lost_after_s=5, job_workers=2) as server,
    ):
        assert (
            server.job_ended(server.upload("/v1/areas", {"name": "town"}, osm=small))["status"] == "succeeded"
        )
        before = server.ask(PATHS[0]).body
        job = server.upload("/v1/areas", {"name": "town", "title": "During"}, osm=demo_extract)
        server.job_runs(job, "read", "network", "households_and_facilities")
        workers = server.children("worker --until-input-ends")
        assert len(workers) == 2
        postgis.server.stop()
        try:
            began_s = time.monotonic()
            asked = 0
            while time.monotonic() - began_s < AWAY_S:
                asked += check_away(server, small)
            assert asked >= 1
            assert [path.name for path in (memory_path / "data" / "jobs").iterdir()] == [
                job.rpartition("/")[2]
            ]
        finally:
            postgis.server.start()
        wait_until(lambda: server.ask(PATHS[0]).status == 200, "answers")
        done = server.job_ended(job)
        assert done["status"] == "succeeded", done
        assert server.get(AREA)["title"] == "During"
        assert server.ask(PATHS[0]).body != before
        assert [version["number"] for version in server.get(f"{AREA}/versions")["versions"]] == [2, 1]
        folders = list((memory_path / "data" / "areas" / "town" / "versions").iterdir())
        assert len(folders) == 2
        assert server.children("worker --until-input-ends") == workers, "nothing was restarted"
        assert server.ask("/health/ready").status == 200


def check_away(server: Server, small: Path) -> int:
    """Ask for everything once; how many answers there were."""
    assert server.ask("/health/live").status == 200
    answers = [server.ask(path) for path in PATHS]
    answers.append(
        server.ask("/v1/areas", "POST", form({"name": "other"}, {"osm": small}), Content_Type=FORM)
    )
    for answer in answers:
        assert answer.status == 503, answer.body
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["type"] == "urn:reach15:problem:database-unavailable"
    return len(answers)
