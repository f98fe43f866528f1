"""Outlines of areas and the mapped doors that stand on them."""

import numpy as np
import shapely

from app.geo.units import FloatArray, Geometries, IntArray

_E7 = 1e7


def doors_on_outlines(
    geometries: Geometries, doors: list[tuple[int, int]]
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Doors that are corners of an area's outline, inner rings included.

    Parameters
    ----------
    geometries : object array of (multi)polygons, shape (g,)
    doors : list of (lon, lat) in ten-millionths of a degree

    Returns
    -------
    area : int array, ascending
        Position of the area of each door found; a door on a shared wall appears once for each area.
    lon_deg, lat_deg : float arrays
    """
    corners_deg, area = shapely.get_coordinates(geometries, return_index=True)
    key = _place_key(np.rint(corners_deg * _E7).astype(np.int64))
    door_key = _place_key(np.asarray(doors, dtype=np.int64).reshape(-1, 2))
    door_key.sort()
    if len(door_key) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0), np.empty(0)
    nearest = np.minimum(np.searchsorted(door_key, key), len(door_key) - 1)
    hit = np.flatnonzero(door_key[nearest] == key)
    # The first corner of a ring stands at its end again.
    _, first = np.unique(np.stack([area[hit], key[hit]]), axis=1, return_index=True)
    hit = hit[first]
    return area[hit], corners_deg[hit, 0], corners_deg[hit, 1]


def _place_key(lon_lat_e7: IntArray) -> IntArray:
    """One number for each place: degrees in ten-millionths need 32 bits each."""
    key: IntArray = lon_lat_e7[:, 0] * (1 << 32) + lon_lat_e7[:, 1]
    return key
