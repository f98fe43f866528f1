"""Objects that JOSM keeps as deleted, ``action='delete'``, until the deletion is uploaded."""

import bz2
import gzip
import re
from pathlib import Path

import numpy as np
import osmium
import pytest

from app.ingest.osm_deleted import deleted_in_editor
from app.ingest.osm_file import read_osm_file
from app.ingest.osm_zones import read_osm_zones
from tests.support.osm_writing import Sketch
from tests.support.shared_data import shared_data

PARTS = ("ways", "nodes", "buildings", "places", "point_places", "residential_land", "doors", "obstacles")

_OBJECT = re.compile(r'  <(node|way|relation) id="(\d+)"[^>]*?(?:/>|>.*?</\1>)\n', re.DOTALL)
"""An object as osmium writes it."""


def is_dropped(kind: str, osm_id: str) -> bool:
    """A sixth of the ways and relations; whichever nodes they leave stay."""
    return kind != "node" and int(osm_id) % 6 == 0


def as_josm_deletes(found: re.Match[str]) -> str:
    if not is_dropped(found[1], found[2]):
        return found[0]
    mark = f"  <{found[1]} id='{found[2]}' action='delete' timestamp='2021-06-12T08:00:00Z' visible='true'"
    return re.sub(r'  <\w+ id="\d+"', mark, found[0], count=1)


def as_if_never_there(found: re.Match[str]) -> str:
    return "" if is_dropped(found[1], found[2]) else found[0]


def test_a_real_city_with_deletions_is_the_city_without_those_objects(tmp_path: Path) -> None:
    whole = tmp_path / "whole.osm"
    with osmium.SimpleWriter(str(whole)) as writer:
        for item in osmium.FileProcessor(str(shared_data("nanjing.osm.pbf"))):
            writer.add(item)
    text = whole.read_text(encoding="utf-8")
    saved, rest = tmp_path / "saved-by-josm.osm", tmp_path / "rest.osm"
    saved.write_text(_OBJECT.sub(as_josm_deletes, text), encoding="utf-8")
    rest.write_text(_OBJECT.sub(as_if_never_there, text), encoding="utf-8")
    found, expected = read_osm_file(saved), read_osm_file(rest)
    for part in PARTS:
        np.testing.assert_equal(vars(getattr(found, part)), vars(getattr(expected, part)), err_msg=part)
    assert (found.counts, found.free_box) == (expected.counts, expected.free_box)
    before = read_osm_file(whole)
    assert len(before.ways.way_id) > len(found.ways.way_id) > 0
    assert len(before.buildings.id) > len(found.buildings.id) > 0


@pytest.mark.parametrize("ending", ["osm", "osm.gz", "osm.bz2", "osm.xml"])
def test_nodes_ways_and_relations_in_every_form_of_xml(ending: str, tmp_path: Path) -> None:
    document = b"""<?xml version='1.0' encoding='UTF-8'?>
<osm version='0.6' upload='never' generator='JOSM'>
  <node id='1' action='delete' visible='true' />
  <node id='2' action='modify' visible='true' lat='60.17' lon='24.94'>
    <tag k='note' v="&lt;node id='3' action='delete'" />
  </node>
  <way id='4' visible='true' action = "delete"><nd ref='2' /></way>
  <relation id='5' action='delete'><member type='way' ref='4' role='' /></relation>
</osm>
"""
    pack = {"osm.gz": gzip.compress, "osm.bz2": bz2.compress}.get(ending, bytes)
    path = tmp_path / f"saved.{ending}"
    path.write_bytes(pack(document))
    assert deleted_in_editor(path) == {(0, 1), (1, 4), (2, 5)}


def test_the_mark_is_found_wherever_the_reading_pauses(tmp_path: Path) -> None:
    path = tmp_path / "saved.osm"
    for blanks in range((1 << 20) - 60, (1 << 20) + 2, 7):
        path.write_bytes(b"<osm>" + b" " * blanks + b"<way id='4' action='delete' visible='true'/></osm>")
        assert deleted_in_editor(path) == {(1, 4)}, blanks


def test_a_deleted_boundary_is_no_zone(tmp_path: Path) -> None:
    city = Sketch()
    for number in (1, 2):
        city.block(
            number, 0, 100 * number, 50, 50, boundary="administrative", admin_level="9", name=f"{number}"
        )
    path = city.write(tmp_path / "city.osm")
    assert read_osm_zones(path, 9)[0].name.tolist() == ["1", "2"]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('<way id="1"', "<way id=\"1\" action='delete'"), encoding="utf-8")
    assert read_osm_zones(path, 9)[0].name.tolist() == ["2"]
