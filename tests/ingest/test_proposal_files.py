"""Proposal files: what is taken, what is refused, and that every refusal names the feature and the property."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from pyproj import Transformer

from app.domain.errors import BadInputError
from app.domain.proposal import Proposal
from app.geo.china_offset import wgs84_to_gcj02
from app.ingest.proposal_files import parse_proposal, proposal_from
from app.ingest.table_rows import read_bytes
from tests.support.bad_proposals import (
    BAD_FEATURES,
    BAD_FILES,
    FIRST,
    LINE,
    OTHER_POINT,
    POINT,
    SQUARE,
    as_file,
)
from tests.support.proposing import collection, feature, proposal, write_proposal

SCHEMA = Path(__file__).resolve().parents[2] / "app" / "proposals" / "proposal.schema.json"
VALIDATOR = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))

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


def read(path: Path, **how: Any) -> Proposal:
    _, document = parse_proposal(read_bytes(path), path.name)
    return proposal_from(document, path.name, **how)


@pytest.mark.parametrize("name", GOOD)
def test_what_the_words_of_the_contract_allow_is_taken(name: str, tmp_path: Path) -> None:
    found = read(write_proposal(tmp_path / "p.geojson", GOOD[name]))
    assert found.changes[0].action == GOOD[name]["properties"]["action"]
    assert found.notes == ()
    VALIDATOR.validate(collection(GOOD[name]))


def refused(content: bytes, folder: Path, *expected: str) -> None:
    path = folder / "p.geojson"
    path.write_bytes(content)
    with pytest.raises(BadInputError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500, message
    assert all(part in message for part in expected), message


@pytest.mark.parametrize("name", BAD_FEATURES)
def test_a_feature_that_cannot_be_used_is_named(name: str, tmp_path: Path) -> None:
    bad, expected = BAD_FEATURES[name]
    refused(as_file(bad), tmp_path, "p.geojson", expected)


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
            read(path)
        found = read(path, lenient=True)
        assert found.changes[0].geometry is None
        assert any("fid, layer" in note for note in found.notes)

    def test_a_wrong_value_is_not_passed_over(self, tmp_path: Path) -> None:
        path = write_proposal(tmp_path / "p.geojson", feature("close", way="x"))
        with pytest.raises(BadInputError, match="feature 1, property way"):
            read(path, lenient=True)


def test_a_proposal_in_metres_lies_where_it_does_in_degrees(tmp_path: Path) -> None:
    x_m, y_m = Transformer.from_crs("EPSG:4326", "EPSG:3067", always_xy=True).transform(24.94, 60.17)
    site = feature("add", {"type": "Point", "coordinates": [x_m, y_m]}, services=["clinic"])
    stated = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3067"}}
    by_file = read(write_proposal(tmp_path / "a.geojson", site, crs=stated))
    by_caller = read(write_proposal(tmp_path / "b.geojson", site), crs="EPSG:3067")
    for found in (by_file, by_caller):
        place = found.changes[0].geometry
        assert place is not None
        assert (place.x, place.y) == (pytest.approx(24.94, abs=1e-7), pytest.approx(60.17, abs=1e-7))  # type: ignore[attr-defined]


def test_a_proposal_drawn_on_a_chinese_map_lies_where_it_does_in_wgs84(tmp_path: Path) -> None:
    lon, lat = wgs84_to_gcj02(np.array([118.78]), np.array([32.04]))
    site = feature("add", {"type": "Point", "coordinates": [lon[0], lat[0]]}, services=["clinic"])
    place = read(write_proposal(tmp_path / "p.geojson", site), crs="gcj02").changes[0].geometry
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
        read(path, crs=crs)


def test_an_id_that_nobody_gave_follows_from_the_content_and_not_from_the_order() -> None:
    one, two = feature("add", POINT, services=["b", "a"]), feature("add", OTHER_POINT, services=["a"])
    forth, back = proposal(one, two), proposal(two, one)
    assert [c.facility for c in forth.changes] == [c.facility for c in back.changes][::-1]
    assert len({c.facility for c in forth.changes}) == 2


def test_saying_the_same_twice_says_it_once() -> None:
    found = proposal(feature("close", way=5), feature("close", way="way/5"))
    assert len(found.changes) == 1
    assert found.notes == ("features 1 and 2 say the same: close way 5",)
