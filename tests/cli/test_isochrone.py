"""`reach15 isochrone`."""

import json
from pathlib import Path

from fastapi.testclient import TestClient

from app.routers.isochrones import DEMO_FACILITY
from tests.cli.conftest import Cli
from tests.support.pictures import check_rfc7946

STATION = ("--lon", "24.9414", "--lat", "60.1719")
URL = "/v1/areas/helsinki/isochrones?lon=24.9414&lat=60.1719"


def test_it_writes_what_http_answers(demo_cli: Cli, client: TestClient, tmp_path: Path) -> None:
    path = tmp_path / "reach.geojson"
    result = demo_cli("isochrone", "helsinki", *STATION, "--minutes", "5,10,15", "-o", path)
    assert (result.code, result.stdout) == (0, b"")
    answer = json.loads(path.read_bytes())
    assert answer == client.get(f"{URL}&minutes=5,10,15").json()
    assert [check_rfc7946(item["geometry"]).is_empty for item in answer["features"]] == [False] * 3
    printed = demo_cli("isochrone", "helsinki", *STATION, "--minutes", "5,10,15", "--json")
    assert printed.stdout == path.read_bytes()


def test_options_are_those_of_http(demo_cli: Cli, client: TestClient) -> None:
    more = ("--meters", "400", "--shape", "streets", "--direction", "from", "--profile", "wheelchair")
    answer = demo_cli("isochrone", "helsinki", *STATION, *more).json()
    assert answer == client.get(f"{URL}&meters=400&shape=streets&direction=from&profile=wheelchair").json()
    standard = ("--standard", "cn-mofcom-5-8-15")
    answer = demo_cli("isochrone", "helsinki", "--service", "pharmacy", *standard, "--verify").json()
    query = "service=pharmacy&standard=cn-mofcom-5-8-15&verify=true"
    assert answer == client.get(f"/v1/areas/helsinki/isochrones?{query}").json()
    one = demo_cli(
        "isochrone", "helsinki", "--facility", DEMO_FACILITY, "--minutes", "5", "--speed-mps", "1"
    ).json()
    assert one["speed_mps"] == 1.0


def test_what_cannot_be_drawn_is_told_in_one_line(demo_cli: Cli) -> None:
    assert "lon" in demo_cli("isochrone", "helsinki", "--minutes", "5").failed(2)
    assert "minutes" in demo_cli("isochrone", "helsinki", *STATION).failed(2)
    assert "not between" in demo_cli("isochrone", "helsinki", *STATION, "--minutes", "-5").failed(2)
    assert "node/1" in demo_cli("isochrone", "helsinki", "--facility", "node/1", "--minutes", "5").failed(2)
    assert "--standard" in demo_cli("isochrone", "helsinki", "--service", "pharmacy").failed(2)
    assert "moon" in demo_cli("isochrone", "moon", *STATION, "--minutes", "5").failed(2)
    too_far_east = demo_cli("isochrone", "helsinki", "--lon", "181", "--lat", "0", "--minutes", "5")
    assert "180" in too_far_east.failed(3)
