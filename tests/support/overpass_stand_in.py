"""A local stand-in for Overpass and Nominatim that serves the real elements of an OSM file.

It understands the part of Overpass QL that the application writes, and refuses the rest as Overpass would, with
a 400 and a web page. It searches as Overpass does: nodes by place, ways also where only a segment crosses the box,
relations by their node and way members; and ``>`` brings the members and the nodes of the ways.
"""

import json
import re
import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache, cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import osmium
import shapely
from osmium.osm import Node, Relation, Way

from app.domain.errors import Reach15Error
from scripts.private_postgis import free_port

STEPS_PER_DEG = 10_000_000

Key = tuple[str, int]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Extract:
    """Elements of an OSM file as Overpass would send them, and its header box (west, south, east, north)."""

    elements: Mapping[Key, dict[str, Any]]
    box: Box

    @classmethod
    def read(cls, path: Path) -> "Extract":
        return _read_extract(path)

    @cached_property
    def _keys_by_tag(self) -> Mapping[tuple[str, str], list[Key]]:
        found = defaultdict(list)
        for key, element in self.elements.items():
            for tag in element["tags"]:
                found[key[0], tag].append(key)
        return found

    def find(self, kind: str, conditions: Mapping[str, str | None], box: Box) -> set[Key]:
        area = shapely.box(*box)
        shapely.prepare(area)
        candidates = self._keys_by_tag.get((kind, next(iter(conditions))), [])
        return {
            key
            for key in candidates
            if _has_tags(self.elements[key]["tags"], conditions) and self._touches(key, area)
        }

    def members(self, keys: set[Key]) -> set[Key]:
        """What ``>`` adds: nodes and ways of relations, and the nodes of all ways."""
        found = {
            (member["type"], member["ref"])
            for kind, ref in keys
            if kind == "relation"
            for member in self.elements[kind, ref]["members"]
            if member["type"] != "relation"
        }
        found &= self.elements.keys()
        ways = {key for key in keys | found if key[0] == "way"}
        found |= {("node", ref) for key in ways for ref in self.elements[key]["nodes"]}
        return found & self.elements.keys()

    def _touches(self, key: Key, area: shapely.Polygon) -> bool:
        element = self.elements.get(key)
        if element is None:
            return False
        if element["type"] == "node":
            return bool(area.covers(shapely.Point(element["lon"], element["lat"])))
        if element["type"] == "way":
            return any(area.intersects(piece) for piece in self._pieces(element["nodes"]))
        return any(
            self._touches((member["type"], member["ref"]), area)
            for member in element["members"]
            if member["type"] != "relation"
        )

    def _pieces(self, refs: list[int]) -> Iterator[shapely.Geometry]:
        """The stretches of a way between nodes that the file lacks."""
        run: list[tuple[float, float]] = []
        for ref in [*refs, None]:
            node = None if ref is None else self.elements.get(("node", ref))
            if node is not None:
                run.append((node["lon"], node["lat"]))
            elif run:
                yield shapely.LineString(run) if len(run) > 1 else shapely.Point(run[0])
                run = []


@cache
def _read_extract(path: Path) -> Extract:
    elements: dict[Key, dict[str, Any]] = {}
    names = {"n": "node", "w": "way", "r": "relation"}
    for entity in osmium.FileProcessor(path):
        element: dict[str, Any] = {
            "type": names[entity.type_str()],
            "id": entity.id,
            "tags": dict(entity.tags),
        }
        if isinstance(entity, Node):
            element |= {"lat": entity.location.y / STEPS_PER_DEG, "lon": entity.location.x / STEPS_PER_DEG}
        elif isinstance(entity, Way):
            element["nodes"] = [node.ref for node in entity.nodes]
        elif isinstance(entity, Relation):
            element["members"] = [
                {"type": names[member.type], "ref": member.ref, "role": member.role}
                for member in entity.members
            ]
        elements[element["type"], entity.id] = element
    with osmium.io.Reader(path) as reader:
        box = reader.header().box()
    return Extract(elements, (box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat))


def _has_tags(tags: Mapping[str, str], conditions: Mapping[str, str | None]) -> bool:
    return all(
        key in tags and (pattern is None or re.search(pattern, tags[key]))
        for key, pattern in conditions.items()
    )


class QueryError(Exception):
    """What Overpass would call a parse error."""


HEAD = re.compile(r"(?:\[(?:out:json|timeout:\d+|maxsize:\d+)\])+\[bbox:([^\]]+)\];")
SEARCH = re.compile(r'(node|way|relation)((?:\["[^"]+"(?:~"[^"]*")?\])+);')
CONDITION = re.compile(r'\["([^"]+)"(?:~"([^"]*)")?\]')
TAIL = [");", "(._;>;);", "out body qt;"]


def run_query(extract: Extract, query: str) -> list[dict[str, Any]]:
    """Elements that Overpass would send, in an order that is not that of their ids (as ``qt`` allows)."""
    lines = query.split("\n")
    head = HEAD.fullmatch(lines[0])
    if head is None or lines[1] != "(" or lines[-3:] != TAIL:
        raise QueryError("unknown statement around the searches")
    south, west, north, east = (float(value) for value in head[1].split(","))
    found: set[Key] = set()
    for line in lines[2:-3]:
        search = SEARCH.fullmatch(line)
        if search is None:
            raise QueryError(f"unknown statement {line}")
        conditions = {key: pattern or None for key, pattern in CONDITION.findall(search[2])}
        found |= extract.find(search[1], conditions, (west, south, east, north))
    found |= extract.members(found)
    rank = {"node": 0, "way": 1, "relation": 2}
    in_order = sorted(found, key=lambda key: (rank[key[0]], -key[1]))
    return [_without_empty_tags(extract.elements[key]) for key in in_order]


def _without_empty_tags(element: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in element.items() if name != "tags" or value}


@dataclass(frozen=True)
class Answer:
    """A prepared answer. `declared_length` larger than the body: the connection breaks off before the end."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    declared_length: int | None = None
    silent: bool = False

    @classmethod
    def of_json(cls, content: Any) -> "Answer":
        return cls(body=json.dumps(content).encode())

    @classmethod
    def of_elements(cls, elements: list[dict[str, Any]], **more: Any) -> "Answer":
        return cls.of_json(
            {"version": 0.6, "generator": "Overpass API stand-in", "elements": elements} | more
        )

    @classmethod
    def web_page(cls, status: int = 200, error: str = "", **headers: str) -> "Answer":
        told = (
            f'<p><strong style="color:#FF0000">Error</strong>: {error} </p>'
            if error
            else "<p>Please log in</p>"
        )
        body = f"<!DOCTYPE html>\n<html><body>\n{told}\n</body></html>".encode()
        return cls(
            status, body, "text/html", {name.replace("_", "-"): value for name, value in headers.items()}
        )


SILENCE = Answer(silent=True)
"""The server accepts the request and never answers."""


class StandIn(AbstractContextManager["StandIn"]):
    """Overpass (POST ``/api/interpreter``) and Nominatim (GET ``/search``) on a free port of this machine.

    Attributes
    ----------
    extract : Extract
    places : dict
        GeoJSON geometry of each place that Nominatim knows; a few are there from the start.
    prepared : deque of Answer
        Answers given, in turn, instead of the true ones.
    requests : list of tuple
        Path, headers and parameters of every request so far.
    """

    def __init__(self, path: Path) -> None:
        self.extract = Extract.read(path)
        self.prepared: deque[Answer] = deque()
        self.requests: list[tuple[str, dict[str, str], dict[str, str]]] = []
        west, south, east, north = self.extract.box
        self.places: dict[str, dict[str, Any]] = {
            "Helsinki": _geojson(shapely.box(west, south, east, north)),
            "Market Square": _geojson(shapely.Point((west + east) / 2, (south + north) / 2)),
        }
        self._closing = threading.Event()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._reply(form, "/api/interpreter", stand_in.answer_query)

            def do_GET(self) -> None:
                self._reply(urlsplit(self.path).query, "/search", stand_in.answer_search)

            def _reply(self, form: str, path: str, answer_truly: Any) -> None:
                parameters = {name: values[0] for name, values in parse_qs(form).items()}
                asked = urlsplit(self.path).path
                stand_in.requests.append((asked, dict(self.headers), parameters))
                if asked != path:
                    answer = Answer.web_page(404)
                elif stand_in.prepared:
                    answer = stand_in.prepared.popleft()
                else:
                    answer = answer_truly(parameters)
                if answer.silent:
                    stand_in.wait_until_closing()
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(answer.declared_length or len(answer.body)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: Any) -> None:
                """Tests look at `requests` instead."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        # A short poll, so that closing does not cost each test half a second.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def overpass_url(self) -> str:
        return f"{self.url}/api"

    @property
    def nominatim_url(self) -> str:
        return self.url

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer_query(self, parameters: Mapping[str, str]) -> Answer:
        try:
            return Answer.of_elements(run_query(self.extract, parameters["data"]))
        except QueryError as error:
            return Answer.web_page(400, f"parse error: {error}")

    def answer_search(self, parameters: Mapping[str, str]) -> Answer:
        known = {name.casefold(): (name, shape) for name, shape in self.places.items()}
        found = known.get(parameters["q"].casefold())
        return Answer.of_json([] if found is None else [_nominatim_result(*found)])

    def wait_until_closing(self) -> None:
        self._closing.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def closed_port_url() -> str:
    """An address on this machine where nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


def _geojson(shape: shapely.Geometry) -> dict[str, Any]:
    geometry: dict[str, Any] = json.loads(shapely.to_geojson(shape))
    return geometry


def _nominatim_result(name: str, geometry: dict[str, Any]) -> dict[str, Any]:
    shape = shapely.from_geojson(json.dumps(geometry))
    west, south, east, north = shape.bounds
    return {
        "place_id": 1,
        "osm_type": "relation",
        "osm_id": 34914,
        "lat": str(shape.centroid.y),
        "lon": str(shape.centroid.x),
        "importance": 0.7,
        "display_name": f"{name}, Suomi",
        "boundingbox": [str(south), str(north), str(west), str(east)],
        "geojson": geometry,
    }


def assert_one_line(error: Reach15Error, url: str) -> None:
    """That an error speaks of an address, and shortly."""
    message = str(error)
    assert message.startswith(f"{url}")
    assert "\n" not in message
    assert len(message) < 400
