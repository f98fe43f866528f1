"""Zones: the communities, sub-districts or catchments that answers are summed up by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import NotFoundError
from app.geo.containing import first_containing
from app.geo.units import FloatArray, Geometries, IntArray

LEVELS = range(1, 12)
"""OpenStreetMap's boundaries have an ``admin_level`` from 1 to 11."""

OUTSIDE = -1
"""Zone position of a household that lies in none."""

OUTSIDE_ID = "outside"
"""How answers name what lies in no zone; no zone may have this id."""


@dataclass(frozen=True)
class Zones:
    """Zones, ``z`` of them, sorted by id; they may overlap, and need not cover the area.

    Attributes
    ----------
    id : str array, shape (z,)
        Unique, in ascending code point order, never `OUTSIDE_ID`.
    name : str array, shape (z,)
        What people call it; empty where nobody told.
    geometry : object array of Shapely (multi)polygons, shape (z,)
        Valid, in WGS 84.
    """

    id: NDArray[np.str_]
    name: NDArray[np.str_]
    geometry: Geometries

    @property
    def count(self) -> int:
        return len(self.id)

    def locate(self, lon_deg: FloatArray, lat_deg: FloatArray) -> IntArray:
        """Zone position of each place, `OUTSIDE` where there is none, shape of `lon_deg`.

        A border belongs to the zones on both sides, and of several zones a place is in the one whose id comes
        first. So every place is in exactly one zone or outside, whatever the order of the file.
        """
        return first_containing(self.geometry, lon_deg, lat_deg)


class NoZonesError(NotFoundError):
    """An answer by zone was asked of an area that has no zones."""

    def __init__(self, area_id: str) -> None:
        self.area_id = area_id
        super().__init__(
            f"area '{area_id}' has no zones; import it with --zones FILE, or --zones-level N for OpenStreetMap's"
        )


class ZoneNotFoundError(NotFoundError):
    """The area has zones, and none of this id."""

    def __init__(self, area_id: str, zone_id: str) -> None:
        self.area_id = area_id
        self.zone_id = zone_id
        super().__init__(
            f"area '{area_id}' has no zone '{zone_id}'; its zones and '{OUTSIDE_ID}' can be asked for"
        )
