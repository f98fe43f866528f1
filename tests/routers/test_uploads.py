"""Uploads as they come in: what is refused, by name and without a trace, and what becomes a job."""

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.main import create_app
from app.routers import multipart
from app.services.import_job import import_request
from app.settings import Settings
from tests.support.http import check_problem

PBF = ("small.osm.pbf", b"not really a PBF")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def service(data_dir: Path) -> Iterator[TestClient]:
    """A service over an empty data directory; nobody does its jobs."""
    with TestClient(create_app(Settings(data_dir=data_dir, max_upload_mb=1))) as client:
        yield client


def left_over(data_dir: Path) -> list[Path]:
    jobs = data_dir / "jobs"
    return list(jobs.iterdir()) if jobs.exists() else []


def test_an_upload_becomes_a_job_and_its_files_wait_for_it(service: TestClient, data_dir: Path) -> None:
    form = {"name": "small", "title": " 小城 ", "bbox": "24.93,60.16,24.95,60.18"}
    response = service.post("/v1/areas", data=form, files={"osm": ("../../etc/小城.osm.pbf", b"x" * 300_000)})
    assert response.status_code == 202, response.text
    job = response.json()
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["status"], job["kind"], job["area"]) == ("queued", "area-import", "small")
    assert service.get(response.headers["location"]).json() == job
    kept = data_dir / "jobs" / job["id"] / "in" / "osm" / "小城.osm.pbf"
    assert kept.read_bytes() == b"x" * 300_000
    assert (
        service.get("/v1/jobs", params={"status": "queued", "area": "small"}).json()["jobs"][0]["id"]
        == job["id"]
    )

    cancelled = service.delete(response.headers["location"]).json()
    assert cancelled["status"] == "cancelled"
    assert left_over(data_dir) == []
    again = check_problem(service.post(f"/v1/jobs/{job['id']}/retry"), 409, "job-conflict")
    assert "send it again" in again["detail"]


@pytest.mark.parametrize(
    ("data", "files", "at_fault"),
    [
        ({}, {"osm": PBF}, ["name"]),
        ({"name": "Small Town"}, {"osm": PBF}, ["name"]),
        ({"name": "../x"}, {}, ["name", "osm"]),
        ({"name": "small", "households": "text"}, {"osm": PBF}, ["households"]),
        ({"name": "small", "nmae": "x"}, {"osm": PBF}, ["nmae"]),
        ({"name": ["a", "b"]}, {"osm": PBF}, ["name"]),
        ({"name": "small", "place": "x", "bbox": "1,2,3,4"}, {}, ["bbox"]),
        ({"name": "small", "bbox": "1,2,3"}, {"osm": PBF}, ["bbox"]),
        ({"name": "small", "facilities_only": "true"}, {"osm": PBF}, ["facilities"]),
        ({"name": "small", "facilities_only": "maybe"}, {"osm": PBF}, ["facilities_only"]),
        ({"name": "small", "title": "a\x00b"}, {"osm": PBF}, ["title"]),
        ({"name": "small", "title": "x" * 100_001}, {"osm": PBF}, ["title"]),
    ],
)
def test_a_form_that_is_wrong_names_its_fields(
    service: TestClient, data_dir: Path, data: Any, files: Any, at_fault: list[str]
) -> None:
    files = files or {"boundary": ("b.geojson", b"{}")} if "place" not in data else {"osm": PBF}
    if at_fault == ["name", "osm"]:
        files = {"households": ("h.csv", b"")}
    problem = check_problem(service.post("/v1/areas", data=data, files=files), 422, "invalid-parameter")
    assert [error["parameter"] for error in problem["errors"]] == at_fault
    assert left_over(data_dir) == []


def test_too_large_is_known_from_the_header_or_while_it_streams(service: TestClient, data_dir: Path) -> None:
    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="osm"; filename="a.pbf"\r\n\r\n'
        for _ in range(10_000):
            yield b"\0" * 10_000

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    long = check_problem(
        service.post("/v1/areas", content=b"", headers=headers | {"Content-Length": "1000001"}),
        413,
        "upload-too-large",
    )
    assert long["limit_mb"] == 1
    check_problem(service.post("/v1/areas", content=endless(), headers=headers), 413, "upload-too-large")
    assert left_over(data_dir) == []


@pytest.mark.parametrize(
    ("content_type", "body", "status", "name"),
    [
        ("application/json", b"{}", 415, "not-multipart"),
        ("application/x-www-form-urlencoded", b"name=small", 415, "not-multipart"),
        ("multipart/form-data", b"", 422, "invalid-parameter"),
        ("multipart/form-data; boundary=x", b"garbage", 422, "invalid-parameter"),
        ("multipart/form-data; boundary=" + "x" * 300, b"", 422, "invalid-parameter"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nsm', 422,
         "invalid-parameter"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nsmall\r\n--x--\r\n", 422, "invalid-parameter"),
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused(
    service: TestClient, data_dir: Path, content_type: str, body: bytes, status: int, name: str
) -> None:
    check_problem(
        service.post("/v1/areas", content=body, headers={"Content-Type": content_type}), status, name
    )
    assert left_over(data_dir) == []


def test_a_form_refused_at_its_end_is_answered_at_once(service: TestClient) -> None:
    answered = TestClient(nothing_after_the_end(service.app)).post(
        "/v1/areas", data={"nmae": "x"}, files={"osm": PBF}
    )
    check_problem(answered, 422, "invalid-parameter")


def nothing_after_the_end(app: ASGIApp) -> ASGIApp:
    """The service, which must not wait for more once the body has ended."""

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        has_ended = False

        async def receive_part() -> Message:
            nonlocal has_ended
            assert not has_ended, "there is nothing left to wait for"
            message = await receive()
            has_ended = not message.get("more_body", False)
            return message

        await app(scope, receive_part, send)

    return watched


def test_a_full_disk_is_said_and_leaves_nothing(
    service: TestClient, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(multipart._Reader, "write", write)
    response = service.post("/v1/areas", data={"name": "small"}, files={"osm": PBF})
    check_problem(response, 507, "storage-full")
    assert left_over(data_dir) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.testserver"},
    ],
)
def test_pages_of_other_sites_change_nothing(
    service: TestClient, data_dir: Path, headers: dict[str, str]
) -> None:
    check_problem(
        service.post("/v1/areas", data={"name": "x"}, files={"osm": PBF}, headers=headers), 403, "other-site"
    )
    check_problem(service.delete("/v1/areas/small", headers=headers), 403, "other-site")
    assert left_over(data_dir) == []
    assert service.get("/v1/areas", headers=headers).status_code == 200


def test_the_services_own_pages_may_change_something(service: TestClient) -> None:
    own = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    response = service.post("/v1/areas", data={"name": "small"}, files={"osm": PBF}, headers=own)
    assert response.status_code == 202
    assert service.post(f"{response.headers['location']}/cancel").json()["status"] == "cancelled"


def test_a_read_only_service_changes_nothing(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(data_dir=tmp_path, read_only=True))) as service:
        check_problem(service.post("/v1/areas", data={"name": "small"}, files={"osm": PBF}), 403, "read-only")
        check_problem(service.delete("/v1/areas/small"), 403, "read-only")
        check_problem(service.post("/v1/jobs/x/retry"), 403, "read-only")


def test_jobs_that_are_not_there(service: TestClient) -> None:
    for path in ("/v1/jobs/none", "/v1/jobs/none/report.csv", "/v1/jobs/none/files/x"):
        assert check_problem(service.get(path), 404, "job-not-found")["job_id"]
    check_problem(service.post("/v1/jobs/none/cancel"), 404, "job-not-found")
    check_problem(service.get("/v1/jobs", params={"cursor": "bm9kZS8x"}), 422, "invalid-parameter")


def test_grids_of_age_groups_come_in_fields_of_their_names(service: TestClient, data_dir: Path) -> None:
    grid = ("aged.geojson", b"{}")
    files = {"osm": PBF, "population": grid, "pop_60plus": grid, "pop_0_3": grid}
    response = service.post("/v1/areas", data={"name": "small", "population_crs": "gcj02"}, files=files)
    assert response.status_code == 202, response.text
    job_id = response.json()["id"]
    folder = data_dir / "jobs" / job_id / "in"
    wanted = import_request(service.app.state.job_service.get(job_id).input, folder)  # type: ignore[attr-defined]
    assert wanted.population_file == folder / "population" / "aged.geojson"
    assert wanted.population_groups == tuple(
        (name, folder / name / "aged.geojson") for name in ("pop_0_3", "pop_60plus")
    )
    assert wanted.population_crs == "gcj02"
    service.delete(f"/v1/jobs/{job_id}")
    check_problem(
        service.post("/v1/areas", data={"name": "small", "population_column": "n"}, files={"osm": PBF}),
        422,
        "bad-input",
    )
    properties = service.get("/openapi.json").json()["paths"]["/v1/areas/{area}/households"]["post"]
    form = properties["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert {"population", "pop_0_3", "pop_65plus", "population_column"} <= form.keys()
