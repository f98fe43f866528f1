"""Boxes of degrees on WGS 84: around places, with a margin, checked before anybody is asked for them."""

import math

import numpy as np
from shapely.geometry.base import BaseGeometry

from app.domain.errors import BadInputError
from app.domain.place import Box
from app.geo.projection import EARTH_RADIUS_M, MAX_HALF_WIDTH_M, WGS84_GEOD
from app.geo.units import FloatArray

COORDINATE_DECIMALS = 7
"""OpenStreetMap's own resolution, about 1 cm."""

STEPS_PER_DEG = 10_000_000
"""The same as a count: osmium keeps coordinates as whole numbers of these."""


def box_of(lon_lat_deg: FloatArray) -> Box | None:
    """Box of some places; None if it has no area."""
    if len(lon_lat_deg) == 0:
        return None
    west, south = lon_lat_deg.min(axis=0)
    east, north = lon_lat_deg.max(axis=0)
    return (float(west), float(south), float(east), float(north)) if west < east and south < north else None


def buffered_box(area: BaseGeometry | Box, margin_m: float) -> Box:
    """Smallest box (to a few centimetres) that holds everything within `margin_m` of the box of `area`.

    A degree of longitude shrinks towards the poles, and the easternmost point of a circle lies poleward of its
    centre; both count here. The box ends at the 180th meridian and at the poles, for no box passes them.

    Parameters
    ----------
    area : Polygon, MultiPolygon or tuple of float
        On WGS 84; a tuple is west, south, east, north.
    margin_m : float
        Metres on the ellipsoid, finite and not negative.

    Returns
    -------
    tuple of float
        West, south, east, north in degrees, rounded outwards to 7 decimals.

    Raises
    ------
    BadInputError
        If the area has no box or the margin is not a length.

    Examples
    --------
    >>> buffered_box((24.0, 0.0, 25.0, 0.0), 1000.0)
    (23.9910167, -0.0090437, 25.0089833, 0.0090437)
    """
    if not (math.isfinite(margin_m) and margin_m >= 0):
        raise BadInputError("margin", f"{margin_m} m is not a length of 0 or more")
    bounds = area.bounds if isinstance(area, BaseGeometry) else area
    west, south, east, north = (float(value) for value in bounds)
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadInputError("area", f"{west},{south},{east},{north} is not a box of degrees within the world")
    # Meridians converge towards the pole, so the corner nearest to one reaches furthest east and west.
    corner_lat_deg = north if abs(north) >= abs(south) else south
    reach_deg = _longitude_reach_deg(corner_lat_deg, margin_m)
    return (
        _floor_deg(max(west - reach_deg, -180.0)),
        _floor_deg(_latitude_towards(-90.0, south, margin_m)),
        _ceil_deg(min(east + reach_deg, 180.0)),
        _ceil_deg(_latitude_towards(90.0, north, margin_m)),
    )


def checked_box(box: Box) -> Box:
    """The box in OpenStreetMap's resolution, so that query and file header say exactly the same."""
    west, south, east, north = (round(float(value), COORDINATE_DECIMALS) for value in box)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise BadInputError(
            f"box {west},{south},{east},{north}",
            "is not west,south,east,north in degrees with west < east and south < north",
        )
    widest_lat_deg = 0.0 if south < 0 < north else min(abs(south), abs(north))
    width_m = math.radians(east - west) * EARTH_RADIUS_M * math.cos(math.radians(widest_lat_deg))
    if width_m > 2 * MAX_HALF_WIDTH_M:
        # The network could not be measured; better to say so before a public server has gathered half a country.
        raise BadInputError(
            f"box {west},{south},{east},{north}",
            f"is {width_m / 1000:.0f} km wide; at most {2 * MAX_HALF_WIDTH_M / 1000:.0f} km can be measured in "
            "one area: choose a smaller one",
        )
    return west, south, east, north


def _latitude_towards(pole_deg: float, lat_deg: float, distance_m: float) -> float:
    _, _, to_pole_m = WGS84_GEOD.inv(0.0, lat_deg, 0.0, pole_deg)
    if to_pole_m <= distance_m:
        return pole_deg
    _, reached_deg, _ = WGS84_GEOD.fwd(0.0, lat_deg, 0.0 if pole_deg > 0 else 180.0, distance_m)
    return float(reached_deg)


def _longitude_reach_deg(lat_deg: float, distance_m: float) -> float:
    """Largest difference of longitude within a distance of a point; a full turn where that takes in the pole."""
    _, _, to_pole_m = WGS84_GEOD.inv(0.0, lat_deg, 0.0, math.copysign(90.0, lat_deg))
    if to_pole_m <= distance_m:
        return 360.0
    # The direction of the easternmost point has no closed form on the ellipsoid. Between directions a quarter of a
    # degree apart at most 3e-6 of the distance is missed; the factor makes up for it.
    azimuths_deg = np.arange(0.0, 180.25, 0.25)
    start = np.zeros_like(azimuths_deg)
    lon_deg, _, _ = WGS84_GEOD.fwd(start, start + lat_deg, azimuths_deg, start + distance_m * (1 + 1e-5))
    return float(np.max(lon_deg))


def _floor_deg(value_deg: float) -> float:
    return math.floor(value_deg * STEPS_PER_DEG) / STEPS_PER_DEG


def _ceil_deg(value_deg: float) -> float:
    return math.ceil(value_deg * STEPS_PER_DEG) / STEPS_PER_DEG
