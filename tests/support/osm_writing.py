"""Small OpenStreetMap files, written from Python: places in metres, elements in any order, PBF or XML.

    city = Sketch()
    city.street(1, [(0, 0), (100, 0)])
    city.block(2, 10, 10, 20, 30, building="house")
    city.write(tmp_path / "city.osm.pbf")

Node ids that nobody gives are counted from 1000 upwards; one place has one node.
"""

import bz2
import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import osmium
from osmium.osm.mutable import Node, Relation, Way
from pyproj import Proj

Place = tuple[float, float]
"""Metres east and north of the origin."""

ORIGIN = (24.94, 60.17)

_PLANE = Proj(proj="tmerc", lon_0=ORIGIN[0], lat_0=ORIGIN[1], k=1, ellps="WGS84")


def degrees(x_m: float, y_m: float) -> tuple[float, float]:
    """Lon and lat of a place, in OpenStreetMap's resolution."""
    lon_deg, lat_deg = _PLANE(x_m, y_m, inverse=True)
    return round(lon_deg, 7), round(lat_deg, 7)


def metres(lon_deg: float, lat_deg: float) -> Place:
    """The place of a lon and lat."""
    x_m, y_m = _PLANE(lon_deg, lat_deg)
    return float(x_m), float(y_m)


@dataclass(frozen=True)
class Element:
    """A node (``content``: lon, lat), a way (node ids) or a relation (members: type, ref, role)."""

    kind: str
    id: int
    content: Any
    tags: Mapping[str, str]


@dataclass
class Sketch:
    """Elements in the order in which they were drawn."""

    elements: list[Element] = field(default_factory=list)
    _node_at: dict[Place, int] = field(default_factory=dict)

    def node(self, osm_id: int, place: Place, tags: Mapping[str, str] | None = None, **more: str) -> int:
        self.elements.append(Element("node", osm_id, degrees(*place), _tags(tags, more)))
        self._node_at.setdefault(place, osm_id)
        return osm_id

    def way(
        self, osm_id: int, refs: Iterable[int], tags: Mapping[str, str] | None = None, **more: str
    ) -> int:
        self.elements.append(Element("way", osm_id, list(refs), _tags(tags, more)))
        return osm_id

    def relation(
        self,
        osm_id: int,
        members: Iterable[tuple[str, int, str]],
        tags: Mapping[str, str] | None = None,
        **more: str,
    ) -> int:
        """Members are (``n``, ``w`` or ``r``, id, role)."""
        self.elements.append(Element("relation", osm_id, list(members), _tags(tags, more)))
        return osm_id

    def line(
        self, osm_id: int, places: Sequence[Place], tags: Mapping[str, str] | None = None, **more: str
    ) -> int:
        """A way through places."""
        return self.way(osm_id, [self._node(place) for place in places], tags, **more)

    def street(self, osm_id: int, places: Sequence[Place], **tags: str) -> int:
        """A footway, unless `tags` say otherwise."""
        return self.line(osm_id, places, {"highway": "footway"} | tags)

    def block(self, osm_id: int, x_m: float, y_m: float, width_m: float, height_m: float, **tags: str) -> int:
        """A closed way along a rectangle, from its south-western corner counter-clockwise."""
        east_m, north_m = x_m + width_m, y_m + height_m
        return self.line(
            osm_id, [(x_m, y_m), (east_m, y_m), (east_m, north_m), (x_m, north_m), (x_m, y_m)], tags
        )

    def tag(self, place: Place, **tags: str) -> int:
        """Tag the node at a place, or put one there."""
        osm_id = self._node(place)
        for position, element in enumerate(self.elements):
            if element.kind == "node" and element.id == osm_id:
                self.elements[position] = Element("node", osm_id, element.content, {**element.tags, **tags})
        return osm_id

    def write(
        self, path: Path, *, box: Sequence[float] | None = None, as_drawn: bool = False, **header: str
    ) -> Path:
        """Write a file in the format that its name says, sorted unless `as_drawn`; `box` goes into the header."""
        elements = self.elements if as_drawn else sorted(self.elements, key=_type_then_id)
        if path.name.endswith(".pbf"):
            _write_pbf(elements, path, box, header)
        else:
            text = xml_text(elements, box)
            pack = {".gz": gzip.compress, ".bz2": bz2.compress}.get(path.suffix, lambda content: content)
            path.write_bytes(pack(text.encode()))
        return path

    def _node(self, place: Place) -> int:
        if place not in self._node_at:
            self.node(1000 + len(self._node_at), place)
        return self._node_at[place]


def xml_text(elements: Iterable[Element], box: Sequence[float] | None = None) -> str:
    """An OSM XML document of these elements, as they stand."""
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", '<osm version="0.6" generator="tests">']
    if box is not None:
        west, south, east, north = box
        lines.append(f'<bounds minlon="{west}" minlat="{south}" maxlon="{east}" maxlat="{north}"/>')
    for element in elements:
        lines += _xml_lines(element)
    return "\n".join([*lines, "</osm>\n"])


def _xml_lines(element: Element) -> Iterator[str]:
    place = ""
    if element.kind == "node":
        place = f' lon="{element.content[0]:.7f}" lat="{element.content[1]:.7f}"'
    yield f'<{element.kind} id="{element.id}" version="1"{place}>'
    if element.kind == "way":
        yield from (f'<nd ref="{ref}"/>' for ref in element.content)
    if element.kind == "relation":
        names = {"n": "node", "w": "way", "r": "relation"}
        for kind, ref, role in element.content:
            yield f'<member type="{names[kind]}" ref="{ref}" role={quoteattr(role)}/>'
    for key, value in element.tags.items():
        yield f"<tag k={_quoted(key)} v={_quoted(value)}/>"
    yield f"</{element.kind}>"


def _quoted(text: str) -> str:
    return quoteattr(text, {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


def _write_pbf(
    elements: Iterable[Element], path: Path, box: Sequence[float] | None, header_facts: Mapping[str, str]
) -> None:
    header = osmium.io.Header()
    for key, value in header_facts.items():
        header.set(key, value)
    if box is not None:
        west, south, east, north = box
        header.add_box(osmium.osm.Box(osmium.osm.Location(west, south), osmium.osm.Location(east, north)))
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(path, header=header) as writer:
        for element in elements:
            writer.add(_osmium_object(element))


def _osmium_object(element: Element) -> Node | Way | Relation:
    if element.kind == "node":
        return Node(id=element.id, location=element.content, tags=dict(element.tags), version=1)
    if element.kind == "way":
        return Way(id=element.id, nodes=element.content, tags=dict(element.tags), version=1)
    return Relation(id=element.id, members=element.content, tags=dict(element.tags), version=1)


def _tags(tags: Mapping[str, str] | None, more: Mapping[str, str]) -> dict[str, str]:
    return {**(tags or {}), **more}


def _type_then_id(element: Element) -> tuple[int, int]:
    return ("node", "way", "relation").index(element.kind), element.id
