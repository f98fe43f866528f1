"""Which buildings and waters of a file stop a new street; places in metres."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
import osmium
import pytest
import shapely
from osmium.filter import KeyFilter
from osmium.osm import Area, Node, Relation, Way

from app.ingest.osm_file import read_osm_file
from tests.support.osm_writing import Place, Sketch, degrees
from tests.support.shared_data import shared_data

LINES = ("river", "canal", "stream", "drain", "ditch", "tidal_channel")
Entity = Area | Node | Relation | Way
SOUTH, NORTH = (15.0, -50.0), (15.0, 50.0)


def crosses(city: Sketch, folder: Path, start: Place = SOUTH, end: Place = NORTH) -> bool:
    """Whether something of the city stops a street from `start` to `end`."""
    city.street(900, [(-100, -100), (200, -100), (200, 100), (-100, 100)])
    obstacles = read_osm_file(city.write(folder / "city.osm.pbf")).obstacles
    return bool(obstacles.crossed(np.array([[degrees(*start), degrees(*end)]]))[0])


@pytest.mark.parametrize(
    ("stops", "tags"),
    [
        (True, {"building": "yes"}),
        (True, {"building": "garage", "amenity": "parking"}),
        (False, {"building": "no"}),
        (False, {"building": "yes", "location": "underground"}),
        (False, {"amenity": "school"}),
        (True, {"natural": "water"}),
        (True, {"natural": "water", "water": "pond", "intermittent": "yes"}),
        (False, {"natural": "wetland"}),
        (False, {"natural": "wood"}),
        (True, {"waterway": "riverbank"}),
        (True, {"waterway": "canal", "area": "yes"}),
        (True, {"landuse": "reservoir"}),
        (True, {"landuse": "basin"}),
        (False, {"landuse": "reservoir", "location": "underground"}),
        (False, {"natural": "water", "tunnel": "culvert"}),
    ],
)
def test_areas_by_their_tags(stops: bool, tags: dict[str, str], tmp_path: Path) -> None:
    city = Sketch()
    city.block(1, 0, 0, 30, 30, **tags)
    assert crosses(city, tmp_path, (15, 10), (15, 20)) is stops  # inside all along
    assert crosses(city, tmp_path, (-50, 30), (50, 30)) is False  # along its wall


@pytest.mark.parametrize(
    ("stops", "tags"),
    [
        *((True, {"waterway": value}) for value in LINES),
        (True, {"natural": "coastline"}),
        (True, {"waterway": "stream", "intermittent": "yes", "layer": "-1"}),
        (True, {"waterway": "river", "tunnel": "no"}),
        *((False, {"waterway": "river", "tunnel": value}) for value in ("yes", "culvert", "flooded")),
        (False, {"waterway": "drain", "covered": "yes"}),
        *((False, {"waterway": value}) for value in ("dam", "weir", "waterfall")),
        (False, {"barrier": "fence"}),
    ],
)
def test_lines_by_their_tags(stops: bool, tags: dict[str, str], tmp_path: Path) -> None:
    city = Sketch()
    city.line(1, [(0, 0), (30, 0)], tags)
    assert crosses(city, tmp_path) is stops


def test_a_coast_is_its_line_alone(tmp_path: Path) -> None:
    city = Sketch()
    city.block(1, 0, 0, 30, 30, natural="coastline")
    assert not crosses(city, tmp_path, (10, 10), (20, 20))
    assert crosses(city, tmp_path, (15, 15), (15, 50))


def test_the_court_of_a_multipolygon_is_open(tmp_path: Path) -> None:
    city = Sketch()
    city.block(1, 0, 0, 30, 30)
    city.block(2, 10, 10, 10, 10)
    city.relation(3, [("w", 1, "outer"), ("w", 2, "inner")], type="multipolygon", building="yes")
    assert not crosses(city, tmp_path, (10, 10), (20, 20))
    assert crosses(city, tmp_path, (15, 15), (15, 50))


def test_an_outline_that_the_extract_cuts_off_still_stops(tmp_path: Path) -> None:
    lake = Sketch()
    lake.line(1, [(0, 0), (30, 0)])
    lake.relation(3, [("w", 1, "outer"), ("w", 4, "outer")], type="multipolygon", natural="water")
    assert crosses(lake, tmp_path)
    pond = Sketch()
    first, last = pond.node(1, (0, 0)), pond.node(2, (30, 0))
    pond.way(1, [last, 99, first, last], natural="water")
    assert crosses(pond, tmp_path)


def test_an_outline_that_was_deleted_does_not_stop(tmp_path: Path) -> None:
    lake = Sketch()
    lake.line(1, [(0, 0), (30, 0)])
    lake.relation(3, [("w", 1, "outer"), ("w", 4, "outer")], type="multipolygon", building="yes")
    lake.street(900, [(-100, -100), (200, -100), (200, 100), (-100, 100)])
    path = lake.write(tmp_path / "city.osm")
    assert read_osm_file(path).counts["obstacle_lines"] == 1
    whole = path.read_text(encoding="utf-8")
    for mark in ('visible="false"', 'action="delete"'):
        path.write_text(whole.replace('<way id="1"', f'<way id="1" {mark}'), encoding="utf-8")
        assert read_osm_file(path).counts["obstacle_lines"] == 0


def test_only_what_lies_among_the_streets_is_kept(tmp_path: Path) -> None:
    city = Sketch()
    city.street(1, [(0, 0), (100, 100)])
    for number, (x_m, y_m) in enumerate([(50, 0), (90, 90), (50, 101), (-31, 0), (500, 50)]):
        city.block(10 + number, x_m, y_m, 30, 30, building="yes")
    counts = read_osm_file(city.write(tmp_path / "city.osm")).counts
    assert (counts["obstacle_areas"], counts["obstacle_lines"]) == (2, 0)


@pytest.mark.parametrize("name", ["helsinki", "geneva"])
def test_a_real_city_as_told_by_brute_force(name: str) -> None:
    """All shapes read a second way, and each segment related to each of them; away from the border."""
    path = shared_data(f"{name}.osm.pbf")
    extract = read_osm_file(path)
    assert extract.header_box is not None
    west, south, east, north = extract.header_box
    random = np.random.default_rng(5)
    streets = np.stack([extract.ways.ref_lon_deg, extract.ways.ref_lat_deg], axis=1)
    within = np.abs(streets - [(west + east) / 2, (south + north) / 2]) < [
        (east - west) / 3,
        (north - south) / 3,
    ]
    start = random.permutation(streets[within.all(axis=1)])[:40]
    segments = np.stack([start, start + random.uniform(-6e-4, 6e-4, start.shape)], axis=1)
    polygons, lines = _shapes(path)
    through = [
        bool(shapely.relate_pattern(line, polygons, "T********").any())
        or bool((~shapely.relate_pattern(line, lines, "FF*******")).any())
        for line in shapely.linestrings(segments)
    ]
    assert extract.obstacles.crossed(segments).tolist() == through
    assert 5 < sum(through) < 35


def _shapes(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Areas as osmium assembles them, and each piece from node to node of lines and of outlines that do not close."""
    to_wkb = osmium.geom.WKBFactory()
    polygons: dict[int, str] = {}
    members: dict[int, list[int]] = {}
    keys = KeyFilter("building", "natural", "waterway", "landuse")
    for item in cast(
        "Iterator[Entity]", iter(osmium.FileProcessor(str(path)).with_areas(keys).with_filter(keys))
    ):
        if isinstance(item, Area) and item.num_rings()[0] and _is_solid(dict(item.tags)):
            polygons[item.id] = to_wkb.create_multipolygon(item)
        if (
            isinstance(item, Relation)
            and item.tags.get("type") == "multipolygon"
            and _is_solid(dict(item.tags))
        ):
            members[2 * item.id + 1] = [member.ref for member in item.members if member.type == "w"]
    outlines = {ref for area_id, refs in members.items() if area_id not in polygons for ref in refs}
    lines: list[shapely.LineString] = []
    for item in cast("Iterator[Entity]", iter(osmium.FileProcessor(str(path)).with_locations())):
        if isinstance(item, Way) and (item.id in outlines or _is_line(dict(item.tags))):
            places = [(node.location.lon, node.location.lat) for node in item.nodes if node.location.valid()]
            lines += [shapely.LineString(pair) for pair in pairwise(places)]
    return shapely.from_wkb(np.array(list(polygons.values()))), np.array(lines)


def _is_solid(tags: dict[str, str]) -> bool:
    return not _is_below(tags) and (
        tags.get("building", "no") != "no"
        or tags.get("natural") == "water"
        or tags.get("waterway") in ("riverbank", "dock")
        or tags.get("landuse") in ("basin", "reservoir")
    )


def _is_line(tags: dict[str, str]) -> bool:
    return not _is_below(tags) and (tags.get("natural") == "coastline" or tags.get("waterway") in LINES)


def _is_below(tags: dict[str, str]) -> bool:
    return "tunnel" in tags or "covered" in tags or tags.get("location") == "underground"
