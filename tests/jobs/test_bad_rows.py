"""Bad rows of several files of one import, as a client of the service hears of them."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from tests.jobs.conftest import Office
from tests.support.bad_rows import REJECTED, REPAIRED, bad_files


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite is enough here."""
    return f"sqlite:///{tmp_path / 'jobs.sqlite'}"


@pytest.fixture
def service(office: Office) -> Iterator[TestClient]:
    with TestClient(create_app(office.settings)) as client:
        yield client


def imported(service: TestClient, office: Office, osm: Path, folder: Path, **fields: str) -> Any:
    """A job that imports the town with bad files, done."""
    files = {"osm": osm} | bad_files(folder)
    form = {name: (path.name, path.read_bytes()) for name, path in files.items()}
    response = service.post("/v1/areas", data={"name": "town", **fields}, files=form)
    assert response.status_code == 202, response.text
    assert office.worker().run_next()
    return service.get(response.headers["location"]).json()


def csv_report(service: TestClient, job: Any) -> dict[str, list[Any]]:
    """Rows of a job's report by what became of them."""
    (address,) = [link["href"] for link in job["links"] if link["rel"] == "rows"]
    rows = list(csv.DictReader(io.StringIO(service.get(address).content.decode("utf-8-sig"))))
    return {
        outcome: [
            (row["file"], int(row["row"]), row["column"] or None) for row in rows if row["outcome"] == outcome
        ]
        for outcome in ("rejected", "repaired")
    }


def test_all_refused_files_are_told_at_once(
    service: TestClient, office: Office, osm: Path, tmp_path: Path
) -> None:
    job = imported(service, office, osm, tmp_path / "sent")
    assert job["status"] == "failed"
    problem = job["problem"]
    assert problem["type"] == "urn:reach15:problem:rows-rejected"
    assert problem["detail"].startswith("homes.csv, line 3, column households: ")
    assert "; places.csv, line 4, column id: " in problem["detail"]
    assert "; zones.geojson, feature 3: " in problem["detail"]
    assert "file" not in problem
    told = {
        name: [(row["input"], row["row"], row["column"]) for row in rows]
        for name, rows in problem["rows"].items()
    }
    assert told == {"rejected": REJECTED, "repaired": REPAIRED} == csv_report(service, job)


def test_all_files_with_rows_left_out_are_told(
    service: TestClient, office: Office, osm: Path, tmp_path: Path
) -> None:
    job = imported(service, office, osm, tmp_path / "sent", on_error="skip")
    assert job["status"] == "succeeded", job["problem"]
    rows = job["report"]["rows"]
    for name, expected in (("rejected", REJECTED), ("repaired", REPAIRED)):
        told = [(kind, row["row"], row["column"]) for kind in rows for row in rows[kind][name]]
        assert told == expected
    assert csv_report(service, job) == {"rejected": REJECTED, "repaired": REPAIRED}
