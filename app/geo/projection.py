"""The local metric plane in which points are linked to streets.

Lengths along streets are geodesic and never come from this plane; only "which edge is nearest, and how far is
the straight link" is measured here.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from pyproj import Geod, Transformer

from app.geo.errors import AreaTooWideError
from app.geo.units import FloatArray, Geometries

WGS84_GEOD = Geod(ellps="WGS84")

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG); used for the scale bound only, never for a length that is answered."""

MAX_SCALE_ERROR = 0.001
"""The walking model, section 3: scale error below 0.1 %."""

MAX_HALF_WIDTH_M = EARTH_RADIUS_M * float(np.sqrt(2 * MAX_SCALE_ERROR))
"""Transverse Mercator grows by x**2 / 2R**2 away from its meridian: 0.1 % at 285 km."""

_BATCH = 4096


@dataclass(frozen=True)
class LocalProjection:
    """Transverse Mercator on WGS 84 about the area's own middle, scale 1 on its meridian.

    Parameters
    ----------
    lon_deg, lat_deg : float
        Origin of the plane; ``x_m`` points east and ``y_m`` north of it.
    """

    lon_deg: float
    lat_deg: float

    @classmethod
    def around(cls, lon_deg: FloatArray, lat_deg: FloatArray) -> "LocalProjection":
        """Plane about the middle of the points' box.

        Raises
        ------
        AreaTooWideError
            If the points reach so far east or west that the scale error would pass 0.1 %.
        """
        west, east = float(lon_deg.min()), float(lon_deg.max())
        south, north = float(lat_deg.min()), float(lat_deg.max())
        # Rounded, so that the plane does not move with the last digit of one outlying node.
        middle = cls(round((west + east) / 2, 4), round((south + north) / 2, 4))
        widest_lat_deg = 0.0 if south < 0 < north else min(abs(south), abs(north))
        half_width_m = np.deg2rad((east - west) / 2) * EARTH_RADIUS_M * np.cos(np.deg2rad(widest_lat_deg))
        if half_width_m > MAX_HALF_WIDTH_M:
            raise AreaTooWideError(float(half_width_m), MAX_HALF_WIDTH_M)
        return middle

    @cached_property
    def _transformer(self) -> Transformer:
        plane = (
            f"+proj=tmerc +lat_0={self.lat_deg} +lon_0={self.lon_deg} +k=1 +ellps=WGS84 +units=m +type=crs"
        )
        return Transformer.from_crs("EPSG:4326", plane, always_xy=True)

    def to_plane(self, lon_deg: FloatArray, lat_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Degrees to metres in the plane, shape kept."""
        x_m, y_m = self._transformer.transform(lon_deg, lat_deg)
        return np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)

    def to_degrees(self, x_m: FloatArray, y_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Metres in the plane back to degrees, shape kept."""
        lon_deg, lat_deg = self._transformer.transform(x_m, y_m, direction="INVERSE")
        return np.asarray(lon_deg, dtype=np.float64), np.asarray(lat_deg, dtype=np.float64)

    def shapes_to_plane(self, geometries: Geometries) -> Geometries:
        """Geometries in degrees as geometries in the plane."""
        planar: Geometries = shapely.transform(
            geometries, lambda lon_lat: np.column_stack(self.to_plane(lon_lat[:, 0], lon_lat[:, 1]))
        )
        return planar

    def areas_m2(self, geometries: Geometries) -> FloatArray:
        """Area of each geometry in the plane; the planar shapes are not kept all at once."""
        areas = [
            shapely.area(self.shapes_to_plane(geometries[first : first + _BATCH]))
            for first in range(0, len(geometries), _BATCH)
        ]
        return np.concatenate(areas) if areas else np.empty(0)


def geodesic_lengths_m(
    from_lon_deg: FloatArray, from_lat_deg: FloatArray, to_lon_deg: FloatArray, to_lat_deg: FloatArray
) -> FloatArray:
    """Length on the WGS 84 ellipsoid of each pair of points, shape kept.

    References
    ----------
    Karney (2013), Journal of Geodesy 87, 43-55, doi:10.1007/s00190-012-0578-z.
    """
    _, _, length_m = WGS84_GEOD.inv(from_lon_deg, from_lat_deg, to_lon_deg, to_lat_deg)
    return np.asarray(length_m, dtype=np.float64)
