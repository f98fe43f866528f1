"""`reach15 compare`: proposals and scenarios side by side, here and on a server the same bytes."""

from pathlib import Path

from tests.cli.conftest import Cli
from tests.support.gate_street import place
from tests.support.proposing import feature, write_proposal

STANDARD = "cn-mofcom-5-8-15"
ASKED = ["compare", "street", "close.geojson", "add.geojson", "--scenario", "move"]
OPTIONS = ["--standard", STANDARD]


def prepared(street_cli: Cli) -> Cli:
    middle = {"type": "Point", "coordinates": place(-20)}
    write_proposal(Path("add.geojson"), feature("add", middle, services=["pharmacy"], cost=9))
    write_proposal(Path("move.geojson"), feature("move", middle, facility="west", cost=3))
    street_cli("scenario", "save", "street", "move", "move.geojson")
    return street_cli


def test_ranked_here_and_there(street_cli: Cli, street_server: str) -> None:
    prepared(street_cli)
    answer = street_cli(*ASKED, *OPTIONS, "--json").json()
    assert [(row["name"], row["scenario"]) for row in answer["proposals"]] == [
        ("add", False),
        ("move", True),
        ("close", False),
    ]
    assert answer["proposals"][2]["lost"]["points"] > 0
    for kind in ("text", "json", "markdown"):
        for more in ([], ["--households", "--weight", "points", "--speed-mps", "0.9", "--lenient"]):
            here = street_cli(*ASKED, *OPTIONS, *more, "--format", kind)
            there = street_cli(*ASKED, *OPTIONS, *more, "--format", kind, "--server", street_server)
            assert (here.code, here.err, here.stdout) == (0, "", there.stdout)
    moved = street_cli(*ASKED, *OPTIONS, "--households", "--json", "--out-crs", "EPSG:3857").json()
    for row in moved["proposals"]:
        assert row["changes"]["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::3857"
        assert all(abs(item["geometry"]["coordinates"][0]) > 180 for item in row["changes"]["features"])
    text = street_cli(*ASKED, *OPTIONS, "--households", "-o", "t.txt")
    assert text.stdout == b""
    words = Path("t.txt").read_text(encoding="utf-8")
    assert "3 proposals side by side" in words
    assert "! 'close' leaves somebody without 'pharmacy': " in words
    assert "home-01, pharmacy: covered" in words
    for options in ([], ["--server", street_server]):
        assert "'none'" in street_cli(*ASKED, "--scenario", "none", *OPTIONS, *options).failed(2)
        assert "'x'" in street_cli("compare", "x", "add.geojson", *OPTIONS, *options).failed(2)
        assert "zones" in street_cli(*ASKED, *OPTIONS, "--by", "zone", *options).failed(3)
        counted = street_cli(*ASKED, *OPTIONS, "--weight", "population", *options)
        assert (counted.code, "population" in counted.err) == (0, False)
        assert "pop_3_6" in street_cli(*ASKED, *OPTIONS, "--weight", "pop_3_6", *options).failed(3)
        write_proposal(Path("p.geojson"), feature("close", facility="nowhere"))
        line = street_cli("compare", "street", "p.geojson", *OPTIONS, *options).failed(3)
        assert "proposal 'p', feature 1, property facility" in line


def test_names_and_wrong_usage(street_cli: Cli) -> None:
    prepared(street_cli)
    Path("more").mkdir()
    Path("more/add.geojson").write_bytes(Path("add.geojson").read_bytes())
    two = ["compare", "street", "add.geojson", "more/add.geojson", "move.geojson", "--scenario", "move"]
    names = {row["name"] for row in street_cli(*two, *OPTIONS, "--json").json()["proposals"]}
    assert names == {"add.geojson", "more/add.geojson", "move.geojson", "move"}
    assert "at least one" in street_cli("compare", "street", *OPTIONS).failed(3)
    assert "more than once" in street_cli("compare", "street", *["add.geojson"] * 2, *OPTIONS).failed(3)
    assert "more than once" in street_cli(*ASKED, "--scenario", "move", *OPTIONS).failed(3)
    assert "--json" in street_cli(*ASKED, *OPTIONS, "--json", "--format", "text").failed(3)
    Path("bad.geojson").write_text("{\n", encoding="utf-8")
    assert "bad.geojson, line 2" in street_cli("compare", "street", "bad.geojson", *OPTIONS).failed(3)
    assert "atlantis" in street_cli(*ASKED, "--standard", "atlantis").failed(3)
