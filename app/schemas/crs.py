"""GeoJSON answers in another coordinate system than WGS 84, for maps and programs that need one."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from app.domain.errors import BadInputError
from app.geo.units import FloatArray
from app.ingest.coordinates import Coordinates
from app.schemas.numbers import DEGREE_DECIMALS, LINK_DECIMALS

_GEOMETRIES = frozenset({"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"})


def in_crs(answer: dict[str, Any], coordinates: Coordinates | None) -> dict[str, Any]:
    """The answer with its geometries in a coordinate system, which its ``crs`` member names; as it is for None.

    Geometries of features inside the answer are moved too. Numbers named ``lon`` and ``lat`` stay WGS 84: their names
    say what they are. RFC 7946 knows WGS 84 only; the member is that of GeoJSON's first edition (2008), which GDAL and
    QGIS still read.
    """
    if coordinates is None:
        return answer
    return {**moved(answer, coordinates), "crs": crs_member(coordinates)}


def crs_member(coordinates: Coordinates) -> dict[str, Any]:
    """Name of a coordinate system: a URN where it has an EPSG code."""
    name = coordinates.name
    if name.startswith("EPSG:"):
        name = f"urn:ogc:def:crs:EPSG::{name.removeprefix('EPSG:')}"
    return {"type": "name", "properties": {"name": name}}


def moved(value: Any, coordinates: Coordinates) -> Any:
    """A part of an answer with every geometry inside it in a coordinate system; all places are moved at once."""
    nested: list[Any] = []
    _gather(value, nested)
    places = np.array([place for item in nested for place in _each_place(item)], dtype=float).reshape(-1, 2)
    return _with_places(value, iter(places_in(coordinates, places[:, 0], places[:, 1]).tolist()))


def places_in(coordinates: Coordinates, lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
    """Places in a coordinate system as answers write them, easting (or longitude) first, shape (n, 2).

    Raises
    ------
    BadInputError
        If they lie where the system has no coordinates.
    """
    decimals = LINK_DECIMALS if coordinates.is_projected else DEGREE_DECIMALS
    there: FloatArray = np.column_stack(coordinates.from_wgs84(lon_deg, lat_deg)).round(decimals)
    if not np.isfinite(there).all():
        raise BadInputError("crs", f"{coordinates.name} has no coordinates for this region; name another")
    return there


def _is_geometry(value: dict[str, Any]) -> bool:
    return value.get("type") in _GEOMETRIES and "coordinates" in value


def _gather(value: Any, nested: list[Any]) -> None:
    """Coordinates of the geometries in a value, as deep as each nests them, in reading order."""
    if isinstance(value, list):
        for item in value:
            _gather(item, nested)
    elif isinstance(value, dict):
        if _is_geometry(value):
            nested.append(value["coordinates"])
        else:
            for item in value.values():
                _gather(item, nested)


def _each_place(nested: Any) -> Iterator[Any]:
    if nested and not isinstance(nested[0], list | tuple):
        yield nested
    else:
        for part in nested:
            yield from _each_place(part)


def _with_places(value: Any, places: Iterator[Any]) -> Any:
    """The value with the next of some places wherever it had one."""
    if isinstance(value, list):
        return [_with_places(item, places) for item in value]
    if not isinstance(value, dict):
        return value
    if _is_geometry(value):
        return {**value, "coordinates": _replaced(value["coordinates"], places)}
    return {key: _with_places(item, places) for key, item in value.items()}


def _replaced(nested: Any, places: Iterator[Any]) -> Any:
    if nested and not isinstance(nested[0], list | tuple):
        return next(places)
    return [_replaced(part, places) for part in nested]
