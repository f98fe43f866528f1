"""Households: who must be served."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from app.domain.access import AccessPoints
from app.geo.units import BoolArray, FloatArray, IntArray

COUNTS = ("points", "households", "population")
"""What every answer counts. A point is one row: a building, an address or an estate."""

AGE_GROUPS = ("pop_0_3", "pop_3_6", "pop_6_12", "pop_60plus", "pop_65plus")
"""Persons by age in full years; ``pop_3_6`` are those of three to five. Groups may overlap, as 60+ and 65+ do."""

WEIGHTS = (*COUNTS, *AGE_GROUPS)
"""What a share can be counted in."""

MOST_WEIGHT = 1e12
"""The largest households or persons of one row: more than the Earth has. Sums then stay finite and exact enough."""


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
    groups : mapping of float arrays, each of shape (h,)
        Persons of those of `AGE_GROUPS` that somebody told, >= 0.
    """

    id: NDArray[np.str_]
    lon_deg: FloatArray
    lat_deg: FloatArray
    households: FloatArray
    population: FloatArray | None
    estimated: BoolArray
    access: AccessPoints
    groups: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.id)

    @property
    def known_weights(self) -> tuple[str, ...]:
        """Those of `WEIGHTS` that are known here, in that order."""
        return tuple(weight for weight in WEIGHTS if self.weights(weight) is not None)

    @property
    def counted(self) -> tuple[str, ...]:
        """What answers count here: `COUNTS`, known or not, and the age groups that are known."""
        return (*COUNTS, *(group for group in AGE_GROUPS if group in self.groups))

    def weights(self, weight: str) -> FloatArray | None:
        """Weight of every household by one of `WEIGHTS`; None where it is not known."""
        if weight == "points":
            return np.ones(self.count)
        if weight == "households":
            return self.households
        return self.population if weight == "population" else self.groups.get(weight)

    def with_people(self, weight: str, persons: FloatArray) -> "Households":
        """The same with their people, or those of an age group; `persons` has shape (h,)."""
        if weight == "population":
            return replace(self, population=persons)
        groups = {**self.groups, weight: persons}
        return replace(self, groups={name: groups[name] for name in AGE_GROUPS if name in groups})

    def take(self, positions: IntArray) -> "Households":
        """Some of them, in the order of `positions`."""
        return Households(
            id=self.id[positions],
            lon_deg=self.lon_deg[positions],
            lat_deg=self.lat_deg[positions],
            households=self.households[positions],
            population=None if self.population is None else self.population[positions],
            estimated=self.estimated[positions],
            access=self.access.of(positions),
            groups={name: persons[positions] for name, persons in self.groups.items()},
        )
