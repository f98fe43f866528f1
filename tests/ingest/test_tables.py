"""Files that users bring: what is taken, how it is understood, and how each bad one is refused."""

import json
import os
import random
import sqlite3
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely import GeometryCollection, LineString, MultiPoint, MultiPolygon, Point, Polygon

from app.domain.errors import BadInputError
from app.ingest.tables import read_area_file, read_facilities_file, read_households_file
from tests.support.shared_data import shared_data

SQUARE = Polygon([(24.90, 60.10), (24.92, 60.10), (24.92, 60.12), (24.90, 60.12)])
L_SHAPE = Polygon([(24, 60), (24.4, 60), (24.4, 60.1), (24.1, 60.1), (24.1, 60.4), (24, 60.4)])
BOW_TIE = Polygon([(24, 60), (25, 61), (25, 60), (24, 61)])

Row = tuple[Mapping[str, Any], Any]


def csv_file(tmp_path: Path, content: str | bytes, name: str = "rows.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def geojson_file(tmp_path: Path, rows: Sequence[Row], crs: object = None, name: str = "rows.geojson") -> Path:
    features = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": shapely.geometry.mapping(shape) if isinstance(shape, shapely.Geometry) else shape,
        }
        for properties, shape in rows
    ]
    document: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if crs is not None:
        document["crs"] = {"type": "name", "properties": {"name": crs}} if isinstance(crs, str) else crs
    path = tmp_path / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def gpkg_file(
    tmp_path: Path,
    shapes: Sequence[Any],
    columns: Mapping[str, Sequence[Any]],
    crs: str | None,
    **options: Any,
) -> Path:
    import pyogrio.raw  # noqa: PLC0415 - a second that most tests do without

    path = tmp_path / "rows.gpkg"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'crs' was not provided", UserWarning)
        pyogrio.raw.write(
            path,
            geometry=shapely.to_wkb(np.array(shapes, dtype=object)),
            field_data=[np.array(values) for values in columns.values()],
            fields=list(columns),
            geometry_type="Unknown",
            crs=crs,
            driver="GPKG",
            **options,
        )
    return path


def moved_to(crs: str, shape: Any) -> Any:
    transformer = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    return shapely.transform(shape, transformer.transform, interleaved=False)


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(BadInputError) as refused:
        read()
    message = str(refused.value)
    assert "\n" not in message
    return message


# --- what is taken ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "id,lon,lat,households,population\nb,24.92,60.17,3,7\na,24.95,60.2,0,0.5\n",
        "\ufeffid,lon,lat,households,population\r\nb,24.92,60.17,3,7\r\n\r\na,24.95,60.2,0,0.5",
        ' ID ,Lat,LON,extra,population,Households\n" b ",60.17,24.92,"x, y\nz",7,3\na,60.2,24.95,,5e-1,+0,\n,,,\n',
    ],
    ids=["plain", "byte order mark and CRLF", "other order, case, quotes, blanks and empty rows"],
)
def test_csv_households(tmp_path: Path, text: str) -> None:
    found, notes = read_households_file(csv_file(tmp_path, text))
    assert notes == ()
    assert found.id.tolist() == ["a", "b"]
    assert (found.lon_deg.tolist(), found.lat_deg.tolist()) == ([24.95, 24.92], [60.2, 60.17])
    assert found.households.tolist() == [0, 3]
    assert found.population is not None
    assert found.population.tolist() == [0.5, 7]
    assert not found.estimated.any()
    assert found.access.start.tolist() == [0, 1, 2]
    assert found.access.kind.tolist() == ["given", "given"]


def test_missing_columns_have_stated_meanings(tmp_path: Path) -> None:
    rows = "".join(f"{24 + i / 100},60\n" for i in range(11))
    found, notes = read_households_file(csv_file(tmp_path, "lon,lat\n" + rows))
    assert found.id.tolist() == ["1", "10", "11", *"23456789"]  # code point order
    assert found.lon_deg.tolist()[:2] == [24.0, 24.09]
    assert found.households.tolist() == [1.0] * 11
    assert found.population is None
    assert [("no column id" in note, "no column households" in note) for note in notes] == [
        (True, False),
        (False, True),
    ]


def test_ids_are_kept_letter_by_letter(tmp_path: Path) -> None:
    text = "id,lon,lat,households\n007,24,60,1\n7.0,24,60,1\n1  é户,24,60,1\nB,24,60,1\na,24,60,1\n"
    found, _ = read_households_file(csv_file(tmp_path, text))
    assert found.id.tolist() == ["007", "1  é户", "7.0", "B", "a"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [(7, "7"), (7.0, "7"), (7.5, "7.5"), (" x ", "x"), (0, "0"), (-3, "-3")],
)
def test_ids_of_typed_columns(tmp_path: Path, given: object, kept: str) -> None:
    path = geojson_file(tmp_path, [({"id": given, "households": 1}, Point(24, 60))])
    assert read_households_file(path)[0].id.tolist() == [kept]


def test_identifiers_of_features_stand_in_for_the_id_property(tmp_path: Path) -> None:
    feature = {
        "type": "Feature",
        "id": 12,
        "properties": None,
        "geometry": {"type": "Point", "coordinates": [24, 60, 5]},
    }
    found, notes = read_households_file(csv_file(tmp_path, json.dumps(feature), "one.json"))
    assert found.id.tolist() == ["12"]
    assert len(notes) == 1


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (Point(24.91, 60.11), "given"),
        (MultiPoint([(24.91, 60.11)]), "given"),
        (SQUARE, "inside"),
        (L_SHAPE, "inside"),
        (MultiPolygon([SQUARE, L_SHAPE]), "inside"),
    ],
)
@pytest.mark.parametrize("crs", [None, "EPSG:3067", "EPSG:25835"])
@pytest.mark.parametrize("ending", ["geojson", "gpkg"])
def test_points_and_areas_in_any_crs(
    tmp_path: Path, shape: Any, kind: str, crs: str | None, ending: str
) -> None:
    drawn = moved_to(crs, shape) if crs else shape
    if ending == "gpkg":
        path = gpkg_file(
            tmp_path, [drawn], {"id": [7.0], "households": [2], "population": [3.5]}, crs or "EPSG:4326"
        )
    else:
        urn = crs and crs.replace("EPSG:", "urn:ogc:def:crs:EPSG::")
        path = geojson_file(tmp_path, [({"id": 7.0, "households": 2, "population": 3.5}, drawn)], urn)
    found, notes = read_households_file(path)
    assert notes == ()
    assert found.id.tolist() == ["7"]
    assert (found.households.tolist(), found.access.kind.tolist()) == ([2.0], [kind])
    point = Point(found.lon_deg[0], found.lat_deg[0])
    expected = shape if kind == "inside" else Point(24.91, 60.11)
    assert point.distance(expected) < 1e-9
    assert found.population is not None
    assert found.population.tolist() == [3.5]


@pytest.mark.parametrize("crs", ["EPSG:25829", "EPSG:4258"])
def test_geopackage_elsewhere(tmp_path: Path, crs: str) -> None:
    path = gpkg_file(tmp_path, [moved_to(crs, Point(-8.4, 43.36))], {"id": ["x"], "households": [1]}, crs)
    found, _ = read_households_file(path)
    assert (found.lon_deg[0], found.lat_deg[0]) == pytest.approx((-8.4, 43.36), abs=1e-9)


def test_key_of_a_geopackage_called_id_is_the_id(tmp_path: Path) -> None:
    path = gpkg_file(
        tmp_path, [Point(24, 60)] * 2, {"households": [1, 2]}, "EPSG:4326", layer_options={"FID": "id"}
    )
    found, notes = read_households_file(path)
    assert (found.id.tolist(), notes) == (["1", "2"], ())


def test_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    rows = [f"h{i},{24 + i / 7},{60 + i / 9},{i},{2 * i}" for i in range(30)]
    header = "id,lon,lat,households,population"
    results = []
    for seed in (1, 2):
        random.Random(seed).shuffle(rows)
        found, _ = read_households_file(csv_file(tmp_path, "\n".join([header, *rows])))
        assert found.population is not None
        arrays = (found.id, found.lon_deg, found.lat_deg, found.households, found.population)
        results.append([array.tolist() for array in arrays])
    assert results[0] == results[1]


def test_invalid_polygons_are_repaired_and_told(tmp_path: Path) -> None:
    path = geojson_file(
        tmp_path, [({"id": "a", "services": "x"}, SQUARE), ({"id": "b", "services": "x"}, BOW_TIE)]
    )
    found, notes = read_facilities_file(path, {"x"})
    assert shapely.is_valid(found.geometry).all()
    assert found.geometry[1].area == pytest.approx(0.5)
    assert len(notes) == 1
    assert "1 polygon was invalid and was repaired (the first: feature 2)" in notes[0]


# --- facilities ------------------------------------------------------------------------------------------------


def test_csv_facilities(tmp_path: Path) -> None:
    rows = ["f2,24.9,60.1, clinic ; ;pharmacy;clinic,  社区  中心 ", "f1,24.8,60.2,bakery,"]
    text = "\n".join(["id,lon,lat,services,name", *rows])
    found, notes = read_facilities_file(csv_file(tmp_path, text), {"clinic", "bakery"})
    assert found.id.tolist() == ["f1", "f2"]
    assert found.name.tolist() == ["", "社区 中心"]
    assert found.source.tolist() == ["supplied", "supplied"]
    assert found.services == (("bakery",), ("clinic", "pharmacy"))
    assert found.geometry.tolist() == [Point(24.8, 60.2), Point(24.9, 60.1)]
    assert [dict(tags) for tags in found.tags] == [{}, {}]
    assert found.entrances == ((), ())
    assert len(notes) == 1
    assert "pharmacy" in notes[0]
    assert "clinic" not in notes[0]


def test_facilities_as_areas_with_lists_of_services(tmp_path: Path) -> None:
    rows: list[Row] = [
        ({"id": 1, "services": ["a", " b", ""], "name": None}, SQUARE),
        ({"id": 2, "services": "a;b"}, L_SHAPE),
    ]
    found, notes = read_facilities_file(geojson_file(tmp_path, rows), ["a", "b"])
    assert (found.services, found.name.tolist(), notes) == ((("a", "b"), ("a", "b")), ["", ""], ())
    assert found.geometry.tolist() == [SQUARE, L_SHAPE]


@pytest.mark.parametrize(
    ("services", "problem"),
    [
        ("", "is empty; name at least one service id"),
        (" ; ", "is empty; name at least one service id"),
        (None, "is empty; name at least one service id"),
        ([], "is empty; name at least one service id"),
        ("a,b", "'a,b' is not a service id; write service ids joined by ';'"),
        ("a；b", "joined by ';'"),
        ([1], "1 is not a service id"),
        (5, "5 is neither text nor a list"),
        ({"a": 1}, "neither text nor a list"),
    ],
)
def test_bad_services(tmp_path: Path, services: object, problem: str) -> None:
    rows: list[Row] = [({"services": "a"}, Point(24, 60)), ({"services": services}, Point(24, 60))]
    message = refusal(lambda: read_facilities_file(geojson_file(tmp_path, rows), {"a"}))
    assert "rows.geojson, feature 2, column services: " in message
    assert problem in message


def test_facilities_need_services(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,lon,lat,service\na,24,60,x\n")
    assert "has no column services (found: id, lon, lat, service)" in refusal(
        lambda: read_facilities_file(path, ())
    )


# --- areas -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("crs", [None, "EPSG:3067"])
def test_area_is_the_union_of_all_polygons(tmp_path: Path, crs: str | None) -> None:
    half = Polygon([(24.92, 60.10), (24.94, 60.10), (24.94, 60.12), (24.92, 60.12)])
    shapes = [half, SQUARE, Point(24.91, 60.11)]
    drawn = [moved_to(crs, shape) if crs else shape for shape in shapes]
    areas = [
        read_area_file(
            geojson_file(tmp_path, [({}, shape) for shape in order] + [({}, None)], crs), "boundary"
        )
        for order in (drawn, drawn[::-1])
    ]
    whole = shapely.union(half, SQUARE)
    assert areas[0].symmetric_difference(whole).area < 1e-4 * whole.area
    assert areas[0].is_valid
    if crs is None:
        assert areas[0].wkb == areas[1].wkb


def test_long_edges_of_a_projected_area_stay_where_they_were_drawn(tmp_path: Path) -> None:
    box = shapely.box(300_000, 6_650_000, 400_000, 6_700_000)
    area = read_area_file(geojson_file(tmp_path, [({}, box)], "EPSG:3067"), "extent")
    on_south_edge = moved_back("EPSG:3067", Point(350_500, 6_650_000))
    assert area.boundary.distance(on_south_edge) < 1e-6  # 0.1 m; a line from corner to corner is 300 m off


def moved_back(crs: str, shape: Any) -> Any:
    transformer = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    return shapely.transform(shape, transformer.transform, interleaved=False)


def test_area_as_a_bare_geometry_or_invalid(tmp_path: Path) -> None:
    bare = csv_file(tmp_path, json.dumps(shapely.geometry.mapping(BOW_TIE)), "bare.json")
    area = read_area_file(bare, "extent")
    assert area.is_valid
    assert area.area == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        (LineString([(24, 60), (25, 60)]), "feature 1: is a LineString; draw the extent as a polygon"),
        (Point(24, 60), "has no polygon to be the extent"),
        (None, "has no polygon to be the extent"),
        (GeometryCollection([Point(24, 60)]), "has no polygon to be the extent"),
        (Polygon([(24, 60), (25, 61), (24, 60)]), "feature 1: is a polygon without area"),
        (Polygon([(385000, 6672000), (386000, 6672000), (386000, 6673000)]), "look like projected metres"),
        (Polygon(), "has no polygon"),
    ],
)
def test_bad_areas(tmp_path: Path, shape: Any, problem: str) -> None:
    assert problem in refusal(lambda: read_area_file(geojson_file(tmp_path, [({}, shape)]), "extent"))


def test_area_from_a_table_is_refused(tmp_path: Path) -> None:
    message = refusal(lambda: read_area_file(csv_file(tmp_path, "lon,lat\n1,2\n"), "boundary"))
    assert "files ending in '.csv' are not read here; give .geojson, .json or .gpkg" in message


# --- bad files -------------------------------------------------------------------------------------------------


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    cases = {
        "missing.csv": "no such file",
        "missing.gpkg": "no such file",
        "folder.csv": "is a directory",
        "rows.xlsx": "files ending in '.xlsx' are not read here; give .geojson, .json, .gpkg or .csv",
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
        ("a.csv", "id,lon,lat\n".encode("utf-16"), ": is named as CSV but is UTF-16 text: save it as UTF-8"),
        (
            "a.csv",
            "id,lon,lat\n1,2,3\n社区,24,60\n".encode("gbk"),
            ", line 3: is not UTF-8 text; save the file as UTF-8",
        ),
        ("a.csv", b"id,lon,lat\na,24,60\nb\0,24,60\n", ", line 3: holds a NUL byte"),
        ("a.csv", b'id,lon,lat\na,24,60\n"b,24,60\nc,24,60\n', ", line 3: cannot be read as CSV"),
        ("a.csv", b'id,lon,lat\n"a"x,24,60\n', ", line 2: cannot be read as CSV"),
        ("a.csv", b"id;lon;lat\na;24;60\n", ", line 1: columns are separated by semicolons"),
        ("a.csv", b"id\tlon\tlat\na\t24\t60\n", ", line 1: columns are separated by tabs"),
        ("a.csv", b"\nid,x,y\na,24,60\n", ", line 2: has no column lon and no column lat (found: id, x, y)"),
        ("a.csv", b"id,lon,lat,Lat\na,24,60,60\n", ", line 1: more than one column is named lat (lat, Lat)"),
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
        ("a,24,60,１２", "'１２' is not a number"),
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
        (" ,24,60,1", "line 2, column id: is empty"),
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
        ("a,24,60,1\nb,24,60,-2\n,1,2,3", "-2 is negative; write 0 or more (1 more row has errors)"),
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
        ({"id": None}, Point(24, 60), "feature 2, column id: is empty"),
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
    assert (
        "feature 1: lies outside the region of the CRS that the file states, ETRS89 / TM35FIN(E,N)" in message
    )


def test_geopackage_without_crs(tmp_path: Path) -> None:
    path = gpkg_file(tmp_path, [Point(24, 60)], {"id": ["a"]}, None)
    message = refusal(lambda: read_households_file(path))
    assert "states no CRS; set the layer's CRS, or reproject it to WGS 84" in message


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


# --- real files ------------------------------------------------------------------------------------------------


def test_real_boundary() -> None:
    area = read_area_file(shared_data("las-palmas-boundary.geojson"), "boundary")
    assert area.is_valid
    assert area.contains(Point(-15.4363, 28.1235))  # Las Palmas, Santa Catalina
    assert area.bounds == pytest.approx((-15.55, 28.02, -15.39, 28.19), abs=0.05)


def test_real_zones_are_turned_into_degrees() -> None:
    path = shared_data("las-palmas-zones.geojson")
    area = read_area_file(path, "extent")
    west, south, east, north = area.bounds
    assert -15.6 < west < east < -15.3
    assert 27.9 < south < north < 28.3
    found, notes = read_households_file(path)
    assert found.count == 29
    assert set(found.access.kind.tolist()) == {"inside"}
    assert any("no column id" in note for note in notes)


def test_real_population_grids() -> None:
    found, notes = read_households_file(shared_data("porto-alegre-hexgrid.csv"))
    assert found.count == 1227
    assert len(notes) == 1
    assert found.population is not None
    grid, _ = read_households_file(shared_data("helsinki-population-2020.gpkg"))
    assert grid.population is not None
    assert (grid.count, grid.population.sum()) == (92, 71724)
