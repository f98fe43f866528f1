"""Where walkers cross a road, read off tags."""

from pathlib import Path

import pytest

from app.ingest.osm_crossings import has_stairs, is_for_foot, node_crossing, spans
from app.ingest.osm_file import read_osm_file

XML = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
 <node id="1" lat="60.1700" lon="24.9400"/>
 <node id="2" lat="60.1700" lon="24.9410">{node}</node>
 <node id="3" lat="60.1700" lon="24.9420"/>
 <node id="4" lat="60.1710" lon="24.9410"/>
 <way id="10"><nd ref="1"/><nd ref="2"/><nd ref="3"/>{way}</way>
 <way id="11"><nd ref="4"/><nd ref="2"/><tag k="highway" v="residential"/></way>
</osm>
"""


def tag(**tags: str) -> str:
    return "".join(f'<tag k="{key.replace("__", ":")}" v="{value}"/>' for key, value in tags.items())


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({}, None),
        ({"highway": "crossing"}, "plain"),
        ({"crossing": "zebra"}, "plain"),
        ({"highway": "crossing", "crossing": "uncontrolled"}, "plain"),
        ({"highway": "crossing", "crossing": "traffic_signals"}, "signals"),
        ({"highway": "crossing", "crossing:signals": "yes"}, "signals"),
        ({"highway": "crossing", "crossing:signals": "no"}, "plain"),
        ({"highway": "traffic_signals"}, "signals"),
        ({"highway": "traffic_signals", "crossing": "no"}, None),
        ({"crossing": "no"}, None),
        ({"highway": "bus_stop"}, None),
    ],
)
def test_how_a_node_is_crossed(tags: dict[str, str], kind: str | None) -> None:
    assert node_crossing(tags) == kind


@pytest.mark.parametrize(
    ("node", "way", "plain", "signals"),
    [
        (tag(highway="crossing"), tag(highway="footway"), [2], []),
        (tag(crossing__signals="yes"), tag(highway="footway"), [], [2]),
        ("", tag(highway="footway"), [], []),
        # The way says that it crosses, so the node that it shares with the road is the crossing.
        ("", tag(highway="footway", footway="crossing"), [2], []),
        ("", tag(highway="footway", footway="crossing", crossing="traffic_signals"), [], [2]),
        (
            tag(highway="crossing"),
            tag(highway="cycleway", cycleway="crossing", crossing="traffic_signals"),
            [],
            [2],
        ),
        ("", tag(highway="footway", footway="crossing", crossing="no"), [], []),
    ],
)
def test_crossings_of_a_file(
    tmp_path: Path, node: str, way: str, plain: list[int], signals: list[int]
) -> None:
    path = tmp_path / "town.osm"
    path.write_text(XML.format(node=node, way=way), encoding="utf-8")
    extract = read_osm_file(path)
    assert extract.crossing_ids.tolist() == plain
    assert extract.signal_ids.tolist() == signals
    assert extract.counts["nodes_crossing"] == len(plain)
    assert extract.ways.for_foot.tolist() == [True, False]


def test_steps_are_climbed_with_a_ramp_too_but_not_where_they_move() -> None:
    assert has_stairs({"highway": "steps"})
    assert has_stairs({"highway": "steps", "ramp": "yes"})
    assert not has_stairs({"highway": "steps", "conveying": "forward"})
    assert not has_stairs({"highway": "footway"})


def test_ways_for_walkers_and_ways_off_the_ground() -> None:
    assert is_for_foot({"highway": "cycleway"})
    assert not is_for_foot({"highway": "living_street"})
    assert spans({"bridge": "yes"})
    assert spans({"tunnel": "building_passage"})
    assert not spans({"bridge": "no"})
