"""Files and rows that cannot be used, and what is said of them."""

import os
from pathlib import Path
from typing import Any

import pytest
from shapely import LineString, MultiPoint, Point, Polygon

from app.ingest.tables import read_households_file
from tests.support.user_files import (
    Row,
    csv_file,
    geojson_file,
    refusal,
)


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    cases = {
        "missing.csv": "no such file",
        "missing.gpkg": "no such file",
        "folder.csv": "is a directory",
        "rows.xlsx": "no such file",
        "rows.zip": "no such file",
        "rows.fgb": "no such file",
        "rows.parquet": "no such file",
        "rows.kml": "files ending in '.kml' are not read here; save it as GeoJSON or GeoPackage",
        "rows.shp": "files ending in '.shp' are not read here; zip it together with its .shx, .dbf and .prj",
        "rows": "a file without an ending is not read here",
    }
    for name, problem in cases.items():
        path = tmp_path / name
        assert refusal(lambda path=path: read_households_file(path)).startswith(f"{path}: {problem}")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", b"", ": is empty"),
        ("a.csv", b"\xef\xbb\xbf \r\n", ": is empty"),
        ("a.csv", b",,\n,,\n", ": is empty"),
        ("a.geojson", b"", ": is empty"),
        ("a.gpkg", b"", ": is empty"),
        ("a.csv", b"id,lon,lat\n", ": has a header but no rows"),
        ("a.csv", b"\n<!DOCTYPE html><html>", ": is named as CSV but is an HTML page"),
        ("a.geojson", b"<HTML><body>Login", ": is named as GeoJSON but is an HTML page"),
        ("a.gpkg", b"<html>", ": is named as GeoPackage but is an HTML page"),
        ("a.gpkg", b"id,lon,lat\n", ": is named as GeoPackage but is something else"),
        ("a.csv", b"PK\x03\x04\x14\x00", ": is named as CSV but is a ZIP archive or an Excel workbook"),
        ("a.geojson", b"SQLite format 3\0", ": is named as GeoJSON but is a GeoPackage"),
        ("a.csv", b'{"type": "FeatureCollection"}', "looks like JSON"),
        ("a.csv", "id,lon,lat\n".encode("utf-16"), ": has a header but no rows"),
        ("a.csv", "id,lon,lat\n".encode("utf-16")[:-1], ": begins as UTF-16 text but is damaged"),
        ("a.csv", "id,lon,lat\na,1,2\n\0".encode("utf-16"), ", line 3: holds a NUL character"),
        ("a.csv", b"id,lon,lat\n1,2,3\nCaf\xe9 M\xfcller,24,60\n", ", line 3: is neither UTF-8 nor GBK text"),
        ("a.csv", b"id,lon,lat\n1,2,3\n\xff\xfe,24,60\n", ", line 3: is neither UTF-8 nor GBK text"),
        ("a.csv", b"id,lon,lat\na,24,60\nb\0,24,60\n", ", line 3: holds a NUL byte"),
        ("a.csv", b'id,lon,lat\na,24,60\n"b,24,60\nc,24,60\n', ", line 3: cannot be read as CSV"),
        ("a.csv", b'id,lon,lat\n"a"x,24,60\n', ", line 2: cannot be read as CSV"),
        ("a.csv", b"\nid,a,b\na,24,60\n", ", line 2: has no column lon and no column lat (found: id, a, b)"),
        ("a.csv", b"id,lon,lat,Lat\na,24,60,60\n", ", line 1: more than one column may be lat (lat, Lat)"),
        ("a.geojson", b'{"type": "FeatureCollection",\n "features": [', ", line 2, character "),
        ("a.geojson", b'{"type": "FeatureCollection", "features": []}', ": has no features"),
        ("a.geojson", b'{"type": "FeatureCollection"}', ": is a FeatureCollection without a list"),
        ("a.geojson", b'{"type": "Topology"}', ": is JSON but not GeoJSON"),
        ("a.geojson", b"[1]", ": is JSON but not GeoJSON"),
        ("a.geojson", b'{"a": NaN}', ", line 1, character 7: is not valid JSON"),
        ("a.json", '{"名": 1}'.encode("gbk"), ", line 1: is not UTF-8 text"),
        ("a.geojson", b"[" * 100_000, ": is not valid JSON"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    path = csv_file(tmp_path, content, name)
    message = refusal(lambda: read_households_file(path))
    assert message.startswith(str(path))
    assert problem in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,lon,lat\n")
    path.chmod(0)
    assert "cannot be read" in refusal(lambda: read_households_file(path))


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("a,24,60,x", "line 2, column households: 'x' is not a number"),
        ("a,24,60,", "line 2, column households: is empty"),
        ('a,24,60,"1,5"', "line 2, column households: '1,5' is not a number; write decimals with a point"),
        ("a,24,60,1_0", "'1_0' is not a number"),
        ("a,24,60,１２．５", "'１２．５' is not a number"),
        ("a,24,60,nan", "line 2, column households: 'nan' is not a finite number"),
        ("a,24,60,1e999", "is not a finite number"),
        ("a,24,60,-1", "line 2, column households: -1 is negative"),
        ("a,24,60,9e307", "line 2, column households: 9e+307 is more than 1e+12; correct it"),
        ("a,x,60,1", "line 2, column lon: 'x' is not a number"),
        ("a,24,-inf,1", "line 2, column lat: '-inf' is not a finite number"),
        ("a,24,,1", "line 2, column lat: is empty"),
        ("a,190,60,1", "line 2, column lon: longitude 190 is outside -180 to 180"),
        ("a,120,-91,1", "line 2, column lat: latitude -91 is outside -90 to 90"),
        (
            "a,32.05,118.78,1",
            "line 2, column lat: latitude 118.78 is beyond 90: longitude and latitude look swapped",
        ),
        ("a,385000,6672000,1", "line 2, column lat: latitude 6.672e+06: these look like projected metres"),
        ("a,500000,40,1", "line 2, column lon: longitude 500000: these look like projected metres"),
        ("a,24,60,1\nb,24,60,1\na,24,60,1", "line 4, column id: 'a' is already the id of line 2"),
        ('"x\n\ny",24,60,1', "line 2, column id: 'x\\n\\ny' holds control characters"),
        ("a,24,60,1\n" + "b" * 200 + ",24,60,1", "has 200 characters; use at most 128"),
        ("a,24,60", "line 2: has 3 values under 4 columns"),
        ("a,24,60,1,5", "line 2: has 5 values under 4 columns"),
        ('"a",24,60,"1"\n\n"b",24,"6\n0",1', "line 4, column lat: '6\\n0' is not a number"),
        (
            "a,24,60,1\nb,24,60,x\nc,y,60,1\nc,24,60,1",
            "line 3, column households: 'x' is not a number; write a plain number such as 12.5 (2 more rows",
        ),
        ("a,24,60,1\nb,24,60,-2\nc,1,200,3", "-2 is negative; write 0 or more (1 more row has errors)"),
    ],
)
def test_bad_rows_of_a_table(tmp_path: Path, rows: str, problem: str) -> None:
    path = csv_file(tmp_path, f"id,lon,lat,households\n{rows}\n")
    message = refusal(lambda: read_households_file(path))
    assert message.startswith(f"{path}, line ")
    assert problem in message


@pytest.mark.parametrize(
    ("properties", "shape", "problem"),
    [
        ({"id": "b"}, None, "feature 2: has no geometry"),
        ({"id": "b"}, Point(), "feature 2: has an empty geometry"),
        ({"id": "b"}, {"type": "Polygon", "coordinates": []}, "feature 2: has an empty geometry"),
        (
            {"id": "b"},
            {"type": "Point", "coordinates": ["24", "60"]},
            "feature 2: has a geometry that is not valid",
        ),
        (
            {"id": "b"},
            {"type": "Circle", "coordinates": [24, 60]},
            "feature 2: has a geometry that is not valid",
        ),
        ({"id": "b"}, [24, 60], "feature 2: has a geometry that is not valid"),
        ({"id": "b"}, LineString([(24, 60), (25, 60)]), "feature 2: is a LineString; use a single point or"),
        ({"id": "b"}, MultiPoint([(24, 60), (25, 60)]), "feature 2: is a MultiPoint; use a single point or"),
        (
            {"id": "b"},
            Point(60, 124),
            "feature 2: latitude 124 is beyond 90: longitude and latitude look swapped",
        ),
        (
            {"id": "b"},
            Point(385000, 6672000),
            "projected metres, not degrees; state their CRS in the file or",
        ),
        ({"id": "b"}, Point(1e308, 1e308), "projected metres"),
        ({"id": "b"}, Polygon([(24, 60), (25, 61), (24, 60)]), "feature 2: is a polygon without area"),
        ({"id": "a"}, Point(24, 60), "feature 2, column id: 'a' is already the id of feature 1"),
        ({"id": True}, Point(24, 60), "feature 2, column id: True is neither text nor a number"),
        ({"id": 2**70}, Point(24, 60), "is too long for a number to keep all digits"),
        ({"id": "b\0"}, Point(24, 60), "feature 2, column id: 'b\\x00' holds control characters"),
        (
            {"id": "b", "households": "many"},
            Point(24, 60),
            "feature 2, column households: 'many' is not a number",
        ),
        ({"id": "b", "households": True}, Point(24, 60), "True is not a number"),
        ({"id": "b", "households": None}, Point(24, 60), "feature 2, column households: is empty"),
        ({"id": "b", "households": [1]}, Point(24, 60), "[1] is not a number"),
        ({"id": "b", "households": -0.5}, Point(24, 60), "-0.5 is negative"),
    ],
)
def test_bad_features(tmp_path: Path, properties: dict[str, Any], shape: Any, problem: str) -> None:
    rows: list[Row] = [({"id": "a", "households": 1}, Point(24, 60)), ({"households": 1} | properties, shape)]
    message = refusal(lambda: read_households_file(geojson_file(tmp_path, rows)))
    assert problem in message


def test_numbers_written_as_text_are_read_in_features_too(tmp_path: Path) -> None:
    path = geojson_file(tmp_path, [({"id": "a", "households": " 2.5 "}, Point(24, 60))])
    assert read_households_file(path)[0].households.tolist() == [2.5]
