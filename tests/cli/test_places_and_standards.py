"""`reach15 facilities` and `reach15 standards`."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.cli.csv_rows import safe_text
from tests.cli.conftest import Cli
from tests.support.http import STANDARD, all_pages, get_ok
from tests.support.own_standard import OWN, as_json, as_yaml, own_standard
from tests.support.small_town import do_import, town


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ([], {}),
        (["--service", "supermarket"], {"service": "supermarket"}),
        (["--standard", STANDARD], {"standard": STANDARD}),
    ],
)
def test_facilities_are_those_of_the_http_service(
    demo_cli: Cli, client: TestClient, options: list[str], query: dict[str, Any]
) -> None:
    answer = demo_cli("facilities", "helsinki", *options).json()
    pages = all_pages(client, "/v1/areas/helsinki/facilities", limit=50, **query)
    assert answer["features"] == [feature for page in pages for feature in page["features"]]
    paging = {"features", "links", "numberMatched", "numberReturned"}
    assert {key: answer[key] for key in answer if key != "features"} == {
        key: pages[0][key] for key in pages[0] if key not in paging
    }
    assert demo_cli("facilities", "helsinki", *options, "--json").json() == answer


def test_csv_has_a_row_for_each_facility(demo_cli: Cli) -> None:
    rows = csv_rows(demo_cli("facilities", "helsinki", "--format", "csv").out)
    features = demo_cli("facilities", "helsinki").json()["features"]
    assert [(row["id"], row["services"].split(";")) for row in rows] == [
        (feature["id"], feature["properties"]["services"]) for feature in features
    ]
    assert {row["name"] for row in rows} >= {"Alepa Eliel"}


def test_a_facility_of_one_service_keeps_its_others(demo_cli: Cli) -> None:
    for feature in demo_cli("facilities", "helsinki", "--service", "pharmacy").json()["features"]:
        assert "pharmacy" in feature["properties"]["services"]


def test_written_facilities_can_be_imported(cli: Cli, demo_extract: Path) -> None:
    Path("places.csv").write_text(
        'id,lon,lat,services,name\n-7,24.9441,60.1712,pharmacy,"=HYPERLINK(""x"")"\n'
        "@b,24.9442,60.1713,own-service;pharmacy,+358 1\nc,24.9443,60.1714,supermarket,药店\n",
        encoding="utf-8",
    )
    command = ["area", "import", "own", "--osm", demo_extract, "--facilities-only", "--facilities"]
    assert cli(*command, "places.csv").code == 0
    assert cli("facilities", "own", "--format", "csv", "-o", "written.csv").code == 0
    text = Path("written.csv").read_text(encoding="utf-8")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert [cell for cell in cells if cell[:1] in "=+-@" and cell != "-7"] == [""] * cells.count("")
    before = cli("facilities", "own").json()

    assert cli(*command, "written.csv").code == 0
    assert cli("facilities", "own").json() == before
    names = [feature["properties"]["name"] for feature in before["features"]]
    assert sorted(names) == sorted(['=HYPERLINK("x")', "+358 1", "药店"])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", " =1+1"),
        ("+358 9", " +358 9"),
        ("@a", " @a"),
        ("-x", " -x"),
        ("＝1", " ＝1"),
        ("-12", "-12"),
        ("a=b", "a=b"),
    ],
)
def test_what_looks_like_a_formula_begins_with_a_blank(text: str, written: str) -> None:
    assert safe_text(text) == written


@pytest.mark.parametrize("options", [[], ["--standard", STANDARD]])
def test_an_unknown_service_lists_the_known_ones(demo_cli: Cli, options: list[str]) -> None:
    line = demo_cli("facilities", "helsinki", "--service", "moon_base", *options).failed(2)
    assert "moon_base" in line
    assert "supermarket" in line


def test_service_ids_of_a_users_file_can_be_asked_for(cli: Cli, demo_extract: Path) -> None:
    Path("places.csv").write_text("id,lon,lat,services\nx,24.9441,60.1712,own-service\n", encoding="utf-8")
    imported = cli("area", "import", "own", "--osm", demo_extract, "--facilities", "places.csv")
    assert "own-service" in imported.err
    (feature,) = cli("facilities", "own", "--service", "own-service").json()["features"]
    assert feature["id"] == "x"


def test_facilities_go_to_a_file(demo_cli: Cli) -> None:
    printed = demo_cli("facilities", "helsinki", "--format", "csv").stdout
    assert demo_cli("facilities", "helsinki", "--format", "csv", "-o", "f.csv").stdout == b""
    assert Path("f.csv").read_bytes() == printed
    assert "is a directory" in demo_cli("facilities", "helsinki", "-o", ".").failed(2)


def test_json_and_csv_at_once_are_wrong_usage(demo_cli: Cli) -> None:
    demo_cli("facilities", "helsinki", "--json", "--format", "csv").failed(3)


# --- standards -------------------------------------------------------------------------------------------------


def test_standards_are_those_of_the_http_service(cli: Cli, client: TestClient) -> None:
    assert cli("standards", "list", "--json").json() == get_ok(client, "/v1/standards")
    assert cli("standards", "show", STANDARD, "--json").json() == get_ok(client, f"/v1/standards/{STANDARD}")


def test_standards_read_well(cli: Cli) -> None:
    listed = cli("standards", "list").out
    for standard in cli("standards", "list", "--json").json()["standards"]:
        assert standard["id"] in listed
        shown = cli("standards", "show", standard["id"]).out
        answer = cli("standards", "show", standard["id"], "--json").json()
        for service in answer["services"]:
            assert service["id"] in shown


def test_an_unknown_standard_is_bad_input(cli: Cli) -> None:
    assert STANDARD in cli("standards", "show", "none").failed(2)


def test_a_standard_of_ones_own_is_kept_and_used(cli: Cli, tmp_path: Path) -> None:
    do_import(tmp_path / "data", town().write(tmp_path / "town.osm"))
    Path("own.yaml").write_text(as_yaml(own_standard(10)), encoding="utf-8")
    Path("other.json").write_text(as_json(own_standard(0.5, version="2")), encoding="utf-8")
    assert "; a path to a YAML file" in cli("assess", "town", "--standard", OWN).failed(2)
    assert cli("standards", "add", "own.yaml").out == f"standard {OWN} version 1: added\n"
    assert "is kept already, word for word" in cli("standards", "add", "own.yaml").out
    assert f"{OWN} " in cli("standards", "list").out
    assert "Bread" in cli("standards", "show", OWN).out
    shown = cli("standards", "show", OWN, "--json").json()
    assert (shown["origin"], cli("standards", "show", "own.yaml", "--json").json()["origin"]) == (
        "own",
        "file",
    )

    def covered() -> Any:
        (service,) = cli("assess", "town", "--standard", OWN, "--json").json()["services"]
        return service["states"]["covered"]["households"]

    near = covered()
    assert "says something else" in cli("standards", "add", "other.json").failed(2)
    assert cli("standards", "add", "other.json", "--replace", "--json").json()["version"] == "2"
    assert covered() < near
    for command in ("facilities", "isochrone"):
        options = ("town", "--standard", OWN, "--service", "bread")
        assert cli(command, *options).code == 0
    assert "comes with the program" in cli("standards", "remove", STANDARD).failed(2)
    assert "removed" in cli("standards", "remove", OWN).out
    assert "does not exist" in cli("standards", "remove", OWN).failed(2)
    Path("own.yaml").write_text(as_yaml(own_standard(id="Not An Id")), encoding="utf-8")
    assert "own.yaml, line 1, id:" in cli("standards", "add", "own.yaml").failed(2)
