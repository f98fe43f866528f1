"""Coordinate systems and GeoPackages that cannot be used, and what is said of them."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely import LineString, Point

from app.ingest.tables import read_households_file
from tests.support.user_files import geojson_file, gpkg_file, refusal


@pytest.mark.parametrize(
    ("crs", "problem"),
    [
        ("urn:ogc:def:crs:EPSG::999999", "its CRS urn:ogc:def:crs:EPSG::999999 is not known"),
        ("+proj=longlat +init=/etc/hostname", "does not name a CRS"),
        ({"type": "link", "properties": {"href": "x"}}, "does not name a CRS"),
        ("EPSG:5773", "has no easting and northing"),
        ("EPSG:4978", "has no easting and northing"),
    ],
)
def test_bad_crs_member(tmp_path: Path, crs: object, problem: str) -> None:
    path = geojson_file(tmp_path, [({"id": "a"}, Point(24, 60))], crs)
    message = refusal(lambda: read_households_file(path))
    assert problem in message
    assert "reproject it to WGS 84" in message


def test_coordinates_outside_the_stated_crs(tmp_path: Path) -> None:
    path = geojson_file(tmp_path, [({"id": "a"}, Point(1e9, 60))], "EPSG:3067")
    message = refusal(lambda: read_households_file(path))
    assert "feature 1: lies outside the region of the file's CRS" in message


def test_geopackage_without_crs(tmp_path: Path) -> None:
    path = gpkg_file(tmp_path, [Point(24, 60)], {"id": ["a"]}, None)
    message = refusal(lambda: read_households_file(path))
    assert "states no CRS; name it (crs=EPSG:4547, say), or reproject it to WGS 84" in message


def test_geopackage_with_several_layers(tmp_path: Path) -> None:
    gpkg_file(tmp_path, [Point(24, 60)], {"id": ["a"]}, "EPSG:4326", layer="old")
    path = gpkg_file(tmp_path, [Point(24, 60)], {"id": ["a"]}, "EPSG:4326", layer="new", append=True)
    assert "has 2 layers (new, old)" in refusal(lambda: read_households_file(path)).replace(
        "old, new", "new, old"
    )


@pytest.mark.parametrize(
    ("shape", "columns", "problem"),
    [
        (None, {"id": ["b"]}, "feature 2: has no geometry"),
        (LineString([(24, 60), (25, 60)]), {"id": ["b"]}, "feature 2: is a LineString"),
        (Point(24, 60), {"id": ["a"]}, "feature 2, column id: 'a' is already the id of feature 1"),
        (Point(24, 60), {"id": ["b"], "households": [np.nan]}, "feature 2, column households: is empty"),
        (Point(24, 60), {"id": ["b"], "households": [np.inf]}, "inf is not a finite number"),
        (
            Point(24, 60),
            {"id": ["b"], "households": ["x"]},
            "feature 2, column households: 'x' is not a number",
        ),
    ],
)
def test_bad_rows_of_a_geopackage(
    tmp_path: Path, shape: Any, columns: dict[str, list[Any]], problem: str
) -> None:
    firsts = {"id": "a", "households": "1" if columns.get("households") == ["x"] else 1.0}
    both = {name: [firsts[name], *values] for name, values in columns.items()}
    path = gpkg_file(tmp_path, [Point(24, 60), shape], both, "EPSG:4326")
    assert problem in refusal(lambda: read_households_file(path))


@pytest.mark.parametrize("value", ["abc", 1.5])
def test_cells_of_a_geopackage_that_are_not_of_their_columns_type(tmp_path: Path, value: object) -> None:
    columns = {"id": ["a", "b"], "population": [1.0, 2.0], "households": [1, 2]}
    path = gpkg_file(
        tmp_path, [Point(24, 60)] * 2, columns, "EPSG:4326", layer_options={"SPATIAL_INDEX": "NO"}
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        # GDAL would read 0 and 1 here, without a warning.
        connection.execute("UPDATE rows SET households = ? WHERE fid = 2", (value,))
    message = refusal(lambda: read_households_file(path))
    assert f"feature 2, column households: {value!r} is not a number of the column's type" in message


def test_damaged_geopackage_is_refused_quietly(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shapes = [Point(24 + i / 1000, 60) for i in range(500)]
    path = gpkg_file(tmp_path, shapes, {"id": [f"h{i}" for i in range(500)]}, "EPSG:4326")
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:200], whole[:20_000] + b"\xff" * (len(whole) - 20_000)):
        path.write_bytes(damaged)
        assert refusal(lambda: read_households_file(path)).startswith(f"{path}: is damaged")
    assert capfd.readouterr() == ("", "")
