"""Rejected rows of uploads come back as files that, put right, are sent again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.jobs.conftest import Office
from tests.support.bad_rows import bad_files
from tests.support.http import STANDARD, get_ok


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite is enough here."""
    return f"sqlite:///{tmp_path / 'jobs.sqlite'}"


@pytest.fixture
def client(office: Office, database_url: str) -> Iterator[TestClient]:
    with TestClient(
        create_app(Settings(data_dir=office.settings.data_dir, database_url=database_url))
    ) as made:
        yield made


def done(client: TestClient, office: Office, path: str, **form: Any) -> Any:
    """A job that was sent and done."""
    location = client.post(path, **form).headers["location"]
    assert office.worker().run_next()
    return get_ok(client, location)


def rejected_files(client: TestClient, job: Any) -> dict[str, str]:
    addresses = [link["href"] for link in job["links"] if link["rel"] == "file"]
    return {address.rpartition("/")[2]: client.get(address).text for address in addresses}


def test_what_was_left_out_is_corrected_and_appended(
    client: TestClient, office: Office, osm: Path, tmp_path: Path
) -> None:
    paths = bad_files(tmp_path / "bad")
    files = {kind: (path.name, path.read_bytes()) for kind, path in ({"osm": osm} | paths).items()}
    refused = done(client, office, "/v1/areas", data={"name": "town"}, files=files)
    assert refused["status"] == "failed"
    told = rejected_files(client, refused)
    assert list(told) == ["rejected-facilities.csv", "rejected-households.csv", "rejected-zones.csv"]

    taken = done(client, office, "/v1/areas", data={"name": "town", "on_error": "skip"}, files=files)
    assert taken["status"] == "succeeded"
    assert rejected_files(client, taken) == told
    header, row = told["rejected-households.csv"].splitlines()
    assert header == "\ufeffid,lon,lat,households,reason"
    assert row.startswith("b,")
    assert ",x,'x' is not a number" in row
    corrected = told["rejected-households.csv"].replace(",x,", ",2,").encode()
    again = {"file": ("again.csv", corrected)}
    update = done(client, office, "/v1/areas/town/households?mode=append", files=again)
    assert (update["status"], rejected_files(client, update)) == ("succeeded", {})
    total = get_ok(client, "/v1/areas/town/coverage", standard=STANDARD)["total"]
    assert (total["points"], total["households"]) == (3, 3 + 2 + 12)


def test_a_dry_run_tells_them_too(client: TestClient, office: Office, osm: Path, tmp_path: Path) -> None:
    office.submit_import(osm, a=1)
    assert office.worker().run_next()
    homes = {"file": ("homes.csv", bad_files(tmp_path / "bad")["households"].read_bytes())}
    path = "/v1/areas/town/households?dry_run=true&on_error=skip"
    job = done(client, office, path, files=homes)
    assert list(rejected_files(client, job)) == ["rejected-households.csv"]
    assert len(get_ok(client, "/v1/areas/town/versions")["versions"]) == 1
