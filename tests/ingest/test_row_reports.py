"""Every rejected and every repaired row, with its number, its value and the reason; large files too."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from shapely import LineString, Point, Polygon

from app.domain.row_report import RowReport, RowsRejectedError
from app.geo.projection import LocalProjection
from app.ingest.rejected_rows import rejected_rows_csv
from app.ingest.table_source import Near, ReadOptions
from app.ingest.tables import read_facilities_file, read_households_file
from app.ingest.zone_files import read_zones_file
from tests.support.table_formats import write
from tests.support.user_files import BOW_TIE, SQUARE, csv_file, geojson_file

SKIP = ReadOptions(on_error="skip")


def told(report: RowReport) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    rejected = [(row.row, row.column, row.value) for row in report.rejected]
    return rejected, [(row.row, row.column, row.value, row.reason) for row in report.repaired]


def test_only_what_is_merely_clumsy_is_repaired(tmp_path: Path) -> None:
    rows = [
        "a,24,60,1",
        " b ,24,60,1",  # blanks around
        "\u3000c\u3000,24,60,1",  # full-width blanks around
        "d,24,60,１２",  # full-width digits
        ",24,60,1",  # no id
        "f,２４．５,60,1",  # a full-width point is no digit
        "g,24,60,-1",
        "h,24,60,many",
        "a,24,61,1",  # repeated
        "i,24,,1",
        "j,24,60,",
        "row-6,24,60,1",
    ]
    path = csv_file(tmp_path, "id,lon,lat,households\n" + "\n".join(rows) + "\n")
    found, _, report = read_households_file(path, SKIP)
    assert found.id.tolist() == ["a", "b", "c", "d", "row-6", "row-6-made"]
    assert found.lat_deg[0] == 60  # of repeated ids the first stays
    assert dict(zip(found.id.tolist(), found.households.tolist(), strict=True))["d"] == 12
    rejected, repaired = told(report)
    assert rejected == [
        (7, "lon", "２４．５"),
        (8, "households", "-1"),
        (9, "households", "many"),
        (10, "id", "a"),
        (11, "lat", ""),
        (12, "households", ""),
    ]
    assert repaired == [
        (3, "id", " b ", "blanks around the value were dropped"),
        (4, "id", "\u3000c\u3000", "blanks around the value were dropped"),
        (5, "households", "１２", "full-width digits were read as 12"),
        (6, "id", "", "had no id; called row-6-made"),
    ]
    with pytest.raises(
        RowsRejectedError, match=r"line 7, column lon: .* \(5 more rows have errors\)"
    ) as refused:
        read_households_file(path)
    assert told(refused.value.reports["households"]) == (rejected, repaired)


def test_what_stood_in_a_row_is_told_in_words(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,lon,lat,households\na,,60,1\nb,24,60,1,5\nc,24,60,\nd,24\ne,24,60,1\n")
    _, _, report = read_households_file(path, SKIP)
    assert [(row.row, row.value, row.reason) for row in report.rejected] == [
        (2, "", "is empty; write a number"),
        (3, "b,24,60,1,5", "has 5 values under 4 columns; put values that hold a comma in double quotes"),
        (4, "", "is empty; write a number, or leave the whole column out"),
        (5, "d,24", "has 2 values under 4 columns; put values that hold a comma in double quotes"),
    ]


def test_a_file_without_any_good_row_is_refused_even_so(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,lon,lat\na,x,60\nb,24,y\n")
    with pytest.raises(RowsRejectedError) as refused:
        read_households_file(path, SKIP)
    assert len(refused.value.rejected) == 2


def test_geometry_that_cannot_be_used(tmp_path: Path) -> None:
    shapes = [
        SQUARE,
        None,
        Point(),
        LineString([(24, 60), (25, 61)]),
        Polygon([(24, 60), (25, 61), (24, 60)]),
        BOW_TIE,
    ]
    rows = [({"id": name, "services": "x"}, shape) for name, shape in zip("abcdef", shapes, strict=True)]
    found, _, report = read_facilities_file(geojson_file(tmp_path, rows), {"x"}, SKIP)
    assert found.id.tolist() == ["a", "f"]
    assert [(row.row, row.reason.split(";")[0]) for row in report.rejected] == [
        (2, "has no geometry"),
        (3, "has an empty geometry"),
        (4, "is a LineString"),
        (5, "is a polygon without area"),
    ]
    assert [(row.row, row.reason) for row in report.repaired] == [(6, "was an invalid polygon; made valid")]
    zones, _, report = read_zones_file(geojson_file(tmp_path, [*rows, ({"id": "p"}, Point(24, 60))]), SKIP)
    assert zones.id.tolist() == ["a", "f"]
    assert [row.row for row in report.rejected] == [2, 3, 4, 5, 7]


def test_areas_near_and_far(tmp_path: Path) -> None:
    near = Near(SQUARE, LocalProjection(24.91, 60.11))
    # 0.08 degrees are 4.4 km at this latitude, 0.1 degrees 5.6 km.
    shapes = [Polygon([(x, 60.10), (x + 0.5, 60.10), (x + 0.5, 60.2)]) for x in (25.0, 25.02)]
    rows = [({"id": name}, shape) for name, shape in zip("ab", shapes, strict=True)]
    zones, _, report = read_zones_file(geojson_file(tmp_path, rows), ReadOptions(on_error="skip", near=near))
    assert zones.id.tolist() == ["a"]
    assert report.rejected[0].reason.startswith("lies 5.6 km outside the extent of the area")


@pytest.mark.parametrize("ending", ["csv", "xlsx", "gpkg", "zip", "fgb", "parquet", "geojson", "geojsonl"])
def test_rejected_rows_of_every_format_can_be_sent_again(tmp_path: Path, ending: str) -> None:
    columns = {"id": ["-a", "b", "b"], "households": [1, 2, 3], "更多": ["x", "说明", "y"]}
    shapes = [Point(118.5, 32), Point(118.6, 32), Point(118.7, 32)]
    path = write(tmp_path / f"rows.{ending}", shapes, columns)
    with pytest.raises(RowsRejectedError) as refused:
        read_households_file(path)
    content = b"".join(rejected_rows_csv(path, ReadOptions(), refused.value.reports["households"])).decode()
    assert content.startswith("\ufeff")  # without it Excel shows Chinese garbled
    header, row = content.removeprefix("\ufeff").splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert cells.pop("reason").startswith("'b' is already the id of ")
    assert float(cells.pop("lat")) == 32
    assert cells == {"id": "b", "households": "3", "更多": "y", "lon": "118.7"}
    again = csv_file(tmp_path, content.replace("\nb,", "\nc,"), "again.csv")
    found, *_ = read_households_file(again)
    assert (found.lon_deg.tolist(), found.households.tolist()) == ([118.7], [3])


MILLION = """
import sys, time
from pathlib import Path
from app.ingest.table_source import ReadOptions
from app.ingest.tables import read_households_file
found, _, report = read_households_file(Path(sys.argv[1]), ReadOptions(on_error="skip"))
print(found.count, len(report.rejected), len(report.repaired))
print(time.process_time())
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))
"""


def test_a_million_rows(tmp_path: Path) -> None:
    """Every tenth row bad and every tenth repaired; in a process of its own, so that its memory can be measured."""
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(118, 119, 1_000_000), rng.uniform(31, 32, 1_000_000)
    good = [
        f"h{i},{x:.6f},{y:.6f},3" for i, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True))
    ]
    good[::10] = [f"{row}x" for row in good[::10]]
    good[5::10] = [f" {row}" for row in good[5::10]]
    path = csv_file(tmp_path, "id,lon,lat,households\n" + "\n".join(good) + "\n")
    done = subprocess.run([sys.executable, "-c", MILLION, path], check=True, capture_output=True, text=True)
    *counts, seconds, peak_kb = done.stdout.split()
    assert counts == ["900000", "100000", "100000"]
    assert float(seconds) < 60, "of a processor; how long others kept it waiting says nothing"
    assert int(peak_kb) < 1_500_000
