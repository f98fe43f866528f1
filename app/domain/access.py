"""Access points: where a household is left and a facility is entered."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.geo.units import FloatArray, IntArray, expand_ranges, running_starts

ENTRANCE = "entrance"  # mapped on the outline
CROSSING = "crossing"  # a walkable edge crosses the outline here
NEAREST = "nearest"  # the point of the outline nearest to the network
GIVEN = "given"  # the place itself is a point
INSIDE = "inside"  # a point inside a building without mapped entrances


@dataclass(frozen=True)
class AccessPoints:
    """Access points of ``p`` places, ``a`` in all; place ``i`` has ``start[i]:start[i + 1]``, at least one.

    Attributes
    ----------
    start : int array, shape (p + 1,)
    lon_deg, lat_deg : float array, shape (a,)
    kind : str array, shape (a,)
        How each was found.
    """

    start: IntArray
    lon_deg: FloatArray
    lat_deg: FloatArray
    kind: NDArray[np.str_]

    @classmethod
    def one_each(cls, lon_deg: FloatArray, lat_deg: FloatArray, kind: str) -> "AccessPoints":
        """Places with one access point each, all of one kind."""
        count = len(lon_deg)
        return cls(np.arange(count + 1, dtype=np.int64), lon_deg, lat_deg, np.full(count, kind))

    def of(self, places: IntArray) -> "AccessPoints":
        """Those of some places alone."""
        counts = self.start[places + 1] - self.start[places]
        rows = expand_ranges(self.start[places], counts)
        return AccessPoints(running_starts(counts), self.lon_deg[rows], self.lat_deg[rows], self.kind[rows])

    def then(self, other: "AccessPoints") -> "AccessPoints":
        """These, and those of other places behind them."""
        return AccessPoints(
            np.concatenate([self.start, self.start[-1] + other.start[1:]]),
            np.concatenate([self.lon_deg, other.lon_deg]),
            np.concatenate([self.lat_deg, other.lat_deg]),
            np.concatenate([self.kind, other.kind]),
        )
