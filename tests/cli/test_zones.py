"""Zones, people and weights on the command line."""

import csv
import io
import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.cli.conftest import Cli
from tests.support.http import STANDARD, get_features, get_ok
from tests.support.small_town import area_file, csv_file, town

COMMAND = ("assess", "town", "--standard", STANDARD)
HOMES = [("a", (-110.0, 5.0), "7,3"), ("b", (100.0, 5.0), "0.6,0.4"), ("c", (120.0, 5.0), "5,2")]


@pytest.fixture
def town_cli(cli: Cli, tmp_path: Path) -> Cli:
    """The command line over a town with one zone, and people of a households file."""
    homes = csv_file(tmp_path / "homes.csv", "id,lon,lat,population,pop_65plus", HOMES)
    zone = area_file(tmp_path / "zone.geojson", (50, -50), (150, 50))
    osm = town().write(tmp_path / "town.osm")
    result = cli("area", "import", "town", "--osm", osm, "--households", homes, "--zones", zone)
    assert result.code == 0, result.err
    return cli


def test_every_format_says_what_http_says(town_cli: Cli) -> None:
    with TestClient(create_app(Settings())) as client:
        asked = {"standard": STANDARD, "by": "zone", "weight": "pop_65plus"}
        served = get_ok(client, "/v1/areas/town/coverage", **asked)
        drawn = get_features(client, "/v1/areas/town/coverage", **asked, format="geojson")
    options = (*COMMAND, "--by", "zone", "--weight", "pop_65plus")
    assert town_cli(*options, "--json").json() == served
    assert town_cli(*options, "--format", "geojson").json() == drawn
    rows = list(csv.DictReader(io.StringIO(town_cli(*options, "--format", "csv").out)))
    assert [row["id"] for row in rows] == ["1", "outside"]
    for row, feature in zip(rows, drawn["features"], strict=True):
        told = {key: value for key, value in feature["properties"].items() if key not in ("id", "name")}
        assert list(row) == list(feature["properties"])
        for key, value in told.items():
            assert (None if row[key] == "" else float(row[key])) == value


def test_the_table_has_a_line_a_zone(town_cli: Cli) -> None:
    lines = town_cli(*COMMAND, "--by", "zone", "--weight", "population").out.splitlines()
    assert "by zone; shares count population" in lines
    numbers = {line.split()[0]: line.split()[1] for line in lines if len(line.split()) > 4}
    assert {name: numbers[name] for name in ("1", "outside", "all")} == {
        "1": "6",
        "outside": "7",
        "all": "13",
    }


def test_households_carry_zone_and_age_groups(town_cli: Cli) -> None:
    rows = list(csv.DictReader(io.StringIO(town_cli(*COMMAND, "--format", "csv").out)))
    assert [(row["id"], row["pop_65plus"], row["zone"]) for row in rows] == [
        ("a", "3", "outside"), ("b", "0.4", "1"), ("c", "2", "1"),
    ]  # fmt: skip
    assert "pop_65plus" in town_cli(*COMMAND).out.splitlines()[2]


def test_the_import_counts_people_and_zones(cli: Cli, tmp_path: Path) -> None:
    grid = area_file(tmp_path / "grid.geojson", (-300, -300), (300, 300))
    cell = json.loads(grid.read_text("utf-8"))
    grid.write_text(json.dumps({"type": "Feature", "geometry": cell, "properties": {"n": 90}}), "utf-8")
    osm = town().write(tmp_path / "town.osm")
    group = f"pop_60plus={grid}"
    report = cli(
        "area", "import", "town", "--osm", osm, "--population", grid, "--population-column", "n", "--json",
    ).json()  # fmt: skip
    assert report["counts"]["population"]["persons_kept"] == 90
    assert cli(*COMMAND, "--weight", "population", "--json").json()["total"]["population"] == 90
    says = cli("area", "import", "town", "--osm", osm, "--population-group", group).failed(2)
    assert "has no column pop_60plus (found: n)" in says


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--population-group", "pop_60plus"], 3, "is not GROUP=FILE, such as pop_60plus=aged.tif"),
        (["--population-group", "old=x.tif"], 2, "--population-group old: is no age group"),
        (["--zones-level", "nine"], 3, "should be a valid integer"),
        (["--zones-level", "0"], 2, "levels go from 1 to 11"),
        (
            ["--zones-level", "9"],
            2,
            "town.osm has no boundary of this level; give the zones with --zones FILE",
        ),
        (["--zones", "absent.geojson"], 2, "absent.geojson: no such file"),
        (["--zones", "zones.doc"], 2, "zones.doc: "),
    ],
)
def test_options_that_cannot_be_used(
    cli: Cli, tmp_path: Path, options: list[str], code: int, says: str
) -> None:
    osm = town().write(tmp_path / "town.osm")
    assert says in cli("area", "import", "town", "--osm", osm, *options).failed(code)


def test_an_area_without_zones(demo_cli: Cli) -> None:
    says = demo_cli("assess", "helsinki", "--standard", STANDARD, "--by", "zone").failed(2)
    assert says.startswith("area 'helsinki' has no zones; import it with --zones FILE")


def test_a_weight_that_is_not_there(town_cli: Cli) -> None:
    says = town_cli(*COMMAND, "--weight", "pop_0_3").failed(2)
    assert "weight=pop_65plus, weight=population, weight=households, weight=points" in says
    assert "--population-group pop_0_3=FILE" in says
