"""Standards of one's own over HTTP, on both databases and in two processes' stead."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.support.http import STANDARD, check_problem, get_ok
from tests.support.osm_writing import degrees
from tests.support.own_standard import OWN, as_json, as_yaml, own_standard
from tests.support.proposing import collection, feature
from tests.support.small_town import do_import, town

YAML = {"content-type": "application/yaml"}
JSON = {"content-type": "application/json; charset=utf-8"}
HOME = "/v1/areas/town"
COVERAGE = f"{HOME}/coverage?standard={OWN}"


@pytest.fixture
def workers(database_url: str, tmp_path: Path) -> Iterator[list[TestClient]]:
    """Two services over one database with a town: what one is told, the other must know."""
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    do_import(tmp_path / "data", town().write(tmp_path / "town.osm"), settings=settings)
    with ExitStack() as running:
        yield [running.enter_context(TestClient(create_app(settings))) for _ in range(2)]


def covered(client: TestClient) -> Any:
    (service,) = get_ok(client, f"{HOME}/coverage", standard=OWN)["services"]
    return service["states"]["covered"]["households"]


def test_one_is_kept_used_replaced_and_removed(workers: list[TestClient]) -> None:
    one, two = workers
    check_problem(two.get(COVERAGE), 404, "standard-not-found")
    made = one.post("/v1/standards", content=as_yaml(own_standard(10)), headers=YAML)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/v1/standards/{OWN}"
    assert (made.json()["origin"], made.json()["created_by"]) == ("own", "testclient")
    assert get_ok(two, f"/v1/standards/{OWN}") == made.json()
    listed = get_ok(two, "/v1/standards")["standards"]
    assert [item["id"] for item in listed if item["origin"] == "own"] == [OWN]

    near, tag = covered(two), two.get(COVERAGE).headers["etag"]
    assert near > 0
    assert two.get(COVERAGE, headers={"if-none-match": tag}).status_code == 304
    assert one.post("/v1/standards", content=as_json(own_standard(10)), headers=JSON).status_code == 200
    assert two.get(COVERAGE).headers["etag"] == tag
    check_problem(
        one.post("/v1/standards", content=as_json(own_standard(1)), headers=JSON), 409, "standard-exists"
    )

    # The same id and version, another limit: other answers under other tags.
    again = one.put(f"/v1/standards/{OWN}", content=as_json(own_standard(0.5)), headers=JSON)
    assert again.status_code == 200, again.text
    for client in workers:
        changed = client.get(COVERAGE, headers={"if-none-match": tag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag
        assert covered(client) < near
    one.put(f"/v1/standards/{OWN}", content=as_yaml(own_standard(10.0)), headers=YAML)
    assert (covered(two), two.get(COVERAGE).headers["etag"]) == (near, tag)

    assert two.delete(f"/v1/standards/{OWN}").status_code == 204
    for response in (one.get(COVERAGE), one.get(f"/v1/standards/{OWN}"), one.delete(f"/v1/standards/{OWN}")):
        check_problem(response, 404, "standard-not-found")


def test_every_answer_takes_it(workers: list[TestClient]) -> None:
    one, two = workers
    assert one.put(f"/v1/standards/{OWN}", content=as_yaml(own_standard()), headers=YAML).status_code == 201
    asked = {"standard": OWN}
    home = get_ok(two, f"{HOME}/households", "application/geo+json", **asked)["features"][0]["id"]
    for path in (
        f"/households/{home}",
        "/facilities",
        "/isochrones?service=bread",
        "/siting/heat?service=bread",
    ):
        response = two.get(f"{HOME}{path}{'&' if '?' in path else '?'}standard={OWN}")
        assert response.status_code == 200, response.text
    get_ok(two, f"{HOME}/households/{home}/explain", service="bread", **asked)
    bakery = collection(feature("close", facility="node/7"))
    checked = two.post(f"{HOME}/proposals/check?standard={OWN}", json=bakery)
    assert checked.status_code == 200, checked.text
    assert {change["properties"]["service"] for change in checked.json()["changes"]["features"]} == {"bread"}
    lon_deg, lat_deg = degrees(0, 0)
    scenario = collection(
        feature("add", {"type": "Point", "coordinates": [lon_deg, lat_deg]}, services=["bread"])
    )
    saved = two.put(f"{HOME}/scenarios/baker", json=scenario)
    assert (saved.status_code, saved.json().get("warnings")) == (201, []), saved.text
    drawn = {"origins": [{"lon": lon_deg, "lat": lat_deg}], "minutes": [5], "standard": OWN}
    assert two.post(f"{HOME}/isochrones", json=drawn).status_code == 200
    sited = {"standard": OWN, "services": ["bread"], "sites": 1}
    assert two.post(f"{HOME}/siting", json=sited).status_code == 202


def test_the_place_of_a_mistake_is_named(workers: list[TestClient]) -> None:
    one, _ = workers
    wrong = own_standard()
    wrong["services"][0]["max_minute"] = wrong["services"][0].pop("max_minutes")

    def post(content: str | bytes, headers: dict[str, str]) -> Any:
        return one.post("/v1/standards", content=content, headers=headers)

    for text, headers in ((as_yaml(wrong), YAML), (as_json(wrong), JSON)):
        (line,) = (n for n, words in enumerate(text.splitlines(), 1) if "max_minute" in words)
        assert check_problem(post(text, headers), 422, "bad-input")["detail"] == (
            f"standard, line {line}, services[0].max_minute: unknown field; did you mean max_minutes?"
        )
    assert "is not JSON" in check_problem(post("id: a", JSON), 422, "bad-input")["detail"]
    assert "line 2: is not UTF-8" in check_problem(post(b"id: a\n\xff", YAML), 422, "bad-input")["detail"]
    assert "U+0000" in check_problem(post('{"id": "\\u0000"}', YAML), 422, "bad-input")["detail"]
    assert "must be a mapping" in check_problem(post("[]", JSON), 422, "bad-input")["detail"]
    check_problem(post("", YAML), 422, "bad-input")
    check_problem(post(b"x" * 1_000_001, YAML), 413, "body-too-large")
    check_problem(post("id: a", {"content-type": "text/csv"}), 415, "not-yaml")
    shipped = as_yaml(own_standard(id=STANDARD))
    check_problem(post(shipped, YAML), 409, "standard-is-shipped")
    check_problem(one.delete(f"/v1/standards/{STANDARD}"), 409, "standard-is-shipped")
    detail = check_problem(
        one.put("/v1/standards/other", content=as_yaml(own_standard()), headers=YAML), 422, "bad-input"
    )["detail"]
    assert "other is to be replaced" in detail
    foreign = YAML | {"origin": "https://elsewhere.example"}
    check_problem(post(as_yaml(own_standard()), foreign), 403, "other-site")
    assert {item["origin"] for item in get_ok(one, "/v1/standards")["standards"]} == {"shipped"}
