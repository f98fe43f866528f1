"""One streaming pass over an OpenStreetMap file: tagged objects, areas and node places, all found in C++.

Handing every tag and node reference to Python one by one is what makes reading slow. Here osmium filters the
file, keeps the node places in an array on disk, assembles areas, and writes the objects of interest as OPL, a
documented text format (https://osmcode.org/opl-file-format/), which Python then splits line by line.
"""

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import osmium
from osmium.filter import EntityFilter, KeyFilter
from osmium.osm import AREA, NODE, RELATION, WAY, Area, Node, Relation, Way, osm_entity_bits

from app.domain.standard import SELECTOR_KEYS
from app.ingest.boxes import Box
from app.ingest.osm_nodes import NodeTable

Progress = Callable[[str, int], None]
"""Called now and then with the stage's name and the number of objects done so far."""

_NODE_KEYS = ("barrier", "entrance", *SELECTOR_KEYS)
_WAY_KEYS = ("building", "landuse", *SELECTOR_KEYS)
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

    def node_refs(self) -> list[int]:
        """Ids of a way's nodes."""
        text = self.place[0][1:]
        return [int(ref[1:]) for ref in text.split(",")] if text else []

    def lon_lat_deg(self) -> tuple[float, float]:
        """Where a node is."""
        return float(self.place[0][1:]), float(self.place[1][1:])


@dataclass(frozen=True)
class OsmStream:
    """What one pass found. Of an object that stands in the file twice, the last one counts.

    ``area_wkb`` maps ``way/1`` or ``relation/2`` to the (multi)polygon that it draws.
    """

    nodes: dict[int, OsmObject]
    ways: dict[int, OsmObject]
    relations: dict[int, OsmObject]
    area_wkb: dict[str, bytes]
    node_table: NodeTable
    header_box: Box | None
    counts: Counter[str]


def stream_osm_file(path: Path, *, progress: Progress | None = None) -> OsmStream:
    """Read a file whose nodes stand before its ways; any other is sorted into a temporary copy first.

    Raises
    ------
    RuntimeError
        If osmium cannot read the file to its end.
    """
    with tempfile.TemporaryDirectory(prefix="reach15-") as name:
        folder = Path(name)
        header_box = _header_box(path)
        if not _is_sorted(path):
            ordered = folder / "sorted.osm.pbf"
            _sort(path, ordered)
            path = ordered
        counts: Counter[str] = Counter()
        opl, index = folder / "objects.opl", folder / "nodes.index"
        area_wkb = _filter_file(path, opl, index, counts, progress)
        found: dict[str, dict[int, OsmObject]] = {"n": {}, "w": {}, "r": {}}
        for item in _objects(opl):
            found[item.kind][item.id] = item
        return OsmStream(
            found["n"], found["w"], found["r"], area_wkb, NodeTable.from_index(index), header_box, counts
        )


def _filter_file(
    path: Path, opl: Path, index: Path, counts: Counter[str], progress: Progress | None
) -> dict[str, bytes]:
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
    to_wkb = osmium.geom.WKBFactory()
    area_wkb: dict[str, bytes] = {}
    with writer:
        for done, area in enumerate(cast("Iterator[Area]", iter(processor))):
            if progress is not None and done % _REPORT_EVERY == 0:
                progress("read", done)
            try:
                wkb = to_wkb.create_multipolygon(area)
            except RuntimeError:  # the outline does not close, or refers to nodes outside the extract
                counts["areas_without_a_closed_outline"] += 1
                continue
            kind = "way" if area.from_way() else "relation"
            area_wkb[f"{kind}/{area.orig_id()}"] = bytes.fromhex(wkb)
    return area_wkb


def _for(entities: osm_entity_bits, key_filter: KeyFilter) -> KeyFilter:
    key_filter.enable_for(entities)
    return key_filter


def _objects(opl: Path) -> Iterator[OsmObject]:
    """Objects of an OPL file without metadata: ``w1 Tkey=value,key=value Nn1,n2`` or ``n1 Tkey=value x24.9 y60.1``."""
    with opl.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            name, tags, *place = line.rstrip("\n").split(" ")
            yield OsmObject(name[0], int(name[1:]), _tags(tags[1:]), place)


def _tags(text: str) -> dict[str, str]:
    if not text:
        return {}
    text = text.replace(
        "%20%", " "
    )  # by far the most frequent escape, and no separator within a list of tags
    tags = dict([pair.split("=", 1) for pair in text.split(",")])  # twice as fast as a comprehension
    return {_plain(key): _plain(value) for key, value in tags.items()} if "%" in text else tags


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "%" in text else text


def _header_box(path: Path) -> Box | None:
    box = osmium.io.Reader(str(path), osmium.osm.NOTHING).header().box()
    if not box.valid():
        return None
    west, south, east, north = box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat
    return (west, south, east, north) if west < east and south < north else None


def _is_sorted(path: Path) -> bool:
    """Whether nodes stand before ways and ways before relations, by the file's own word or by looking."""
    if osmium.io.Reader(str(path), osmium.osm.NOTHING).header().get("sorting") == "Type_then_ID":
        return True
    latest = 0
    for item in cast("Iterator[Node | Way | Relation]", iter(osmium.FileProcessor(str(path)))):
        rank = 0 if item.is_node() else 1 if item.is_way() else 2
        if rank < latest:
            return False
        latest = rank
    return True


def _sort(source: Path, target: Path) -> None:
    merger = osmium.MergeInputReader()
    merger.add_file(str(source))
    with osmium.SimpleWriter(str(target)) as writer:
        merger.apply(writer, simplify=False)
