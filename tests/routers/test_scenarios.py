"""Scenarios over HTTP: kept by name, replaced only by who has seen them, and checked as what was sent would be."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.support.gate_street import import_street, place, street_files
from tests.support.http import check_problem
from tests.support.proposing import collection, feature

PATH = "/v1/areas/street/scenarios"
CHECK = "/v1/areas/street/proposals/check"
STANDARD = "cn-mofcom-5-8-15"
ADD = collection(
    feature("add", {"type": "Point", "coordinates": place(0)}, services=["pharmacy"], x_note="甲", cost=1.50)
)
CLOSE = collection(feature("close", facility="west"))
GEOJSON = {"Content-Type": "application/geo+json"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return street_files(tmp_path_factory.mktemp("street"))


@pytest.fixture
def client(tmp_path: Path, files: dict[str, Path]) -> Iterator[TestClient]:
    import_street(tmp_path, files)
    with TestClient(create_app(Settings(data_dir=tmp_path))) as started:
        yield started


def test_a_scenario_is_the_very_document(client: TestClient) -> None:
    name = "方案 一".replace(" ", "-")
    address = f"{PATH}/{quote(name)}"
    text = json.dumps(ADD, indent=3, ensure_ascii=False).encode() + b"\n\n"
    stored = client.put(address, content=text, headers=GEOJSON)
    assert (stored.status_code, stored.headers["location"]) == (201, address)
    assert (stored.json()["name"], stored.json()["changes"], stored.json()["warnings"]) == (name, 1, [])
    found = client.get(address)
    assert (found.content, found.headers["content-type"]) == (text, "application/geo+json")
    assert found.headers["etag"] == stored.headers["etag"]
    assert client.get(address, headers={"If-None-Match": found.headers["etag"]}).status_code == 304
    again = client.put(address, content=text, headers=GEOJSON)
    assert (again.status_code, "location" in again.headers) == (200, False)
    assert client.delete(address).status_code == 204
    assert name in check_problem(client.get(address), 404, "scenario-not-found")["detail"]
    check_problem(client.delete(address), 404, "scenario-not-found")


def test_nobody_overwrites_what_he_has_not_seen(client: TestClient) -> None:
    address = f"{PATH}/plan"
    check_problem(client.put(address, json=ADD, headers={"If-Match": "*"}), 412, "precondition-failed")
    first = client.put(address, json=ADD, headers={"If-None-Match": "*"})
    assert first.status_code == 201
    check_problem(client.put(address, json=CLOSE, headers={"If-None-Match": "*"}), 412, "precondition-failed")
    # Whichever coding a client asked for, its tag is known again.
    plain = client.get(address, headers={"Accept-Encoding": "identity"}).headers["etag"]
    packed = client.get(address, headers={"Accept-Encoding": "gzip"}).headers["etag"]
    assert plain != packed
    second = client.put(address, json=CLOSE, headers={"If-Match": f'"other", {plain}'})
    assert second.status_code == 200
    for tag in (plain, packed, f"W/{second.headers['etag']}", "nonsense"):
        check_problem(client.put(address, json=ADD, headers={"If-Match": tag}), 412, "precondition-failed")
        check_problem(client.delete(address, headers={"If-Match": tag}), 412, "precondition-failed")
    assert client.get(address).json() == CLOSE
    assert client.delete(address, headers={"If-Match": second.headers["etag"]}).status_code == 204


def test_lists_come_in_pages(client: TestClient) -> None:
    for name in ("c", "a", "b"):
        client.put(f"{PATH}/{name}", json=ADD)
    first = client.get(PATH, params={"limit": 2}).json()
    assert [item["name"] for item in first["scenarios"]] == ["a", "b"]
    assert (first["numberMatched"], first["numberReturned"]) == (3, 2)
    second = client.get(first["links"][0]["href"]).json()
    assert ([item["name"] for item in second["scenarios"]], second["links"]) == (["c"], [])
    check_problem(client.get(PATH, params={"cursor": "?"}), 422, "invalid-parameter")
    check_problem(client.get("/v1/areas/atlantis/scenarios"), 404, "area-not-found")


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("a b", ADD, "is no name"),
        ("-a", ADD, "is no name"),
        ("a" * 101, ADD, "is no name"),
        ("a", [], "proposal: "),
        ("a", {"proposal": ADD}, "proposal: "),
        ("a", collection(feature("close", facility="nowhere")), "proposal, feature 1, property facility"),
        ("a", collection(feature("close", way=1)), "proposal, feature 1"),
        ("a", collection(feature("close", facility="west", colour=1)), "property colour"),
    ],
)
def test_what_could_not_be_checked_is_not_stored(client: TestClient, name: str, body: Any, says: str) -> None:
    refused = client.put(f"{PATH}/{quote(name)}", json=body)
    assert says in check_problem(refused, 422, "bad-input")["detail"]
    if name == "a" and body != {"proposal": ADD}:
        sent = client.post(CHECK, json=body, params={"standard": STANDARD})
        assert refused.json()["detail"] == sent.json()["detail"]
    assert client.get(PATH).json()["scenarios"] == []


def test_other_refusals(client: TestClient, tmp_path: Path) -> None:
    check_problem(client.put("/v1/areas/atlantis/scenarios/a", json=ADD), 404, "area-not-found")
    check_problem(client.put(f"{PATH}/a", data={"a": "b"}), 415, "not-json")
    check_problem(client.put(f"{PATH}/a", json=ADD, params={"lenient": "so"}), 422, "invalid-parameter")
    check_problem(
        client.put(f"{PATH}/a", json=ADD, headers={"Origin": "http://else.where"}), 403, "other-site"
    )
    assert (
        "line 2"
        in check_problem(client.put(f"{PATH}/a", content=b"{\n", headers=GEOJSON), 422, "bad-input")["detail"]
    )
    with TestClient(create_app(Settings(data_dir=tmp_path, read_only=True))) as closed:
        check_problem(closed.put(f"{PATH}/a", json=ADD), 403, "read-only")
        check_problem(closed.delete(f"{PATH}/a"), 403, "read-only")


def test_a_scenario_is_checked_as_what_was_sent(client: TestClient) -> None:
    client.put(f"{PATH}/plan", json=CLOSE)
    query = {"standard": STANDARD}
    policy = {"rules": [{"id": "a", "kind": "max_lost", "value": 0, "service": "pharmacy"}]}
    sent = client.post(CHECK, json={"proposal": CLOSE, "policy": policy}, params=query)
    kept = client.post(CHECK, json={"scenario": "plan", "policy": policy}, params=query)
    assert (kept.status_code, kept.content) == (200, sent.content)
    assert kept.json()["exit_code"] == 1

    def refused(body: Any, **more: Any) -> Any:
        return client.post(CHECK, json=body, params={**query, **more})

    check_problem(refused({"scenario": "none"}), 404, "scenario-not-found")
    assert (
        "both" in check_problem(refused({"scenario": "plan", "proposal": CLOSE}), 422, "bad-input")["detail"]
    )
    assert "scenario" in check_problem(refused({"scenario": 1}), 422, "bad-input")["detail"]
    assert "polcy" in check_problem(refused({"scenario": "plan", "polcy": {}}), 422, "bad-input")["detail"]
    assert (
        "crs" in check_problem(refused({"scenario": "plan"}, crs="gcj02"), 422, "invalid-parameter")["detail"]
    )


def test_a_scenario_is_read_as_it_was_stored(client: TestClient) -> None:
    odd = collection(feature("close", facility="west", colour="red"))
    assert "colour" in client.put(f"{PATH}/odd", json=odd, params={"lenient": "true"}).json()["warnings"][0]
    moved = collection(feature("move", {"type": "Point", "coordinates": place(0)}, facility="west"))
    client.put(f"{PATH}/moved", json=moved, params={"crs": "gcj02"})
    query = {"standard": STANDARD}
    for name, body, options in (("odd", odd, {"lenient": "true"}), ("moved", moved, {"crs": "gcj02"})):
        kept = client.post(CHECK, json={"scenario": name}, params=query)
        sent = client.post(CHECK, json=body, params=query | options)
        assert (kept.status_code, kept.json()["changes"]) == (200, sent.json()["changes"])
    assert [item["crs"] for item in client.get(PATH).json()["scenarios"]] == ["gcj02", None]


def test_a_scenario_outlives_a_version_and_names_what_is_gone(
    client: TestClient, tmp_path: Path, files: dict[str, Path]
) -> None:
    client.put(f"{PATH}/plan", json=CLOSE)
    query = {"standard": STANDARD}
    before = client.post(CHECK, json={"scenario": "plan"}, params=query).json()
    fewer = tmp_path / "fewer.csv"
    lines = files["facilities"].read_text(encoding="utf-8").splitlines()
    fewer.write_text("\n".join(line for line in lines if "west" not in line), encoding="utf-8")
    import_street(tmp_path, files | {"facilities": fewer})
    assert client.get(f"{PATH}/plan").json() == CLOSE
    gone = client.post(CHECK, json={"scenario": "plan"}, params=query)
    assert check_problem(gone, 422, "bad-input")["detail"].startswith(
        "scenario 'plan', feature 1, property facility: "
    )
    assert "'west'" in gone.json()["detail"]
    import_street(tmp_path, files)
    after = client.post(CHECK, json={"scenario": "plan"}, params=query).json()
    assert after["changes"] == before["changes"]
    assert client.delete("/v1/areas/street").status_code in (200, 204)
    check_problem(client.get(f"{PATH}/plan"), 404, "area-not-found")


def test_storing_is_documented() -> None:
    operation = create_app().openapi()["paths"]["/v1/areas/{area}/scenarios/{name}"]["put"]
    assert {item["name"] for item in operation["parameters"]} >= {"if-match", "if-none-match", "lenient"}
    for item in operation["parameters"]:
        assert item["description"]
    for status, answer in operation["responses"].items():
        kind = "application/json" if status in ("200", "201") else "application/problem+json"
        assert list(answer["content"]) == [kind]
