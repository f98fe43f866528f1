"""Where a facility could be built: places from a file, or the cells of a grid."""

from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from app.domain.access import AccessPoints
from app.domain.area import Area
from app.domain.errors import BadInputError
from app.domain.facility import Facilities, FacilityPlaces
from app.domain.profile import STANDARD_PROFILE_ID
from app.domain.standard import Service
from app.geo.catchments import Catchments, straight_catchments, walked_catchments
from app.geo.cells import CellGrid
from app.geo.units import BoolArray, FloatArray, IntArray
from app.services.area_engine import AreaEngine, any_of
from app.services.assessment import Walker
from app.services.facility_access import locate_facilities
from app.services.merging import LinkedFacilities, merge_facilities
from app.services.profiles import get_profile

MOST_CANDIDATES = 50_000
MOST_CELLS = 400_000
SMALLEST_CELL_M, LARGEST_CELL_M = 10.0, 10_000.0


@dataclass(frozen=True)
class Candidates:
    """Places where a facility could be built, ``c`` of them, sorted by id.

    Attributes
    ----------
    places : FacilityPlaces
        As facilities are; ``services`` is empty where a candidate may offer whatever is asked for.
    cost : float array, shape (c,)
        1 where nobody said.
    capacity : float array, shape (c,)
        Weight that each can serve; ``inf`` where nobody said.
    """

    places: FacilityPlaces
    cost: FloatArray
    capacity: FloatArray

    @property
    def count(self) -> int:
        return len(self.cost)

    def take(self, kept: IntArray) -> "Candidates":
        """Some of them, in the order of `kept`."""
        chosen = self.places
        places = FacilityPlaces(
            id=chosen.id[kept],
            name=chosen.name[kept],
            source=chosen.source[kept],
            tags=tuple(chosen.tags[one] for one in kept),
            services=tuple(chosen.services[one] for one in kept),
            geometry=chosen.geometry[kept],
            entrances=tuple(chosen.entrances[one] for one in kept),
        )
        return Candidates(places, self.cost[kept], self.capacity[kept])

    def outside(self, zones: BaseGeometry | None) -> "Candidates":
        """Those that touch none of some zones (in WGS 84)."""
        if zones is None:
            return self
        shapely.prepare(zones)
        return self.take(np.flatnonzero(~shapely.intersects(zones, self.places.geometry)))


def candidates_at(
    ids: NDArray[np.str_],
    lon_deg: FloatArray,
    lat_deg: FloatArray,
) -> Candidates:
    """Points without cost or capacity of their own; sorted by id."""
    order = np.argsort(ids, kind="stable")
    count = len(order)
    places = FacilityPlaces(
        id=ids[order],
        name=np.full(count, ""),
        source=np.full(count, "supplied"),
        tags=({},) * count,
        services=((),) * count,
        geometry=np.asarray(shapely.points(lon_deg[order], lat_deg[order])),
        entrances=((),) * count,
    )
    return Candidates(places, np.ones(count), np.full(count, np.inf))


def grid_over(
    area: Area, cell_m: float, *, most: int = MOST_CELLS
) -> tuple[CellGrid, IntArray, FloatArray, FloatArray]:
    """The grid over an area, which of its cells have their middle in it, and these middles in degrees.

    In it is in the study area, else in the extent.

    Raises
    ------
    BadInputError
        If the cells are of no sensible size or too many.
    """
    if not SMALLEST_CELL_M <= cell_m <= LARGEST_CELL_M:  # NaN fails this too
        raise BadInputError(
            f"grid {cell_m:g}", f"a cell must measure {SMALLEST_CELL_M:g} to {LARGEST_CELL_M:g} m"
        )
    shape = area.extent.polygon if area.study_area is None else area.study_area
    network = area.network
    streets = shapely.box(
        network.vertex_lon_deg.min(),
        network.vertex_lat_deg.min(),
        network.vertex_lon_deg.max(),
        network.vertex_lat_deg.max(),
    )
    # An extent may be far wider than its streets; a cell counts only where it meets them anyhow.
    shape = shapely.intersection(shape, shapely.buffer(streets, 0.01))
    if shape.is_empty:
        raise BadInputError(
            f"area '{area.id}'", "has no streets in its study area; nothing can be sited there"
        )
    grid = CellGrid.over(shape, cell_m)
    if grid.count > most:
        raise BadInputError(
            f"grid {cell_m:g}",
            f"makes {grid.count} cells, and at most {most} are worked on; take larger cells",
        )
    shapely.prepare(shape)
    lon_deg, lat_deg = grid.centres()
    cells = np.flatnonzero(shapely.contains_xy(shape, lon_deg, lat_deg))
    return grid, cells, lon_deg[cells], lat_deg[cells]


def grid_candidates(area: Area, cell_m: float) -> Candidates:
    """The middles of a grid's cells."""
    grid, cells, lon_deg, lat_deg = grid_over(area, cell_m)
    return candidates_at(np.asarray(grid.names(cells), dtype=np.str_), lon_deg, lat_deg)


@dataclass(frozen=True)
class Linked:
    """Candidates that can be walked to, as facilities, and which of those given they are."""

    candidates: Candidates
    facilities: Facilities
    given: int
    excluded: int
    off_network: int


def link_candidates(
    engine: AreaEngine, walker: Walker, candidates: Candidates, exclude: BaseGeometry | None
) -> Linked:
    """Leave out the excluded ones and those that no street is near enough to.

    Raises
    ------
    BadInputError
        If none is left, or too many are.
    """
    allowed = candidates.outside(exclude)
    facilities = locate_facilities(allowed.places, engine.ground(get_profile(STANDARD_PROFILE_ID)).locator)
    ground = engine.ground(walker.profile).locator
    linked = ground.link(facilities.access.lon_deg, facilities.access.lat_deg).is_linked
    has_link = any_of(linked, facilities.access.start)
    kept = np.flatnonzero(has_link)
    if len(kept) == 0:
        raise BadInputError(
            "candidates",
            f"none of {candidates.count} can be used: {candidates.count - allowed.count} lie in excluded zones, "
            f"{allowed.count} have no street within {engine.area.max_link_m:g} m; give others",
        )
    if len(kept) > MOST_CANDIDATES:
        raise BadInputError(
            "candidates", f"{len(kept)} are more than {MOST_CANDIDATES}; give fewer, or a coarser grid"
        )
    return Linked(
        allowed.take(kept),
        facilities.take(kept),
        candidates.count,
        candidates.count - allowed.count,
        allowed.count - len(kept),
    )


def offers(linked: Linked, service: Service) -> BoolArray:
    """Which candidates would be facilities of a service; points count as large enough, shape (c,)."""
    given = linked.facilities.services
    chosen = np.fromiter((not ids or service.id in ids for ids in given), dtype=bool, count=len(given))
    if service.min_area_m2 is not None:
        area_m2 = linked.facilities.area_m2
        chosen &= np.isnan(area_m2) | (area_m2 >= service.min_area_m2)
    return chosen


def catchments_of(
    engine: AreaEngine,
    walker: Walker,
    service: Service,
    places: AccessPoints,
    *,
    wanted: BoolArray | None = None,
    kernels: ModuleType | None = None,
) -> Catchments:
    """Households that come within a service's limit of some places, exactly as a verdict on them would say."""
    homes = engine.area.households.access
    if service.straight_m is not None:
        found = straight_catchments(
            engine.area.network.projection,
            (homes.lon_deg, homes.lat_deg),
            homes.start,
            (places.lon_deg, places.lat_deg),
            places.start,
            limit_m=service.straight_m,
        )
        return found if wanted is None else found.kept(wanted)
    view = engine.view(walker.profile)
    graph, limit, per_unit = view.graph, service.limit_m or 0.0, 1.0
    if service.length_limit_m is None:
        limit = service.limit_s or 0.0
        if walker.profile.costs:
            graph = engine.timed_graph(walker.profile, walker.speed_mps)
        else:
            per_unit = walker.speed_mps
    return walked_catchments(
        view.network,
        graph,
        view.household_links,
        view.household_start,
        engine.ground(walker.profile).locator.link(places.lon_deg, places.lat_deg),
        places.start,
        limit=limit,
        per_unit=per_unit,
        wanted=wanted,
        kernels=kernels,
    )


def with_facilities(engine: AreaEngine, kept: IntArray, more: Facilities) -> Area:
    """The engine's area with some of its facilities and with others besides."""
    area, locator = engine.area, engine.ground(get_profile(STANDARD_PROFILE_ID)).locator
    old = LinkedFacilities(area.facilities, area.facility_links).take(kept)
    new = LinkedFacilities(more, locator.link(more.access.lon_deg, more.access.lat_deg))
    every = merge_facilities(old, new)
    return replace(area, facilities=every.facilities, facility_links=every.links)
