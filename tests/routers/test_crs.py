"""Answers in other coordinate systems: the same places, named by the ``crs`` member, as GDAL reads them."""

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from fastapi.testclient import TestClient

from app.geo.china_offset import wgs84_to_gcj02
from app.ingest.coordinates import find_coordinates
from app.schemas.crs import in_crs

AREA = "/v1/areas/helsinki"
STANDARD = "standard=cn-mofcom-5-8-15"


@pytest.fixture(scope="module")
def addresses(client: TestClient) -> list[str]:
    home = client.get(f"{AREA}/households?{STANDARD}&limit=1").json()["features"][0]["id"]
    return [
        f"{AREA}/households?{STANDARD}&limit=20",
        f"{AREA}/households/{home}?{STANDARD}",
        f"{AREA}/households/{home}/explain?{STANDARD}&service=supermarket",
        f"{AREA}/facilities?limit=20",
        f"{AREA}/isochrones?lon=24.9414&lat=60.1719&minutes=5",
        f"{AREA}/isochrones?lon=24.9414&lat=60.1719&minutes=5&shape=streets",
    ]


def geometries(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [found for item in value for found in geometries(item)]
    if not isinstance(value, dict):
        return []
    if "coordinates" in value:
        return [shapely.geometry.shape(value)]
    return [found for item in value.values() for found in geometries(item)]


def test_the_same_places_in_finlands_plane(client: TestClient, addresses: list[str]) -> None:
    finland = find_coordinates("EPSG:3067", "")
    for address in addresses:
        plain = client.get(address).json()
        moved = client.get(f"{address}&crs=3067").json()
        assert moved["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::3067"
        assert "crs" not in plain
        before, after = (shapely.get_coordinates(geometries(answer)) for answer in (plain, moved))
        assert len(before) > 0
        expected = np.column_stack(finland.from_wgs84(before[:, 0], before[:, 1]))
        assert np.abs(after - expected).max() < 0.001  # metres
        assert 384_000 < after[:, 0].mean() < 388_000


def test_gdal_reads_the_crs_from_the_answer(client: TestClient, addresses: list[str], tmp_path: Path) -> None:
    file = tmp_path / "moved.geojson"
    file.write_bytes(client.get(f"{addresses[0]}&crs=EPSG:3067").content)
    read = geopandas.read_file(file)
    assert read.crs.to_epsg() == 3067
    plain = geopandas.GeoDataFrame.from_features(client.get(addresses[0]).json(), crs="EPSG:4326")
    apart_m = read.geometry.distance(plain.to_crs(3067).geometry)
    assert apart_m.max() < 0.05  # degrees are rounded to a centimetre


def test_chinese_coordinates_have_names_of_their_own() -> None:
    nanjing = {
        "type": "Feature",
        "properties": {"lon": 118.78},
        "geometry": {"type": "Point", "coordinates": [118.78, 32.04]},
    }
    moved = in_crs(nanjing, find_coordinates("GCJ-02", ""))
    lon, lat = wgs84_to_gcj02(np.array([118.78]), np.array([32.04]))
    assert moved["geometry"]["coordinates"] == pytest.approx([lon[0], lat[0]], abs=1e-7)
    assert moved["properties"] == {"lon": 118.78}
    assert moved["crs"] == {"type": "name", "properties": {"name": "gcj02"}}


def test_outside_china_gcj02_moves_nothing(client: TestClient, addresses: list[str]) -> None:
    plain, moved = (client.get(addresses[0] + crs).json() for crs in ("", "&crs=gcj02"))
    assert moved["features"] == plain["features"]


@pytest.mark.parametrize("crs", ["EPSG:99999", "nowhere", "EPSG:4978", ""])
def test_an_unknown_crs_is_refused_by_name(client: TestClient, addresses: list[str], crs: str) -> None:
    answer = client.get(f"{addresses[0]}&crs={crs}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "crs"
