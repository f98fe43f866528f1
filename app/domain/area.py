"""An imported area: everything that answers are computed from, immutable."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry

from app.domain.facility import Facilities
from app.domain.household import Households
from app.domain.population import Spreading
from app.domain.row_report import RowReportJson
from app.domain.zone import Zones
from app.geo.links import AccessLinks
from app.geo.network import WalkNetwork
from app.geo.obstacles import Obstacles
from app.geo.units import FloatArray, IntArray

ATTRIBUTION = "© OpenStreetMap contributors"
AREA_ID_PATTERN = re.compile(r"[a-z0-9-]{1,63}")
"""What an area may be called; it stands in addresses and in names of folders."""

METHOD_VERSION = "1.0"
"""Version of the walking model that answers follow (docs/method.md)."""


@dataclass(frozen=True)
class Extent:
    """Where the data is complete. ``polygon`` is in WGS 84 and its sides are straight in degrees."""

    polygon: BaseGeometry
    basis: str
    """What told: ``given``, ``header``, ``free_nodes``, ``walkable_nodes`` or ``download``."""


@dataclass(frozen=True)
class Area:
    """One version of an area.

    ``household_border_m`` is the distance of each household from the extent's border, negative outside, shape
    (h,). ``household_links`` are those of the households' access points, ``facility_links`` those of the
    facilities'. ``household_zone`` is the position in ``zones`` of each household, -1 outside of all of them, shape
    (h,); ``zones`` is None where nobody gave any. ``obstacles`` are the buildings and the water that a new street
    cannot lead through; None in areas that were imported before they were kept. ``spreading`` is None where no grid
    told people. ``data_hash`` names the content that answers follow from; ``version`` is its short form.
    """

    id: str
    title: str
    version: str
    data_hash: str
    extent: Extent
    study_area: BaseGeometry | None
    max_link_m: float
    network: WalkNetwork
    households: Households
    household_links: AccessLinks
    household_border_m: FloatArray
    facilities: Facilities
    facility_links: AccessLinks
    zones: Zones | None
    household_zone: IntArray
    obstacles: Obstacles | None = None
    spreading: Spreading | None = None


@dataclass(frozen=True)
class AreaSummary:
    """What a list of areas shows."""

    id: str
    title: str
    version: str
    counts: dict[str, Any]
    extent: tuple[float, float, float, float]


@dataclass(frozen=True)
class AreaVersion:
    """One version of an area that is kept.

    Attributes
    ----------
    number : int
        Counts an area's imports from 1; never given twice.
    version : str
        Short form of the data's hash, as answers carry it: the same data imported twice has it twice.
    key : str
        Names this version among all others of the area, now and later.
    created_by : str
        Who imported it.
    """

    number: int
    version: str
    key: str
    data_hash: str
    title: str
    counts: dict[str, Any]
    created_at: datetime
    created_by: str
    current: bool


@dataclass(frozen=True)
class ImportReport:
    """What an import kept and dropped, and why; JSON-ready.

    ``rows`` has the rejected and repaired rows of every file of the user's: ``households``, ``facilities``, ``zones``.
    """

    area_id: str
    version: str
    data_hash: str
    source: str
    counts: dict[str, dict[str, float]]
    extent: dict[str, Any]
    warnings: tuple[str, ...]
    stages_s: dict[str, float]
    rows: dict[str, RowReportJson] = field(default_factory=dict)


def summarise(area: Area) -> AreaSummary:
    """What a list of areas shows of one."""
    households = area.households
    counts = {
        "households_points": households.count,
        "households": float(households.households.sum()),
        "population": None if households.population is None else float(households.population.sum()),
        "facilities": area.facilities.count,
        "nodes": area.network.node_count,
        "edges": area.network.edge_count,
        "length_m": round(area.network.length_m, 1),
    }
    west, south, east, north = area.extent.polygon.bounds
    return AreaSummary(area.id, area.title, area.version, counts, (west, south, east, north))
