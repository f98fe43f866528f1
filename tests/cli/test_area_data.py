"""New data for an area on the command line: flags, reports of rows, dry runs."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.support.osm_writing import degrees
from tests.support.small_town import csv_file, town

HEADER = "编号,经度,纬度,户数,备注"
ROWS = [("a", (-100, 5), "3,甲"), ("b", (90, 5), "x,乙"), ("c", (20, -8), "１２,丙"), ("a", (20, 8), "1,丁")]


@pytest.fixture
def osm(tmp_path: Path) -> Path:
    return town().write(tmp_path / "town.osm")


@pytest.fixture
def homes(tmp_path: Path) -> Path:
    return csv_file(tmp_path / "小区.csv", HEADER, ROWS)


def read(path: Path) -> object:
    return json.loads(path.read_text("utf-8"))


BAD = [
    {
        "row": 3,
        "column": "户数",
        "value": "x",
        "reason": "'x' is not a number; write a plain number such as 12.5",
    },
    {"row": 5, "column": "编号", "value": "a", "reason": "'a' is already the id of line 2; make ids unique"},
]
REPAIRED = [{"row": 4, "column": "户数", "value": "１２", "reason": "full-width digits were read as 12"}]


@pytest.mark.parametrize("command", ["import", "update"])
def test_a_refused_file_is_reported_row_by_row(cli: Cli, osm: Path, homes: Path, command: str) -> None:
    if command == "import":
        line = ["area", "import", "town", "--osm", osm, "--households", homes]
    else:
        cli("area", "import", "town", "--osm", osm)
        line = ["area", "households", "town", homes]
    report = Path("rows.json")
    error = cli(*line, "--report", report).failed(2)
    assert error == f"{homes}, line 3, column 户数: {BAD[0]['reason']} (1 more row has errors)"
    assert read(report) == {"rejected": BAD, "repaired": REPAIRED}
    as_json = cli(*line, "--json")
    assert as_json.code == 2
    assert json.loads(as_json.stdout) == {"rejected": BAD, "repaired": REPAIRED}


@pytest.mark.parametrize("command", ["import", "update"])
def test_bad_rows_are_left_out_by_choice(cli: Cli, osm: Path, homes: Path, command: str) -> None:
    if command == "import":
        done = cli(
            "area", "import", "town", "--osm", osm, "--households", homes, "--on-error", "skip", "--json"
        )
    else:
        cli("area", "import", "town", "--osm", osm)
        done = cli("area", "households", "town", homes, "--on-error", "skip", "--json")
    answer = done.json()
    assert (answer["rejected"], answer["repaired"]) == (BAD, REPAIRED)
    assert answer["rows"]["households"]["rejected"] == BAD
    assert answer["counts"]["households"]["kept"] == 2
    assert "households: 2 rows left out and 1 row repaired" in done.err
    assert cli("area", "list", "--json").json()["areas"][0]["counts"]["households"] == 15


def test_rejected_rows_are_corrected_and_sent_again(cli: Cli, osm: Path, homes: Path) -> None:
    cli("area", "import", "town", "--osm", osm)
    line = ["area", "households", "town"]
    assert cli(*line, homes, "--on-error", "skip", "--report", "bad.csv").code == 0
    text = Path("bad.csv").read_text("utf-8-sig")
    lon, lat = degrees(90, 5)
    first, second = text.splitlines()[:2]
    assert first == f"{HEADER},reason"
    assert second == f"b,{lon:.7f},{lat:.7f},x,乙,{BAD[0]['reason']}"
    Path("bad.csv").write_text(text.replace(",x,", ",7,").replace("\na,", "\nd,"), encoding="utf-8-sig")
    assert cli(*line, "bad.csv", "--append").code == 0
    assert cli("area", "list", "--json").json()["areas"][0]["counts"]["households"] == 23


def test_several_files_are_told_apart(cli: Cli, osm: Path, homes: Path, tmp_path: Path) -> None:
    places = csv_file(
        tmp_path / "places.csv", "id,lon,lat,services", [("p", (0, 0), ""), ("q", (1, 1), "clinic")]
    )
    line = ["area", "import", "town", "--osm", osm, "--households", homes, "--facilities", places]
    assert cli(*line, "--on-error", "skip", "--report", "rows.json").code == 0
    rows = read(Path("rows.json"))
    assert isinstance(rows, dict)
    assert [(row["input"], row["row"]) for row in rows["rejected"]] == [
        ("households", 3),
        ("households", 5),
        ("facilities", 2),
    ]
    assert cli(*line, "--on-error", "skip", "--report", "bad.csv").code == 0
    assert Path("bad-facilities.csv").read_text("utf-8-sig").splitlines()[0] == "id,lon,lat,services,reason"
    assert Path("bad-households.csv").exists()


def test_a_dry_run_stores_nothing(cli: Cli, osm: Path, homes: Path) -> None:
    cli("area", "import", "town", "--osm", osm)
    before = cli("area", "list").out
    tried = cli("area", "households", "town", homes, "--on-error", "skip", "--dry-run")
    assert tried.out.startswith("Nothing was stored; this would make version ")
    assert cli("area", "list").out == before
    answer = cli("area", "households", "town", homes, "--on-error", "skip", "--dry-run", "--json").json()
    assert answer["dry_run"] is True


def test_flags_of_files(cli: Cli, osm: Path, tmp_path: Path) -> None:
    odd = csv_file(tmp_path / "odd.csv", "n,lon,lat,k", [("a", (-100, 5), "3")])
    line = ["area", "import", "town", "--osm", osm]
    assert cli(*line, "--households", odd, "--households-columns", "id=n,households=k").code == 0
    assert cli("area", "list", "--json").json()["areas"][0]["counts"]["households"] == 3
    assert (
        cli("area", "households", "town", odd, "--columns", "id=n,households=k", "--crs", "EPSG:4326").code
        == 0
    )
    assert "--zones-crs: speaks of a file: give it with --zones FILE" in cli(
        *line, "--zones-crs", "gcj02"
    ).failed(2)
    assert "--households-columns: there is no column 'k' to fill" in cli(
        *line, "--households", odd, "--households-columns", "k=n"
    ).failed(2)
    assert "give one" in cli("area", "zones", "town", odd, "--append", "--replace").failed(3)
    assert "'no' is not one of" in cli("area", "zones", "town", odd, "--on-error", "no").failed(3)
    assert "area 'x' does not exist" in cli("area", "facilities", "x", odd).failed(2)
    assert "is a directory" in cli("area", "zones", "town", odd, "--report", tmp_path).failed(2)
