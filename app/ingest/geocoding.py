"""Outlines of places, asked of Nominatim by name."""

import logging
from collections.abc import Mapping
from typing import Any

import requests
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.errors import BadInputError, DownloadError
from app.ingest.web import (
    connection_problem,
    json_of,
    one_line,
    osmnx_with,
    status_problem,
    web_address,
    without_credentials,
)

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
    where = f"--place '{one_line(text)}'"
    url = web_address(nominatim_url)
    shown = without_credentials(url)
    results: list[Any] = []

    def check(response: requests.Response, *_: Any, **__: Any) -> None:
        # OSMnx repeats a 429 or 504 for ever and takes any list for an answer. Its requests_kwargs lets us see the
        # response first.
        if not response.is_redirect:
            results.extend(_nominatim_results(shown, response))

    try:
        with osmnx_with(
            nominatim_url=url, requests_timeout=timeout_s, requests_kwargs={"hooks": {"response": check}}
        ) as osmnx:
            found = osmnx.geocode_to_gdf(text)
    except requests.RequestException as error:
        raise DownloadError(shown, connection_problem(error, timeout_s)) from error
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


def _nominatim_results(shown: str, response: requests.Response) -> list[Any]:
    if response.status_code != requests.codes.ok:
        raise DownloadError(shown, status_problem(response))
    results = json_of(shown, response)
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise DownloadError(shown, "the answer is not a list of places; is this a Nominatim server?")
    return results


def _has_outline(result: Mapping[str, Any]) -> bool:
    shape = result.get("geojson")
    return isinstance(shape, dict) and shape.get("type") in ("Polygon", "MultiPolygon")


def _polygons_of(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a shape, made valid; outlines that touch themselves are common among boundaries."""
    parts = shapely.get_parts(shapely.make_valid(shape))
    parts = shapely.get_parts(parts)  # a collection may hold multipolygons
    return shapely.union_all([part for part in parts if part.geom_type == "Polygon"])
