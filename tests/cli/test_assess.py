"""`reach15 assess`."""

import csv
import io
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rich.cells import cell_len

from app.domain.area import ATTRIBUTION
from app.geo.verdict import STATES
from tests.cli.conftest import Cli
from tests.support.http import STANDARD, all_pages, get_ok

COMMAND = ("assess", "helsinki", "--standard", STANDARD)


@pytest.mark.parametrize("options", [["--json"], ["--format", "json"], ["--json", "--format", "json"]])
def test_json_is_the_coverage_of_the_http_service(
    demo_cli: Cli, client: TestClient, options: list[str]
) -> None:
    served = get_ok(client, "/v1/areas/helsinki/coverage", standard=STANDARD)
    assert demo_cli(*COMMAND, *options).json() == served


def test_options_reach_the_assessment(demo_cli: Cli) -> None:
    answer = demo_cli(*COMMAND, "--profile", "elderly", "--weight", "points", "--json").json()
    assert (answer["profile"], answer["speed_mps"], answer["weight"]) == ("elderly", 0.8, "points")
    assert demo_cli(*COMMAND, "--speed-mps", "1.5", "--json").json()["speed_mps"] == 1.5


def test_geojson_holds_all_features_of_the_http_service(demo_cli: Cli, client: TestClient) -> None:
    answer = demo_cli(*COMMAND, "--format", "geojson").json()
    assert answer["type"] == "FeatureCollection"
    assert answer["attribution"] == ATTRIBUTION
    pages = all_pages(client, "/v1/areas/helsinki/households", standard=STANDARD, limit=10)
    assert answer["features"] == [feature for page in pages for feature in page["features"]]
    paging = {"features", "links", "numberMatched", "numberReturned"}
    assert {key: answer[key] for key in answer if key != "features"} == {
        key: pages[0][key] for key in pages[0] if key not in paging
    }


def test_csv_has_a_row_for_each_household(demo_cli: Cli) -> None:
    rows = list(csv.DictReader(io.StringIO(demo_cli(*COMMAND, "--format", "csv").out, newline="")))
    features = demo_cli(*COMMAND, "--format", "geojson").json()["features"]
    assert [row["id"] for row in rows] == [feature["id"] for feature in features]
    for row, feature in zip(rows, features, strict=True):
        properties = feature["properties"]
        assert [float(row["lon"]), float(row["lat"])] == feature["geometry"]["coordinates"]
        assert float(row["households"]) == properties["households"]
        assert row["population"] == ""
        assert row["overall"] in ("served", "underserved", "undetermined")
        for service, verdict in properties["services"].items():
            assert row[f"{service}_state"] == verdict["state"]
            assert number(row[f"{service}_time_s"]) == verdict["time_s"]
            assert number(row[f"{service}_over_s"]) == verdict.get("over_s")


def number(cell: str) -> float | None:
    return float(cell) if cell else None


def test_overall_in_csv_adds_up_to_the_coverage(demo_cli: Cli) -> None:
    rows = list(csv.DictReader(io.StringIO(demo_cli(*COMMAND, "--format", "csv").out, newline="")))
    overall = demo_cli(*COMMAND, "--json").json()["overall"]
    for state, sums in overall.items():
        assert sum(row["overall"] == state for row in rows) == sums["points"]


def test_a_band_adds_a_column_to_csv_and_table_and_reaches_the_other_formats(
    demo_cli: Cli, client: TestClient
) -> None:
    served = get_ok(client, "/v1/areas/helsinki/coverage", standard=STANDARD, band=0.1)
    banded = (*COMMAND, "--band", "0.1")
    assert demo_cli(*banded, "--json").json() == served
    pages = all_pages(client, "/v1/areas/helsinki/households", standard=STANDARD, band=0.1)
    answer = demo_cli(*banded, "--format", "geojson").json()
    assert answer["band"] == 0.1
    assert answer["features"] == [feature for page in pages for feature in page["features"]]
    plain, rows = (
        list(csv.DictReader(io.StringIO(demo_cli(*command, "--format", "csv").out, newline="")))
        for command in (COMMAND, banded)
    )
    for service in served["services"]:
        holds = [row.pop(f"{service['id']}_holds") for row in rows]
        assert set(holds) <= {"yes", "no"}
        assert holds.count("no") == service["fragile"]["points"]
    assert rows == plain
    text = demo_cli(*banded).out
    assert "fragile: another state at 0.9 or 1.1 times the speed" in text
    for service in served["services"]:
        fragile = service["fragile"]
        shown = f"{fragile['households']:,.0f}" if fragile["points"] else "-"
        assert table_row(text, service["name"]["zh"]).endswith(f" {shown}")
    assert "fragile" not in demo_cli(*COMMAND).out


def test_over_is_in_metres_where_the_limit_is(demo_cli: Cli) -> None:
    answer = demo_cli("assess", "helsinki", "--standard", "cn-gb50180-2018", "--format", "csv")
    header = answer.out.splitlines()[0].split(",")
    assert any(name.endswith("_over_m") for name in header)
    assert len(set(header)) == len(header)


@pytest.mark.parametrize("columns", [80, 100, 120])
@pytest.mark.parametrize("standard", [STANDARD, "cn-gb50180-2018", "un-sdg11"])
@pytest.mark.parametrize("band", [(), ("--band", "0.25")])
def test_the_table_fits(
    demo_cli: Cli, monkeypatch: pytest.MonkeyPatch, columns: int, standard: str, band: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    result = demo_cli("assess", "helsinki", "--standard", standard, *band)
    lines = result.out.splitlines()
    assert max(map(cell_len, lines)) <= columns
    assert "…" not in result.out
    assert not any(line != line.rstrip() for line in lines)


def test_the_table_says_what_the_answer_says(demo_cli: Cli) -> None:
    text = demo_cli(*COMMAND).out
    coverage = demo_cli(*COMMAND, "--json").json()
    for service in coverage["services"]:
        assert service["name"]["zh"] in text
        assert service["name"]["en"].split()[0] in text
        row = table_row(text, service["name"]["zh"])
        assert f"{service['limit']['minutes']:g} min" in row
        assert f" {service['facilities']:,} " in row
        assert f"{service['states']['covered']['households']:,.0f}" in row
    occurring = {
        name for service in coverage["services"] for name in STATES if service["states"][name]["points"]
    }
    assert ("discon-" in text) == ("disconnected" in occurring)
    assert ("undeter-" in text) == ("undetermined" in occurring)
    for state, sums in coverage["overall"].items():
        assert f"{state} {sums['households']:,.0f} (" in text
    assert ATTRIBUTION in text
    assert coverage["area"]["version"] in text


def table_row(text: str, name: str) -> str:
    (row,) = (line for line in text.splitlines() if line.startswith(f"{name} "))
    return row


def test_a_pipe_gets_no_escape_codes(demo_cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert b"\x1b" not in demo_cli(*COMMAND).stdout


def test_a_narrow_terminal_gets_a_list(demo_cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = demo_cli(*COMMAND).out.splitlines()
    assert max(map(cell_len, lines)) <= 40
    assert any(re.match(r"  covered [\d,]+ \(", line) for line in lines)


# --- files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["table", "json", "csv", "geojson"])
def test_a_file_holds_what_stdout_would(demo_cli: Cli, answer: str) -> None:
    printed = demo_cli(*COMMAND, "--format", answer)
    written = demo_cli(*COMMAND, "--format", answer, "-o", "answer.out")
    assert (written.code, written.stdout, written.stderr) == (0, b"", b"")
    assert Path("answer.out").read_bytes() == printed.stdout
    assert [path.name for path in Path().iterdir()] == ["answer.out"]
    assert demo_cli(*COMMAND, "--format", answer, "--output", "-").stdout == printed.stdout


def test_a_file_keeps_its_permissions_and_a_link_its_target(demo_cli: Cli) -> None:
    target, link = Path("target.csv"), Path("link.csv")
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    assert demo_cli(*COMMAND, "--format", "csv", "-o", link).code == 0
    assert link.is_symlink()
    assert target.read_text().startswith("id,lon,lat,")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("target", "says"),
    [(".", "is a directory"), ("none/answer.json", "does not exist"), ("file/x", "not a directory")],
)
def test_a_file_that_cannot_be_written_is_named(demo_cli: Cli, target: str, says: str) -> None:
    Path("file").touch()
    line = demo_cli(*COMMAND, "-o", target).failed(2)
    assert line.startswith(f"{target}: ")
    assert says in line


def test_a_full_disk_leaves_the_old_file(demo_cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    Path("answer.json").write_text("old")
    monkeypatch.setattr("app.cli.output.os.fsync", full)
    assert "No space left" in demo_cli(*COMMAND, "--json", "-o", "answer.json").failed(2)
    assert Path("answer.json").read_text() == "old"
    assert [path.name for path in Path().iterdir()] == ["answer.json"]


# --- wrong requests --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--profile", "runner"], "profiles: standard, brisk"),
        (["--speed-mps", "0"], "between 0.1 and 10"),
        (["--speed-mps", "nan"], "between 0.1 and 10"),
        (["--weight", "population"], "--households FILE"),
        (["--band", "0"], "--band 0: must be above 0"),
        (["--band", "-0.1"], "--band -0.1: must be above 0"),
        (["--band", "0.51"], "at most 0.5"),
        (["--band", "nan"], "--band nan"),
        (["--band", "inf"], "--band inf"),
    ],
)
def test_a_value_that_cannot_be_used_says_why(demo_cli: Cli, options: list[str], says: str) -> None:
    assert says in demo_cli(*COMMAND, *options).failed(2)


def test_an_unknown_standard_lists_the_known_ones(demo_cli: Cli) -> None:
    assert STANDARD in demo_cli("assess", "helsinki", "--standard", "cn-nothing").failed(2)


def test_a_users_own_standard_is_read_from_its_file(demo_cli: Cli) -> None:
    Path("own.yaml").write_text("id: [broken\n", encoding="utf-8")
    assert "own.yaml" in demo_cli("assess", "helsinki", "--standard", "own.yaml").failed(2)


def test_two_formats_at_once_are_wrong_usage(demo_cli: Cli) -> None:
    assert "--format says csv" in demo_cli(*COMMAND, "--json", "--format", "csv").failed(3)


def test_every_answer_is_the_same_twice(demo_cli: Cli) -> None:
    for answer in ("table", "json", "csv", "geojson"):
        command = (*COMMAND, "--band", "0.1", "--format", answer)
        assert demo_cli(*command) == demo_cli(*command)


def test_no_number_is_missing_or_infinite(demo_cli: Cli) -> None:
    def refuse(constant: str) -> None:
        pytest.fail(constant)

    for answer in ("json", "geojson"):
        json.loads(demo_cli(*COMMAND, "--format", answer).stdout, parse_constant=refuse)
    assert not re.search(r"\b(nan|inf)\b", demo_cli(*COMMAND, "--format", "csv").out, re.IGNORECASE)
