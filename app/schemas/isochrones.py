"""Isochrones as GeoJSON features."""

from collections.abc import Iterable, Sequence
from typing import Any

from app.domain.area import ATTRIBUTION
from app.domain.standard import Standard
from app.geo.streets import lines_as_coordinates
from app.schemas.numbers import DEGREE_DECIMALS, LINK_DECIMALS, SHARE_DECIMALS, number
from app.schemas.provenance import area_provenance
from app.services.area_engine import AreaEngine
from app.services.assessment import Walker
from app.services.isochrone_origins import Origins
from app.services.isochrones import Direction, Drawn, Shape


def isochrone_collection(
    engine: AreaEngine,
    walker: Walker,
    standard: Standard | None,
    features: Iterable[dict[str, Any]],
    *,
    direction: Direction,
    shape: Shape,
) -> dict[str, Any]:
    """A GeoJSON feature collection, and what it was made from."""
    area = engine.area
    version = None if standard is None else standard.version
    return {
        "type": "FeatureCollection",
        "attribution": ATTRIBUTION,
        "area": {"id": area.id, "version": area.version},
        "standard": None if standard is None else {"id": standard.id, "version": version},
        "profile": walker.profile.id,
        "speed_mps": walker.speed_mps,
        "direction": direction,
        "shape": shape,
        "provenance": area_provenance(area) | {"standard_version": version},
        "features": list(features),
    }


def isochrone_features(
    pictures: Sequence[Drawn], origins: Origins, *, number_of_origin: int | None = None
) -> list[dict[str, Any]]:
    """One feature for each limit."""
    link_m = origins.links.link_m
    origin: dict[str, Any] = {} if number_of_origin is None else {"origin": number_of_origin}
    origin["link_m"] = number(float(link_m.min()), LINK_DECIMALS) if len(link_m) else None
    return [
        {
            "type": "Feature",
            "geometry": _geometry(picture),
            "properties": _properties(picture, origins) | origin,
        }
        for picture in pictures
    ]


def _geometry(picture: Drawn) -> dict[str, Any]:
    if picture.streets is not None:
        return {
            "type": "MultiLineString",
            "coordinates": lines_as_coordinates(picture.streets, decimals=DEGREE_DECIMALS),
        }
    polygons = picture.polygons or ()
    return {
        "type": "MultiPolygon",
        "coordinates": [[ring.tolist() for ring in polygon] for polygon in polygons],
    }


def _properties(picture: Drawn, origins: Origins) -> dict[str, Any]:
    properties: dict[str, Any] = {
        picture.limit.unit: picture.limit.value,
        "max_error_m": picture.max_error_m,
        "complete": picture.is_complete,
        "reason": picture.reason,
    }
    if picture.reason in {"off_network", "outside_extent"}:
        nearest_m = float(origins.links.nearest_m.min(initial=float("inf")))
        properties["nearest_street_m"] = number(nearest_m, LINK_DECIMALS)
    if picture.wrong_sides is not None:
        wrong = picture.wrong_sides
        properties["households"] = wrong.households
        properties["households_wrong"] = wrong.wrong
        properties["share_wrong"] = number(wrong.share, SHARE_DECIMALS)
        properties["farthest_wrong_m"] = number(wrong.farthest_m, LINK_DECIMALS)
    return properties
