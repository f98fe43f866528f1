"""The same 200 households of a real city in every format and coordinate system get the same verdicts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from app.domain.area import Area
from app.geo.china_offset import wgs84_to_bd09, wgs84_to_gcj02
from app.geo.units import FloatArray
from app.services.area_engine import AreaEngine
from app.services.assessment import assess, choose_walker
from app.services.standards import get_standard
from app.services.update_area import update_area
from app.services.update_request import DataRequest
from tests.support.shared_data import shared_data
from tests.support.small_town import SERVICES, do_import
from tests.support.stores import area_store
from tests.support.table_formats import FORMATS, shapefile, write, zip_of

COUNT = 200
CGCS2000_ZONE = "EPSG:4549"  # three degrees around 120 E, easting without the zone's number
CGCS2000_NUMBERED = "EPSG:4528"  # the same with its number before the easting

Move = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

MOVES: dict[str, Move] = {
    "EPSG:4326": lambda lon, lat: (lon, lat),
    CGCS2000_ZONE: Transformer.from_crs("EPSG:4326", CGCS2000_ZONE, always_xy=True).transform,
    CGCS2000_NUMBERED: Transformer.from_crs("EPSG:4326", CGCS2000_NUMBERED, always_xy=True).transform,
    "gcj02": wgs84_to_gcj02,
    "bd09": wgs84_to_bd09,
}


CHINESE = ("gbk.csv", "gb18030.csv", "utf-16.csv", "utf-8-sig.tsv", "gbk.zip", "cpg.zip")
"""Tables and shapefiles as Chinese programs write them: names and ids in Chinese, in the encodings that are common."""


def write_chinese(path: Path, shapes: list[shapely.Point], columns: dict[str, list[Any]], crs: str) -> Path:
    columns = {"编号": columns["id"], "户数": columns["households"]}
    kind, _, ending = path.name.removeprefix("homes.").partition(".")
    if ending == "zip":
        parts = shapefile(path.parent / "parts", shapes, columns, crs, "GBK")
        if kind == "gbk":  # many programs leave the file out that names the encoding
            del parts[".cpg"]
        path.write_bytes(zip_of(parts, "居住小区"))
        return path
    plain = write(path.with_name(f"plain.{ending}"), shapes, columns, crs).read_text(encoding="utf-8")
    path.write_bytes(plain.replace("lon", "经度", 1).replace("lat", "纬度", 1).encode(kind))
    return path


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Area]:
    data = tmp_path_factory.mktemp("nanjing")
    _, area = do_import(data, shared_data("nanjing.osm.pbf"))
    return data, area


def states(area: Area) -> dict[str, list[int]]:
    standard = get_standard("cn-mofcom-5-8-15")
    found = assess(AreaEngine(area), standard, choose_walker(standard, None, None))
    return {item.service.id: item.verdicts.state.tolist() for item in found.services}


@pytest.fixture(scope="module")
def expected(city: tuple[Path, Area], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    return bring_in(city, tmp_path_factory.mktemp("plain"), "geojson", "EPSG:4326")


def bring_in(city: tuple[Path, Area], folder: Path, ending: str, crs: str) -> dict[str, list[int]]:
    data, area = city
    step = max(1, area.households.count // COUNT)
    chosen = np.arange(0, step * COUNT, step)
    homes = area.households.take(chosen)
    x, y = MOVES[crs](homes.lon_deg, homes.lat_deg)
    columns: dict[str, list[Any]] = {
        "id": [f"小区{position}" for position in range(COUNT)],
        "households": homes.households.astype(int).tolist(),
    }
    stated = crs if crs.startswith("EPSG:") else "EPSG:4326"
    writes = write_chinese if ending in CHINESE else write
    path = writes(folder / f"homes.{ending}", list(shapely.points(x, y)), columns, stated)
    # Tables and sequences cannot say their coordinate system, and no file can say that it is shifted.
    silent = path.suffix in (".csv", ".tsv", ".xlsx", ".geojsonl") or stated != crs
    request = DataRequest("town", "households", path, crs=crs if silent else None)
    report = update_area(request, area_store(data), known_services=SERVICES)
    assert report.rows["households"] == {"rejected": [], "repaired": []}
    moved = area_store(data).load("town")
    order = [f"小区{position}" for position in range(COUNT)]
    places = {name: row for row, name in enumerate(moved.households.id.tolist())}
    rows = [places[name] for name in order]
    # A degree is 111 km: no place moves by more than a centimetre.
    assert np.abs(moved.households.lon_deg[rows] - homes.lon_deg).max() < 1e-7
    assert np.abs(moved.households.lat_deg[rows] - homes.lat_deg).max() < 1e-7
    return states(moved)


@pytest.mark.parametrize("crs", MOVES)
@pytest.mark.parametrize("ending", [*FORMATS, *CHINESE])
def test_same_verdicts(
    city: tuple[Path, Area], expected: dict[str, list[int]], tmp_path: Path, ending: str, crs: str
) -> None:
    assert {len(values) for values in expected.values()} == {COUNT}
    assert len({state for values in expected.values() for state in values}) > 1
    assert bring_in(city, tmp_path, ending, crs) == expected
