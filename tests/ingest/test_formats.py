"""Every format, encoding and name of a column that households may come in."""

import datetime as dt
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely
from shapely import Point

from app.ingest.table_columns import HOUSEHOLD_FIELDS, parse_columns
from app.ingest.table_source import ReadOptions
from app.ingest.tables import read_area_file, read_facilities_file, read_households_file
from app.ingest.zone_files import read_zones_file
from tests.support.table_formats import FORMATS, gdal, shapefile, write, zip_of
from tests.support.user_files import BOW_TIE, SQUARE, csv_file, refusal

PLACES = [Point(118.7812, 32.0412), Point(118.7923, 32.0534)]
COLUMNS: dict[str, list[Any]] = {"id": ["新街口-1", "b"], "households": [3, 5], "population": [7.5, 12.0]}


@pytest.mark.parametrize("ending", FORMATS)
def test_the_same_households_in_every_format(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"rows.{ending}", PLACES, COLUMNS)
    found, notes, rows = read_households_file(path)
    assert notes == ()
    assert (rows.rejected, rows.repaired) == ((), ())
    assert found.id.tolist() == ["b", "新街口-1"]
    assert found.lon_deg.tolist() == pytest.approx([118.7923, 118.7812], abs=1e-9)
    assert found.lat_deg.tolist() == pytest.approx([32.0534, 32.0412], abs=1e-9)
    assert found.households.tolist() == [5, 3]
    assert found.population is not None
    assert found.population.tolist() == [12, 7.5]


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "zip", "fgb", "parquet"])
def test_the_same_polygons_in_every_format_that_has_them(tmp_path: Path, ending: str) -> None:
    other = shapely.transform(SQUARE, lambda xy: xy + 1)
    path = write(tmp_path / f"rows.{ending}", [SQUARE, other], {"id": ["b", "a"], "name": ["下关", ""]})
    zones, notes, _ = read_zones_file(path)
    assert (zones.id.tolist(), zones.name.tolist(), notes) == (["a", "b"], ["", "下关"], ())
    assert shapely.equals(zones.geometry[1], SQUARE)
    assert shapely.equals(read_area_file(path, "extent"), shapely.union_all([SQUARE, other]))


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("named", FORMATS)
def test_a_wrong_ending_is_told(tmp_path: Path, ending: str, named: str) -> None:
    alike = [{"csv", "tsv"}, {ending}]
    if any({ending, named} <= same for same in alike):
        return
    path = write(tmp_path / f"rows.{ending}", PLACES, COLUMNS).rename(tmp_path / f"小区.{named}")
    message = refusal(lambda: read_households_file(path))
    assert "小区." in message
    if (ending, named) == ("gpkg", "csv"):
        assert message.endswith(
            "is named as CSV but is a GeoPackage or another SQLite database: give it the ending .gpkg"
        )


# --- columns ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "编号,经度,纬度,户数,人口,60岁及以上,0-3岁",
        "ID,LNG,LAT,Dwellings,POP,60岁以上人口,0～3岁人口",
        "ＩＤ,Ｘ,Ｙ,户数（户）,总人口 (人),60+,0至3岁",
        "id,longitude,latitude,households,population,pop_60plus,pop_0_3",
    ],
)
def test_good_guesses_are_made_and_told(tmp_path: Path, header: str) -> None:
    found, notes, _ = read_households_file(csv_file(tmp_path, f"{header}\na,118.78,32.04,3,7,2,1\n"))
    assert found.id.tolist() == ["a"]
    assert (found.lon_deg[0], found.lat_deg[0]) == (118.78, 32.04)
    assert found.households.tolist() == [3]
    assert found.population is not None
    assert found.population.tolist() == [7]
    assert {name: persons.tolist() for name, persons in found.groups.items()} == {
        "pop_0_3": [1],
        "pop_60plus": [2],
    }
    expected = [f"{theirs} as {ours}" for theirs, ours in zip(header.split(","), NAMES, strict=True)]
    told = [text for text in expected if text.split(" as ")[0].casefold() != text.split(" as ")[1]]
    assert (" ".join(notes).count(" as "), all(text in notes[0] for text in told)) == (len(told), True)


NAMES = ("id", "lon", "lat", "households", "population", "pop_60plus", "pop_0_3")


def test_guesses_for_facilities(tmp_path: Path) -> None:
    text = "编号,经度,纬度,类型,名称\na,118.78,32.04,clinic,鼓楼医院\n"
    found, *_ = read_facilities_file(csv_file(tmp_path, text), {"clinic"})
    assert (found.services, found.name.tolist()) == ((("clinic",),), ["鼓楼医院"])


def test_an_ambiguous_guess_names_the_candidates(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,lng,x,lat,户数,dwellings\na,118.7,118.8,32,1,2\n")
    message = refusal(lambda: read_households_file(path))
    assert "line 1: more than one column may be lon (lng, x); name the one meant, as in lon=lng" in message
    columns = {"lon": "x", "households": "户数"}
    found, *_ = read_households_file(path, ReadOptions(columns=columns))
    assert (found.lon_deg[0], found.households[0]) == (118.8, 1)
    # Our own name beats every guess.
    own = csv_file(tmp_path, "id,lon,lng,lat\na,118.7,1,32\n")
    assert read_households_file(own).data.lon_deg[0] == 118.7


def test_columns_that_the_user_names(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "门牌,lon,lat,n\na,118.7,32,4\n")
    columns = parse_columns("id=门牌, households = n", HOUSEHOLD_FIELDS, "--households-columns")
    found, *_ = read_households_file(path, ReadOptions(columns=columns))
    assert (found.id.tolist(), found.households.tolist()) == (["a"], [4])
    message = refusal(lambda: read_households_file(path, ReadOptions(columns={"households": "m"})))
    assert "line 1: has no column m, as was asked for (found: 门牌, lon, lat, n)" in message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("id", "write OURS=YOURS,... such as id=编号, not 'id'"),
        ("id=", "not 'id='"),
        ("haus=a", "there is no column 'haus' to fill; there are id, households, population"),
        ("id=a,id=b", "names id twice"),
    ],
)
def test_mappings_that_make_no_sense(text: str, problem: str) -> None:
    assert problem in refusal(lambda: parse_columns(text, HOUSEHOLD_FIELDS, "--households-columns"))


# --- text ------------------------------------------------------------------------------------------------------

CHINESE = "编号,经度,纬度,户数\n玄武湖小区１期,118.79,32.07,12\n"


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("gbk", "GB18030"),
        ("gb18030", "GB18030"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
    ],
)
def test_encodings_of_chinese_spreadsheets(tmp_path: Path, encoding: str, told: str | None) -> None:
    text = (
        CHINESE
        if not encoding.startswith("utf-16-")
        else CHINESE.replace("编号,经度,纬度,户数", "id,lon,lat,households")
    )
    found, notes, _ = read_households_file(csv_file(tmp_path, text.encode(encoding)))
    assert (found.id.tolist(), found.households.tolist()) == (["玄武湖小区１期"], [12])
    assert any(f"read as {told} text" in note for note in notes) == (told is not None)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_separators(tmp_path: Path, separator: str) -> None:
    text = CHINESE.replace(",", separator)
    assert read_households_file(csv_file(tmp_path, text)).data.id.tolist() == ["玄武湖小区１期"]


def test_wkt_in_a_table(tmp_path: Path) -> None:
    rows = "a,POINT (118.7 32),1\nb,nonsense,1\nc,,1\n"
    options = ReadOptions(on_error="skip")
    found, _, report = read_households_file(csv_file(tmp_path, "id,wkt,households\n" + rows), options)
    assert (found.id.tolist(), found.lon_deg.tolist()) == (["a"], [118.7])
    assert [(row.row, row.column, row.value) for row in report.rejected] == [
        (3, "wkt", "nonsense"),
        (4, None, None),
    ]


# --- GeoJSON sequences -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["geojsonl", "geojsons", "ndjson"])
@pytest.mark.parametrize("start", ["", "\x1e"])
def test_geojson_sequences(tmp_path: Path, ending: str, start: str) -> None:
    lines = [
        json.dumps(
            {"type": "Feature", "id": name, "properties": {}, "geometry": shapely.geometry.mapping(place)}
        )
        for name, place in zip("ab", PLACES, strict=True)
    ]
    text = "".join(f"{start}{line}\n" for line in [lines[0], '{"type": "Feat', lines[1]])
    path = csv_file(tmp_path, text, f"rows.{ending}")
    found, _, report = read_households_file(path, ReadOptions(on_error="skip"))
    assert found.id.tolist() == ["a", "b"]
    assert [(row.row, row.value) for row in report.rejected] == [
        (2, '{"type": "Feat' + ("\n" if start else ""))
    ]
    unit = "feature" if start else "line"
    assert f"{unit} 2: is not valid JSON" in refusal(lambda: read_households_file(path))


@pytest.mark.parametrize(("start", "numbers"), [("", (2, 3, 6, 7)), ("\x1e", (1, 2, 3, 4))])
def test_rows_of_a_sequence_are_its_lines_blank_ones_counted(
    tmp_path: Path, start: str, numbers: tuple[int, ...]
) -> None:
    feature = {"type": "Feature", "geometry": shapely.geometry.mapping(PLACES[0])}
    rows = ({"id": "a", "households": 1}, {"id": "b", "households": "x"}, {"id": "a", "households": 1})
    texts = [start + json.dumps(feature | {"properties": row}) for row in rows]
    texts.append(start + json.dumps(feature | {"geometry": {"type": "Point", "coordinates": "x"}}))
    path = csv_file(tmp_path, "\r\n".join(["", *texts[:2], "", " ", *texts[2:]]), "rows.geojsonl")
    _, _, report = read_households_file(path, ReadOptions(on_error="skip"))
    assert [row.row for row in report.rejected] == list(numbers[1:])
    assert [row.column for row in report.rejected] == ["households", "id", None]
    assert f"is already the id of {'feature' if start else 'line'} {numbers[0]}" in report.rejected[1].reason


def test_sequences_and_documents_are_told_apart(tmp_path: Path) -> None:
    sequence = '{"type": "Feature"}\n{"type": "Feature"}\n'
    assert "give it the ending .geojsonl" in refusal(
        lambda: read_households_file(csv_file(tmp_path, sequence, "a.geojson"))
    )
    document = '{"type": "FeatureCollection", "features": []}'
    assert "give it the ending .geojson" in refusal(
        lambda: read_households_file(csv_file(tmp_path, document, "a.geojsonl"))
    )


# --- layers and sheets -----------------------------------------------------------------------------------------


def two_layers(tmp_path: Path) -> Path:
    for name, append in (("old", False), ("new", True)):
        columns = {"id": [name], "households": [1]}
        gdal(tmp_path / "a.gpkg", "GPKG", PLACES[:1], columns, "EPSG:4326", layer=name, append=append)
    return tmp_path / "a.gpkg"


def two_shapefiles(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("old", "new"):
            parts = shapefile(tmp_path / name, PLACES[:1], {"id": [name], "households": [1]})
            for ending, content in parts.items():
                archive.writestr(f"folder/{name}{ending.upper()}", content)
        archive.writestr("__MACOSX/folder/._old.shp", b"")
    return tmp_path / "a.zip"


def two_sheets(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    for name in ("old", "new"):
        sheet = book.create_sheet(name)
        sheet.append(["id", "lon", "lat", "households"])
        sheet.append([name, 118.7, 32, 1])
    book.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


def test_age_groups_that_excel_took_for_dates(tmp_path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("小区")
    year = dt.datetime.now(dt.UTC).year
    sheet.append(["编号", "经度", "纬度", dt.date(year, 3, 6), dt.datetime(year, 6, 12), "60+"])  # noqa: DTZ001 - Excel's
    sheet.append(["a", 118.7, 32, 4, 5, 6])
    book.save(tmp_path / "a.xlsx")
    found, notes, _ = read_households_file(tmp_path / "a.xlsx")
    assert {name: values.tolist() for name, values in found.groups.items()} == {
        "pop_3_6": [4], "pop_6_12": [5], "pop_60plus": [6],
    }  # fmt: skip
    assert any("3-6 as pop_3_6, 6-12 as pop_6_12" in note for note in notes)


def test_a_date_where_a_number_belongs_is_named_as_it_is_written(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["id", "lon", "lat", "households"])
    book.active.append(["a", 118.7, 32, dt.date(2020, 1, 2)])
    book.save(tmp_path / "a.xlsx")
    message = refusal(lambda: read_households_file(tmp_path / "a.xlsx"))
    assert "line 2, column households: '2020-01-02 00:00:00' is not a number" in message


@pytest.mark.parametrize(
    ("write_two", "what"), [(two_layers, "layer"), (two_shapefiles, "layer"), (two_sheets, "sheet")]
)
def test_one_of_several_layers_or_sheets(
    tmp_path: Path, write_two: Callable[[Path], Path], what: str
) -> None:
    path = write_two(tmp_path)
    for name in ("old", "new"):
        assert read_households_file(path, ReadOptions(layer=name)).data.id.tolist() == [name]
    message = refusal(lambda: read_households_file(path))
    assert f"has 2 {what}s (old, new); name the one meant" in message
    assert f"has no {what} 'x' (there are: " in refusal(
        lambda: read_households_file(path, ReadOptions(layer="x"))
    )


# --- shapefiles ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cpg", "told"), [(b"GBK", True), (b"936", True), (None, True), (b"UTF-8", False)])
def test_encodings_of_shapefiles(tmp_path: Path, cpg: bytes | None, told: bool) -> None:
    encoding = "UTF-8" if cpg == b"UTF-8" else "GBK"
    parts = shapefile(
        tmp_path / "parts", PLACES, {"编号": ["玄武区", "b"], "户数": [3, 4]}, encoding=encoding
    )
    parts.pop(".cpg", None)
    if cpg is not None:
        parts[".cpg"] = cpg
    path = csv_file(tmp_path, zip_of(parts), "a.zip")
    found, notes, _ = read_households_file(path)
    assert (found.id.tolist(), found.households.tolist()) == (["b", "玄武区"], [4, 3])
    assert any("read as GB18030" in note for note in notes) == told


def test_text_in_a_shapefiles_column_of_numbers(tmp_path: Path) -> None:
    parts = shapefile(tmp_path / "parts", PLACES, {"id": ["a", "b"], "households": [31, 47]})
    parts[".dbf"] = parts[".dbf"].replace(b"47", b"4x")
    message = refusal(lambda: read_households_file(csv_file(tmp_path, zip_of(parts), "a.zip")))
    assert "feature 2, column households: '4x' is not a number of the column's type" in message


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        (".dbf", "lacks rows.dbf"),
        (".shx", "lacks rows.shx"),
        (".prj", "states no CRS"),
        (".shp", "has no .shp file"),
    ],
)
def test_shapefiles_that_lack_a_part(tmp_path: Path, missing: str, problem: str) -> None:
    parts = shapefile(tmp_path / "parts", PLACES, COLUMNS)
    del parts[missing]
    assert problem in refusal(lambda: read_households_file(csv_file(tmp_path, zip_of(parts), "a.zip")))


# --- workbooks -------------------------------------------------------------------------------------------------


def workbook(tmp_path: Path, rows: list[list[Any]], edit: Callable[[str], str] = str) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    saved = io.BytesIO()
    book.save(saved)
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(saved) as before, zipfile.ZipFile(path, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, edit(content.decode()) if name.startswith("xl/worksheets/") else content)
    return path


def test_a_formula_counts_as_its_last_value_and_is_bad_without_one(tmp_path: Path) -> None:
    rows = [
        ["id", "lon", "lat", "households"],
        ["a", 118.7, 32, "=1+1"],
        ["b", 118.7, 32, "=2+3"],
        ["c", 118.7, 32, 1],
    ]
    path = workbook(
        tmp_path,
        rows,
        lambda xml: xml.replace("<f>2+3</f><v></v>", "<f>2+3</f><v>5</v>").replace(
            "<f>2+3</f><v />", "<f>2+3</f><v>5</v>"
        ),
    )
    found, notes, report = read_households_file(path, ReadOptions(on_error="skip"))
    assert (found.id.tolist(), found.households.tolist()) == (["b", "c"], [5, 1])
    (bad,) = report.rejected
    assert (bad.row, bad.column, bad.value) == (2, "households", "=1+1")
    assert "is a formula without a value" in bad.reason
    assert any("1 formula counts as the value when the workbook was last saved" in note for note in notes)


def test_rows_of_a_workbook_are_counted_as_excel_does(tmp_path: Path) -> None:
    rows = [
        [],
        ["id", "lon", "lat", "户数"],
        ["a", 118.7, 32, 1],
        [],
        ["b", "118.8", 32, "x"],
        [7, 118.8, 32, True],
    ]
    found, _, report = read_households_file(workbook(tmp_path, rows), ReadOptions(on_error="skip"))
    assert found.id.tolist() == ["a"]
    assert [(row.row, row.column, row.value) for row in report.rejected] == [
        (5, "户数", "x"),
        (6, "户数", True),
    ]


# --- damage ----------------------------------------------------------------------------------------------------


def test_a_bow_tie_in_every_format_is_made_valid(tmp_path: Path) -> None:
    for ending in ("geojson", "gpkg", "zip", "fgb", "parquet"):
        path = write(tmp_path / f"zone.{ending}", [BOW_TIE], {"id": ["z"]})
        zones, _, report = read_zones_file(path)
        assert shapely.is_valid(zones.geometry).all()
        assert [(row.row, row.reason) for row in report.repaired] == [
            (1, "was an invalid polygon; made valid")
        ]
