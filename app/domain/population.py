"""A grid of people, and how they are spread over the households of its cells."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from app.geo.containing import first_containing
from app.geo.units import BoolArray, FloatArray, Geometries, IntArray, running_starts


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


@dataclass(frozen=True)
class KeptGrid:
    """A grid as an area keeps it: a few arrays that can lie on disk until somebody asks for the cells.

    Attributes
    ----------
    source : str
        Name of the file that it came in.
    persons : float array, shape (c,)
    wkb : uint8 array
        The cells' polygons in WGS 84, one behind the other.
    start : int array, shape (c + 1,)
        Where each of them begins in `wkb`.
    """

    source: str
    persons: FloatArray
    wkb: NDArray[np.uint8]
    start: IntArray

    @classmethod
    def of(cls, source: str, grid: PopulationGrid, cells: IntArray) -> "KeptGrid":
        """Some cells of a grid, in its order."""
        content = shapely.to_wkb(grid.geometry[cells]).tolist()
        start = running_starts(np.array([len(text) for text in content], dtype=np.int64))
        return cls(source, grid.persons[cells], np.frombuffer(b"".join(content), dtype=np.uint8), start)

    def grid(self) -> PopulationGrid:
        """The cells."""
        content = self.wkb.tobytes()
        texts = [content[begin:end] for begin, end in pairwise(self.start.tolist())]
        return PopulationGrid(
            np.asarray(shapely.from_wkb(np.array(texts, dtype=object)), dtype=object), self.persons
        )


@dataclass(frozen=True)
class Sharers:
    """Places among which the people of a cell are shared, by their size; arrays of shape (n,)."""

    lon_deg: FloatArray
    lat_deg: FloatArray
    size: FloatArray

    def take(self, chosen: BoolArray | IntArray) -> "Sharers":
        """Some of them."""
        return Sharers(self.lon_deg[chosen], self.lat_deg[chosen], self.size[chosen])

    def then(self, other: "Sharers") -> "Sharers":
        """These, and others behind them."""
        return Sharers(
            np.concatenate([self.lon_deg, other.lon_deg]),
            np.concatenate([self.lat_deg, other.lat_deg]),
            np.concatenate([self.size, other.size]),
        )


@dataclass(frozen=True)
class Spreading:
    """How an area's people came to its households, so that they can be spread anew when these change.

    Attributes
    ----------
    grids : mapping of str to KeptGrid
        By the weight that each tells. Of such a weight no household knows anything else.
    size : float array, shape (h,)
        By which each of the area's households has its share: floor area, or dwellings.
    size_per_dwelling : float
        What a dwelling counts for among them.
    outside : Sharers
        Households outside the study area that have a share in cells which reach into it.
    """

    grids: Mapping[str, KeptGrid]
    size: FloatArray
    size_per_dwelling: float
    outside: Sharers
