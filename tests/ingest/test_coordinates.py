"""Coordinate systems by name, contradictions, and what is often wrong with surveyed coordinates."""

import json
from pathlib import Path

import numpy as np
import pytest
from shapely import MultiPolygon, Polygon, box

from app.domain.errors import BadInputError
from app.ingest.coordinates import agreed_coordinates, find_coordinates, why_misplaced
from app.ingest.table_source import ReadOptions
from app.ingest.tables import read_households_file
from app.ingest.zone_files import read_zones_file
from app.schemas.crs import in_crs
from tests.support.user_files import geojson_file

NANJING = np.array([118.78, 118.79]), np.array([32.04, 32.05])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("gcj02", "gcj02"), ("GCJ-02", "gcj02"), ("bd09", "bd09"), ("BD-09", "bd09"), ("BD09LL", "bd09"),
        ("cgcs2000", "EPSG:4490"), ("WGS 84", "EPSG:4326"), ("EPSG:4547", "EPSG:4547"), ("4528", "EPSG:4528"),
        ("urn:ogc:def:crs:EPSG::5635", "EPSG:5635"),
    ],
)  # fmt: skip
def test_names(text: str, name: str) -> None:
    assert find_coordinates(text, "crs").name == name


@pytest.mark.parametrize("text", ["", "EPSG:1", "nonsense", "EPSG:4978", "99999999999999999999"])
def test_what_is_no_crs_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="EPSG:4547"):
        find_coordinates(text, "homes.csv")


@pytest.mark.parametrize(
    "text",
    [
        "+proj=longlat +datum=WGS84 +nadgrids=/etc/passwd",
        "+init=/etc/hostname",
        "+proj=pipeline +step +proj=vgridshift +grids=/etc/passwd",
    ],
)
def test_definitions_that_would_open_files_are_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="names files"):
        find_coordinates(text, "crs")


def test_baidus_plane_is_refused_naming_what_to_do() -> None:
    with pytest.raises(BadInputError, match="convert it to degrees and say bd09"):
        find_coordinates("BD-09MC", "crs")


@pytest.mark.parametrize(
    ("crs", "is_rough"),
    [
        ("EPSG:4610", True),
        ("EPSG:4490", False),
        ("EPSG:4528", False),
        ("EPSG:4258", False),
    ],
)
def test_datums_without_a_known_way_to_wgs84_are_told(crs: str, is_rough: bool, tmp_path: Path) -> None:
    x, y = find_coordinates(crs, "crs").from_wgs84(*NANJING)
    warnings = read_households_file(household_file(tmp_path, x, y), ReadOptions(crs=crs)).warnings
    assert any("places may be 100 m off" in warning for warning in warnings) == is_rough


@pytest.mark.parametrize("crs", ["gcj02", "bd09", "EPSG:4528"])
def test_our_own_answers_are_read_again_in_their_crs(crs: str, tmp_path: Path) -> None:
    feature = {"type": "Feature", "id": "a", "geometry": {"type": "Point", "coordinates": [118.78, 32.04]}}
    answer = in_crs({"type": "FeatureCollection", "features": [feature]}, find_coordinates(crs, "crs"))
    file = tmp_path / "answer.geojson"
    file.write_text(json.dumps(answer), encoding="utf-8")
    for asked in (None, crs):
        households = read_households_file(file, ReadOptions(crs=asked)).data
        assert (households.lon_deg[0], households.lat_deg[0]) == pytest.approx((118.78, 32.04), abs=1e-7)
    with pytest.raises(BadInputError, match=f"{crs}.*EPSG:4326"):
        read_households_file(file, ReadOptions(crs="EPSG:4326"))


@pytest.mark.parametrize(
    "crs", ["EPSG:4528", "EPSG:4548", "EPSG:4498", "EPSG:4509", "gcj02", "bd09", "cgcs2000"]
)
def test_there_and_back_within_a_millimetre(crs: str) -> None:
    coordinates = find_coordinates(crs, "crs")
    back = coordinates.to_wgs84(*coordinates.from_wgs84(*NANJING))
    assert np.abs(np.subtract(back, NANJING)).max() < 1e-8
    assert why_misplaced(coordinates, *coordinates.from_wgs84(*NANJING)) is None


def test_a_flag_that_contradicts_the_file_is_refused_naming_both() -> None:
    with pytest.raises(BadInputError, match=r"EPSG:5635.*EPSG:4326") as caught:
        agreed_coordinates("EPSG:5635", "EPSG:4326", "zones.gpkg")
    assert caught.value.where == "zones.gpkg"
    with pytest.raises(BadInputError, match=r"EPSG:5635.*gcj02"):
        agreed_coordinates("EPSG:5635", "gcj02", "zones.gpkg")


def test_what_does_not_contradict() -> None:
    assert agreed_coordinates("EPSG:4528", "4528", "").name == "EPSG:4528"
    assert agreed_coordinates("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "").name == "EPSG:4326"
    assert (
        agreed_coordinates("EPSG:4326", "gcj02", "").name == "gcj02"
    )  # such files state WGS 84 for want of a code
    assert agreed_coordinates("EPSG:4490", "bd09", "").name == "bd09"
    assert agreed_coordinates(None, "EPSG:4528", "").name == "EPSG:4528"
    assert agreed_coordinates("EPSG:5635", None, "").name == "EPSG:5635"
    assert agreed_coordinates(None, None, "").name == "EPSG:4326"


def test_surveyors_axes_are_recognised_and_the_exchange_is_named() -> None:
    zone = find_coordinates("EPSG:4528", "crs")
    east, north = zone.from_wgs84(*NANJING)
    assert "exchange the two columns" in str(why_misplaced(zone, north, east))


@pytest.mark.parametrize(
    ("made_in", "read_as", "named"),
    [
        ("EPSG:4528", "EPSG:4549", "EPSG:4528"),
        ("EPSG:4549", "EPSG:4528", "EPSG:4549"),
        ("EPSG:4498", "EPSG:4528", "EPSG:4498"),
    ],
)
def test_a_zone_number_too_many_or_too_few_names_the_right_crs(
    made_in: str, read_as: str, named: str
) -> None:
    x, y = find_coordinates(made_in, "crs").from_wgs84(*NANJING)
    assert named in str(why_misplaced(find_coordinates(read_as, "crs"), x, y))
    swapped = str(why_misplaced(find_coordinates(read_as, "crs"), y, x))
    assert named in swapped
    assert "exchanged" in swapped


def test_a_region_across_the_antimeridian_holds_both_sides() -> None:
    fiji = find_coordinates("EPSG:3460", "crs")
    assert fiji.holds(np.array([179.0, -179.5, 24.9]), np.array([-17.0, -17.0, -17.0])).tolist() == [
        True,
        True,
        False,
    ]


# --- through a reader -------------------------------------------------------------------------------------------


def household_file(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    file = folder / "homes.csv"
    rows = "".join(
        f"h{number},{a!r},{b!r}\n" for number, (a, b) in enumerate(zip(x.tolist(), y.tolist(), strict=True))
    )
    file.write_text("id,x,y\n" + rows, encoding="utf-8")
    return file


@pytest.mark.parametrize("crs", ["EPSG:4528", "EPSG:4549", "gcj02", "bd09", "cgcs2000", "EPSG:3857"])
def test_households_of_a_table_in_any_crs_lie_where_they_are(crs: str, tmp_path: Path) -> None:
    file = household_file(tmp_path, *find_coordinates(crs, "crs").from_wgs84(*NANJING))
    households = read_households_file(file, ReadOptions(crs=crs)).data
    assert households.lon_deg == pytest.approx(NANJING[0], abs=1e-8)
    assert households.lat_deg == pytest.approx(NANJING[1], abs=1e-8)


def test_a_surveyors_table_is_refused_as_a_whole(tmp_path: Path) -> None:
    east, north = find_coordinates("EPSG:4528", "crs").from_wgs84(*NANJING)
    with pytest.raises(BadInputError, match="exchange the two columns"):
        read_households_file(household_file(tmp_path, north, east), ReadOptions(crs="EPSG:4528"))


def test_metres_without_a_crs_are_refused_naming_the_flag(tmp_path: Path) -> None:
    east, north = find_coordinates("EPSG:4528", "crs").from_wgs84(*NANJING)
    with pytest.raises(BadInputError, match=r"projected metres.*crs=EPSG:4547"):
        read_households_file(household_file(tmp_path, east, north), ReadOptions())
    with pytest.raises(BadInputError, match=r"X north\): exchange the two columns, and name their CRS"):
        read_households_file(household_file(tmp_path, north, east), ReadOptions())


def test_degrees_under_a_system_of_metres_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BadInputError, match=r"holds degrees such as 118.78, 32.04, but EPSG:4549 counts metres"
    ):
        read_households_file(household_file(tmp_path, *NANJING), ReadOptions(crs="EPSG:4549"))


@pytest.mark.parametrize(
    ("ring", "reason"),
    [
        ([(179, 60), (-179, 60), (-179, 61), (179, 61)], "cut it where it crosses the antimeridian"),
        ([(-180, 60), (180, 60), (180, 90), (-180, 90)], "reaches a pole"),
        ([(20, 80), (30, 80), (25, 90)], "reaches a pole"),
    ],
)
def test_polygons_over_the_antimeridian_and_at_a_pole_are_bad_rows(
    tmp_path: Path, ring: list[tuple[float, float]], reason: str
) -> None:
    cut = MultiPolygon([box(179, -17, 180, -16), box(-180, -17, -179, -16)])  # as RFC 7946 asks
    rows = [({"id": "a"}, Polygon(ring)), ({"id": "b"}, cut)]
    found = read_zones_file(geojson_file(tmp_path, rows), ReadOptions(on_error="skip"))
    (bad,) = found.rows.rejected
    assert (bad.row, bad.column) == (1, None)
    assert reason in bad.reason
    assert str(bad.value).startswith("POLYGON ((")
    assert found.data.id.tolist() == ["b"]
    # The same ring in metres, where it crosses without a jump.
    fiji = find_coordinates("EPSG:3832", "")
    x, y = fiji.from_wgs84(np.array([179.0, 181, 181, 179]), np.array([-17.0, -17, -16, -16]))
    over = geojson_file(tmp_path, [({"id": "a"}, Polygon(np.column_stack([x, y])))], "EPSG:3832")
    with pytest.raises(BadInputError, match="cut it where it crosses the antimeridian"):
        read_zones_file(over)
