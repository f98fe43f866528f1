"""Versions over HTTP: listed, gone back to at once, and told apart by strong tags."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.support.http import STANDARD, check_problem, get_ok, get_problem
from tests.support.small_town import do_import, town
from tests.support.stores import area_store

COVERAGE = f"/v1/areas/town/coverage?standard={STANDARD}"
TAGGED = (
    "/v1/areas",
    "/v1/areas/town",
    "/v1/areas/town/versions",
    COVERAGE,
    f"/v1/areas/town/households?standard={STANDARD}&limit=1",
    "/v1/areas/town/facilities",
    "/v1/areas/town/isochrones?lon=118.8&lat=32.05&minutes=5",
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two imports of one town, the second with a street more."""
    data = tmp_path / "data"
    do_import(data, town().write(tmp_path / "old.osm"), title="Old")
    city = town()
    city.street(12, [(300, 0), (300, 80)])
    do_import(data, city.write(tmp_path / "new.osm"), title="New")
    return data


@pytest.fixture
def client(data: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(data_dir=data))) as started:
        yield started


def coverage(client: TestClient) -> Any:
    return get_ok(client, "/v1/areas/town/coverage", standard=STANDARD)


def test_versions_and_the_way_back(client: TestClient, data: Path) -> None:
    with TestClient(create_app(Settings(data_dir=data))) as other_worker:
        answer = get_ok(client, "/v1/areas/town/versions")
        new, old = answer["versions"]
        assert (new["number"], new["current"], new["title"]) == (2, True, "New")
        assert (old["number"], old["current"], old["title"]) == (1, False, "Old")
        assert old["created_at"].endswith("Z")
        assert coverage(other_worker)["area"]["version"] == new["version"]

        back = client.post("/v1/areas/town/rollback", json={"version": 1})
        assert back.status_code == 200, back.text
        assert (back.json()["number"], back.json()["current"]) == (1, True)
        assert coverage(other_worker)["area"]["version"] == old["version"]
        assert get_ok(other_worker, "/v1/areas/town")["title"] == "Old"

        assert client.post("/v1/areas/town/rollback", json={"version": new["version"]}).json()["number"] == 2
        assert client.post("/v1/areas/town/rollback").json()["number"] == 1  # the one before
        problem = check_problem(client.post("/v1/areas/town/rollback"), 404, "version-not-found")
        assert "no earlier version" in problem["detail"]


@pytest.mark.parametrize("wanted", [{"version": 9}, {"version": "x"}, {"version": ""}, {"version": "\0"}])
def test_a_version_that_is_not_there(client: TestClient, wanted: dict[str, object]) -> None:
    problem = client.post("/v1/areas/town/rollback", json=wanted)
    assert (problem.status_code, problem.json()["area_id"]) == (404, "town")
    assert get_ok(client, "/v1/areas/town")["title"] == "New"


def test_questions_that_make_no_sense(client: TestClient) -> None:
    for body in ({"versoin": 1}, {"version": [1]}, [1]):
        assert client.post("/v1/areas/town/rollback", json=body).status_code == 422
    get_problem(client, "/v1/areas/nowhere/versions", 404, "area-not-found")
    assert client.post("/v1/areas/nowhere/rollback").status_code == 404
    response = client.delete("/v1/areas/town/rollback")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("address", TAGGED)
def test_who_has_an_answer_is_told_so(client: TestClient, address: str) -> None:
    answer = client.get(address)
    tag = answer.headers["etag"]
    assert answer.status_code == 200, answer.text
    assert tag.startswith('"')  # strong
    assert answer.headers["cache-control"] == "no-cache"
    for asked in (tag, f'W/{tag}, "other"', f'"a,b" ,{tag}', "*"):
        again = client.get(address, headers={"If-None-Match": asked})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert "content-type" not in again.headers
        assert client.head(address, headers={"If-None-Match": asked}).status_code == 304
    for asked in ('"other"', tag.strip('"'), ""):
        assert client.get(address, headers={"If-None-Match": asked}).content == answer.content


def test_tags_follow_what_decides(client: TestClient) -> None:
    def tag(address: str, **headers: str) -> str:
        return str(client.get(address, headers=headers).headers["etag"])

    new = tag(COVERAGE)
    assert tag(COVERAGE) == new
    others = {
        tag(COVERAGE + "&speed_mps=1.0"),
        tag(COVERAGE.replace(STANDARD, "cn-mofcom-basic")),
        tag(COVERAGE, Host="elsewhere.example"),
        tag(COVERAGE, **{"Accept-Encoding": "identity"}),
        tag("/v1/areas/town/facilities"),
    }
    assert len(others | {new}) == 6
    client.post("/v1/areas/town/rollback")
    old = tag(COVERAGE)
    assert old != new
    client.post("/v1/areas/town/rollback", json={"version": 2})
    assert tag(COVERAGE) == new
    assert client.get(COVERAGE, headers={"If-None-Match": old}).status_code == 200


def test_who_wants_no_gzip_gets_none(client: TestClient) -> None:
    address = "/v1/areas/town/facilities"  # answers below a size are never compressed
    plain = client.get("/openapi.json", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers
    packed = client.get("/openapi.json", headers={"Accept-Encoding": "br, gzip;q=0.1"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    assert plain.json() == packed.json()
    tags = {
        client.get(address, headers={"Accept-Encoding": asked}).headers["etag"]
        for asked in ("identity", "gzip;q=0", "*;q=0, br")
    }
    assert len(tags) == 1, "the same bytes, the same tag"


def test_problems_have_no_tag(client: TestClient) -> None:
    for address in ("/v1/areas/nowhere", COVERAGE + "&weight=population", COVERAGE + "&bogus=1"):
        answer = client.get(address, headers={"If-None-Match": "*"})
        assert answer.status_code in (404, 422)
        assert "etag" not in answer.headers


def test_a_version_that_is_dropped_while_a_worker_has_it(client: TestClient, data: Path) -> None:
    before = coverage(client)
    store = area_store(data)
    store.roll_back("town")
    assert [version.number for version in store.prune("town", 1)] == [2]
    assert coverage(client)["area"]["version"] != before["area"]["version"]
