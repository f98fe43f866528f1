"""Geometry of a proposal: GeoJSON in any CRS, as valid shapes in WGS 84."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from app.geo.units import FloatArray
from app.ingest.coordinates import Coordinates, agreed_coordinates
from app.ingest.proposal_values import BadPropertyError
from app.ingest.table_geojson import GEOMETRY_TYPES, stated_crs
from app.ingest.table_rows import shown

_FARTHEST_DEG = (180.0, 90.0)
_REPAIRABLE = ("Polygon", "MultiPolygon")


@dataclass(frozen=True)
class GeometryReader:
    """Reads geometries of one file, which are in `coordinates`."""

    coordinates: Coordinates

    @classmethod
    def of(cls, document: Mapping[str, Any], source: str, crs: str | None) -> "GeometryReader":
        """Reader for a file's ``crs`` member and for what the caller says.

        Raises
        ------
        BadInputError
            If either names no CRS of the Earth, or they contradict each other.
        """
        where = f"{source}, crs"
        return cls(agreed_coordinates(stated_crs(document, where), crs, where))

    def read(self, value: object) -> BaseGeometry | None:
        """A geometry in WGS 84, flat and valid; None for null.

        Raises
        ------
        BadPropertyError
            If it is no geometry on Earth.
        """
        if value is None:
            return None
        if not isinstance(value, dict) or value.get("type") not in GEOMETRY_TYPES:
            raise BadPropertyError(f"{shown(value)} is no GeoJSON geometry; draw it again, or write null")
        try:
            shape = shapely.from_geojson(orjson.dumps(value))
        except (shapely.GEOSException, orjson.JSONEncodeError) as error:
            raise BadPropertyError("is no valid GeoJSON; draw it again") from error
        flat: BaseGeometry = shapely.force_2d(shape)
        if flat.is_empty:
            raise BadPropertyError("is empty; draw it again, or write null")
        flat = shapely.transform(flat, self._to_degrees)
        _check_on_earth(shapely.get_coordinates(flat))
        if not flat.is_valid:
            flat = _repaired(flat)
        return flat

    def _to_degrees(self, coordinates: FloatArray) -> FloatArray:
        return np.column_stack(self.coordinates.to_wgs84(coordinates[:, 0], coordinates[:, 1]))


def _check_on_earth(coordinates: FloatArray) -> None:
    if not np.isfinite(coordinates).all():
        raise BadPropertyError("has coordinates that are not finite numbers; draw it again")
    off = (np.abs(coordinates) > _FARTHEST_DEG).any(axis=1)
    if off.any():
        lon_deg, lat_deg = coordinates[off][0].tolist()
        raise BadPropertyError(
            f"longitude {lon_deg:g}, latitude {lat_deg:g} is no place on Earth; write WGS 84 degrees, "
            "longitude first, or state the CRS"
        )


def _repaired(shape: BaseGeometry) -> BaseGeometry:
    if shape.geom_type not in _REPAIRABLE:
        raise BadPropertyError(f"is no valid {shape.geom_type}; draw it again")
    mended: BaseGeometry = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    if mended.is_empty:
        raise BadPropertyError("is a polygon without area; draw it again")
    return mended
