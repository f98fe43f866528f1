"""Answers of the command line in other coordinate systems: what HTTP says, and CSV whose columns say it."""

import csv
import io
import json
from pathlib import Path

import geopandas
import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.geo.china_offset import wgs84_to_gcj02
from app.ingest.coordinates import find_coordinates
from app.schemas.crs import places_in
from tests.cli.conftest import Cli
from tests.support.shared_data import shared_data
from tests.support.small_town import do_import

MOFCOM = ("--standard", "cn-mofcom-5-8-15")
STATION = ("--lon", "24.9414", "--lat", "60.1719")
FINLAND = "urn:ogc:def:crs:EPSG::3067"


@pytest.fixture(scope="module")
def nanjing_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("nanjing")
    do_import(data, shared_data("nanjing.osm.pbf"))
    return data


@pytest.fixture
def nanjing_cli(cli: Cli, nanjing_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("REACH15_DATA_DIR", str(nanjing_dir))
    return cli


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_geojson_says_the_crs_as_http_does(demo_cli: Cli, client: TestClient) -> None:
    minutes = ("--minutes", "5", "--crs", "EPSG:3067")
    drawn = demo_cli("isochrone", "helsinki", *STATION, *minutes).json()
    url = "/v1/areas/helsinki/isochrones?lon=24.9414&lat=60.1719&minutes=5&crs=EPSG:3067"
    assert drawn == client.get(url).json()
    assert drawn["crs"]["properties"]["name"] == FINLAND

    home = rows(demo_cli("assess", "helsinki", *MOFCOM, "--format", "csv").out)[0]["id"]
    why = (*MOFCOM, "--service", "supermarket", "--json", "--out-crs", "3067")
    told = demo_cli("explain", "helsinki", home, *why).json()
    url = f"/v1/areas/helsinki/households/{home}/explain?{MOFCOM[0][2:]}={MOFCOM[1]}&service=supermarket&crs=3067"
    assert told == client.get(url).json()

    cells = (*MOFCOM, "--service", "pharmacy", "--cell-m", "300", "--crs", "3067")
    heat = demo_cli("heat", "helsinki", *cells).json()
    url = "/v1/areas/helsinki/siting/heat?standard=cn-mofcom-5-8-15&service=pharmacy&cell_m=300&crs=3067"
    assert heat == client.get(url).json()
    x, y = heat["features"][0]["geometry"]["coordinates"][0][0]
    assert 380_000 < x < 390_000
    assert 6_670_000 < y < 6_680_000


def test_households_and_facilities_in_geojson_and_csv_are_the_same_places(
    demo_cli: Cli, tmp_path: Path
) -> None:
    finland = find_coordinates("EPSG:3067", "")
    for command in (("assess", "helsinki", *MOFCOM), ("facilities", "helsinki", "--service", "pharmacy")):
        plain = rows(demo_cli(*command, "--format", "csv").out)
        moved = rows(demo_cli(*command, "--format", "csv", "--crs", "EPSG:3067").out)
        assert "lon" not in moved[0]
        assert len(moved) == len(plain) > 5
        degrees = np.array([[float(row["lon"]), float(row["lat"])] for row in plain])
        metres = np.array([[float(row["x"]), float(row["y"])] for row in moved])
        assert np.abs(metres - places_in(finland, *degrees.T)).max() < 0.002
        path = tmp_path / f"{command[0]}.geojson"
        demo_cli(*command, "--format", "geojson", "--crs", "EPSG:3067", "-o", path)
        read = geopandas.read_file(path)
        assert read.crs.to_epsg() == 3067
        assert read.geometry.x.to_numpy() == pytest.approx(metres[:, 0], abs=0.002)


def test_a_system_that_is_none_or_has_no_coordinates_here_is_refused(demo_cli: Cli) -> None:
    command = ("isochrone", "helsinki", *STATION, "--minutes", "5")
    assert "EPSG:99" in demo_cli(*command, "--crs", "EPSG:99").failed(2)
    tiff = ("heat", "helsinki", *MOFCOM, "--service", "pharmacy", "--format", "geotiff", "--crs", "3067")
    assert "UTM" in demo_cli(*tiff).failed(3)


def test_sites_and_candidates_have_a_system_each(demo_cli: Cli, tmp_path: Path) -> None:
    lots = tmp_path / "lots.csv"
    finland = find_coordinates("EPSG:3067", "")
    x, y = places_in(finland, np.array([24.945, 24.94]), np.array([60.171, 60.168])).T.tolist()
    lots.write_text(f"id,x,y\na,{x[0]},{y[0]}\nb,{x[1]},{y[1]}\n")
    out = tmp_path / "sites.geojson"
    question = ("site", "helsinki", *MOFCOM, "--service", "market", "--sites", "1", "--candidates", lots)
    assert "projected metres" in demo_cli(*question).failed(3)
    answer = demo_cli(*question, "--crs", "3067", "--out-crs", "3067", "-o", out, "--json").json()
    site = geopandas.read_file(out)
    assert site.crs.to_epsg() == 3067
    chosen = "ab".index(answer["sites"][0]["id"])
    assert (site.geometry.x[0], site.geometry.y[0]) == pytest.approx((x[chosen], y[chosen]), abs=0.1)
    assert "--candidates" in demo_cli(*question[:-2], "--crs", "3067").failed(3)
    checked = demo_cli("check", "helsinki", out, *MOFCOM, "--out-crs", "3067", "--format", "json")
    assert checked.code != 3, checked.err
    changes = json.loads(checked.out)["changes"]
    assert changes["crs"]["properties"]["name"] == FINLAND
    assert all(feature["geometry"]["coordinates"][0] > 380_000 for feature in changes["features"])


def test_facilities_come_back_from_gcj02(nanjing_cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    assert nanjing_cli("facilities", "town", "--format", "csv", "--crs", "gcj02", "-o", path).code == 0
    plain = rows(nanjing_cli("facilities", "town", "--format", "csv").out)
    moved = rows(path.read_text())
    lon, lat = wgs84_to_gcj02(*np.array([[float(row["lon"]), float(row["lat"])] for row in plain]).T)
    assert [float(row["x"]) for row in moved] == pytest.approx(lon, abs=2e-7)
    assert [float(row["y"]) for row in moved] == pytest.approx(lat, abs=2e-7)
