"""Numbers on the wire: rounded once, here; what does not exist is null, never NaN or infinity."""

import math

import numpy as np

from app.geo.units import FloatArray
from app.services import weights

WALK_DECIMALS = 6
"""Seconds and metres of a walk, as fine as the tolerance they are judged with."""

LINK_DECIMALS = 3
DEGREE_DECIMALS = 7
SHARE_DECIMALS = 6
WEIGHT_DECIMALS = weights.DECIMALS


def number(value: float, decimals: int) -> float | None:
    """A rounded number; None where it is not finite."""
    return round(float(value), decimals) if math.isfinite(value) else None


def numbers(values: FloatArray, decimals: int) -> list[float | None]:
    """The same for a whole array."""
    rounded = np.round(values, decimals)
    return [value if math.isfinite(value) else None for value in rounded.tolist()]


def point(lon_deg: float, lat_deg: float) -> dict[str, object]:
    """A GeoJSON point (RFC 7946)."""
    return {
        "type": "Point",
        "coordinates": [round(float(lon_deg), DEGREE_DECIMALS), round(float(lat_deg), DEGREE_DECIMALS)],
    }
