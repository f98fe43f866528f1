"""OpenStreetMap data of a place or a box, brought from Nominatim and Overpass into a file.

What Overpass answers is written to a PBF file, and that file is imported like any other: both ways in give the
same network, households and facilities because there is only one reader
(``docs/decisions/0003-overpass-download.md``).
"""

import html
import logging
import math
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy as np
import orjson
import osmium
import requests
import shapely
from osmium.osm.mutable import Node, Relation, Way
from shapely.geometry.base import BaseGeometry

from app.domain.errors import BadInputError, DownloadError, StoreError
from app.domain.standard import SELECTOR_KEYS
from app.geo.projection import EARTH_RADIUS_M, MAX_HALF_WIDTH_M, WGS84_GEOD

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees on WGS 84."""

BUSY_STATUSES = frozenset({429, 502, 503, 504})
"""Answers that say "later", not "no": the only ones worth a second request."""

DEFAULT_RETRY_WAIT_S = 15.0
"""Where a busy server does not say how long. A slot of the public Overpass servers frees after about this time."""

MAX_RETRY_WAIT_S = 60.0
"""Nobody watches a silent terminal for longer: a server that asks for more is reported instead."""

AREA_RELATIONS = '["type"~"^(boundary|multipolygon)$"]'
"""The relations that libosmium assembles to areas. No other kind has a shape, so no other kind is asked for."""

COORDINATE_DECIMALS = 7
"""OpenStreetMap's own resolution, about 1 cm."""

STEPS_PER_DEG = 10_000_000
"""The same as a count: osmium keeps coordinates as whole numbers of these."""

USE_A_FILE = "or import a file with --osm"

MAX_TEXT_BYTES = 1024
"""Keys, values and roles have at most 255 characters in OpenStreetMap; osmium refuses more than these bytes."""

BROKEN_OFF = (
    ConnectionResetError,  # http.client's "closed without response" is one of these
    BrokenPipeError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)

TYPE_ORDER = {"node": 0, "way": 1, "relation": 2}

logger = logging.getLogger(__name__)


def geocode_place(text: str, *, nominatim_url: str, timeout_s: float) -> BaseGeometry:
    """Outline of a place that Nominatim knows by name.

    Parameters
    ----------
    text : str
        Name as a person would write it, such as ``南京市玄武区``.
    nominatim_url : str
        Address of the server, without ``/search``.
    timeout_s : float
        Longest silence of the server that is waited for.

    Returns
    -------
    Polygon or MultiPolygon
        On WGS 84; valid and not empty. Of several places with this name the most important one with an outline.

    Raises
    ------
    BadInputError
        If there is no such place, or none that has an outline.
    DownloadError
        If the server cannot be reached or does not answer as it should.
    """
    where = f"--place '{_one_line(text)}'"
    url = _web_address(nominatim_url)
    shown = _without_credentials(url)
    results: list[Any] = []

    def check(response: requests.Response, *_: Any, **__: Any) -> None:
        # OSMnx repeats a 429 or 504 for ever and takes any list for an answer. Its requests_kwargs lets us see the
        # response first.
        if not response.is_redirect:
            results.extend(_nominatim_results(shown, response))

    try:
        with _osmnx_with(
            nominatim_url=url, requests_timeout=timeout_s, requests_kwargs={"hooks": {"response": check}}
        ) as osmnx:
            found = osmnx.geocode_to_gdf(text)
    except requests.RequestException as error:
        raise DownloadError(shown, _connection_problem(error, timeout_s)) from error
    except (KeyError, TypeError, ValueError) as error:
        if not results:
            raise BadInputError(
                where, "Nominatim knows no such place; write it otherwise, or give its box with --bbox"
            ) from error
        if any(_has_outline(result) for result in results):
            raise DownloadError(shown, f"sent an outline of {where} that cannot be read") from error
        raise BadInputError(
            where, "is known as a point or a line only, without an outline; give its box with --bbox"
        ) from error
    logger.info("%s found as %s", where, found.get("display_name", ["?"])[0])
    outline = _polygons_of(found.geometry.iloc[0])
    if outline.is_empty:
        raise DownloadError(shown, f"sent an outline of {where} without any area")
    return outline


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
    box = _checked_box(box)
    url = _web_address(overpass_url)
    if not url.endswith("/interpreter"):
        url += "/interpreter"
    response = _ask_overpass(url, overpass_query(box, timeout_s), timeout_s, attempts, sleep)
    shown = _without_credentials(url)
    elements = _elements_of(shown, response)
    del response  # a city's answer takes some hundred megabytes; it is not needed twice
    _write_pbf(_sorted_objects(shown, elements), box, target)


def buffered_box(area: BaseGeometry | Box, margin_m: float) -> Box:
    """Smallest box (to a few centimetres) that holds everything within `margin_m` of the box of `area`.

    A degree of longitude shrinks towards the poles, and the easternmost point of a circle lies poleward of its
    centre; both count here. The box ends at the 180th meridian and at the poles, for no box passes them.

    Parameters
    ----------
    area : Polygon, MultiPolygon or tuple of float
        On WGS 84; a tuple is west, south, east, north.
    margin_m : float
        Metres on the ellipsoid, finite and not negative.

    Returns
    -------
    tuple of float
        West, south, east, north in degrees, rounded outwards to 7 decimals.

    Raises
    ------
    BadInputError
        If the area has no box or the margin is not a length.

    Examples
    --------
    >>> buffered_box((24.0, 0.0, 25.0, 0.0), 1000.0)
    (23.9910167, -0.0090437, 25.0089833, 0.0090437)
    """
    if not (math.isfinite(margin_m) and margin_m >= 0):
        raise BadInputError("margin", f"{margin_m} m is not a length of 0 or more")
    bounds = area.bounds if isinstance(area, BaseGeometry) else area
    west, south, east, north = (float(value) for value in bounds)
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadInputError("area", f"{west},{south},{east},{north} is not a box of degrees within the world")
    # Meridians converge towards the pole, so the corner nearest to one reaches furthest east and west.
    corner_lat_deg = north if abs(north) >= abs(south) else south
    reach_deg = _longitude_reach_deg(corner_lat_deg, margin_m)
    return (
        _floor_deg(max(west - reach_deg, -180.0)),
        _floor_deg(_latitude_towards(-90.0, south, margin_m)),
        _ceil_deg(min(east + reach_deg, 180.0)),
        _ceil_deg(_latitude_towards(90.0, north, margin_m)),
    )


def overpass_query(box: Box, timeout_s: float) -> str:
    """One Overpass query for everything that the import looks at.

    That is all ways with ``highway``, all buildings, residential land, barriers and entrances, and whatever a
    standard's selector may start from (`SELECTOR_KEYS`); with them all nodes of these ways and all members of
    these relations, tags included.
    """
    osmnx = _osmnx()
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
    # `qt`: in the order of the server's own storage. We sort anyway, so it need not.
    lines += [");", "(._;>;);", "out body qt;"]
    return "\n".join(lines)


def _any_item_of(values: Iterable[str]) -> str:
    """Pattern of a tag value that is, or lists (``retail;residential``), one of `values`."""
    return f"(^|;) *({'|'.join(sorted(values))}) *(;|$)"


# --- asking ------------------------------------------------------------------------------------------------------


def _osmnx() -> ModuleType:
    # It takes a second or more to import, and only a download needs it.
    import osmnx  # noqa: PLC0415

    return osmnx


@contextmanager
def _osmnx_with(**changes: Any) -> Iterator[ModuleType]:
    """OSMnx with other settings, which are global to the process, and put back afterwards."""
    osmnx = _osmnx()
    # Its cache would appear as a folder in whatever directory the user happens to be in.
    changes |= {"use_cache": False, "cache_only_mode": False, "http_user_agent": _user_agent(osmnx)}
    before = {name: getattr(osmnx.settings, name) for name in changes}
    try:
        for name, value in changes.items():
            setattr(osmnx.settings, name, value)
        yield osmnx
    finally:
        for name, value in before.items():
            setattr(osmnx.settings, name, value)


def _user_agent(osmnx: ModuleType) -> str:
    """Name the application, as the servers' usage policies ask, beside the library."""
    return f"reach15 ({osmnx.settings.http_user_agent})"


def _ask_overpass(
    url: str, query: str, timeout_s: float, attempts: int, sleep: Callable[[float], None]
) -> requests.Response:
    settings = _osmnx().settings
    headers = {
        "User-Agent": _user_agent(_osmnx()),
        "Referer": settings.http_referer,
        "Accept-Language": settings.http_accept_language,
    }
    shown = _without_credentials(url)
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
            raise DownloadError(shown, _connection_problem(error, timeout_s)) from error
        if response.status_code == requests.codes.ok:
            return response
        wait_s = _retry_wait_s(response.headers.get("Retry-After"))
        if response.status_code not in BUSY_STATUSES or attempts <= 0 or wait_s > MAX_RETRY_WAIT_S:
            raise DownloadError(shown, _status_problem(response))
        logger.warning("%s: HTTP %d, asking again in %.0f s", shown, response.status_code, wait_s)
        sleep(wait_s)


def _retry_wait_s(retry_after: str | None) -> float:
    """Seconds that a ``Retry-After`` header asks for; it may hold a number or a date (RFC 9110, 10.2.3)."""
    if retry_after is None:
        return DEFAULT_RETRY_WAIT_S
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return DEFAULT_RETRY_WAIT_S  # neither: as good as none
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        # Reading the port checks it.
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise DownloadError(url, "is not a web address; it should look like https://server/path")
    return url.strip().rstrip("/")


def _without_credentials(url: str) -> str:
    """The address as it may stand in a message: a user name and password in it are nobody's business."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


# --- what can go wrong -------------------------------------------------------------------------------------------


def _connection_problem(error: requests.RequestException, timeout_s: float) -> str:
    causes = list(_causes(error))
    if any(isinstance(cause, requests.Timeout | TimeoutError) for cause in causes):
        return f"no answer within {timeout_s:g} s; try again later, choose a smaller area, {USE_A_FILE}"
    if any(isinstance(cause, BROKEN_OFF) for cause in causes):
        return f"the connection broke off before the answer was whole; try again, {USE_A_FILE}"
    # The libraries between wrap the system's own words, which are the clear ones, several times.
    words = [cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror]
    reason = f" ({words[-1]})" if words else f" ({type(error).__name__})"
    return f"cannot be reached{reason}; check the address and the connection, {USE_A_FILE}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _status_problem(response: requests.Response) -> str:
    status = f"HTTP {response.status_code} {response.reason or ''}".rstrip()
    if response.is_redirect:
        return f"{status}: the server has moved to {response.headers['Location']}; use that address"
    # Overpass explains itself inside a web page.
    told = re.search(r"Error</strong>:(.*?)</p>", response.text, re.DOTALL)
    words = f" ({_one_line(html.unescape(told[1]))})" if told else ""
    if response.status_code in BUSY_STATUSES:
        return f"{status}: the server is busy{words}; try again later, choose a smaller area, {USE_A_FILE}"
    return f"{status}{words}; check the address, {USE_A_FILE}"


def _one_line(text: str, most: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _json_of(shown: str, response: requests.Response) -> Any:
    body = response.content
    if body.lstrip()[:1] == b"<":
        raise DownloadError(
            shown,
            f"sent a web page instead of data (a login page or a proxy?); check the address, {USE_A_FILE}",
        )
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise DownloadError(
            shown, f"the answer is not whole JSON (it ends or breaks after {error.pos} characters); try again"
        ) from error


def _nominatim_results(shown: str, response: requests.Response) -> list[Any]:
    if response.status_code != requests.codes.ok:
        raise DownloadError(shown, _status_problem(response))
    results = _json_of(shown, response)
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise DownloadError(shown, "the answer is not a list of places; is this a Nominatim server?")
    return results


def _has_outline(result: Mapping[str, Any]) -> bool:
    shape = result.get("geojson")
    return isinstance(shape, dict) and shape.get("type") in ("Polygon", "MultiPolygon")


def _elements_of(shown: str, response: requests.Response) -> list[Any]:
    answer = _json_of(shown, response)
    if not isinstance(answer, dict) or not isinstance(answer.get("elements"), list):
        raise DownloadError(shown, "the answer has no list of elements; is this an Overpass server?")
    if "remark" in answer:
        # It comes with status 200: the server had begun to send when it failed, and what is there is not whole.
        remark = _one_line(str(answer["remark"]))
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
                shown, f"{element['type']} {key[1]} of the answer is malformed ({_one_line(repr(error))})"
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
        problem = error.strerror if isinstance(error, OSError) and error.strerror else _one_line(str(error))
        raise StoreError(str(target), f"cannot be written ({problem}); choose another directory") from error


# --- boxes and shapes --------------------------------------------------------------------------------------------


def _checked_box(box: Box) -> Box:
    """The box in OpenStreetMap's resolution, so that query and file header say exactly the same."""
    west, south, east, north = (round(float(value), COORDINATE_DECIMALS) for value in box)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise BadInputError(
            f"box {west},{south},{east},{north}",
            "is not west,south,east,north in degrees with west < east and south < north",
        )
    widest_lat_deg = 0.0 if south < 0 < north else min(abs(south), abs(north))
    width_m = math.radians(east - west) * EARTH_RADIUS_M * math.cos(math.radians(widest_lat_deg))
    if width_m > 2 * MAX_HALF_WIDTH_M:
        # The network could not be measured; better to say so before a public server has gathered half a country.
        raise BadInputError(
            f"box {west},{south},{east},{north}",
            f"is {width_m / 1000:.0f} km wide; at most {2 * MAX_HALF_WIDTH_M / 1000:.0f} km can be measured in "
            "one area: choose a smaller one",
        )
    return west, south, east, north


def _latitude_towards(pole_deg: float, lat_deg: float, distance_m: float) -> float:
    _, _, to_pole_m = WGS84_GEOD.inv(0.0, lat_deg, 0.0, pole_deg)
    if to_pole_m <= distance_m:
        return pole_deg
    _, reached_deg, _ = WGS84_GEOD.fwd(0.0, lat_deg, 0.0 if pole_deg > 0 else 180.0, distance_m)
    return float(reached_deg)


def _longitude_reach_deg(lat_deg: float, distance_m: float) -> float:
    """Largest difference of longitude within a distance of a point; a full turn where that takes in the pole."""
    _, _, to_pole_m = WGS84_GEOD.inv(0.0, lat_deg, 0.0, math.copysign(90.0, lat_deg))
    if to_pole_m <= distance_m:
        return 360.0
    # The direction of the easternmost point has no closed form on the ellipsoid. Between directions a quarter of a
    # degree apart at most 3e-6 of the distance is missed; the factor makes up for it.
    azimuths_deg = np.arange(0.0, 180.25, 0.25)
    start = np.zeros_like(azimuths_deg)
    lon_deg, _, _ = WGS84_GEOD.fwd(start, start + lat_deg, azimuths_deg, start + distance_m * (1 + 1e-5))
    return float(np.max(lon_deg))


def _floor_deg(value_deg: float) -> float:
    return math.floor(value_deg * STEPS_PER_DEG) / STEPS_PER_DEG


def _ceil_deg(value_deg: float) -> float:
    return math.ceil(value_deg * STEPS_PER_DEG) / STEPS_PER_DEG


def _polygons_of(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a shape, made valid; outlines that touch themselves are common among boundaries."""
    parts = shapely.get_parts(shapely.make_valid(shape))
    parts = shapely.get_parts(parts)  # a collection may hold multipolygons
    return shapely.union_all([part for part in parts if part.geom_type == "Polygon"])
