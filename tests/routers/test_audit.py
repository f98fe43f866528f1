"""Who changed what: over HTTP, by jobs in a worker, and on the command line; on both databases."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.cli.entry import run
from app.main import create_app
from app.settings import Settings
from app.wiring import open_database
from tests.support.http import get_ok, get_problem
from tests.support.own_standard import OWN, as_yaml, own_standard
from tests.support.small_town import csv_file, do_import, town
from tests.support.workers import make_worker

NAMED = {"x-forwarded-user": "李 Ann".encode()}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    chosen = Settings(data_dir=tmp_path / "data", database_url=database_url, actor_header="X-Forwarded-User")
    do_import(
        tmp_path / "data",
        town().write(tmp_path / "town.osm"),
        settings=Settings(**(chosen.model_dump() | {"actor": "importer"})),
    )
    return chosen


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as started:
        yield started


def work(settings: Settings) -> None:
    """Do the next job as a worker process of another user would."""
    with closing(open_database(settings)) as database:
        assert make_worker(settings, database).run_next()


def changes(answer: Any) -> list[tuple[str, str, str]]:
    return [(entry["actor"], entry["action"], entry["subject"]) for entry in answer["entries"]]


def test_whoever_asked_is_named(client: TestClient, settings: Settings, tmp_path: Path) -> None:
    began = get_ok(client, "/v1/audit")["entries"][0]
    assert (began["actor"], began["action"], began["details"]["number"]) == ("importer", "import", 1)

    homes = csv_file(tmp_path / "homes.csv", "id,lon,lat,households", [("a", (-100, 5), "3")])
    sent = client.post(
        "/v1/areas/town/households", files={"file": ("homes.csv", homes.read_bytes())}, headers=NAMED
    )
    assert (sent.status_code, sent.json()["created_by"]) == (202, "李 Ann")
    work(settings)
    job = client.get(sent.headers["location"]).json()
    assert job["status"] == "succeeded", job
    newest = get_ok(client, "/v1/areas/town/versions")["versions"][0]
    assert (newest["number"], newest["created_by"]) == (2, "李 Ann")

    # Without the header its address; what is no text of a name is not written.
    assert client.post("/v1/areas/town/rollback").status_code == 200
    forged = {"x-forwarded-user": b"  a\x1b[31m" + b"x" * 300}
    kept = client.put(f"/v1/standards/{OWN}", content=as_yaml(own_standard()), headers=forged)
    assert kept.json()["created_by"] == "a?[31m" + "x" * 194
    answer = get_ok(client, "/v1/audit")
    assert changes(answer)[1:] == [
        ("testclient", "rollback", "area:town"),
        ("李 Ann", "import", "area:town"),
        ("importer", "import", "area:town"),
    ]
    assert changes(answer)[0][1:] == ("add", f"standard:{OWN}")
    assert client.delete("/v1/areas/town", headers=NAMED).status_code == 204
    assert changes(get_ok(client, "/v1/audit", area="town", limit=1)) == [("李 Ann", "delete", "area:town")]


def test_the_log_comes_in_pages(client: TestClient) -> None:
    for number in range(6):
        client.put(f"/v1/standards/{OWN}", content=as_yaml(own_standard(number + 1)), headers=NAMED)
    whole = get_ok(client, "/v1/audit")
    assert (whole["numberMatched"], whole["numberReturned"], whole["links"]) == (7, 7, [])
    pages, answer = [], client.get("/v1/audit?limit=3")
    while True:
        pages += answer.json()["entries"]
        if not answer.json()["links"]:
            break
        (link,) = answer.json()["links"]
        assert answer.headers["link"] == f'<{link["href"]}>; rel="next"; type="application/json"'
        answer = client.get(link["href"])
    assert pages == whole["entries"]

    moment = whole["entries"][3]["at"]
    assert [entry["id"] for entry in get_ok(client, "/v1/audit", since=moment)["entries"]] == [
        entry["id"] for entry in whole["entries"] if entry["at"] >= moment
    ]
    assert get_ok(client, "/v1/audit", since="2999-01-01")["entries"] == []
    assert get_ok(client, "/v1/audit", area="to'wn")["entries"] == []
    for since in ("yesterday", "", "0001-01-01T00:00:00+14:00", "2026-13-01"):
        assert (
            "such as 2026-11-24"
            in get_problem(client, "/v1/audit", 422, "invalid-parameter", since=since)["detail"]
        )
    for cursor in ("x", "YQ", "LTE", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAx"):
        get_problem(client, "/v1/audit", 422, "invalid-parameter", cursor=cursor)


def test_the_command_reads_the_same(client: TestClient, settings: Settings, database_url: str) -> None:
    client.put(f"/v1/standards/{OWN}", content=as_yaml(own_standard()), headers=NAMED)
    place = {"REACH15_DATA_DIR": str(settings.data_path), "REACH15_DATABASE_URL": database_url}

    def command(*options: str) -> str:
        line = [sys.executable, "-m", "app.cli", "audit", *options]
        done = subprocess.run(line, env=os.environ | place, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "李 Ann" in command()
    found = json.loads(command("--json", "--area", "town", "--since", "2020-01-01"))
    assert found["entries"] == get_ok(client, "/v1/audit", area="town")["entries"]
    assert changes(found) == [("importer", "import", "area:town")]


def test_a_log_without_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REACH15_DATA_DIR", str(tmp_path / "data"))
    assert run(["audit"]) == 0
    assert capsys.readouterr().out == "Nothing was changed.\n"
    assert run(["audit", "--since", "soon"]) == 3
    assert "'soon' must be a day or a moment, such as 2026-11-24" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
