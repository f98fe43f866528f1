"""Facilities, boundaries and extents that users bring."""

import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely import GeometryCollection, LineString, Point, Polygon

from app.ingest.tables import read_area_file, read_facilities_file
from tests.support.user_files import (
    BOW_TIE,
    L_SHAPE,
    SQUARE,
    Row,
    csv_file,
    geojson_file,
    moved_back,
    moved_to,
    refusal,
)


def test_csv_facilities(tmp_path: Path) -> None:
    rows = ["f2,24.9,60.1, clinic ; ;pharmacy;clinic,  社区  中心 ", "f1,24.8,60.2,bakery,"]
    text = "\n".join(["id,lon,lat,services,name", *rows])
    found, notes, _ = read_facilities_file(csv_file(tmp_path, text), {"clinic", "bakery"})
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
    found, notes, _ = read_facilities_file(geojson_file(tmp_path, rows), ["a", "b"])
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
    path = csv_file(tmp_path, "id,lon,lat,kind\na,24,60,x\n")
    assert "has no column services (found: id, lon, lat, kind)" in refusal(
        lambda: read_facilities_file(path, ())
    )


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
    assert "line 1: has no column wkt (found: lon, lat); the first line must name the columns" in message
