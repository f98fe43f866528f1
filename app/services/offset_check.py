"""Whether places of a user's file may be in another of the Chinese coordinate systems than the one it was read in.

Nothing is corrected by this: it compares and warns. Homes and shops stand in buildings, and places that are off by some
hundred metres stand in one only by chance. Streets tell less: nearly every place of a dense city lies near one. They
decide only where hardly any place stands in a building, and then of places that were put onto streets, as geocoders do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely

from app.geo.china_offset import in_china
from app.geo.links import EdgeLocator
from app.geo.obstacles import Obstacles
from app.geo.units import FloatArray, Geometries
from app.ingest.coordinates import find_coordinates

SYSTEMS = ("wgs84", "gcj02", "bd09")

FEWEST_PLACES = 30
MOST_PLACES = 5000
"""Of more, every n-th is compared: the shares of so many are known to one or two hundredths."""

CLEAR_SHARE = 0.15
"""The other system must put at least this share more of the places into buildings ..."""

CLEAR_SIGMAS = 4.0
"""... and more than chance does: so many standard deviations of the difference of two shares."""

FEW_IN_BUILDINGS = 0.15
"""Where no system puts more of the places into buildings, hardly any are mapped, and streets are asked."""

CLEAR_STREET_SHARE = 0.3
"""Of homes in blocks, chance puts up to 0.2 more onto streets by a wrong system than by the right one (Nanjing)."""

ON_STREET_M = 10.0

LARGEST_BUILDING_DEG2 = 2e-6
"""About 20 000 m2 in China: larger areas among an area's obstacles are water more often than buildings."""


@dataclass(frozen=True)
class Surroundings:
    """What places are compared with; `buildings` are asked for only where there is something to compare."""

    buildings: Callable[[], Geometries]
    locator: EdgeLocator


def buildings_among(obstacles: Obstacles | None) -> Geometries:
    """The polygons of an area's obstacles that are of the size of buildings; none where it kept no obstacles."""
    if obstacles is None:
        return np.empty(0, dtype=object)
    polygons = obstacles.polygons()
    return polygons[shapely.area(polygons) <= LARGEST_BUILDING_DEG2]


@dataclass(frozen=True)
class OffsetCheck:
    """Shares of the places in buildings and on streets, by the system that they might be in.

    ``better`` is the system that fits clearly best, if another does than ``read_as``.
    """

    places: int
    read_as: str
    in_buildings: Mapping[str, float]
    on_streets: Mapping[str, float]
    better: str | None

    @property
    def counts(self) -> dict[str, float]:
        """The numbers for a report."""
        return (
            {"places_compared": self.places}
            | {f"share_in_buildings_{name}": share for name, share in self.in_buildings.items()}
            | {f"share_on_streets_{name}": share for name, share in self.on_streets.items()}
        )

    def warning(self, file: str, flag: str) -> str | None:
        """One line for the user, if another system fits clearly better."""
        if self.better is None:
            return None
        there, here = self.better, self.read_as
        return (
            f"{file}: {self.in_buildings[here]:.0%} of {self.places} places stand in a building as read ({here}), but "
            f"{self.in_buildings[there]:.0%} would if the file were {there} (on a street {self.on_streets[here]:.0%}, "
            f"and {self.on_streets[there]:.0%}); if it is, say so with {flag} {there}"
        )


def check_offset(
    lon_deg: FloatArray, lat_deg: FloatArray, *, asked_crs: str | None, around: Surroundings
) -> OffsetCheck | None:
    """Compare places with buildings and streets under each system.

    Parameters
    ----------
    lon_deg, lat_deg : float array, shape (n,)
        WGS 84 as they were understood.
    asked_crs : str or None
        The system that the user named.
    around : Surroundings

    Returns
    -------
    OffsetCheck or None
        None where nothing can be said: outside China, or with fewer than 30 places.
    """
    inside = np.flatnonzero(in_china(lon_deg, lat_deg))
    if len(inside) < FEWEST_PLACES:
        return None
    inside = inside[:: -(-len(inside) // MOST_PLACES)]
    lon_deg, lat_deg = lon_deg[inside], lat_deg[inside]
    named = None if asked_crs is None else find_coordinates(asked_crs, "crs").name
    read_as = named if named in SYSTEMS else "wgs84"
    as_written = find_coordinates(read_as, "crs").from_wgs84(lon_deg, lat_deg)
    tree = shapely.STRtree(around.buildings())
    in_buildings, on_streets = {}, {}
    for name in SYSTEMS:
        lon, lat = find_coordinates(name, "crs").to_wgs84(*as_written)
        places = np.asarray(shapely.points(lon, lat), dtype=object)
        hit = np.unique(tree.query(places, predicate="intersects")[0])
        in_buildings[name] = round(len(hit) / len(places), 4)
        near = around.locator.link(lon, lat).nearest_m <= ON_STREET_M
        on_streets[name] = round(float(near.mean()), 4)
    count = len(inside)
    if max(in_buildings.values()) > FEW_IN_BUILDINGS:
        better = _clearly_better(in_buildings, read_as, count, CLEAR_SHARE)
    else:
        better = _clearly_better(on_streets, read_as, count, CLEAR_STREET_SHARE)
    return OffsetCheck(count, read_as, in_buildings, on_streets, better)


def _clearly_better(shares: Mapping[str, float], read_as: str, count: int, clear_share: float) -> str | None:
    best = max(shares, key=lambda name: (shares[name], name == read_as))
    gain = shares[best] - shares[read_as]
    mean = (shares[best] + shares[read_as]) / 2
    deviation = np.sqrt(2 * mean * (1 - mean) / count)
    return best if gain >= clear_share and gain > CLEAR_SIGMAS * deviation else None
