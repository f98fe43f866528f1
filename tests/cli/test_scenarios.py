"""`reach15 scenario`, and scenarios where proposals are used: here and on a server, the same bytes."""

import json
from pathlib import Path

from tests.cli.conftest import Cli
from tests.support.gate_street import place
from tests.support.proposing import feature, write_proposal

STANDARD = "cn-mofcom-5-8-15"


def test_save_list_show_remove(street_cli: Cli) -> None:
    assert "has no scenarios" in street_cli("scenario", "list", "street").out
    saved = street_cli("scenario", "save", "street", "方案-1", "close.geojson")
    assert saved.out == "Stored scenario 方案-1 of area street: 1 change.\n"
    again = street_cli("scenario", "save", "street", "方案-1", "close.geojson", "--json").json()
    assert (again["area"], again["name"], again["changes"]) == ("street", "方案-1", 1)
    assert "方案-1" in street_cli("scenario", "list", "street").out
    assert [
        item["name"] for item in street_cli("scenario", "list", "street", "--json").json()["scenarios"]
    ] == ["方案-1"]
    assert street_cli("scenario", "show", "street", "方案-1").stdout == Path("close.geojson").read_bytes()
    street_cli("scenario", "show", "street", "方案-1", "-o", "same.geojson")
    assert Path("same.geojson").read_bytes() == Path("close.geojson").read_bytes()
    assert (
        street_cli("scenario", "remove", "street", "方案-1").out
        == "Removed scenario 方案-1 of area street.\n"
    )
    assert "none yet" in street_cli("scenario", "show", "street", "方案-1").failed(2)
    assert "has no scenario 'x'" in street_cli("scenario", "remove", "street", "x").failed(2)
    assert "atlantis" in street_cli("scenario", "list", "atlantis").failed(2)


def test_what_cannot_be_kept(street_cli: Cli) -> None:
    assert "is no name" in street_cli("scenario", "save", "street", "a b", "close.geojson").failed(3)
    write_proposal(Path("p.geojson"), feature("close", facility="nowhere"))
    line = street_cli("scenario", "save", "street", "a", "p.geojson").failed(3)
    assert line.startswith("p.geojson, feature 1, property facility: the area has no facility 'nowhere'")
    assert "p.json" in street_cli("scenario", "save", "street", "a", "p.json").failed(3)
    assert street_cli("scenario", "list", "street", "--json").json()["scenarios"] == []


def test_it_is_checked_as_its_file_here_and_there(street_cli: Cli, street_server: str) -> None:
    street_cli("scenario", "save", "street", "plan", "close.geojson")
    asked = ["check", "street", "--standard", STANDARD, "--policy", "policy.json"]
    from_file = street_cli(*asked[:2], "close.geojson", *asked[2:], "--json")
    formats = ("text", "json", "junit", "sarif", "markdown", "github")
    for side, options in (("here", []), ("there", ["--server", street_server])):
        listed = ",".join(f"{kind}={side}.{kind}" for kind in formats)
        done = street_cli(*asked, *options, "--scenario", "plan", "--format", listed)
        assert (done.code, done.err) == (1, "")
    for kind in formats:
        assert Path(f"here.{kind}").read_bytes() == Path(f"there.{kind}").read_bytes()
    assert Path("here.json").read_bytes() == from_file.stdout
    place_of_it = json.loads(Path("here.sarif").read_text())["runs"][0]["artifacts"][0]["location"]["uri"]
    assert place_of_it == "urn:reach15:area:street:scenario:plan"
    for options in ([], ["--server", street_server]):
        assert "'none'" in street_cli(*asked, *options, "--scenario", "none").failed(2)


def test_wrong_usage(street_cli: Cli) -> None:
    asked = ["check", "street", "--standard", STANDARD]
    assert "one of them" in street_cli(*asked).failed(3)
    assert "one of them" in street_cli(*asked, "close.geojson", "--scenario", "plan").failed(3)
    assert "--crs" in street_cli(*asked, "--scenario", "plan", "--crs", "gcj02").failed(3)
    Path("a.osm.pbf").write_bytes(b"")
    assert "imported areas" in street_cli("check", "a.osm.pbf", *asked[2:], "--scenario", "plan").failed(3)


def test_what_a_new_version_lacks_is_named(street_cli: Cli, tmp_path: Path) -> None:
    street_cli("scenario", "save", "street", "plan", "close.geojson")
    write_proposal(
        Path("add.geojson"),
        feature("add", {"type": "Point", "coordinates": place(0)}, services=["pharmacy"]),
    )
    street_cli("scenario", "save", "street", "other", "add.geojson")
    places = tmp_path / "places.csv"
    rows = [row for row in places.read_text(encoding="utf-8").splitlines() if not row.startswith("west")]
    places.write_text("\n".join(rows), encoding="utf-8")
    assert street_cli("area", "facilities", "street", places).code == 0
    asked = ["check", "street", "--standard", STANDARD, "--policy", "policy.json", "--scenario"]
    line = street_cli(*asked, "plan").failed(3)
    assert line.startswith("scenario 'plan', feature 1, property facility: the area has no facility 'west'")
    assert street_cli(*asked, "other").code == 0
