"""Isochrones as Shapely geometries, and whether they are what RFC 7946 asks for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from app.geo.isochrone import Ring


def multipolygon(polygons: Sequence[tuple[Ring, ...]]) -> shapely.MultiPolygon:
    """As drawn by the engine."""
    return shapely.MultiPolygon([shapely.Polygon(outer, list(holes)) for outer, *holes in polygons])


def check_rfc7946(geometry: dict[str, Any]) -> shapely.MultiPolygon:
    """A valid multipolygon: closed rings, outer ones anticlockwise, holes clockwise, at most 7 decimals."""
    assert geometry["type"] == "MultiPolygon"
    for polygon in geometry["coordinates"]:
        for number, ring in enumerate(polygon):
            assert ring[0] == ring[-1]
            assert len(ring) >= 4
            assert shapely.is_ccw(shapely.linearrings(np.asarray(ring))) == (number == 0)
            for lon, lat in ring:
                assert -180 <= lon <= 180
                assert -90 <= lat <= 90
                assert (round(lon, 7), round(lat, 7)) == (lon, lat)
    shape = shapely.geometry.shape(geometry)
    assert shapely.is_valid(shape), shapely.is_valid_reason(shape)
    return shape
