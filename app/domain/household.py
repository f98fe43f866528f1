"""Households: who must be served."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.access import AccessPoints
from app.geo.units import BoolArray, FloatArray

WEIGHTS = ("points", "households", "population")
"""What a share can be counted in. A point is one row: a building, an address or an estate."""


@dataclass(frozen=True)
class Households:
    """Demand points, ``h`` of them, sorted by id.

    Attributes
    ----------
    id : str array, shape (h,)
        Unique, in ascending code point order. OSM buildings are ``way/123`` or ``relation/45``.
    lon_deg, lat_deg : float array, shape (h,)
        The point that stands for the household (inside the building).
    households : float array, shape (h,)
        Number of dwellings, >= 0.
    population : float array, shape (h,), or None
        Persons, >= 0; None where nobody told.
    estimated : bool array, shape (h,)
        Whether ``households`` is an estimate from a building's size.
    access : AccessPoints
        Ways out of each.
    """

    id: NDArray[np.str_]
    lon_deg: FloatArray
    lat_deg: FloatArray
    households: FloatArray
    population: FloatArray | None
    estimated: BoolArray
    access: AccessPoints

    @property
    def count(self) -> int:
        return len(self.id)

    def weights(self, weight: str) -> FloatArray | None:
        """Weight of every household by one of `WEIGHTS`; None where it is not known."""
        if weight == "points":
            return np.ones(self.count)
        return self.households if weight == "households" else self.population
