"""What stands in the way of a new street, out of OpenStreetMap: buildings and water."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import numpy as np
import osmium
import shapely
from osmium.filter import IdFilter
from osmium.osm import WAY, Way

from app.geo.network_builder import WayLines
from app.geo.obstacles import Obstacles
from app.geo.units import Geometries
from app.ingest.osm_nodes import E7, NodeTable, known_pieces
from app.ingest.osm_stream import MULTIPOLYGONS, OsmStream

Tags = Mapping[str, str]

WATER_LINES = frozenset("river canal stream tidal_channel drain ditch".split())
"""Values of ``waterway`` that are water to cross, be it dry for part of the year; dams, weirs and the like are none."""

WATER_AREAS: dict[str, frozenset[str]] = {
    "landuse": frozenset({"reservoir", "basin"}),
    "natural": frozenset({"water"}),
    "waterway": frozenset({"riverbank", "dock"}),
}
"""Tags of areas that are water."""

COAST = "coastline"

WATER_KEYS: Mapping[str, frozenset[str]] = WATER_AREAS | {
    "natural": WATER_AREAS["natural"] | {COAST},
    "waterway": WATER_AREAS["waterway"] | WATER_LINES,
}
"""All tags of water, drawn as areas or as lines."""


def is_solid(tags: Tags) -> bool:
    """Whether an area, or the outline of one, is a building or water that one would have to pass through."""
    if _is_below(tags):
        return False
    if tags.get("building", "no") != "no" or _is_drawn_water_line(tags):
        return True
    return any(tags.get(key) in values for key, values in WATER_AREAS.items())


def is_water_line(tags: Tags) -> bool:
    """Whether a way is water to cross as a line. The coast is one: whoever crosses it leaves the land."""
    is_line = tags.get("natural") == COAST or tags.get("waterway") in WATER_LINES
    return is_line and not _is_drawn_water_line(tags) and not _is_below(tags)


def _is_drawn_water_line(tags: Tags) -> bool:
    """Whether a river or canal is drawn with its width."""
    is_area = tags.get("area") == "yes" or tags.get("type") in MULTIPOLYGONS
    return is_area and tags.get("waterway") in WATER_LINES


def read_obstacles(path: Path, stream: OsmStream, streets: WayLines) -> Obstacles:
    """Buildings and water of a file that was streamed, in the order of their ids.

    Only what lies within the box of the streets is kept: no new street between two of their nodes leaves it. An
    outline that does not close, as at the border of an extract, stops whoever crosses what there is of it.
    """
    areas = [area_id for area_id in sorted(stream.area_wkb) if is_solid(_area_tags(stream, area_id))]
    polygons = shapely.from_wkb(np.asarray([stream.area_wkb[area_id] for area_id in areas], dtype=object))
    refs = {
        way.id: way.node_refs()
        for way in stream.ways.values()
        if is_water_line(way.tags) or (is_solid(way.tags) and f"way/{way.id}" not in stream.area_wkb)
    }
    refs |= _refs_of_open_relations(path, stream)
    lines = _lines(refs, stream.node_table)
    return Obstacles.of(_near(shapely.get_parts(polygons), streets), _near(lines, streets))


def _near(shapes: Geometries, streets: WayLines) -> Geometries:
    """Those whose boxes meet that of the streets."""
    if len(streets.ref_lon_deg) == 0 or len(shapes) == 0:
        return shapes[:0]
    west, south, east, north = shapely.bounds(shapes).T
    beside = (west > streets.ref_lon_deg.max()) | (east < streets.ref_lon_deg.min())
    kept: Geometries = shapes[
        ~beside & (south <= streets.ref_lat_deg.max()) & (north >= streets.ref_lat_deg.min())
    ]
    return kept


def _is_below(tags: Tags) -> bool:
    """Whether one walks over it: water in pipes and under lids, cellars, tunnels."""
    return (
        tags.get("tunnel", "no") != "no"
        or tags.get("covered", "no") != "no"
        or tags.get("location") == "underground"
    )


def _area_tags(stream: OsmStream, area_id: str) -> Tags:
    kind, _, number = area_id.partition("/")
    return (stream.ways if kind == "way" else stream.relations)[int(number)].tags


def _refs_of_open_relations(path: Path, stream: OsmStream) -> dict[int, list[int]]:
    """Node references of the ways, mostly without tags of their own, of multipolygons that do not close."""
    members = [
        int(member[1:].partition("@")[0])
        for relation in stream.relations.values()
        if f"relation/{relation.id}" not in stream.area_wkb
        and relation.tags.get("type") in MULTIPOLYGONS
        and is_solid(relation.tags)
        for member in relation.place[0][1:].split(",")
        if member.startswith("w")
    ]
    if not members:
        return {}
    ways = cast("Iterator[Way]", iter(osmium.FileProcessor(str(path), WAY).with_filter(IdFilter(members))))
    return {way.id: [node.ref for node in way.nodes] for way in ways}


def _lines(refs: Mapping[int, list[int]], nodes: NodeTable) -> Geometries:
    """Lines by id of their way, cut where a node is missing; pieces of two nodes and more."""
    rows = [refs[way_id] for way_id in sorted(refs)]
    at = nodes.find(np.asarray([ref for row in rows for ref in row], dtype=np.int64))
    kept, first = known_pieces(np.repeat(np.arange(len(rows)), [len(row) for row in rows]), at >= 0)
    piece = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(kept))))
    return np.asarray(shapely.linestrings(nodes.xy_e7[at[kept]] / E7, indices=piece), dtype=object)
