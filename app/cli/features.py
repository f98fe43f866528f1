"""GeoJSON feature collections, one feature a line, written piece by piece."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import orjson
import shapely

from app.domain.area import Area
from app.domain.place import StoredPlace
from app.domain.standard import Standard
from app.geo.units import IntArray
from app.ingest.coordinates import Coordinates
from app.schemas.crs import crs_member, moved
from app.schemas.facilities import facility_features
from app.schemas.households import household_features
from app.schemas.provenance import assessment_head, facilities_head
from app.schemas.zones import zone_coverage_features
from app.services.assessment import Assessment

_PIECE = 2000
"""Features made at a time, so that a large area does not stand in memory twice."""


def household_pieces(
    assessment: Assessment, positions: IntArray | None = None
) -> Iterator[list[dict[str, Any]]]:
    """Features of all households, or of those at some positions, some thousand at a time."""
    if positions is None:
        positions = np.arange(assessment.area.households.count)
    for start in range(0, len(positions), _PIECE):
        yield household_features(assessment, positions[start : start + _PIECE], services=assessment.services)


def household_collection(
    assessment: Assessment, coordinates: Coordinates | None = None, positions: IntArray | None = None
) -> Iterator[bytes]:
    """Households with their verdicts, and what made them; geometries in a coordinate system, WGS 84 for None."""
    return _collection(assessment_head(assessment), household_pieces(assessment, positions), coordinates)


def zone_collection(
    assessment: Assessment, coverage: dict[str, Any], coordinates: Coordinates | None
) -> Iterator[bytes]:
    """Zones with their coverage, and what made it."""
    head = assessment_head(assessment) | {"weight": coverage["weight"]}
    return _collection(head, [zone_coverage_features(assessment, coverage)], coordinates)


def facility_collection(
    area: Area,
    services: dict[int, list[str]],
    standards: Iterable[Standard],
    coordinates: Coordinates | None,
) -> Iterator[bytes]:
    """Facilities with their services, and what made them."""
    return _collection(facilities_head(area, standards), [facility_features(area, services)], coordinates)


def place_collection(
    head: dict[str, Any], places: Iterator[StoredPlace], coordinates: Coordinates | None
) -> Iterator[bytes]:
    """Places as they are kept, some thousand at a time."""
    pieces = iter(lambda: [_place_feature(place) for place in islice(places, _PIECE)], [])
    return _collection(head, pieces, coordinates)


def _place_feature(place: StoredPlace) -> dict[str, Any]:
    geometry = orjson.loads(shapely.to_geojson(place.shape))
    return {"type": "Feature", "id": place.id, "geometry": geometry, "properties": place.properties}


def _collection(
    head: dict[str, Any], pieces: Iterable[list[dict[str, Any]]], coordinates: Coordinates | None
) -> Iterator[bytes]:
    if coordinates is not None:
        head = head | {"crs": crs_member(coordinates)}
        pieces = (moved(piece, coordinates) for piece in pieces)
    opening = orjson.dumps({"type": "FeatureCollection"} | head)
    yield opening[:-1] + b',"features":['
    between = b"\n"
    for piece in pieces:
        for feature in piece:
            yield between + orjson.dumps(feature)
            between = b",\n"
    yield b"\n]}\n"
