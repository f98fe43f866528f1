"""Reads an OpenStreetMap file (PBF or XML): streets, buildings, places, residential land, doors."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import osmium
import shapely

from app.domain.errors import BadInputError
from app.domain.place import Box
from app.domain.standard import SELECTOR_KEYS
from app.geo.network_builder import WayLines
from app.geo.obstacles import Obstacles
from app.geo.units import Geometries, IntArray
from app.ingest.foot_access import has_unramped_steps, node_access, way_access, way_directions
from app.ingest.osm_crossings import find_crossings, has_stairs, is_for_foot, spans
from app.ingest.osm_nodes import E7, NodeTable, free_nodes_box, known_pieces
from app.ingest.osm_obstacles import read_obstacles
from app.ingest.osm_stream import OsmObject, OsmStream, Progress, node_refs, stream_osm_file

_PLACE_KEYS = frozenset(SELECTOR_KEYS)


@dataclass
class Areas:
    """Closed ways and multipolygons of one kind, sorted by id; all lists have one item for each."""

    id: list[str] = field(default_factory=list)
    tags: list[Mapping[str, str]] = field(default_factory=list)
    wkb: list[bytes] = field(default_factory=list)

    def geometries(self) -> Geometries:
        """(Multi)polygons in WGS 84."""
        geometries: Geometries = shapely.from_wkb(np.asarray(self.wkb, dtype=object))
        return geometries


@dataclass
class PointPlaces:
    """Nodes with a key that a selector may start from."""

    id: list[str] = field(default_factory=list)
    tags: list[Mapping[str, str]] = field(default_factory=list)
    lon_deg: list[float] = field(default_factory=list)
    lat_deg: list[float] = field(default_factory=list)


@dataclass
class Doors:
    """Nodes by which an outline may be passed, as lon and lat in ten-millionths of a degree."""

    entrances: list[tuple[int, int]] = field(default_factory=list)
    """``entrance=*``, not ``no``: a way out of a building for those who live there, whatever its access."""
    public: list[tuple[int, int]] = field(default_factory=list)
    """Entrances and gates that anybody may pass: ways into a facility."""


@dataclass(frozen=True)
class OsmExtract:
    """What one file holds of interest. ``counts`` says what was seen and left out, by reason.

    ``span_ids`` are the ways that leave the ground: bridges and tunnels. ``free_box`` is the box of the nodes that no
    way refers to; it is only looked for where the header has no box.
    """

    ways: WayLines
    nodes: NodeTable
    wall_ids: IntArray
    gate_ids: IntArray
    crossing_ids: IntArray
    signal_ids: IntArray
    span_ids: IntArray
    buildings: Areas
    places: Areas
    point_places: PointPlaces
    residential_land: Areas
    doors: Doors
    obstacles: Obstacles
    header_box: Box | None
    free_box: Box | None
    counts: Counter[str]


class _Way(NamedTuple):
    """A walkable way, as its tags say."""

    item: OsmObject
    name: str
    forward: bool
    backward: bool
    restricted: bool
    steps: bool
    wheelchair_no: bool
    stairs: bool
    for_foot: bool


def read_osm_file(path: Path, *, progress: Progress | None = None) -> OsmExtract:
    """Read a file in streaming passes.

    Raises
    ------
    BadInputError
        If the file is missing, empty, truncated, corrupt or no OpenStreetMap file.
    """
    _check_is_osm_file(path)
    with tempfile.TemporaryDirectory(prefix="reach15-") as folder:
        return _extract(_stream(path, Path(folder), progress))


def _stream(path: Path, folder: Path, progress: Progress | None) -> OsmStream:
    try:
        return stream_osm_file(path, folder, progress=progress)
    except (RuntimeError, ValueError, OSError, osmium.InvalidLocationError) as error:
        raise BadInputError(
            str(path),
            f"not readable as an OpenStreetMap file ({_one_line(error)}); it may be truncated or damaged: "
            "fetch it again",
        ) from error


def _extract(stream: OsmStream) -> OsmExtract:
    counts = stream.counts
    highways = [way for way in stream.ways.values() if "highway" in way.tags]
    ways = _way_lines(_walkable_ways(highways, counts), stream.node_table, counts)
    walls, gates, doors = _barriers_and_doors(stream)
    counts["nodes_impassable"], counts["nodes_restricted"] = len(walls), len(gates)
    crossings, signals = find_crossings(stream, highways)
    counts["nodes_crossing"], counts["nodes_crossing_with_signals"] = len(crossings), len(signals)
    buildings, places, residential_land = _areas(stream)
    return OsmExtract(
        ways=ways,
        nodes=stream.node_table,
        wall_ids=walls,
        gate_ids=gates,
        crossing_ids=crossings,
        signal_ids=signals,
        span_ids=np.asarray(sorted(way.id for way in highways if spans(way.tags)), dtype=np.int64),
        buildings=buildings,
        places=places,
        point_places=_point_places(stream),
        residential_land=residential_land,
        doors=doors,
        obstacles=_obstacles(stream, ways),
        header_box=stream.header_box,
        free_box=None if stream.header_box else free_nodes_box(stream.path, stream.node_table),
        counts=counts,
    )


def _walkable_ways(highways: Iterable[OsmObject], counts: Counter[str]) -> list[_Way]:
    """By id."""
    ways = []
    for way in highways:
        access = way_access(way.tags)
        forward, backward = way_directions(way.tags)
        if access == "no":
            counts["ways_not_for_walking"] += 1
        elif not (forward or backward):
            counts["ways_closed_both_ways"] += 1
        else:
            ways.append(
                _Way(
                    item=way,
                    name=way.tags.get("name", ""),
                    forward=forward,
                    backward=backward,
                    restricted=access == "restricted",
                    steps=has_unramped_steps(way.tags),
                    wheelchair_no=way.tags.get("wheelchair") == "no",
                    stairs=has_stairs(way.tags),
                    for_foot=is_for_foot(way.tags),
                )
            )
    return sorted(ways, key=lambda way: way.item.id)


def _way_lines(rows: list[_Way], nodes: NodeTable, counts: Counter[str]) -> WayLines:
    """Ways with the places of their nodes; cut where a node is missing, pieces of two nodes and more kept."""
    ids = np.asarray([row.item.id for row in rows], dtype=np.int64)
    refs, way_of_ref = node_refs(row.item for row in rows)
    at = nodes.find(refs)
    known = at >= 0
    keep, first = known_pieces(way_of_ref, known)
    way = way_of_ref[keep[first]]
    counts["missing_nodes"] = len(np.unique(refs[~known]))
    counts["ways_cut_by_missing_nodes"] = len(np.unique(way_of_ref[~known]))
    kept = np.unique(way).tolist()
    counts["ways_without_two_nodes"] = len(rows) - len(kept)
    counts["ways_walkable"] = len(kept)
    counts["ways_restricted"] = sum(rows[position].restricted for position in kept)

    def flags(name: str) -> np.ndarray:
        return np.asarray([getattr(row, name) for row in rows], dtype=bool)[way]

    return WayLines(
        way_id=ids[way],
        name=np.asarray([row.name for row in rows], dtype=np.str_)[way],
        forward=flags("forward"),
        backward=flags("backward"),
        restricted=flags("restricted"),
        steps=flags("steps"),
        wheelchair_no=flags("wheelchair_no"),
        stairs=flags("stairs"),
        for_foot=flags("for_foot"),
        ref_start=np.append(first, len(keep)).astype(np.int64),
        ref_osm_id=refs[keep],
        ref_lon_deg=nodes.xy_e7[at[keep], 0] / E7,
        ref_lat_deg=nodes.xy_e7[at[keep], 1] / E7,
    )


def _barriers_and_doors(stream: OsmStream) -> tuple[IntArray, IntArray, Doors]:
    walls: list[int] = []
    gates: list[int] = []
    entrances: set[tuple[int, int]] = set()
    public: set[tuple[int, int]] = set()
    for node in stream.nodes.values():
        is_barrier = "barrier" in node.tags
        is_entrance = node.tags.get("entrance", "no") != "no"
        if not (is_barrier or is_entrance):
            continue
        access = node_access(node.tags)
        if is_barrier and access != "passable":
            (walls if access == "impassable" else gates).append(node.id)
        lon_deg, lat_deg = node.lon_lat_deg()
        place = (round(lon_deg * E7), round(lat_deg * E7))
        if is_entrance:
            entrances.add(place)
        if access == "passable" and (is_entrance or node.tags.get("barrier") == "gate"):
            public.add(place)
    return (
        np.asarray(sorted(walls), dtype=np.int64),
        np.asarray(sorted(gates), dtype=np.int64),
        Doors(sorted(entrances), sorted(public)),
    )


def _areas(stream: OsmStream) -> tuple[Areas, Areas, Areas]:
    """Buildings, places and residential land."""
    buildings, places, residential_land = Areas(), Areas(), Areas()
    for area_id in sorted(stream.area_wkb):
        kind, _, number = area_id.partition("/")
        item = (stream.ways if kind == "way" else stream.relations)[int(number)]
        for areas, wanted in (
            (buildings, item.tags.get("building", "no") != "no"),
            (places, _is_place(item.tags)),
            (residential_land, item.tags.get("landuse") == "residential"),
        ):
            if wanted:
                areas.id.append(area_id)
                areas.tags.append(item.tags)
                areas.wkb.append(stream.area_wkb[area_id])
    return buildings, places, residential_land


def _obstacles(stream: OsmStream, streets: WayLines) -> Obstacles:
    obstacles = read_obstacles(stream, streets)
    stream.counts["obstacle_areas"] = obstacles.polygon_count
    stream.counts["obstacle_lines"] = obstacles.line_count
    return obstacles


def _point_places(stream: OsmStream) -> PointPlaces:
    chosen: list[OsmObject] = sorted(
        (node for node in stream.nodes.values() if _is_place(node.tags)), key=lambda node: node.id
    )
    places = [node.lon_lat_deg() for node in chosen]
    return PointPlaces(
        id=[f"node/{node.id}" for node in chosen],
        tags=[node.tags for node in chosen],
        lon_deg=[lon_deg for lon_deg, _ in places],
        lat_deg=[lat_deg for _, lat_deg in places],
    )


def _is_place(tags: Mapping[str, str]) -> bool:
    if _PLACE_KEYS.isdisjoint(tags):
        return False
    for key in _PLACE_KEYS & tags.keys():
        value, values = tags[key], SELECTOR_KEYS[key]
        if value != "no" and (values is None or any(item.strip() in values for item in value.split(";"))):
            return True
    return False


_SUFFIXES = (".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml", ".o5m")


def _check_is_osm_file(path: Path) -> None:
    if not path.exists():
        raise BadInputError(str(path), "no such file")
    if not path.is_file():
        raise BadInputError(str(path), "not a file; give an OpenStreetMap extract (.osm.pbf or .osm)")
    if path.stat().st_size == 0:
        raise BadInputError(str(path), "the file is empty; fetch the extract again")
    with path.open("rb") as stream:
        head = stream.read(512).lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        raise BadInputError(
            str(path),
            "this is an HTML page, not an OpenStreetMap extract; the download went wrong, fetch it again",
        )
    if not path.name.lower().endswith(_SUFFIXES):
        raise BadInputError(str(path), f"the name must end in one of {', '.join(_SUFFIXES)}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
