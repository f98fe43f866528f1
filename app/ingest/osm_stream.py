"""One streaming pass over an OpenStreetMap file: tagged objects, areas and node places, all found in C++.

Handing every tag and node reference to Python one by one is what makes reading slow. Here osmium filters the
file, keeps the node places in an array on disk, assembles areas, and writes the objects of interest as OPL, a
documented text format (https://osmcode.org/opl-file-format/), which Python then splits line by line.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, compress
from pathlib import Path
from sys import intern
from typing import NamedTuple, cast

import numpy as np
import osmium
from osmium.filter import EntityFilter, KeyFilter
from osmium.osm import AREA, NODE, RELATION, WAY, Area, osm_entity_bits

from app.domain.errors import BadInputError
from app.domain.place import Box
from app.domain.standard import SELECTOR_KEYS
from app.geo.units import IntArray
from app.ingest.osm_end import check_end
from app.ingest.osm_nodes import NodeTable
from app.ingest.osm_order import in_order

Progress = Callable[[str, int], None]
"""Called now and then with the stage's name and the number of objects done so far."""

MULTIPOLYGONS = ("multipolygon", "boundary")
"""Types of the relations that draw an area."""

_NODE_KEYS = ("barrier", "crossing", "crossing:signals", "entrance", *SELECTOR_KEYS)
_WAY_KEYS = ("building", "landuse", "natural", "waterway", *SELECTOR_KEYS)
_REPORT_EVERY = 10_000
_ESCAPED = re.compile("%([0-9a-f]+)%")


class OsmObject(NamedTuple):
    """A node, way or relation with at least one key of interest.

    ``place`` is a node's lon and lat, or a way's node references, as OPL writes them.
    """

    kind: str
    id: int
    tags: Mapping[str, str]
    place: list[str]

    def lon_lat_deg(self) -> tuple[float, float]:
        """Where a node is."""
        return float(self.place[0][1:]), float(self.place[1][1:])


def node_refs(ways: Iterable[OsmObject]) -> tuple[IntArray, IntArray]:
    """Ids of the nodes of some ways, one way after the other, and the number of the way that each belongs to."""
    texts = [way.place[0][1:] for way in ways]
    counts = [text.count(",") + 1 if text else 0 for text in texts]
    refs = np.fromstring(",".join(filter(None, texts)).replace("n", ""), dtype=np.int64, sep=",")
    return refs, np.repeat(np.arange(len(texts)), counts)


@dataclass(frozen=True)
class OsmStream:
    """What one pass found. Of an object that stands in the file twice, the last one counts.

    ``area_wkb`` maps ``way/1`` or ``relation/2`` to the (multi)polygon that it draws. ``path`` is the file in order.
    """

    path: Path
    nodes: dict[int, OsmObject]
    ways: dict[int, OsmObject]
    relations: dict[int, OsmObject]
    area_wkb: dict[str, bytes]
    node_table: NodeTable
    header_box: Box | None
    counts: Counter[str]


def stream_osm_file(path: Path, folder: Path, *, progress: Progress | None = None) -> OsmStream:
    """Read a file sorted by type and id; any other is sorted into a copy in `folder` first.

    Raises
    ------
    RuntimeError
        If osmium cannot read the file to its end.
    ValueError
        If it ends before its end.
    BadInputError
        If it holds negative ids, or changes instead of a map.
    """
    check_end(path)
    _refuse_changes(path)
    header_box = _header_box(path)
    ordered = in_order(path, folder)
    counts: Counter[str] = Counter()
    opl, index = folder / "objects.opl", folder / "nodes.index"
    area_wkb = _filter_file(ordered, opl, index, progress)
    found: dict[str, dict[int, OsmObject]] = {"n": {}, "w": {}, "r": {}}
    for item in _objects(opl):
        found[item.kind][item.id] = item
    _refuse_negative_ids(path, found)
    counts["buildings_without_a_closed_outline"] = _count_unclosed(found, area_wkb)
    table = NodeTable.from_index(index)
    nodes = _with_places(found["n"], table, counts)
    return OsmStream(ordered, nodes, found["w"], found["r"], area_wkb, table, header_box, counts)


def _filter_file(path: Path, opl: Path, index: Path, progress: Progress | None) -> dict[str, bytes]:
    """Write objects of interest to `opl` and node places to `index`; give back the areas as WKB."""
    location_index = osmium.index.create_map(f"sparse_file_array,{index}")
    writer = osmium.SimpleWriter(osmium.io.File(str(opl), "opl,add_metadata=none"))
    processor = (
        osmium.FileProcessor(str(path))
        .with_locations(location_index)  # type: ignore[arg-type]  # osmium's stub forgets that it takes an index
        .with_areas(KeyFilter(*_WAY_KEYS))
        .with_filter(_for(NODE, KeyFilter(*_NODE_KEYS)))
        .with_filter(_for(WAY | RELATION | AREA, KeyFilter(*_WAY_KEYS)))
        .with_filter(writer)  # a handler among filters lets everything through
        .with_filter(EntityFilter(AREA))
    )
    to_wkb, from_hex = osmium.geom.WKBFactory().create_multipolygon, bytes.fromhex
    area_wkb: dict[str, bytes] = {}
    with writer:
        for done, area in enumerate(cast("Iterator[Area]", iter(processor))):
            if progress is not None and done % _REPORT_EVERY == 0:
                progress("read", done)
            try:
                wkb = from_hex(to_wkb(area))
            except RuntimeError:  # the outline does not close
                continue
            # osmium's number of an area: that of what draws it, doubled, and one more for a relation.
            number = area.id
            area_wkb[f"relation/{number >> 1}" if number & 1 else f"way/{number >> 1}"] = wkb
    return area_wkb


def _for(entities: osm_entity_bits, key_filter: KeyFilter) -> KeyFilter:
    key_filter.enable_for(entities)
    return key_filter


def _objects(opl: Path) -> Iterator[OsmObject]:
    """Objects of an OPL file without metadata: ``w1 Tkey=value,key=value Nn1,n2`` or ``n1 Tkey=value x24.9 y60.1``."""
    new = tuple.__new__
    known: dict[str, dict[str, str]] = {"T": {}}  # half of all objects have the very tags of another
    pair_of = _Pairs().__getitem__
    with opl.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            name, tags, *place = line.rstrip("\n").split(" ")
            found = known.get(tags)
            if found is None:
                # Either separator is escaped within a key or a value.
                found = known[tags] = dict(map(pair_of, tags[1:].split(",")))
            # Not `OsmObject(...)`: its own constructor, a Python function, takes a sixth of the reading.
            yield new(OsmObject, (name[0], int(name[1:]), found, place))


class _Pairs(dict[str, tuple[str, str]]):
    """Key and value by their OPL text. Most stand in a file thousands of times: each is taken apart, and kept, once."""

    def __missing__(self, text: str) -> tuple[str, str]:
        key, value = map(_plain, text.split("="))
        pair = self[text] = (intern(key), value)
        return pair


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "%" in text else text


def _refuse_negative_ids(path: Path, found: Mapping[str, Mapping[int, OsmObject]]) -> None:
    """Nodes with such ids have no place in osmium's index: their ways would be lost without a word."""
    refs, _ = node_refs([way for way in found["w"].values() if "n-" in way.place[0]])
    negative = min((0, *map(min, filter(None, found.values())), *refs.tolist()))
    if negative < 0:
        raise BadInputError(
            str(path),
            f"holds objects that were never uploaded to OpenStreetMap, with negative ids such as {negative}; "
            "upload them, or give them positive ids",
        )


def _refuse_changes(path: Path) -> None:
    """What osmium calls several versions of an object: its deletions would be read as if they were there."""
    if osmium.io.Reader(str(path), osmium.osm.NOTHING).header().has_multiple_object_versions:
        raise BadInputError(
            str(path),
            "holds changes or a history (osmChange, .osc, .osh), not a map; bring an extract up to date with "
            "`osmium apply-changes`, or cut a moment out of a history with `osmium time-filter`, and give that",
        )


def _with_places(
    nodes: Mapping[int, OsmObject], table: NodeTable, counts: Counter[str]
) -> dict[int, OsmObject]:
    has_place = table.find(np.fromiter(nodes, dtype=np.int64, count=len(nodes))) >= 0
    counts["tagged_nodes_without_a_place"] = int((~has_place).sum())
    return dict(compress(nodes.items(), has_place.tolist()))


def _count_unclosed(found: Mapping[str, Mapping[int, OsmObject]], area_wkb: Mapping[str, bytes]) -> int:
    """Buildings whose outline does not close, or refers to nodes or ways that the extract does not have."""
    ways = (f"way/{way.id}" for way in found["w"].values() if _is_building(way))
    relations = (
        f"relation/{relation.id}"
        for relation in found["r"].values()
        if _is_building(relation) and relation.tags.get("type") in MULTIPOLYGONS
    )
    return sum(area_id not in area_wkb for area_id in chain(ways, relations))


def _is_building(item: OsmObject) -> bool:
    return item.tags.get("building", "no") != "no"


def _header_box(path: Path) -> Box | None:
    box = osmium.io.Reader(str(path), osmium.osm.NOTHING).header().box()
    if not box.valid():
        return None
    west, south, east, north = box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat
    return (west, south, east, north) if west < east and south < north else None
