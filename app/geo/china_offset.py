"""GCJ-02 and BD-09, the shifted coordinates of Chinese maps, to WGS 84 and back.

GCJ-02 (Amap, Tencent and most Chinese services) moves WGS 84 by 20 to 700 m, BD-09 (Baidu) moves GCJ-02 by about
900 m more. Neither has an EPSG code, and only their forward formulas are known. They are undone by fixed-point steps.

Every function takes and gives degrees, arrays of shape (n,), longitude first. Places outside the box of
`in_china` are returned as they are, since services do not shift there; ``everywhere=True`` shifts them too.

References
----------
The public formulas with their constants: Krasovsky 1940 (a = 6378245 m), origin 105 degrees east, 35 degrees north.
"""

from collections.abc import Callable

import numpy as np

from app.geo.units import BoolArray, FloatArray

SEMI_MAJOR_M = 6378245.0
"""Krasovsky 1940."""

ECCENTRICITY_SQUARED = 0.00669342162296594323
"""Krasovsky 1940."""

ORIGIN_DEG = (105.0, 35.0)

BOX_DEG = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north of where shifts are made. It covers parts of China's neighbours too."""

BAIDU_SHIFT_DEG = (0.0065, 0.006)
_BAIDU_RADIANS = np.pi * 3000.0 / 180.0

STEPS = 3
"""Fixed-point steps of the inverse after the first guess: 0.2 mm at worst over China after three, 8 mm after two."""


def in_china(lon_deg: FloatArray, lat_deg: FloatArray) -> BoolArray:
    """Whether places lie in the box in which Chinese services shift coordinates, its borders included."""
    west, south, east, north = BOX_DEG
    inside: BoolArray = (lon_deg >= west) & (lon_deg <= east) & (lat_deg >= south) & (lat_deg <= north)
    return inside


def wgs84_to_gcj02(
    lon_deg: FloatArray, lat_deg: FloatArray, *, everywhere: bool = False
) -> tuple[FloatArray, FloatArray]:
    """WGS 84 to GCJ-02."""
    shift_lon, shift_lat = _gcj02_shift(lon_deg, lat_deg)
    moved = np.ones(np.shape(lon_deg), dtype=bool) if everywhere else in_china(lon_deg, lat_deg)
    return np.where(moved, lon_deg + shift_lon, lon_deg), np.where(moved, lat_deg + shift_lat, lat_deg)


def gcj02_to_wgs84(
    lon_deg: FloatArray, lat_deg: FloatArray, *, everywhere: bool = False
) -> tuple[FloatArray, FloatArray]:
    """GCJ-02 to WGS 84."""
    return _undone(wgs84_to_gcj02, lon_deg, lat_deg, everywhere=everywhere)


def wgs84_to_bd09(
    lon_deg: FloatArray, lat_deg: FloatArray, *, everywhere: bool = False
) -> tuple[FloatArray, FloatArray]:
    """WGS 84 to BD-09."""
    moved = np.ones(np.shape(lon_deg), dtype=bool) if everywhere else in_china(lon_deg, lat_deg)
    shifted_lon, shifted_lat = _gcj02_to_bd09(*wgs84_to_gcj02(lon_deg, lat_deg, everywhere=True))
    return np.where(moved, shifted_lon, lon_deg), np.where(moved, shifted_lat, lat_deg)


def bd09_to_wgs84(
    lon_deg: FloatArray, lat_deg: FloatArray, *, everywhere: bool = False
) -> tuple[FloatArray, FloatArray]:
    """BD-09 to WGS 84."""
    return _undone(wgs84_to_bd09, lon_deg, lat_deg, everywhere=everywhere)


def _undone(
    shift: Callable[..., tuple[FloatArray, FloatArray]],
    lon_deg: FloatArray,
    lat_deg: FloatArray,
    *,
    everywhere: bool,
) -> tuple[FloatArray, FloatArray]:
    """Where a shift came from. What came from inside the box was shifted, wherever it went."""
    true_lon, true_lat = np.asarray(lon_deg, dtype=float), np.asarray(lat_deg, dtype=float)
    for _ in range(STEPS + 1):  # the first step only brings the guess near
        shifted_lon, shifted_lat = shift(true_lon, true_lat, everywhere=True)
        true_lon, true_lat = true_lon + (lon_deg - shifted_lon), true_lat + (lat_deg - shifted_lat)
    # rounded to a millimetre, so that what came from the very border of the box goes back there
    came_from = np.round(true_lon, 8), np.round(true_lat, 8)
    moved = np.ones(np.shape(lon_deg), dtype=bool) if everywhere else in_china(*came_from)
    return np.where(moved, true_lon, lon_deg), np.where(moved, true_lat, lat_deg)


def _gcj02_to_bd09(lon_deg: FloatArray, lat_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    radius = np.hypot(lon_deg, lat_deg) + 0.00002 * np.sin(lat_deg * _BAIDU_RADIANS)
    angle = np.arctan2(lat_deg, lon_deg) + 0.000003 * np.cos(lon_deg * _BAIDU_RADIANS)
    return radius * np.cos(angle) + BAIDU_SHIFT_DEG[0], radius * np.sin(angle) + BAIDU_SHIFT_DEG[1]


def _gcj02_shift(lon_deg: FloatArray, lat_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Degrees that GCJ-02 adds to longitude and latitude."""
    x, y = lon_deg - ORIGIN_DEG[0], lat_deg - ORIGIN_DEG[1]
    short = (20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)) * 2.0 / 3.0
    root = np.sqrt(np.abs(x))
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + short
    north_m += (20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)) * 2.0 / 3.0
    north_m += (160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + short
    east_m += (20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)) * 2.0 / 3.0
    east_m += (150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)) * 2.0 / 3.0
    lat = np.deg2rad(lat_deg)
    magic = 1.0 - ECCENTRICITY_SQUARED * np.sin(lat) ** 2
    north_radius_m = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / (magic * np.sqrt(magic))
    east_radius_m = SEMI_MAJOR_M / np.sqrt(magic) * np.cos(lat)
    return np.rad2deg(east_m / east_radius_m), np.rad2deg(north_m / north_radius_m)
