"""`reach15 area`."""

import json
from pathlib import Path

import pytest

from app.cli.importing import STAGES
from app.domain.area import ATTRIBUTION
from tests.cli.conftest import Cli

NO_STREETS = """<osm version="0.6">
<node id="1" lat="60.17" lon="24.94"/><node id="2" lat="60.18" lon="24.94"/>
<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="motorway"/></way></osm>"""


def test_an_area_is_imported_listed_shown_and_deleted(cli: Cli, demo_extract: Path) -> None:
    assert cli("area", "list", "--json").json() == {"areas": [], "attribution": ATTRIBUTION}
    report = cli(
        "area", "import", "centre", "--osm", demo_extract, "--title", "赫尔辛基市中心", "--json"
    ).json()
    assert report["area_id"] == "centre"
    assert report["data_hash"].startswith(report["version"])
    assert {"osm", "network", "households", "facilities"} <= report["counts"].keys()
    assert {"read", "network", "store"} <= report["stages_s"].keys() <= STAGES.keys()

    (listed,) = cli("area", "list", "--json").json()["areas"]
    assert (listed["id"], listed["title"], listed["version"]) == (
        "centre",
        "赫尔辛基市中心",
        report["version"],
    )
    assert "赫尔辛基市中心" in cli("area", "list").out

    shown = cli("area", "show", "centre", "--json").json()
    assert shown["counts"] == listed["counts"]
    assert shown["import_report"]["counts"] == report["counts"]

    assert cli("area", "delete", "centre").out == "Deleted area centre.\n"
    assert "centre" in cli("area", "show", "centre").failed(2)
    assert cli("area", "list", "--json").json()["areas"] == []


def test_deleting_answers_in_json(cli: Cli, demo_extract: Path) -> None:
    cli("area", "import", "centre", "--osm", demo_extract)
    assert cli("area", "delete", "centre", "--json").json() == {"deleted": "centre"}


def test_an_import_report_reads_well(cli: Cli, demo_extract: Path) -> None:
    result = cli("area", "import", "centre", "--osm", demo_extract)
    assert result.code == 0
    assert result.err == ""
    text = result.out
    for wanted in (
        "Imported area centre",
        "Helsinki.osm.pbf",
        "island length",
        "not snapped",
        "dropped: no sign of homes",
        "all stages",
        "data hash",
        ATTRIBUTION,
    ):
        assert wanted in text
    assert all(line == line.rstrip() and len(line) <= 100 for line in text.splitlines())


def test_the_report_of_an_area_reads_well(demo_cli: Cli) -> None:
    text = demo_cli("area", "show", "helsinki").out
    for wanted in ("(helsinki)", "island length", "data hash", "population", ATTRIBUTION):
        assert wanted in text


def test_no_area_yet_says_how_to_begin(cli: Cli) -> None:
    assert "reach15 area import NAME --osm FILE" in cli("area", "list").out


def test_warnings_of_an_import_go_to_stderr(cli: Cli, demo_extract: Path) -> None:
    homes = Path("homes.csv")
    homes.write_text("id,lon,lat\na,24.9441,60.1712\n", encoding="utf-8")
    result = cli("area", "import", "centre", "--osm", demo_extract, "--households", homes, "--json")
    (warning,) = result.json()["warnings"]
    assert result.err == f"reach15: warning: {warning}\n"
    assert warning in " ".join(cli("area", "show", "centre").out.split())


def test_a_study_area_leaves_out_households_beyond_it(cli: Cli, demo_extract: Path) -> None:
    whole = cli("area", "import", "whole", "--osm", demo_extract, "--json").json()
    part = cli(
        "area", "import", "part", "--osm", demo_extract, "--bbox", "24.935,60.164,24.945,60.172", "--json"
    ).json()
    kept, outside = (part["counts"]["households"][key] for key in ("kept", "dropped_outside_study_area"))
    assert 0 < kept < whole["counts"]["households"]["kept"]
    assert kept + outside == whole["counts"]["households"]["kept"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.osm.pbf", b"", "empty"),
        ("page.osm.pbf", b"<!DOCTYPE html><html><body>Sign in</body></html>", "HTML"),
        ("noise.osm.pbf", bytes(range(256)) * 8, "not readable"),
        ("motorway.osm", NO_STREETS.encode(), "no walkable way"),
        ("notes.txt", b"hello", ".osm"),
    ],
)
def test_a_bad_extract_stores_nothing(cli: Cli, name: str, content: bytes, says: str) -> None:
    Path(name).write_bytes(content)
    line = cli("area", "import", "bad", "--osm", name).failed(2)
    assert name in line
    assert says in line
    assert cli("area", "list", "--json").json()["areas"] == []


def test_a_truncated_extract_leaves_the_area_as_it_was(cli: Cli, demo_extract: Path) -> None:
    before = cli("area", "import", "centre", "--osm", demo_extract, "--json").json()
    whole = demo_extract.read_bytes()
    Path("half.osm.pbf").write_bytes(whole[: len(whole) // 2])
    assert "half.osm.pbf" in cli("area", "import", "centre", "--osm", "half.osm.pbf").failed(2)
    assert cli("area", "show", "centre", "--json").json()["version"] == before["version"]


def test_the_ways_of_naming_a_study_area_exclude_one_another(cli: Cli) -> None:
    line = cli("area", "import", "a", "--osm", "x.osm.pbf", "--place", "Espoo", "--bbox", "1,2,3,4").failed(2)
    assert "--place and --bbox" in line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["Bad Name", "--osm", "x.osm"], "a-z"),
        (["../escape", "--osm", "x.osm"], "a-z"),
        (["a"], "--osm"),
        (["a", "--osm", "missing.osm.pbf"], "missing.osm.pbf: no such file"),
        (["a", "--osm", "."], "not a file"),
        (["a", "--bbox", "2,1,1,2"], "west must be less than east"),
        (["a", "--bbox=-5,-4,nan,1"], "--bbox"),
        (["a", "--osm", "x.osm", "--facilities-only"], "--facilities FILE"),
        (["a", "--osm", "x.osm", "--boundary", "none.geojson"], "none.geojson"),
    ],
)
def test_a_request_that_cannot_be_met_says_why(cli: Cli, arguments: list[str], says: str) -> None:
    assert says in cli("area", "import", *arguments).failed(2)


def test_a_name_that_is_unknown_lists_the_known_ones(demo_cli: Cli) -> None:
    for command in (["area", "show"], ["area", "delete"], ["facilities"]):
        assert demo_cli(*command, "espoo").failed(2).endswith("(areas here: helsinki)")


def test_a_damaged_area_is_named(cli: Cli, demo_extract: Path, tmp_path: Path) -> None:
    cli("area", "import", "centre", "--osm", demo_extract)
    (manifest,) = (tmp_path / "data").rglob("manifest.json")
    manifest.write_text(json.dumps({"id": 1})[:-1])
    assert str(manifest) in cli("facilities", "centre").failed(2)
    assert cli("area", "list", "--json").json()["areas"][0]["id"] == "centre"
