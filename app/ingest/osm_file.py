"""Reads an OpenStreetMap file (PBF or XML) in streaming passes: streets, buildings, places, residential land."""

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium
import shapely
from numpy.typing import NDArray
from osmium.osm import AREA, NODE, WAY

from app.domain.errors import BadInputError
from app.domain.standard import SELECTOR_KEYS
from app.geo.network_builder import WayLines
from app.geo.units import FloatArray, Geometries, IntArray
from app.ingest.foot_access import has_unramped_steps, node_access, way_access, way_directions

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

Progress = Callable[[str, int], None]
"""Called now and then with the stage's name and the number of objects read so far."""

_PLACE_KEYS = tuple(SELECTOR_KEYS)
_PLACE_FILTER_KEYS = tuple(key for key in SELECTOR_KEYS if key != "highway")
_REPORT_EVERY = 10_000
_UNDEFINED_E7 = 2**31 - 1  # osmium's mark of a place that is not known
_E7 = 1e7  # OSM keeps coordinates as whole ten-millionths of a degree


@dataclass
class Areas:
    """Closed ways and multipolygons of one kind, in the order of the file; all lists have one item for each."""

    id: list[str] = field(default_factory=list)
    tags: list[Mapping[str, str]] = field(default_factory=list)
    wkb: list[str] = field(default_factory=list)

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
class NodeTable:
    """Every node of a file, sorted by id: ``osm_id``, and lon and lat in ten-millionths of a degree, ``xy_e7``."""

    osm_id: IntArray
    xy_e7: NDArray[np.int32]

    @classmethod
    def from_index(cls, path: Path) -> "NodeTable":
        """Read the array that osmium's ``sparse_file_array`` index keeps on disk; of one id the last entry counts."""
        entries = np.fromfile(path, dtype=[("osm_id", "<i8"), ("xy", "<i4", 2)])
        entries = entries[(entries["xy"] != _UNDEFINED_E7).all(axis=1)]
        order = np.argsort(entries["osm_id"], kind="stable")
        osm_id = entries["osm_id"][order]
        is_last = np.ones(len(osm_id), dtype=bool)
        is_last[:-1] = osm_id[1:] != osm_id[:-1]
        return cls(osm_id[is_last], entries["xy"][order[is_last]])

    def find(self, osm_id: IntArray) -> IntArray:
        """Position of each id; -1 where the file has no such node."""
        if len(self.osm_id) == 0:
            return np.full(len(osm_id), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.osm_id, osm_id), len(self.osm_id) - 1)
        return np.where(self.osm_id[at] == osm_id, at, -1)

    def lon_lat_deg(self) -> FloatArray:
        """Lon and lat of every node, shape (nodes, 2)."""
        return self.xy_e7 / _E7


@dataclass(frozen=True)
class OsmExtract:
    """What one file holds of interest. ``counts`` says what was seen and left out, by reason."""

    ways: WayLines
    nodes: NodeTable
    wall_ids: IntArray
    gate_ids: IntArray
    buildings: Areas
    places: Areas
    point_places: PointPlaces
    residential_land: Areas
    doors: Doors
    header_box: Box | None
    counts: Counter[str]


def read_osm_file(path: Path, *, progress: Progress | None = None) -> OsmExtract:
    """Read a file in two streaming passes (relations first, then nodes, ways and areas).

    A file whose ways stand before their nodes is sorted into a temporary copy first.

    Raises
    ------
    BadInputError
        If the file is missing, empty, truncated, corrupt or no OpenStreetMap file.
    """
    _check_is_osm_file(path)
    try:
        reader = _read(path, progress)
        if reader.is_unsorted():
            with tempfile.TemporaryDirectory(prefix="reach15-") as folder:
                ordered = Path(folder) / "sorted.osm.pbf"
                _sort(path, ordered)
                box = reader.header_box
                reader = _read(ordered, progress)
                reader.header_box = box
    except (RuntimeError, ValueError, OSError) as error:
        raise BadInputError(str(path), f"not readable as an OpenStreetMap file ({_one_line(error)}); "
                            "it may be truncated or damaged: fetch it again") from error
    return reader.extract()


def free_nodes_box(path: Path, nodes: NodeTable) -> Box | None:
    """Box of the nodes that no way refers to: the shape of the request that cut an extract without a header box.

    None if there are no such nodes or their box has no area.
    """
    refs = [node.ref for way in osmium.FileProcessor(str(path), WAY) for node in way.nodes]
    free = np.isin(nodes.osm_id, np.asarray(refs, dtype=np.int64), invert=True)
    return box_of(nodes.lon_lat_deg()[free])


def box_of(lon_lat_deg: np.ndarray) -> Box | None:
    """Box of some places; None if it has no area."""
    if len(lon_lat_deg) == 0:
        return None
    west, south = lon_lat_deg.min(axis=0)
    east, north = lon_lat_deg.max(axis=0)
    return (float(west), float(south), float(east), float(north)) if west < east and south < north else None


class _Reader:
    """Collects one file's objects. Of an object that stands in the file twice, the last one counts."""

    def __init__(self, path: Path, progress: Progress | None) -> None:
        self._path = path
        self._progress = progress
        self._wkb = osmium.geom.WKBFactory()
        self._ways: dict[int, _Way] = {}
        self._barriers: dict[int, str] = {}
        self._doors: dict[int, tuple[tuple[int, int], bool, bool]] = {}
        self._first_refs_unknown: list[int] = []
        self._node_places: dict[int, tuple[Mapping[str, str], float, float]] = {}
        self._areas: dict[str, dict[str, tuple[Mapping[str, str], str]]] = {
            "building": {}, "place": {}, "residential": {}
        }  # fmt: skip
        self.counts: Counter[str] = Counter()
        self.header_box: Box | None = None

    def read(self, index_path: Path) -> None:
        index = osmium.index.create_map(f"sparse_file_array,{index_path}")
        area_keys = osmium.filter.KeyFilter("building", "landuse", *_PLACE_KEYS)
        processor = osmium.FileProcessor(str(self._path)).with_locations(index).with_areas(area_keys)
        processor.with_filter(osmium.filter.EntityFilter(NODE | WAY | AREA))
        processor.with_filter(osmium.filter.KeyFilter("barrier", "entrance", *_PLACE_KEYS).enable_for(NODE))
        processor.with_filter(osmium.filter.KeyFilter("highway").enable_for(WAY))
        processor.with_filter(osmium.filter.KeyFilter("building", "landuse", *_PLACE_FILTER_KEYS).enable_for(AREA))
        box = processor.header.box()
        if box.valid() and box.bottom_left.lon < box.top_right.lon and box.bottom_left.lat < box.top_right.lat:
            self.header_box = (box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat)
        for seen, item in enumerate(processor):
            if self._progress is not None and seen % _REPORT_EVERY == 0:
                self._progress("read", seen)
            if item.is_node():
                self._take_node(item)
            elif item.is_way():
                self._take_way(item)
            else:
                self._take_area(item)
        self._nodes = NodeTable.from_index(index_path)

    def is_unsorted(self) -> bool:
        """Whether a node came after a way that refers to it."""
        return bool((self._nodes.find(np.asarray(self._first_refs_unknown, dtype=np.int64)) >= 0).any())

    def _take_node(self, node: osmium.osm.Node) -> None:
        tags = dict(node.tags)
        x, y = node.location.x, node.location.y
        access = node_access(tags)
        if "barrier" in tags:
            self._barriers[node.id] = access
        is_entrance = tags.get("entrance", "no") != "no"
        if is_entrance or tags.get("barrier") == "gate":
            self._doors[node.id] = ((x, y), is_entrance, access == "passable")
        if _is_place(tags):
            self._node_places[node.id] = (tags, x / _E7, y / _E7)

    def _take_way(self, way: osmium.osm.Way) -> None:
        tags = dict(way.tags)
        access = way_access(tags)
        if access == "no":
            self._ways.pop(way.id, None)
            self.counts["ways_not_for_walking"] += 1
            return
        forward, backward = way_directions(tags)
        if not (forward or backward):
            self.counts["ways_closed_both_ways"] += 1
            return
        refs = [node.ref for node in way.nodes]
        if refs and not way.nodes[0].location.valid():
            self._first_refs_unknown.append(refs[0])
        self._ways[way.id] = _Way(
            tags.get("name", ""), forward, backward, access == "restricted",
            has_unramped_steps(tags), tags.get("wheelchair") == "no", refs,
        )  # fmt: skip

    def _take_area(self, area: osmium.osm.Area) -> None:
        tags = dict(area.tags)
        kinds = [
            kind
            for kind, wanted in (
                ("building", tags.get("building", "no") != "no"),
                ("place", _is_place(tags)),
                ("residential", tags.get("landuse") == "residential"),
            )
            if wanted
        ]
        if not kinds:
            return
        try:
            wkb = self._wkb.create_multipolygon(area)
        except RuntimeError:  # the outline does not close, or refers to nodes outside the extract
            self.counts["areas_without_a_closed_outline"] += 1
            return
        area_id = f"{'way' if area.from_way() else 'relation'}/{area.orig_id()}"
        for kind in kinds:
            self._areas[kind][area_id] = (tags, wkb)

    def extract(self) -> OsmExtract:
        walls = sorted(ref for ref, access in self._barriers.items() if access == "impassable")
        gates = sorted(ref for ref, access in self._barriers.items() if access == "restricted")
        ways, missing = _way_lines(self._ways, self._nodes)
        self.counts += missing
        self.counts["ways_walkable"] = len(np.unique(ways.way_id))
        self.counts["ways_restricted"] = sum(way.restricted for way in self._ways.values())
        self.counts["nodes_impassable"], self.counts["nodes_restricted"] = len(walls), len(gates)
        place_ids = sorted(self._node_places)
        places = [self._node_places[ref] for ref in place_ids]
        return OsmExtract(
            ways=ways,
            nodes=self._nodes,
            wall_ids=np.asarray(walls, dtype=np.int64),
            gate_ids=np.asarray(gates, dtype=np.int64),
            buildings=_sorted_areas(self._areas["building"]),
            places=_sorted_areas(self._areas["place"]),
            point_places=PointPlaces(
                [f"node/{ref}" for ref in place_ids],
                [place[0] for place in places], [place[1] for place in places], [place[2] for place in places],
            ),
            residential_land=_sorted_areas(self._areas["residential"]),
            doors=Doors(
                sorted({place for place, is_entrance, _ in self._doors.values() if is_entrance}),
                sorted({place for place, _, is_public in self._doors.values() if is_public}),
            ),
            header_box=self.header_box,
            counts=self.counts,
        )  # fmt: skip


@dataclass(frozen=True)
class _Way:
    name: str
    forward: bool
    backward: bool
    restricted: bool
    steps: bool
    wheelchair_no: bool
    refs: list[int]


def _read(path: Path, progress: Progress | None) -> _Reader:
    reader = _Reader(path, progress)
    with tempfile.TemporaryDirectory(prefix="reach15-") as folder:
        reader.read(Path(folder) / "nodes.index")
    return reader


def _sort(source: Path, target: Path) -> None:
    merger = osmium.MergeInputReader()
    merger.add_file(str(source))
    with osmium.SimpleWriter(str(target)) as writer:
        merger.apply(writer, simplify=False)


def _is_place(tags: Mapping[str, str]) -> bool:
    for key, values in SELECTOR_KEYS.items():
        value = tags.get(key)
        if value is not None and value != "no" and (values is None or any(v in values for v in value.split(";"))):
            return True
    return False


def _sorted_areas(areas: dict[str, tuple[Mapping[str, str], str]]) -> Areas:
    ids = sorted(areas)
    return Areas(ids, [areas[area_id][0] for area_id in ids], [areas[area_id][1] for area_id in ids])


def _way_lines(ways: dict[int, _Way], nodes: NodeTable) -> tuple[WayLines, Counter[str]]:
    """Ways with the places of their nodes; cut where a node is missing, pieces of two nodes and more kept."""
    ids = np.asarray(sorted(ways), dtype=np.int64)
    rows = [ways[way_id] for way_id in ids.tolist()]
    refs = np.asarray([ref for way in rows for ref in way.refs], dtype=np.int64)
    way_of_ref = np.repeat(np.arange(len(rows)), [len(way.refs) for way in rows])
    at = nodes.find(refs)
    known = at >= 0
    # A piece ends where the way ends or a node is missing.
    starts_piece = np.ones(len(refs), dtype=bool)
    starts_piece[1:] = (way_of_ref[1:] != way_of_ref[:-1]) | ~known[:-1]
    piece = np.cumsum(starts_piece) - 1
    nodes_in_piece = np.bincount(piece[known], minlength=int(piece[-1]) + 1 if len(piece) else 0)
    keep = np.flatnonzero(known & (nodes_in_piece[piece] > 1)) if len(piece) else np.empty(0, dtype=np.int64)
    _, first = np.unique(piece[keep], return_index=True)
    way = way_of_ref[keep[first]]
    counts = Counter(
        missing_nodes=len(np.unique(refs[~known])),
        ways_cut_by_missing_nodes=len(np.unique(way_of_ref[~known])),
        ways_without_two_nodes=len(rows) - len(np.unique(way)),
    )
    lines = WayLines(
        way_id=ids[way],
        name=np.asarray([row.name for row in rows], dtype=np.str_)[way],
        forward=np.asarray([row.forward for row in rows], dtype=bool)[way],
        backward=np.asarray([row.backward for row in rows], dtype=bool)[way],
        restricted=np.asarray([row.restricted for row in rows], dtype=bool)[way],
        steps=np.asarray([row.steps for row in rows], dtype=bool)[way],
        wheelchair_no=np.asarray([row.wheelchair_no for row in rows], dtype=bool)[way],
        ref_start=np.append(first, len(keep)).astype(np.int64),
        ref_osm_id=refs[keep],
        ref_lon_deg=nodes.xy_e7[at[keep], 0] / _E7,
        ref_lat_deg=nodes.xy_e7[at[keep], 1] / _E7,
    )
    return lines, counts


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
            str(path), "this is an HTML page, not an OpenStreetMap extract; the download went wrong, fetch it again"
        )
    if not path.name.lower().endswith(_SUFFIXES):
        raise BadInputError(str(path), f"the name must end in one of {', '.join(_SUFFIXES)}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
