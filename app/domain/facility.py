"""Facilities: places that offer services."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
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

    @cached_property
    def _by_key(self) -> Mapping[str, list[int]]:
        """Positions of the facilities that have a tag with each key: few have those that a service asks for."""
        found: dict[str, list[int]] = {}
        for place, tags in enumerate(self.tags):
            for key in tags:
                found.setdefault(key, []).append(place)
        return found

    @cached_property
    def _supplied(self) -> list[int]:
        """Positions of the facilities whose services were supplied."""
        return [place for place, given in enumerate(self.services) if given]

    def take(self, positions: IntArray) -> "Facilities":
        """Some of them, in the order of `positions`."""
        chosen = positions.tolist()
        return Facilities(
            tags=tuple(self.tags[place] for place in chosen),
            services=tuple(self.services[place] for place in chosen),
            access=self.access.of(positions),
            **{name: getattr(self, name)[positions] for name in _COLUMNS},
        )

    def then(self, other: "Facilities") -> "Facilities":
        """These, and others behind them; by id again once somebody sorts them."""
        return Facilities(
            tags=(*self.tags, *other.tags),
            services=(*self.services, *other.services),
            access=self.access.then(other.access),
            **{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in _COLUMNS},
        )

    def offering(self, service: Service) -> IntArray:
        """Positions, ascending, of the facilities of a service: by their tags, or as they were supplied."""
        chosen = np.zeros(self.count, dtype=bool)
        chosen[[place for place in self._supplied if service.id in self.services[place]]] = True
        if not service.user_data_only:
            keys = {selector.key for selector in service.selectors}
            possible = {place for key in keys for place in self._by_key.get(key, ())}
            chosen[[place for place in possible if service.is_offered_by(self.tags[place])]] = True
        if service.min_area_m2 is not None:
            # NaN compares as False: what could not be measured does not count.
            chosen &= self.area_m2 >= service.min_area_m2
        return np.flatnonzero(chosen)


_COLUMNS = ("id", "name", "source", "lon_deg", "lat_deg", "area_m2", "outline")
"""Of `Facilities`, the arrays with one value for each."""
