"""Snapshots over HTTP and on the command line, on both databases."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.support.http import PREFIX, get_ok
from tests.support.own_standard import OWN, as_yaml, own_standard
from tests.support.small_town import csv_file, do_import, town

HOME = "/v1/areas/town/snapshots"
NOT_THE_SAME = ("id", "taken_at")


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", database_url=database_url, keep_versions=1)


@pytest.fixture
def client(settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    import_town(settings, tmp_path, near=6, far=4)
    with TestClient(create_app(settings)) as started:
        assert started.put(f"/v1/standards/{OWN}", content=as_yaml(own_standard(10))).status_code == 201
        yield started


def import_town(settings: Settings, folder: Path, *, near: int, far: int) -> None:
    """Households 60 m and 320 m from the bakery; of the first `near`, of the second `far`."""
    rows = [("near", (-10, 5), str(near)), ("far", (-270, 5), str(far))]
    homes = csv_file(folder / "homes.csv", "id,lon,lat,households", rows)
    osm = town().write(folder / "town.osm")
    do_import(folder / "data", osm, settings=settings, households_file=homes)


def take(client: TestClient, note: str | None = None, **query: Any) -> Any:
    body = None if note is None else {"note": note}
    response = client.post(HOME, params={"standard": OWN, **query}, json=body)
    assert response.status_code == 201, response.text
    return response.json()


def refused(response: Any, status: int, name: str) -> str:
    assert response.status_code == status, response.text
    assert response.json()["type"] == PREFIX + name
    return str(response.json()["detail"])


def test_one_is_taken_listed_shown_and_removed(client: TestClient) -> None:
    first = take(client, " before \n", profile="elderly", weight="points")
    assert (first["note"], first["taken_by"]) == ("before", "testclient")
    assert first["parameters"] == {"profile": "elderly", "speed_mps": None, "weight": "points"}
    asked = {"standard": OWN, "profile": "elderly", "weight": "points"}
    assert first["coverage"] == get_ok(client, "/v1/areas/town/coverage", **asked)
    standard = get_ok(client, f"/v1/standards/{OWN}")
    kept_of_it = {name: standard[name] for name in first["standard_content"]}
    assert first["standard_content"] == kept_of_it
    assert first["standard"]["digest"] == standard["digest"]

    again = take(client, "before", profile="elderly", weight="points")
    assert again["id"] > first["id"]
    same, as_before = ({k: v for k, v in one.items() if k not in NOT_THE_SAME} for one in (again, first))
    assert same == as_before
    assert get_ok(client, f"{HOME}/{first['id']}") == first
    third = take(client)
    pages = [get_ok(client, HOME, limit=2)]
    pages.append(client.get(pages[0]["links"][0]["href"]).json())
    listed = [one["id"] for page in pages for one in page["snapshots"]]
    assert listed == [third["id"], again["id"], first["id"]]
    assert [page["numberMatched"] for page in pages] == [3, 3]

    assert client.delete(f"{HOME}/{again['id']}").status_code == 204
    for response in (client.get(f"{HOME}/{again['id']}"), client.delete(f"{HOME}/{again['id']}")):
        refused(response, 404, "snapshot-not-found")
    assert client.delete(f"{HOME}/{third['id']}").status_code == 204
    assert take(client)["id"] > third["id"]  # a number is never given twice
    log = get_ok(client, "/v1/audit", area="town")["entries"]
    assert [(entry["action"], entry["details"]["snapshot"]) for entry in log[1:4]] == [
        ("snapshot-remove", third["id"]), ("snapshot-remove", again["id"]), ("snapshot-take", third["id"])
    ]  # fmt: skip
    assert client.delete("/v1/areas/town").status_code == 204
    refused(client.get(f"{HOME}/{first['id']}"), 404, "area-not-found")
    refused(client.get(HOME), 404, "area-not-found")


def test_what_changed_is_told_by_service_and_weight(
    client: TestClient, settings: Settings, tmp_path: Path
) -> None:
    before = take(client)
    same = get_ok(client, f"{HOME}/{before['id']}/difference", to="now")
    assert same["differs"] == []
    assert same["after"]["snapshot"] is None
    (bread,) = same["services"]
    assert bread["by_weight"]["households"]["covered"] == {"before": 10.0, "after": 10.0, "change": 0.0}

    # Other people, and a limit that the far ones miss. The version that was assessed is gone.
    import_town(settings, tmp_path, near=7, far=40)
    assert len(get_ok(client, "/v1/areas/town/versions")["versions"]) == 1
    client.put(f"/v1/standards/{OWN}", content=as_yaml(own_standard(2)))
    after = take(client)
    told = get_ok(client, f"{HOME}/{before['id']}/difference", to=after["id"])
    assert told["differs"] == ["standard", "data_hash"]
    (bread,) = told["services"]
    assert bread["limit"] == {"before": {"minutes": 10.0}, "after": {"minutes": 2.0}}
    of_homes = bread["by_weight"]["households"]
    assert of_homes["total"] == {"before": 10.0, "after": 47.0, "change": 37.0}
    assert of_homes["covered"] == {"before": 10.0, "after": 7.0, "change": -3.0}
    assert (of_homes["gained"], of_homes["lost"]) == (0, 3.0)
    assert of_homes["states"]["undetermined"] == 40.0
    assert of_homes["share_covered"]["change"] == pytest.approx(7 / 47 - 1, abs=1e-6)
    of_points = bread["by_weight"]["points"]
    assert (of_points["covered"]["change"], of_points["lost"]) == (-1, 1)
    assert told["overall"]["points"]["served"] == {"before": 2, "after": 1, "change": -1}
    back = get_ok(client, f"{HOME}/{after['id']}/difference", to=before["id"])
    assert back["services"][0]["by_weight"]["households"]["gained"] == 3.0
    now = get_ok(client, f"{HOME}/{before['id']}/difference")
    assert {**now, "after": None} == {**told, "after": None}

    # The snapshot keeps what it was, also of a standard that is gone; the present cannot be asked for then.
    client.delete(f"/v1/standards/{OWN}")
    assert get_ok(client, f"{HOME}/{before['id']}") == before
    assert get_ok(client, f"{HOME}/{before['id']}/difference", to=after["id"]) == told
    refused(client.get(f"{HOME}/{before['id']}/difference"), 404, "standard-not-found")


def test_what_cannot_be_taken_or_found(client: TestClient) -> None:
    asked = {"standard": OWN}
    refused(client.post(HOME, params=asked | {"weight": "population"}), 422, "invalid-parameter")
    refused(client.post("/v1/areas/atlantis/snapshots", params=asked), 404, "area-not-found")
    refused(client.post(HOME, params={"standard": "none"}), 404, "standard-not-found")
    refused(client.post(HOME, params=asked | {"profile": "giant"}), 404, "profile-not-found")
    refused(client.post(HOME, params=asked, json={"notes": "x"}), 422, "invalid-parameter")
    assert "U+0000" in refused(client.post(HOME, params=asked, json={"note": "a\0b"}), 422, "bad-input")
    assert "2000" in refused(client.post(HOME, params=asked, json={"note": "甲" * 2001}), 422, "bad-input")
    foreign = {"origin": "https://elsewhere.example"}
    refused(client.post(HOME, params=asked, headers=foreign), 403, "other-site")
    assert get_ok(client, HOME)["snapshots"] == []
    for number in ("0", "-1", "x", "9" * 30):
        refused(client.get(f"{HOME}/{number}"), 422, "invalid-parameter")
    refused(client.get(f"{HOME}/999999999"), 404, "snapshot-not-found")
    kept = take(client)
    refused(client.get(f"{HOME}/{kept['id']}/difference?to=then"), 422, "invalid-parameter")
    refused(client.get(f"{HOME}/{kept['id']}/difference?to=999"), 404, "snapshot-not-found")


def test_the_command_does_the_same(
    client: TestClient, settings: Settings, database_url: str, tmp_path: Path
) -> None:
    place = {
        "REACH15_DATA_DIR": str(settings.data_path),
        "REACH15_DATABASE_URL": database_url,
        "REACH15_ACTOR": "planner",
    }

    def command(*options: str, code: int = 0) -> str:
        line = [sys.executable, "-m", "app.cli", "snapshot", *options]
        done = subprocess.run(line, env=os.environ | place, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    taken = json.loads(command("take", "town", "--standard", OWN, "--note", "first", "--json"))
    number = str(taken["id"])
    assert taken == get_ok(client, f"{HOME}/{number}")
    assert (taken["taken_by"], taken["note"]) == ("planner", "first")
    client.put(f"/v1/standards/{OWN}", content=as_yaml(own_standard(2)))
    compared = json.loads(command("compare", "town", number, "--json"))
    assert compared == get_ok(client, f"{HOME}/{number}/difference")
    table = command("compare", "town", number)
    assert "differs: standard" in table
    assert "bread" in table
    assert "-40.0 %" in table
    shown = command("show", "town", number)
    assert "first" in shown
    assert "100.0" in shown
    assert "planner" in command("list", "town")
    assert "has no snapshot 999" in command("compare", "town", number, "--to", "999", code=2)
    assert command("remove", "town", number) == f"Removed snapshot {number} of area town.\n"
    assert json.loads(command("list", "town", "--json")) == {"area": "town", "snapshots": []}
