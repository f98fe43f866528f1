"""What stands in the way of a new street, out of OpenStreetMap: buildings and water."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import numpy as np
import osmium
import shapely
from numpy.typing import NDArray
from osmium.filter import IdFilter
from osmium.osm import WAY, Way

from app.domain.place import Box
from app.geo.network_builder import WayLines
from app.geo.obstacles import Obstacles
from app.geo.units import FloatArray, IntArray, running_starts
from app.ingest.osm_nodes import E7, NodeTable, known_pieces
from app.ingest.osm_stream import MULTIPOLYGONS, OsmObject, OsmStream, node_refs

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

_KEYS = frozenset({"building", *WATER_KEYS})

_ONE = (1).to_bytes(4, "little")
_HEAD = 22
"""Bytes of WKB before the first corner of a multipolygon: 9 of its own, 9 of the polygon's, 4 of the ring's."""


def is_solid(tags: Tags) -> bool:
    """Whether an area, or the outline of one, is a building or water that one would have to pass through."""
    is_building = tags.get("building", "no") != "no"  # asked first: most of them are
    is_any = is_building or _is_any_of(tags, WATER_AREAS) or _is_drawn_water_line(tags)
    return is_any and not _is_below(tags)


def is_water_line(tags: Tags) -> bool:
    """Whether a way is water to cross as a line. The coast is one: whoever crosses it leaves the land."""
    is_line = tags.get("natural") == COAST or tags.get("waterway") in WATER_LINES
    return is_line and not _is_drawn_water_line(tags) and not _is_below(tags)


def _is_any_of(tags: Tags, wanted: Mapping[str, frozenset[str]]) -> bool:
    return any(tags[key] in wanted[key] for key in wanted.keys() & tags.keys())


def _is_drawn_water_line(tags: Tags) -> bool:
    """Whether a river or canal is drawn with its width."""
    is_area = tags.get("area") == "yes" or tags.get("type") in MULTIPOLYGONS
    return is_area and tags.get("waterway") in WATER_LINES


def read_obstacles(stream: OsmStream, streets: WayLines) -> Obstacles:
    """Buildings and water of a file that was streamed.

    Only what lies within the box of the streets is kept: no new street between two of their nodes leaves it. An
    outline that does not close, as at the border of an extract, stops whoever crosses what there is of it.
    """
    wkb: list[bytes] = []
    open_ways: list[OsmObject] = []
    for way in stream.ways.values():
        if _KEYS.isdisjoint(way.tags):
            continue
        if is_water_line(way.tags):
            open_ways.append(way)
        elif is_solid(way.tags):
            area = stream.area_wkb.get(f"way/{way.id}")
            open_ways.append(way) if area is None else wkb.append(area)
    open_relations: list[OsmObject] = []
    for relation in stream.relations.values():
        if relation.tags.get("type") in MULTIPOLYGONS and is_solid(relation.tags):
            area = stream.area_wkb.get(f"relation/{relation.id}")
            open_relations.append(relation) if area is None else wkb.append(area)
    line_refs, line_of_ref = _joined(node_refs(open_ways), _outlines_of(stream.path, open_relations))
    line_xy_e7, line_sizes = _lines(line_refs, line_of_ref, stream.node_table)
    corners_deg, ring_sizes, ring_counts = _rings(wkb)
    everything = Obstacles(
        np.concatenate([np.rint(corners_deg * E7).astype(np.int32), line_xy_e7]),
        running_starts(np.concatenate([ring_sizes, line_sizes])),
        running_starts(ring_counts),
    )
    return everything.within(_box_of(streets))


def _box_of(streets: WayLines) -> Box:
    lon_deg, lat_deg = streets.ref_lon_deg, streets.ref_lat_deg
    if len(lon_deg) == 0:
        return (0.0, 0.0, 0.0, 0.0)
    return (float(lon_deg.min()), float(lat_deg.min()), float(lon_deg.max()), float(lat_deg.max()))


def _rings(multipolygons: list[bytes]) -> tuple[FloatArray, IntArray, IntArray]:
    """All corners ring by ring, the corners of each ring, and the rings of each polygon.

    Most have one polygon of one ring. Their corners are taken out of the WKB as they stand: building shapes of all of
    them, to take them apart again, would cost more than anything else that is done with buildings.
    """
    simple = [wkb for wkb in multipolygons if wkb[5:9] == wkb[14:18] == _ONE]
    polygons = shapely.get_parts(
        shapely.from_wkb(
            np.asarray([wkb for wkb in multipolygons if not wkb[5:9] == wkb[14:18] == _ONE], dtype=object)
        )
    )
    rings, polygon_of_ring = shapely.get_rings(polygons, return_index=True)
    simple_deg = np.frombuffer(b"".join([wkb[_HEAD:] for wkb in simple]), dtype="<f8").reshape(-1, 2)
    simple_sizes = np.asarray([len(wkb) - _HEAD for wkb in simple], dtype=np.int64) // 16
    return (
        np.concatenate([simple_deg, shapely.get_coordinates(rings)]),
        np.concatenate([simple_sizes, shapely.get_num_coordinates(rings)]),
        np.concatenate([np.ones_like(simple_sizes), np.bincount(polygon_of_ring, minlength=len(polygons))]),
    )


def _is_below(tags: Tags) -> bool:
    """Whether one walks over it: water in pipes and under lids, cellars, tunnels."""
    return (
        tags.get("tunnel", "no") != "no"
        or tags.get("covered", "no") != "no"
        or tags.get("location") == "underground"
    )


def _outlines_of(path: Path, relations: list[OsmObject]) -> tuple[IntArray, IntArray]:
    """Node references, as `node_refs` gives them, of the ways of relations, which mostly have no tags of their own."""
    members = [
        int(member[1:].partition("@")[0])
        for relation in relations
        for member in relation.place[0][1:].split(",")
        if member.startswith("w")
    ]
    rows: dict[int, list[int]] = {}
    if members:
        processor = osmium.FileProcessor(str(path), WAY).with_filter(IdFilter(members))
        for way in cast("Iterator[Way]", iter(processor)):
            rows[way.id] = [node.ref for node in way.nodes]
    refs = [ref for way_id in sorted(rows) for ref in rows[way_id]]
    sizes = [len(rows[way_id]) for way_id in sorted(rows)]
    return np.asarray(refs, dtype=np.int64), np.repeat(np.arange(len(sizes)), sizes)


def _joined(first: tuple[IntArray, IntArray], second: tuple[IntArray, IntArray]) -> tuple[IntArray, IntArray]:
    """References of two lists of ways as those of one."""
    rows_before = first[1][-1] + 1 if len(first[1]) else 0
    return np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1] + rows_before])


def _lines(refs: IntArray, way_of_ref: IntArray, nodes: NodeTable) -> tuple[NDArray[np.int32], IntArray]:
    """Places of ways, cut where a node is missing, and how many each piece has."""
    at = nodes.find(refs)
    kept, first = known_pieces(way_of_ref, at >= 0)
    return nodes.xy_e7[at[kept]], np.diff(np.append(first, len(kept)))
