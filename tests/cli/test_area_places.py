"""`reach15 area places`: what an area was imported with, in a box, of a version, in a coordinate system."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.services.area_engine import AreaEngine
from tests.cli.conftest import Cli
from tests.support.small_town import csv_file, town

BOX = "24.935,60.166,24.945,60.171"


def ids(collection: dict[str, Any]) -> list[str]:
    return [feature["id"] for feature in collection["features"]]


def test_a_box_of_the_demo_area(demo_cli: Cli, demo_engine: AreaEngine, tmp_path: Path) -> None:
    west, south, east, north = map(float, BOX.split(","))
    area = demo_engine.area
    homes = area.households
    inside = (homes.lon_deg >= west) & (homes.lon_deg <= east)
    inside &= (homes.lat_deg >= south) & (homes.lat_deg <= north)
    assert 10 < inside.sum() < homes.count
    path = tmp_path / "homes.geojson"
    assert demo_cli("area", "places", "helsinki", "households", "--bbox", BOX, "-o", path).code == 0
    found = json.loads(path.read_bytes())
    assert ids(found) == homes.id[inside].tolist()
    assert found["area"] == {"id": "helsinki", "version": area.version}
    assert found["provenance"]["data_hash"] == area.data_hash
    assert found["features"][0]["properties"]["households"] == float(homes.households[inside][0])
    assert ids(demo_cli("area", "places", "helsinki", "facilities").json()) == area.facilities.id.tolist()
    moved = demo_cli("area", "places", "helsinki", "facilities", "--crs", "EPSG:3879").json()
    assert moved["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::3879"
    assert 25_490_000 < moved["features"][0]["geometry"]["coordinates"][0] < 25_505_000


def test_an_earlier_version(cli: Cli, tmp_path: Path) -> None:
    osm = town().write(tmp_path / "town.osm")
    cli("area", "import", "town", "--osm", osm)
    homes = csv_file(tmp_path / "homes.csv", "id,lon,lat,households", [("A", (10, 5), "3")])
    assert cli("area", "import", "town", "--osm", osm, "--households", homes).code == 0
    assert ids(cli("area", "places", "town", "households").json()) == ["A"]
    assert len(ids(cli("area", "places", "town", "households", "--version", "1").json())) == 4
    assert cli("area", "places", "town", "zones").json()["features"] == []
    assert cli("area", "places", "town", "households", "--bbox", "0,0,1,1").json()["features"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("helsinki", "households", "--version", "7"), 2, "has no version '7' (versions here: 1)"),
        (("atlantis", "households"), 2, "atlantis"),
        (("helsinki", "households", "--bbox", "25,60,24,61"), 2, "is not west,south,east,north in degrees"),
        (("helsinki", "households", "--bbox", "25,60,nan,61"), 2, "is not west,south,east,north in degrees"),
        (("helsinki", "households", "--bbox", "25,60"), 3, "is not W,S,E,N"),
        (("helsinki", "streets"), 3, "streets"),
    ],
)
def test_what_cannot_be_asked(demo_cli: Cli, arguments: tuple[str, ...], code: int, message: str) -> None:
    assert message in demo_cli("area", "places", *arguments).failed(code)
