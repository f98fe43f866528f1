"""OpenStreetMap data of a box, brought from Overpass into a file.

What Overpass answers is written to a PBF file, and that file is imported like any other: both ways in give the
same network, households and facilities because there is only one reader
(``docs/decisions/0003-overpass-download.md``).
"""

import logging
import math
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import osmium
import requests
from osmium.osm.mutable import Node, Relation, Way

from app.domain.errors import DownloadError, StoreError
from app.domain.place import Box
from app.domain.standard import SELECTOR_KEYS
from app.ingest.boxes import COORDINATE_DECIMALS, checked_box
from app.ingest.osm_obstacles import WATER_KEYS
from app.ingest.web import (
    BUSY_STATUSES,
    MAX_RETRY_WAIT_S,
    USE_A_FILE,
    connection_problem,
    json_of,
    load_osmnx,
    one_line,
    retry_wait_s,
    status_problem,
    user_agent,
    web_address,
    without_credentials,
)

AREA_RELATIONS = '["type"~"^(boundary|multipolygon)$"]'
"""The relations that libosmium assembles to areas. No other kind has a shape, so no other kind is asked for."""

MAX_TEXT_BYTES = 1024
"""Keys, values and roles have at most 255 characters in OpenStreetMap; osmium refuses more than these bytes."""

TYPE_ORDER = {"node": 0, "way": 1, "relation": 2}

logger = logging.getLogger(__name__)


def download_extract(
    box: Box,
    target: Path,
    *,
    overpass_url: str,
    timeout_s: float,
    attempts: int = 2,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Write what Overpass has in a box to a PBF file.

    The file holds every element that the import looks at (see `overpass_query`), sorted by type and id, each once,
    and `box` in its header. Equal answers give equal bytes.

    Parameters
    ----------
    box : tuple of float
        West, south, east, north in degrees.
    target : Path
        File to write; replaced when it exists, and only once the new one is whole.
    overpass_url : str
        Address of the server, with or without ``/interpreter``.
    timeout_s : float
        Time that the server may take for the query, and the longest silence that is waited for.
    attempts : int
        Requests at most, when the server says that it is busy.
    sleep : callable
        Waits the given number of seconds between two attempts.

    Raises
    ------
    BadInputError
        If the box is not one, or wider than one area can be measured.
    DownloadError
        If the server cannot be reached, refuses, fails, or sends anything but whole data with at least one
        element.
    StoreError
        If the file cannot be written.
    """
    box = checked_box(box)
    url = web_address(overpass_url)
    if not url.endswith("/interpreter"):
        url += "/interpreter"
    response = _ask_overpass(url, overpass_query(box, timeout_s), timeout_s, attempts, sleep)
    shown = without_credentials(url)
    elements = _elements_of(shown, response)
    del response  # a city's answer takes some hundred megabytes; it is not needed twice
    _write_pbf(_sorted_objects(shown, elements), box, target)


def overpass_query(box: Box, timeout_s: float) -> str:
    """One Overpass query for everything that the import looks at.

    That is all ways with ``highway``, all buildings, water, residential land, barriers and entrances, and whatever a
    standard's selector may start from (`SELECTOR_KEYS`); with them all nodes of these ways and all members of
    these relations, tags included.
    """
    osmnx = load_osmnx()
    memory = osmnx.settings.overpass_memory
    head = osmnx.settings.overpass_settings.format(
        timeout=math.ceil(timeout_s), maxsize="" if memory is None else f"[maxsize:{memory}]"
    )
    west, south, east, north = (f"{value:.{COORDINATE_DECIMALS}f}" for value in box)
    # A box in the head bounds every statement that searches, but not `>`: members outside it come along.
    lines = [f"{head}[bbox:{south},{west},{north},{east}];", "("]
    lines += ['way["highway"];', 'way["building"];', f'relation["building"]{AREA_RELATIONS};']
    # Most of these come along as nodes of ways; the others still count in the import report.
    lines += ['node["barrier"];', 'node["entrance"];']
    for key, values in SELECTOR_KEYS.items():
        wanted = values | {"residential"} if key == "landuse" and values is not None else values
        condition = f'["{key}"]' if wanted is None else f'["{key}"~"{_any_item_of(wanted)}"]'
        lines += [f"node{condition};", f"way{condition};", f"relation{condition}{AREA_RELATIONS};"]
    for key, water in WATER_KEYS.items():
        condition = f'["{key}"~"{_any_item_of(water)}"]'
        lines += [f"way{condition};", f"relation{condition}{AREA_RELATIONS};"]
    # `qt`: in the order of the server's own storage. We sort anyway, so it need not.
    lines += [");", "(._;>;);", "out body qt;"]
    return "\n".join(lines)


def _any_item_of(values: Iterable[str]) -> str:
    """Pattern of a tag value that is, or lists (``retail;residential``), one of `values`."""
    return f"(^|;) *({'|'.join(sorted(values))}) *(;|$)"


def _ask_overpass(
    url: str, query: str, timeout_s: float, attempts: int, sleep: Callable[[float], None]
) -> requests.Response:
    settings = load_osmnx().settings
    headers = {
        "User-Agent": user_agent(load_osmnx()),
        "Referer": settings.http_referer,
        "Accept-Language": settings.http_accept_language,
    }
    shown = without_credentials(url)
    while True:
        attempts -= 1
        try:
            # A redirect would turn the POST into a GET without its query.
            response = requests.post(
                url,
                data={"data": query},
                headers=headers,
                timeout=timeout_s,
                allow_redirects=False,
                **settings.requests_kwargs,
            )
        except requests.RequestException as error:
            raise DownloadError(shown, connection_problem(error, timeout_s)) from error
        if response.status_code == requests.codes.ok:
            return response
        wait_s = retry_wait_s(response.headers.get("Retry-After"))
        if response.status_code not in BUSY_STATUSES or attempts <= 0 or wait_s > MAX_RETRY_WAIT_S:
            raise DownloadError(shown, status_problem(response))
        logger.warning("%s: HTTP %d, asking again in %.0f s", shown, response.status_code, wait_s)
        sleep(wait_s)


def _elements_of(shown: str, response: requests.Response) -> list[Any]:
    answer = json_of(shown, response)
    if not isinstance(answer, dict) or not isinstance(answer.get("elements"), list):
        raise DownloadError(shown, "the answer has no list of elements; is this an Overpass server?")
    if "remark" in answer:
        # It comes with status 200: the server had begun to send when it failed, and what is there is not whole.
        remark = one_line(str(answer["remark"]))
        raise DownloadError(
            shown,
            f"stopped with '{remark}'; choose a smaller area, raise REACH15_DOWNLOAD_TIMEOUT_S, {USE_A_FILE}",
        )
    elements: list[Any] = answer["elements"]
    if not elements:
        raise DownloadError(shown, "has nothing in this box; check that it is west,south,east,north")
    return elements


# --- from elements to a file -------------------------------------------------------------------------------------


def _sorted_objects(shown: str, elements: list[Any]) -> Iterator[Node | Way | Relation]:
    """Each element once, in the order that OSM files have: nodes, ways, relations, by id."""
    unique: dict[tuple[int, int], Any] = {}
    for position, element in enumerate(elements):
        try:
            key = TYPE_ORDER[element["type"]], _id(element["id"])
        except (KeyError, TypeError, ValueError) as error:
            raise DownloadError(
                shown, f"element {position} of the answer is no node, way or relation"
            ) from error
        unique.setdefault(key, element)
    for key in sorted(unique):
        element = unique[key]
        try:
            yield _osm_object(element)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DownloadError(
                shown, f"{element['type']} {key[1]} of the answer is malformed ({one_line(repr(error))})"
            ) from error


def _osm_object(element: Mapping[str, Any]) -> Node | Way | Relation:
    osm_id = _id(element["id"])
    tags = {_text(key): _text(value) for key, value in element.get("tags", {}).items()}
    # A way without nodes and a relation without members come without the list.
    if element["type"] == "node":
        lon_deg, lat_deg = float(element["lon"]), float(element["lat"])
        if not (-180 <= lon_deg <= 180 and -90 <= lat_deg <= 90):
            raise ValueError(f"no place on earth: {lon_deg}, {lat_deg}")
        return Node(id=osm_id, tags=tags, location=(lon_deg, lat_deg))
    if element["type"] == "way":
        return Way(id=osm_id, tags=tags, nodes=[_id(ref) for ref in element.get("nodes", ())])
    members = [
        ("nwr"[TYPE_ORDER[member["type"]]], _id(member["ref"]), _text(member["role"]))
        for member in element.get("members", ())
    ]
    return Relation(id=osm_id, tags=tags, members=members)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value!r}")
    if len(value.encode()) > MAX_TEXT_BYTES:
        raise ValueError(f"a text of {len(value)} characters")
    return value


def _id(value: Any) -> int:
    if not (isinstance(value, int) and 0 < value < 2**63):
        raise ValueError(f"not an id: {value!r}")
    return value


def _write_pbf(objects: Iterable[Node | Way | Relation], box: Box, target: Path) -> None:
    west, south, east, north = box
    header = osmium.io.Header()
    header.add_box(osmium.osm.Box(osmium.osm.Location(west, south), osmium.osm.Location(east, north)))
    try:
        # Beside the target, because a rename is only whole within one file system.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as aside:
            part = Path(aside) / "extract.osm.pbf"
            with osmium.SimpleWriter(part, header=header) as writer:
                for osm_object in objects:
                    writer.add(osm_object)
            part.replace(target)
    except (OSError, RuntimeError) as error:  # osmium reports a full disk as a RuntimeError
        problem = error.strerror if isinstance(error, OSError) and error.strerror else one_line(str(error))
        raise StoreError(str(target), f"cannot be written ({problem}); choose another directory") from error
