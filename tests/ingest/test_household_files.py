"""Households that users bring: what is taken and how it is understood."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely import MultiPoint, MultiPolygon, Point

from app.ingest.tables import read_area_file, read_facilities_file, read_households_file
from tests.support.shared_data import shared_data
from tests.support.user_files import (
    BOW_TIE,
    L_SHAPE,
    SQUARE,
    csv_file,
    geojson_file,
    gpkg_file,
    moved_to,
)


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
    found, notes, _ = read_households_file(csv_file(tmp_path, text))
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
    found, notes, _ = read_households_file(csv_file(tmp_path, "lon,lat\n" + rows))
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
    found, *_ = read_households_file(csv_file(tmp_path, text))
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
    found, notes, _ = read_households_file(csv_file(tmp_path, json.dumps(feature), "one.json"))
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
    found, notes, _ = read_households_file(path)
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
    found, *_ = read_households_file(path)
    assert (found.lon_deg[0], found.lat_deg[0]) == pytest.approx((-8.4, 43.36), abs=1e-9)


def test_key_of_a_geopackage_called_id_is_the_id(tmp_path: Path) -> None:
    path = gpkg_file(
        tmp_path, [Point(24, 60)] * 2, {"households": [1, 2]}, "EPSG:4326", layer_options={"FID": "id"}
    )
    found, notes, _ = read_households_file(path)
    assert (found.id.tolist(), notes) == (["1", "2"], ())


def test_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    rows = [f"h{i},{24 + i / 7},{60 + i / 9},{i},{2 * i}" for i in range(30)]
    header = "id,lon,lat,households,population"
    results = []
    for seed in (1, 2):
        random.Random(seed).shuffle(rows)
        found, *_ = read_households_file(csv_file(tmp_path, "\n".join([header, *rows])))
        assert found.population is not None
        arrays = (found.id, found.lon_deg, found.lat_deg, found.households, found.population)
        results.append([array.tolist() for array in arrays])
    assert results[0] == results[1]


def test_invalid_polygons_are_repaired_and_told(tmp_path: Path) -> None:
    path = geojson_file(
        tmp_path, [({"id": "a", "services": "x"}, SQUARE), ({"id": "b", "services": "x"}, BOW_TIE)]
    )
    found, notes, _ = read_facilities_file(path, {"x"})
    assert shapely.is_valid(found.geometry).all()
    assert found.geometry[1].area == pytest.approx(0.5)
    assert len(notes) == 1
    assert "1 polygon was invalid and was repaired (the first: feature 2)" in notes[0]


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
    found, notes, _ = read_households_file(path)
    assert found.count == 29
    assert set(found.access.kind.tolist()) == {"inside"}
    assert any("no column id" in note for note in notes)


def test_real_population_grids() -> None:
    found, notes, _ = read_households_file(shared_data("porto-alegre-hexgrid.csv"))
    assert found.count == 1227
    assert len(notes) == 1
    assert found.population is not None
    grid, *_ = read_households_file(shared_data("helsinki-population-2020.gpkg"))
    assert grid.population is not None
    assert (grid.count, grid.population.sum()) == (92, 71724)
