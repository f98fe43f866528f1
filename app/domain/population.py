"""A grid of people, and how they are spread over the households of its cells."""

from dataclasses import dataclass

import numpy as np

from app.geo.containing import first_containing
from app.geo.units import FloatArray, Geometries, IntArray


@dataclass(frozen=True)
class PopulationGrid:
    """Cells and how many people live in each, ``c`` of them.

    ``geometry`` are (multi)polygons in WGS 84; a place where several meet is in the one that comes first.
    """

    geometry: Geometries
    persons: FloatArray

    def locate(self, lon_deg: FloatArray, lat_deg: FloatArray) -> IntArray:
        """The cell of each place, -1 where there is none."""
        return first_containing(self.geometry, lon_deg, lat_deg)

    def spread(self, cell: IntArray, size: FloatArray) -> FloatArray:
        """People of each household: its share by size of those in its cell, shape of `cell`.

        What the households of a cell get adds up to the cell's people, to one part in 1e9. Households without a
        cell get none; those of a cell in which nobody has a size get equal shares.

        Parameters
        ----------
        cell : int array, shape (h,)
            As `locate` gives it.
        size : float array, shape (h,)
            Such as floor area, >= 0.

        Examples
        --------
        >>> import numpy as np, shapely
        >>> grid = PopulationGrid(np.array([shapely.box(0, 0, 1, 1)]), np.array([30.0]))
        >>> grid.spread(np.array([0, 0, -1]), np.array([100.0, 200.0, 900.0])).tolist()
        [10.0, 20.0, 0.0]
        """
        persons = np.zeros(len(cell))
        inside = np.flatnonzero(cell >= 0)
        own = cell[inside]
        whole = np.bincount(own, size[inside], len(self.persons))
        number = np.bincount(own, minlength=len(self.persons))
        has_size = whole[own] > 0
        share = np.where(has_size, size[inside] / np.where(has_size, whole[own], 1.0), 1.0 / number[own])
        persons[inside] = self.persons[own] * share
        return persons
