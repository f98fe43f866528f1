"""Reports of bad rows of several files on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.support.bad_rows import REJECTED, REPAIRED, bad_files
from tests.support.small_town import csv_file, town

Line = list[Any]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return bad_files(tmp_path)


@pytest.fixture
def line(tmp_path: Path, files: dict[str, Path]) -> Line:
    osm = town().write(tmp_path / "town.osm")
    flags = [part for kind, path in files.items() for part in (f"--{kind}", path)]
    return ["area", "import", "town", "--osm", osm, *flags]


def told(report: Any) -> tuple[list[Any], list[Any]]:
    return tuple(
        [(row["input"], row["row"], row["column"]) for row in report[name]]
        for name in ("rejected", "repaired")
    )  # type: ignore[return-value]


def test_all_refused_files_are_told_at_once(cli: Cli, line: Line, files: dict[str, Path]) -> None:
    error = cli(*line, "--report", "rows.json").failed(2)
    places = [
        f"{files['households']}, line 3, column households: ",
        f"; {files['facilities']}, line 4, column id: ",
    ]
    places.append(f"; {files['zones']}, feature 3: ")
    assert error.startswith(places[0])
    assert all(place in error for place in places), error
    report = json.loads(Path("rows.json").read_text("utf-8"))
    assert told(report) == (REJECTED, REPAIRED)
    assert json.loads(cli(*line, "--json").stdout) == report
    assert cli("area", "list", "--json").json()["areas"] == []


def test_all_files_with_rows_left_out_are_told(cli: Cli, line: Line) -> None:
    answer = cli(*line, "--on-error", "skip", "--report", "rows.json", "--json").json()
    report = json.loads(Path("rows.json").read_text("utf-8"))
    assert told(report) == (REJECTED, REPAIRED)
    assert {name: answer[name] for name in report} == report
    assert answer["counts"]["zones"]["kept"] == 2


def test_rejected_rows_of_each_refused_file_can_be_sent_again(cli: Cli, line: Line) -> None:
    cli(*line, "--report", "bad.csv").failed(2)
    assert cli(*line, "--on-error", "skip").code == 0
    homes = Path("bad-households.csv").read_text("utf-8-sig")
    assert [row.split(",")[0] for row in homes.splitlines()] == ["id", "b"]
    for kind, wrong, right in (("households", ",x,", ",7,"), ("facilities", "\np,", "\nr,")):
        path = Path(f"bad-{kind}.csv")
        path.write_text(path.read_text("utf-8").replace(wrong, right), encoding="utf-8")
        assert cli("area", kind, "town", path, "--append").code == 0
    assert cli("area", "list", "--json").json()["areas"][0]["counts"]["households"] == 22
    assert Path("bad-zones.csv").read_text("utf-8-sig").splitlines()[1].startswith("none,")


def test_rows_left_out_are_told_where_another_file_has_no_good_one(
    cli: Cli, line: Line, files: dict[str, Path]
) -> None:
    csv_file(files["households"], "id,lon,lat,households", [("b", (90, 5), "x")])
    error = cli(*line, "--on-error", "skip", "--report", "rows.json").failed(2)
    assert "places.csv" not in error
    rejected, repaired = told(json.loads(Path("rows.json").read_text("utf-8")))
    assert rejected == [("households", 2, "households"), *REJECTED[1:]]
    assert repaired == REPAIRED[1:]


def test_one_bad_file_among_several_is_told_as_if_alone(cli: Cli, line: Line, files: dict[str, Path]) -> None:
    csv_file(files["facilities"], "id,lon,lat,services", [("p", (0, 0), "clinic")])
    alone = [part for part in line if part not in ("--zones", files["zones"])]
    error = cli(*alone, "--report", "rows.json").failed(2)
    assert error.startswith(f"{files['households']}, line 3, column households: ")
    row = {"row": 3, "column": "households", "value": "x"}
    reason = "'x' is not a number; write a plain number such as 12.5"
    repaired = {
        "row": 4,
        "column": "households",
        "value": "１２",
        "reason": "full-width digits were read as 12",
    }
    assert json.loads(Path("rows.json").read_text("utf-8")) == {
        "rejected": [row | {"reason": reason}],
        "repaired": [repaired],
    }


@pytest.mark.parametrize("kind", ["boundary", "extent", "population"])
def test_bad_rows_of_other_files_are_reported_too(cli: Cli, tmp_path: Path, kind: str) -> None:
    osm = town().write(tmp_path / "town.osm")
    (tmp_path / "lines.csv").write_text('wkt,population\n"LINESTRING (0 0, 1 1)",3\n', encoding="utf-8")
    line = ["area", "import", "town", "--osm", osm, f"--{kind}", tmp_path / "lines.csv"]
    assert "lines.csv, line 2: is a LineString" in cli(*line, "--report", "rows.json").failed(2)
    (row,) = json.loads(Path("rows.json").read_text("utf-8"))["rejected"]
    assert (row["row"], row["column"]) == (2, None)
    cli(*line, "--report", "bad.csv").failed(2)
    header, bad = Path(f"bad-{kind}.csv").read_text("utf-8-sig").splitlines()
    assert header == "wkt,population,reason"
    assert bad.startswith('"LINESTRING (0 0, 1 1)",3,is a LineString')
