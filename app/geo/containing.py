"""Which of some polygons a place is in."""

import numpy as np
import shapely

from app.geo.units import FloatArray, Geometries, IntArray


def first_containing(polygons: Geometries, lon_deg: FloatArray, lat_deg: FloatArray) -> IntArray:
    """Position of the first polygon that holds each place, its border included; -1 where none does.

    So a place on a common border, or where polygons overlap, is in exactly one of them.
    """
    found = np.full(len(lon_deg), len(polygons), dtype=np.int64)
    if len(polygons) and len(lon_deg):
        # The tree over the polygons, and each of them prepared: fast for many places and for wiggly borders.
        shapely.prepare(polygons)
        places = np.asarray(shapely.points(lon_deg, lat_deg))
        polygon, place = shapely.STRtree(places).query(polygons, predicate="intersects")
        np.minimum.at(found, place, polygon)
    found[found == len(polygons)] = -1
    return found
