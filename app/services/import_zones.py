"""Zones of an area, as a step of an import."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely

from app.domain.household import Households
from app.domain.row_report import RowReport
from app.domain.zone import OUTSIDE, Zones
from app.geo.units import IntArray
from app.ingest.osm_zones import read_osm_zones
from app.ingest.table_source import Near
from app.ingest.zone_files import read_zones_file
from app.services.import_request import ImportRequest, read_options


@dataclass(frozen=True)
class ZonePart:
    """The position of each household's zone, what was counted, and what the user must hear of."""

    household_zone: IntArray
    counts: dict[str, float]
    warnings: tuple[str, ...]


class ZoneReading(NamedTuple):
    """Zones if any were asked for, what the user must hear of, and what became of the rows of their file."""

    zones: Zones | None
    warnings: tuple[str, ...]
    rows: RowReport | None


def read_zones(request: ImportRequest, osm_file: Path, near: Near) -> ZoneReading:
    """Zones of a request, from its file or from OpenStreetMap; None if it asks for none.

    Raises
    ------
    BadInputError
        If they cannot be used, or there is none.
    """
    if request.zones_file is not None:
        return ZoneReading(*read_zones_file(request.zones_file, read_options(request, "zones", near)))
    if request.zones_level is not None:
        return ZoneReading(*read_osm_zones(osm_file, request.zones_level), None)
    return ZoneReading(None, (), None)


def place_households(zones: Zones | None, households: Households) -> ZonePart:
    """Put every household into exactly one zone, or outside."""
    if zones is None:
        return ZonePart(np.full(households.count, OUTSIDE, dtype=np.int64), {}, ())
    zone = zones.locate(households.lon_deg, households.lat_deg)
    places = np.asarray(shapely.points(households.lon_deg, households.lat_deg))
    _, place = shapely.STRtree(places).query(zones.geometry, predicate="intersects")
    several = int((np.bincount(place, minlength=households.count) > 1).sum())
    inhabited = len(np.unique(zone[zone != OUTSIDE]))
    counts: dict[str, float] = {
        "kept": zones.count,
        "without_households": zones.count - inhabited,
        "households_inside": int((zone != OUTSIDE).sum()),
        "households_outside": int((zone == OUTSIDE).sum()),
        "households_in_several": several,
    }
    warnings: tuple[str, ...] = ()
    if inhabited == 0 and households.count:
        warnings = ("no household lies in any zone; see that the zones are of this area and state their CRS",)
    elif several:
        warnings = (
            f"zones overlap: {several:,} households lie in more than one, and count in the one whose id comes first",
        )
    return ZonePart(zone, counts, warnings)
