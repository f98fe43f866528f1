"""GeoJSON answers in another coordinate system than WGS 84, for maps and programs that need one."""

from typing import Any

import numpy as np

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
    return {**_moved(answer, coordinates), "crs": crs_member(coordinates)}


def crs_member(coordinates: Coordinates) -> dict[str, Any]:
    """Name of a coordinate system: a URN where it has an EPSG code."""
    name = coordinates.name
    if name.startswith("EPSG:"):
        name = f"urn:ogc:def:crs:EPSG::{name.removeprefix('EPSG:')}"
    return {"type": "name", "properties": {"name": name}}


def _moved(value: Any, coordinates: Coordinates) -> Any:
    if isinstance(value, list):
        return [_moved(item, coordinates) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") in _GEOMETRIES and "coordinates" in value:
        return {**value, "coordinates": _positions(value["coordinates"], coordinates)}
    return {key: _moved(item, coordinates) for key, item in value.items()}


def _positions(nested: Any, coordinates: Coordinates) -> Any:
    """Coordinates as deep as a geometry nests them; whole rings at a time."""
    if not nested:
        return nested
    if isinstance(nested[0], list) and nested[0] and isinstance(nested[0][0], list):
        return [_positions(part, coordinates) for part in nested]
    is_one = not isinstance(nested[0], list)
    places = np.array([nested] if is_one else nested, dtype=float)
    decimals = LINK_DECIMALS if coordinates.is_projected else DEGREE_DECIMALS
    moved = np.round(np.column_stack(coordinates.from_wgs84(places[:, 0], places[:, 1])), decimals).tolist()
    return moved[0] if is_one else moved
