"""Proposal files: what is taken, what is refused, and that every refusal names the feature and the property."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from pyproj import Transformer

from app.domain.errors import BadInputError
from app.geo.china_offset import wgs84_to_gcj02
from app.ingest.proposal_files import read_proposal_file
from tests.support.proposing import collection, feature, proposal, write_proposal

SCHEMA = Path(__file__).resolve().parents[2] / "app" / "proposals" / "proposal.schema.json"
VALIDATOR = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))

POINT = {"type": "Point", "coordinates": [24.94, 60.17]}
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[24.94, 60.17], [24.95, 60.17], [24.95, 60.18], [24.94, 60.18], [24.94, 60.17]]],
}
LINE = {"type": "LineString", "coordinates": [[24.94, 60.17], [24.95, 60.17]]}

GOOD: dict[str, dict[str, Any]] = {
    "add a point": feature("add", POINT, services=["clinic"]),
    "add an area": feature(
        "add", SQUARE, services=["clinic", "pharmacy"], facility="site-7", capacity=120, cost=2.5
    ),
    "add with its own id": feature("add", POINT, services=["clinic"]) | {"id": "site-8"},
    "close a facility": feature("close", facility="node/1"),
    "move": feature("move", POINT, facility="node/1"),
    "close a way": feature("close", way=12),
    "close a way by name": feature("close", way="way/12"),
    "close a node": feature("close", node=12),
    "close a polygon": feature("close", SQUARE),
    "open a gate": feature("open", node="12"),
    "open a way": feature("open", way=12, x_reason="through walking"),
    "open a link": feature("open", LINE, name="footbridge"),
    "nulls": feature("close", way=12, facility=None, node=None, services=None, name=None),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_the_words_of_the_contract_allow_is_taken(name: str, tmp_path: Path) -> None:
    found = read_proposal_file(write_proposal(tmp_path / "p.geojson", GOOD[name]))
    assert found.changes[0].action == GOOD[name]["properties"]["action"]
    assert found.notes == ()
    VALIDATOR.validate(collection(GOOD[name]))


# Case: (content, parts of the message). A feature stands for a collection that holds it after a good one, as feature 2.
def ref(number: int, name: str) -> str:
    return f"feature {number}, property {name}"


BAD_FEATURES: dict[str, tuple[Any, str]] = {
    "no feature": ("x", "feature 2"),
    "null feature": (None, "feature 2"),
    "a list": ([], "feature 2"),
    "bare geometry": (POINT, "feature 2"),
    "no properties": ({"type": "Feature", "geometry": POINT}, "feature 2, properties"),
    "properties null": ({"type": "Feature", "properties": None, "geometry": POINT}, "feature 2, properties"),
    "properties a list": ({"type": "Feature", "properties": [1], "geometry": POINT}, "feature 2, properties"),
    "no action": (feature(None, POINT), ref(2, "action")),
    "action null": ({"type": "Feature", "properties": {"action": None}, "geometry": None}, ref(2, "action")),
    "action unknown": (feature("build", POINT, services=["clinic"]), ref(2, "action")),
    "action in capitals": (feature("ADD", POINT, services=["clinic"]), ref(2, "action")),
    "action a number": (feature(1, POINT), ref(2, "action")),
    "action a list": (feature(["add"], POINT), ref(2, "action")),
    "unknown property": (feature("close", way=1, colour="red"), ref(2, "colour")),
    "near miss": (feature("close", ways=1), ref(2, "ways")),
    "unknown member": (
        feature("close", way=1) | {"styles": {}},
        "feature 2: has the unknown member 'styles'",
    ),
    "add without place": (feature("add", services=["clinic"]), "feature 2, geometry"),
    "add without services": (feature("add", POINT), ref(2, "services")),
    "add a line": (feature("add", LINE, services=["clinic"]), "feature 2, geometry"),
    "add many points": (
        feature("add", {"type": "MultiPoint", "coordinates": [[24.9, 60.1]]}, services=["clinic"]),
        "feature 2, geometry",
    ),
    "add with a way": (feature("add", POINT, services=["clinic"], way=1), ref(2, "way")),
    "add with a facility and a node": (
        feature("add", POINT, services=["clinic"], facility="a", node=1),
        ref(2, "node"),
    ),
    "services a text": (feature("add", POINT, services="clinic"), ref(2, "services")),
    "services empty": (feature("add", POINT, services=[]), ref(2, "services")),
    "services with a number": (feature("add", POINT, services=[1]), ref(2, "services")),
    "services with a blank": (feature("add", POINT, services=["a b"]), ref(2, "services")),
    "services nested": (feature("add", POINT, services=[["clinic"]]), ref(2, "services")),
    "services an object": (feature("add", POINT, services={"clinic": 1}), ref(2, "services")),
    "capacity a text": (feature("add", POINT, services=["clinic"], capacity="9"), ref(2, "capacity")),
    "capacity negative": (feature("add", POINT, services=["clinic"], capacity=-1), ref(2, "capacity")),
    "capacity true": (feature("add", POINT, services=["clinic"], capacity=True), ref(2, "capacity")),
    "cost a list": (feature("add", POINT, services=["clinic"], cost=[1]), ref(2, "cost")),
    "name an object": (feature("add", POINT, services=["clinic"], name={}), ref(2, "name")),
    "facility empty": (feature("add", POINT, services=["clinic"], facility=" "), ref(2, "facility")),
    "facility a list": (feature("close", facility=["a", "b"]), ref(2, "facility")),
    "facility a fraction": (feature("close", facility=1.5), ref(2, "facility")),
    "facility with a bell": (feature("close", facility="a\u0007"), ref(2, "facility")),
    "facility too long": (feature("close", facility="a" * 500), ref(2, "facility")),
    "close nothing": (feature("close"), ref(2, "facility")),
    "close a point": (feature("close", POINT), "feature 2, geometry"),
    "close a line": (feature("close", LINE), "feature 2, geometry"),
    "close way and node": (feature("close", way=1, node=2), ref(2, "node")),
    "close facility and way": (feature("close", facility="a", way=2), ref(2, "way")),
    "close a way with geometry": (feature("close", LINE, way=1), "feature 2, geometry"),
    "close with services": (feature("close", facility="a", services=["clinic"]), ref(2, "services")),
    "way zero": (feature("close", way=0), ref(2, "way")),
    "way negative": (feature("close", way=-5), ref(2, "way")),
    "way a fraction": (feature("close", way=1.0), ref(2, "way")),
    "way true": (feature("close", way=True), ref(2, "way")),
    "way a list": (feature("close", way=[1, 2]), ref(2, "way")),
    "way two ids": (feature("close", way="1;2"), ref(2, "way")),
    "way a node": (feature("close", way="node/1"), ref(2, "way")),
    "way beyond 64 bits": (feature("close", way="9999999999999999999"), ref(2, "way")),
    "node a text": (feature("open", node="gate"), ref(2, "node")),
    "node a huge number": (feature("open", node=2**63), ref(2, "node")),
    "move without place": (feature("move", facility="a"), "feature 2, geometry"),
    "move nobody": (feature("move", POINT), ref(2, "facility")),
    "move a way": (feature("move", LINE, way=1), ref(2, "way")),
    "move a facility to a line": (feature("move", LINE, facility="a"), "feature 2, geometry"),
    "move with capacity": (feature("move", POINT, facility="a", capacity=3), ref(2, "capacity")),
    "open nothing": (feature("open"), ref(2, "way")),
    "open a facility": (feature("open", facility="a"), ref(2, "facility")),
    "open a point": (feature("open", POINT), "feature 2, geometry"),
    "open a polygon": (feature("open", SQUARE), "feature 2, geometry"),
    "open several lines": (
        feature("open", {"type": "MultiLineString", "coordinates": [LINE["coordinates"]]}),
        "feature 2, geometry",
    ),
    "a link of one point": (
        feature("open", {"type": "LineString", "coordinates": [[24.94, 60.17]]}),
        "feature 2, geometry",
    ),
    "a link without length": (
        feature("open", {"type": "LineString", "coordinates": [[24.94, 60.17]] * 2}),
        "feature 2, geometry",
    ),
    "geometry a text": (feature("add", "POINT (1 2)", services=["clinic"]), "feature 2, geometry"),
    "geometry of no type": (feature("add", {"type": "Circle"}, services=["clinic"]), "feature 2, geometry"),
    "geometry without coordinates": (
        feature("add", {"type": "Point"}, services=["clinic"]),
        "feature 2, geometry",
    ),
    "geometry empty": (
        feature("add", {"type": "Point", "coordinates": []}, services=["clinic"]),
        "feature 2, geometry",
    ),
    "coordinates of text": (
        feature("add", {"type": "Point", "coordinates": ["24", "60"]}, services=["clinic"]),
        "feature 2, geometry",
    ),
    "an open ring": (
        feature("close", {"type": "Polygon", "coordinates": [SQUARE["coordinates"][0][:-1]]}),
        "feature 2, geometry",
    ),
    "a polygon without area": (
        feature("close", {"type": "Polygon", "coordinates": [[[1, 1], [2, 2], [1, 1], [1, 1]]]}),
        "feature 2, geometry",
    ),
    "metres for degrees": (
        feature("add", {"type": "Point", "coordinates": [385000, 6672000]}, services=["clinic"]),
        "feature 2, geometry",
    ),
    "latitude first": (
        feature("add", {"type": "Point", "coordinates": [60.17, 124.94]}, services=["clinic"]),
        "feature 2, geometry",
    ),
    "a number without end": (
        feature("add", {"type": "Point", "coordinates": [1e400, 1]}, services=["clinic"]),
        "p.geojson",
    ),
}

FIRST = feature("close", facility="first")
OTHER_POINT = {"type": "Point", "coordinates": [24.96, 60.17]}
BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b" \n", "is empty"),
    "no JSON": (b"{", "line 1"),
    "half a file": (json.dumps(collection(FIRST)).encode()[:-9], "is not valid JSON"),
    "HTML": (b"<!DOCTYPE html><html></html>", "HTML"),
    "not UTF-8": (json.dumps(collection(FIRST)).encode().replace(b"first", b"f\xffrst"), "UTF-8"),
    "UTF-16": (json.dumps(collection(FIRST)).encode("utf-16"), "UTF-16"),
    "a number": (b"7", "not a GeoJSON FeatureCollection"),
    "null": (b"null", "not a GeoJSON FeatureCollection"),
    "a list of features": (json.dumps([FIRST]).encode(), "not a GeoJSON FeatureCollection"),
    "one feature": (json.dumps(FIRST).encode(), "not a GeoJSON FeatureCollection"),
    "no features": (b'{"type": "FeatureCollection"}', "features"),
    "features an object": (b'{"type": "FeatureCollection", "features": {}}', "features"),
    "nothing to do": (json.dumps(collection()).encode(), "features"),
    "unknown member": (json.dumps(collection(FIRST, policy={})).encode(), "'policy'"),
    "crs unknown": (json.dumps(collection(FIRST, crs="EPSG:999999")).encode(), "crs"),
    "crs a number": (json.dumps(collection(FIRST, crs=3067)).encode(), "crs"),
    "crs a pipeline": (json.dumps(collection(FIRST, crs="+proj=merc")).encode(), "crs"),
    "crs of heights": (json.dumps(collection(FIRST, crs="EPSG:5773")).encode(), "crs"),
    "too many": (json.dumps(collection(*[FIRST] * 10_001)).encode(), "at most 10000"),
    "closed and moved": (
        json.dumps(collection(FIRST, feature("move", POINT, facility="first"))).encode(),
        "features 1 and 2: contradict",
    ),
    "closed and added": (
        json.dumps(collection(feature("add", POINT, facility="first", services=["clinic"]), FIRST)).encode(),
        "features 1 and 2: contradict",
    ),
    "moved to two places": (
        json.dumps(
            collection(
                feature("move", POINT, facility="a"), FIRST, feature("move", OTHER_POINT, facility="a")
            )
        ).encode(),
        "features 1 and 3: contradict",
    ),
    "two of one id": (
        json.dumps(
            collection(
                feature("add", POINT, facility="a", services=["clinic"]),
                feature("add", OTHER_POINT, facility="a", services=["clinic"]),
            )
        ).encode(),
        "features 1 and 2: contradict",
    ),
    "one place, other services": (
        json.dumps(
            collection(
                feature("add", POINT, facility="a", services=["clinic"]),
                feature("add", POINT, facility="a", services=["pharmacy"]),
            )
        ).encode(),
        "features 1 and 2: contradict",
    ),
    "way closed and opened": (
        json.dumps(collection(feature("close", way=5), feature("open", way="way/5"))).encode(),
        "features 1 and 2: contradict each other: close and open of way 5",
    ),
    "node closed and opened": (
        json.dumps(collection(FIRST, feature("open", node=5), feature("close", node=5))).encode(),
        "features 2 and 3: contradict",
    ),
    "a link through a closed polygon": (
        json.dumps(collection(feature("open", LINE), feature("close", SQUARE))).encode(),
        "features 1 and 2: contradict",
    ),
}


def refused(content: bytes, folder: Path, *expected: str) -> None:
    path = folder / "p.geojson"
    path.write_bytes(content)
    with pytest.raises(BadInputError) as caught:
        read_proposal_file(path)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500, message
    assert all(part in message for part in expected), message


@pytest.mark.parametrize("name", BAD_FEATURES)
def test_a_feature_that_cannot_be_used_is_named(name: str, tmp_path: Path) -> None:
    bad, expected = BAD_FEATURES[name]
    content = json.dumps(collection(FIRST, bad), allow_nan=True).replace("Infinity", "1e400")
    refused(content.encode(), tmp_path, "p.geojson", expected)


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_cannot_be_used_is_refused(name: str, tmp_path: Path) -> None:
    content, expected = BAD_FILES[name]
    refused(content, tmp_path, "p.geojson", expected)


def test_the_corpus_is_as_large_as_promised_and_the_schema_refuses_it_too() -> None:
    assert len(BAD_FEATURES) + len(BAD_FILES) >= 60
    # What a schema cannot say: the ground under coordinates, and ids beyond a pattern.
    beyond = {
        "facility empty", "facility with a bell", "facility too long", "way beyond 64 bits", "node a huge number",
        "a link without length", "coordinates of text", "an open ring", "a polygon without area",
        "metres for degrees", "latitude first", "a number without end", "way a fraction",
    }  # fmt: skip
    taken = {name for name, (bad, _) in BAD_FEATURES.items() if VALIDATOR.is_valid(collection(FIRST, bad))}
    assert taken <= beyond


class TestLenient:
    def test_unknown_columns_and_spare_geometry_are_passed_over_with_a_note(self, tmp_path: Path) -> None:
        path = write_proposal(
            tmp_path / "p.geojson", feature("close", POINT, facility="a", fid=7, layer="sites"), styles={}
        )
        with pytest.raises(BadInputError, match="member 'styles'"):
            read_proposal_file(path)
        found = read_proposal_file(path, lenient=True)
        assert found.changes[0].geometry is None
        assert any("fid, layer" in note for note in found.notes)

    def test_a_wrong_value_is_not_passed_over(self, tmp_path: Path) -> None:
        path = write_proposal(tmp_path / "p.geojson", feature("close", way="x"))
        with pytest.raises(BadInputError, match="feature 1, property way"):
            read_proposal_file(path, lenient=True)


def test_a_proposal_in_metres_lies_where_it_does_in_degrees(tmp_path: Path) -> None:
    x_m, y_m = Transformer.from_crs("EPSG:4326", "EPSG:3067", always_xy=True).transform(24.94, 60.17)
    site = feature("add", {"type": "Point", "coordinates": [x_m, y_m]}, services=["clinic"])
    stated = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3067"}}
    by_file = read_proposal_file(write_proposal(tmp_path / "a.geojson", site, crs=stated))
    by_caller = read_proposal_file(write_proposal(tmp_path / "b.geojson", site), crs="EPSG:3067")
    for found in (by_file, by_caller):
        place = found.changes[0].geometry
        assert place is not None
        assert (place.x, place.y) == (pytest.approx(24.94, abs=1e-7), pytest.approx(60.17, abs=1e-7))  # type: ignore[attr-defined]


def test_a_proposal_drawn_on_a_chinese_map_lies_where_it_does_in_wgs84(tmp_path: Path) -> None:
    lon, lat = wgs84_to_gcj02(np.array([118.78]), np.array([32.04]))
    site = feature("add", {"type": "Point", "coordinates": [lon[0], lat[0]]}, services=["clinic"])
    place = read_proposal_file(write_proposal(tmp_path / "p.geojson", site), crs="gcj02").changes[0].geometry
    assert place is not None
    assert (place.x, place.y) == (pytest.approx(118.78, abs=1e-8), pytest.approx(32.04, abs=1e-8))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("crs", "named"), [("EPSG:4326", "EPSG:3067"), ("+proj=longlat +nadgrids=/x", "files")]
)
def test_a_crs_that_contradicts_the_file_or_opens_others_is_refused(
    crs: str, named: str, tmp_path: Path
) -> None:
    stated = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3067"}}
    path = write_proposal(tmp_path / "p.geojson", feature("add", POINT, services=["clinic"]), crs=stated)
    with pytest.raises(BadInputError, match=named):
        read_proposal_file(path, crs=crs)


def test_an_id_that_nobody_gave_follows_from_the_content_and_not_from_the_order() -> None:
    one, two = feature("add", POINT, services=["b", "a"]), feature("add", OTHER_POINT, services=["a"])
    forth, back = proposal(one, two), proposal(two, one)
    assert [c.facility for c in forth.changes] == [c.facility for c in back.changes][::-1]
    assert len({c.facility for c in forth.changes}) == 2


def test_saying_the_same_twice_says_it_once() -> None:
    found = proposal(feature("close", way=5), feature("close", way="way/5"))
    assert len(found.changes) == 1
    assert found.notes == ("features 1 and 2 say the same: close way 5",)
