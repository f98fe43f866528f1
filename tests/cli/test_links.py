"""`reach15 links`: the best change goes to the gate as a proposal, and the gate finds the same."""

import json
from pathlib import Path

import pytest
import shapely

from tests.cli.conftest import Cli
from tests.support.split_town import import_split, split_files


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    files = split_files(tmp_path)
    import_split(tmp_path / "data", files)
    monkeypatch.setenv("REACH15_DATA_DIR", str(tmp_path / "data"))
    return files


def ask(files: dict[str, Path]) -> tuple[str | Path, ...]:
    return ("links", "split", "--standard", files["standard"], "--service", "pharmacy", "--max-length", "45")


def test_what_is_found_passes_through_the_gate(cli: Cli, files: dict[str, Path], tmp_path: Path) -> None:
    best = tmp_path / "best.geojson"
    answer = cli(*ask(files), "--proposal", best).json()
    features = answer["features"]
    assert [(item["properties"]["kind"], item["properties"]["gained"]) for item in features] == [
        ("link", 9.0),
        ("way", 7.0),
        ("gate", 5.0),
    ]
    assert all(item["geometry"]["type"] == "LineString" for item in features)
    assert answer["attribution"] == "© OpenStreetMap contributors"
    assert (answer["complete"], answer["bound"], answer["uncovered"]) == (True, 0.0, 21.0)
    gate = features[2]
    place = gate["properties"]["gate"]
    assert shapely.geometry.shape(gate["geometry"]).distance(shapely.Point(place["lon"], place["lat"])) < 1e-9
    assert json.loads(best.read_text())["features"] == [features[0]["properties"]["proposal"]]
    for item in features:
        proposal = tmp_path / "one.geojson"
        one = {"type": "FeatureCollection", "features": [item["properties"]["proposal"]]}
        proposal.write_text(json.dumps(one))
        report = cli("check", "split", proposal, "--standard", files["standard"], "--json").json()
        gained = {
            change["properties"]["household"]
            for change in report["changes"]["features"]
            if change["properties"]["change"] == "gained"
        }
        assert gained == set(item["properties"]["households_gained"])


def test_it_answers_as_a_table_and_into_a_file(cli: Cli, files: dict[str, Path], tmp_path: Path) -> None:
    table = cli(*ask(files), "--format", "table", "--limit", "2")
    assert (table.code, table.err) == (0, "")
    assert "link/" in table.out
    assert "gate/200" not in table.out
    assert "no other place wins more than 5 households (proven)" in table.out
    one = cli(*ask(files), "--format", "table", "--max-compared", "1")
    assert "1 compared exactly" in one.out
    assert "NOT PROVEN: raise --max-compared" in one.out
    out = tmp_path / "links.geojson"
    assert cli(*ask(files), "--out", out).stdout == b""
    assert len(json.loads(out.read_text())["features"]) == 3
    there = cli(*ask(files), "--weight", "points", "--crs", "EPSG:3067").json()
    assert there["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::3067"
    assert [item["properties"]["gained"] for item in there["features"]] == [1.0, 1.0, 1.0]


def test_what_is_wrong_is_told_in_one_line(cli: Cli, files: dict[str, Path], tmp_path: Path) -> None:
    asked = ask(files)
    assert "moon" in cli("links", "moon", *asked[2:]).failed(2)
    assert "moon" in cli(*asked[:5], "moon").failed(3)
    assert "straight line" in cli(*asked[:5], "park").failed(3)
    assert "at most 500 m" in cli(*asked[:6], "--max-length", "501").failed(3)
    assert "max-compared 0: must be 1 to" in cli(*asked, "--max-compared", "0").failed(3)
    assert "between 0.1 and 10 m/s" in cli(*asked, "--speed-mps", "0").failed(3)
    assert "--format" in cli(*asked, "--json", "--format", "table").failed(3)
    assert "--limit" in cli(*asked, "--limit", "few").failed(3)
    assert "does not exist" in cli(*asked, "--out", tmp_path / "no" / "links.geojson").failed(3)
