"""Whether places of a user's file may be in another of the Chinese coordinate systems than the one it was read in.

Nothing is corrected by this: it compares and warns. Homes and shops stand in buildings, and places that are off by some
hundred metres stand in one only by chance. Streets tell less: nearly every place of a dense city lies near one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely

from app.geo.china_offset import in_china
from app.geo.units import FloatArray
from app.ingest.coordinates import find_coordinates
from app.ingest.osm_file import Areas

SYSTEMS = ("wgs84", "gcj02", "bd09")

FEWEST_PLACES = 30
CLEAR_SHARE = 0.15
"""The other system must put at least this share more of the places into buildings ..."""

CLEAR_SIGMAS = 4.0
"""... and more than chance does: so many standard deviations of the difference of two shares."""


@dataclass(frozen=True)
class OffsetCheck:
    """Share of the places in buildings, by the system that they might be in; ``better`` fits clearly best, if any."""

    places: int
    read_as: str
    shares: Mapping[str, float]
    better: str | None

    @property
    def counts(self) -> dict[str, float]:
        """The numbers for a report."""
        return {"places": self.places} | {
            f"share_in_buildings_{name}": share for name, share in self.shares.items()
        }

    def warning(self, file: str, flag: str) -> str | None:
        """One line for the user, if another system fits clearly better."""
        if self.better is None:
            return None
        return (
            f"{file}: {self.shares[self.read_as]:.0%} of {self.places} places stand in a building as read "
            f"({self.read_as}), but {self.shares[self.better]:.0%} would if the file were {self.better}; "
            f"if it is, say so with {flag} {self.better}"
        )


def check_offset(
    lon_deg: FloatArray, lat_deg: FloatArray, *, asked_crs: str | None, buildings: Areas
) -> OffsetCheck | None:
    """Compare places with buildings under each system.

    Parameters
    ----------
    lon_deg, lat_deg : float array, shape (n,)
        WGS 84 as they were understood.
    asked_crs : str or None
        The system that the user named.
    buildings : Areas
        Their shapes are made only where there is something to compare.

    Returns
    -------
    OffsetCheck or None
        None where nothing can be said: outside China, with fewer than 30 places, or without buildings.
    """
    inside = in_china(lon_deg, lat_deg)
    if inside.sum() < FEWEST_PLACES or not buildings.id:
        return None
    lon_deg, lat_deg = lon_deg[inside], lat_deg[inside]
    named = None if asked_crs is None else find_coordinates(asked_crs, "crs").name
    read_as = named if named in SYSTEMS else "wgs84"
    as_written = find_coordinates(read_as, "crs").from_wgs84(lon_deg, lat_deg)
    tree = shapely.STRtree(buildings.geometries())
    shares = {}
    for name in SYSTEMS:
        places = np.asarray(
            shapely.points(*find_coordinates(name, "crs").to_wgs84(*as_written)), dtype=object
        )
        hit = np.unique(tree.query(places, predicate="intersects")[0])
        shares[name] = round(len(hit) / len(places), 4)
    return OffsetCheck(len(lon_deg), read_as, shares, _clearly_better(shares, read_as, len(lon_deg)))


def _clearly_better(shares: Mapping[str, float], read_as: str, count: int) -> str | None:
    best = max(shares, key=lambda name: (shares[name], name == read_as))
    gain = shares[best] - shares[read_as]
    mean = (shares[best] + shares[read_as]) / 2
    deviation = np.sqrt(2 * mean * (1 - mean) / count)
    return best if gain >= CLEAR_SHARE and gain > CLEAR_SIGMAS * deviation else None
