"""Facilities: places that offer services."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.domain.access import AccessPoints
from app.domain.standard import Service
from app.geo.units import FloatArray, Geometries, IntArray

FacilitySource = Literal["osm", "supplied"]


@dataclass(frozen=True)
class FacilityPlaces:
    """Facilities as they were read, before their access points are found; ``f`` of them in any order.

    Attributes
    ----------
    id, name, source : str array, shape (f,)
        Ids of OSM elements are ``node/1``, ``way/2``, ``relation/3``. ``source`` is ``osm`` or ``supplied``.
    tags : tuple of f mappings
        OSM tags; empty for supplied ones.
    services : tuple of f tuples
        Service ids that a supplied facility was given; empty for OSM ones, whose services follow from their tags.
    geometry : object array of Shapely geometries, shape (f,)
        Points or (multi)polygons in WGS 84, lon and lat.
    entrances : tuple of f tuples of (lon_deg, lat_deg)
        Passable entrances mapped on an area's outline; empty where there are none.
    area_m2 : float array, shape (f,), or None
        How large places given as points are, where somebody told; NaN where nobody did.
    """

    id: NDArray[np.str_]
    name: NDArray[np.str_]
    source: NDArray[np.str_]
    tags: tuple[Mapping[str, str], ...]
    services: tuple[tuple[str, ...], ...]
    geometry: Geometries
    entrances: tuple[tuple[tuple[float, float], ...], ...]
    area_m2: FloatArray | None = None


@dataclass(frozen=True)
class Facilities:
    """Facilities ready to be walked to, ``f`` of them, sorted by id.

    ``lon_deg`` and ``lat_deg`` are a point that stands for each; ``area_m2`` is NaN for those mapped as points,
    unless their user told it.
    ``outline`` is the (multi)polygon of those mapped as areas, None for points: where streets cross it may change.
    The other fields are those of `FacilityPlaces`.
    """

    id: NDArray[np.str_]
    name: NDArray[np.str_]
    source: NDArray[np.str_]
    tags: tuple[Mapping[str, str], ...]
    services: tuple[tuple[str, ...], ...]
    lon_deg: FloatArray
    lat_deg: FloatArray
    area_m2: FloatArray
    outline: Geometries
    access: AccessPoints

    @property
    def count(self) -> int:
        return len(self.id)

    def offering(self, service: Service) -> IntArray:
        """Positions, ascending, of the facilities of a service: by their tags, or as they were supplied."""
        chosen = np.fromiter(
            (
                service.id in given or (not service.user_data_only and service.is_offered_by(tags))
                for tags, given in zip(self.tags, self.services, strict=True)
            ),
            dtype=bool,
            count=self.count,
        )
        if service.min_area_m2 is not None:
            # NaN compares as False: what could not be measured does not count.
            chosen &= self.area_m2 >= service.min_area_m2
        return np.flatnonzero(chosen)
