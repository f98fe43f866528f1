"""How far points lie from the border of the loaded extent."""

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from app.geo.projection import LocalProjection
from app.geo.units import FloatArray

_DENSE_DEG = 0.002
"""Borders run along parallels and meridians; cut this fine (about 200 m) a chord stays within 1 mm of a parallel."""

_WINDOW_M = 150_000.0
"""Beyond this distance a border is only known to be at least so far: farther than any limit of a standard."""

_METRES_PER_DEGREE = 111_000.0


def border_distances_m(
    projection: LocalProjection, extent: BaseGeometry, lon_deg: FloatArray, lat_deg: FloatArray
) -> FloatArray:
    """Distance of each point from the extent's border, positive inside and negative outside.

    Parameters
    ----------
    projection : LocalProjection
    extent : Polygon or MultiPolygon
        In WGS 84; its sides are straight in degrees, so that a box runs along parallels and meridians.
    lon_deg, lat_deg : float array, shape (p,)

    Returns
    -------
    float array, shape (p,)
        Metres; at most 150 km in size, since no standard asks for more.
    """
    if len(lon_deg) == 0:
        return np.empty(0)
    inside = shapely.intersects_xy(extent, lon_deg, lat_deg)
    border = shapely.boundary(extent)
    lat_reach_deg = _WINDOW_M / _METRES_PER_DEGREE
    widest_lat_deg = min(89.0, float(np.abs(lat_deg).max()) + lat_reach_deg)
    lon_reach_deg = lat_reach_deg / np.cos(np.deg2rad(widest_lat_deg))
    near = shapely.intersection(
        border,
        shapely.box(
            lon_deg.min() - lon_reach_deg,
            lat_deg.min() - lat_reach_deg,
            lon_deg.max() + lon_reach_deg,
            lat_deg.max() + lat_reach_deg,
        ),
    )
    distance_m = np.full(len(lon_deg), _WINDOW_M)
    if not near.is_empty:
        segments = _segments_in_plane(projection, near)
        x_m, y_m = projection.to_plane(lon_deg, lat_deg)
        (which, _), found_m = STRtree(segments).query_nearest(
            shapely.points(x_m, y_m), return_distance=True, all_matches=False
        )
        distance_m[which] = np.minimum(found_m, _WINDOW_M)
    return np.where(inside, distance_m, -distance_m)


def _segments_in_plane(projection: LocalProjection, lines: BaseGeometry) -> np.ndarray:
    parts = shapely.get_parts(shapely.segmentize(lines, _DENSE_DEG))
    coordinates, row = shapely.get_coordinates(parts, return_index=True)
    xy = np.column_stack(projection.to_plane(coordinates[:, 0], coordinates[:, 1]))
    same = row[1:] == row[:-1]
    return np.asarray(shapely.linestrings(np.stack([xy[:-1][same], xy[1:][same]], axis=1)))
