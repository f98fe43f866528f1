"""What isochrones are drawn around: places, a facility, all facilities of a service."""

from dataclasses import dataclass

import numpy as np
import shapely

from app.domain.area import Area
from app.domain.errors import BadInputError, FacilityNotFoundError
from app.domain.profile import STANDARD_PROFILE_ID, Profile
from app.domain.standard import Service, Standard
from app.geo.errors import InvalidSpeedError
from app.geo.extent import border_distances_m
from app.geo.links import AccessLinks
from app.geo.network import WalkNetwork
from app.geo.units import BoolArray, FloatArray, IntArray, running_starts
from app.services.area_engine import AreaEngine, links_of
from app.services.assessment import FASTEST_MPS, SLOWEST_MPS, Walker, choose_walker
from app.services.ids import find_position
from app.services.profiles import get_profile

MOST_ORIGINS = 1000


@dataclass(frozen=True)
class Origins:
    """What is walked to (or from) together: their union is drawn.

    ``start`` are the access points of each of ``o`` origins, as in `AccessLinks`. ``nearest`` is how many of them have
    to be in reach. ``border_m`` is the least distance of any of them from the extent's border, negative outside.
    ``inside`` says whether any lies in the area's extent; ``wanting`` that there are too few.
    """

    links: AccessLinks
    start: IntArray
    inside: bool
    border_m: float
    nearest: int = 1
    wanting: bool = False


def choose_free_walker(
    standard: Standard | None, asked: str | Profile | None, speed_mps: float | None
) -> Walker:
    """The walker by the walking model's order; without a standard its speed and profile drop out.

    Raises
    ------
    ProfileNotFoundError, InvalidSpeedError
        As `choose_walker`.
    """
    if standard is not None:
        return choose_walker(standard, asked, speed_mps)
    profile = asked if isinstance(asked, Profile) else get_profile(asked or STANDARD_PROFILE_ID)
    chosen_mps = profile.speed_mps if speed_mps is None else speed_mps
    if not SLOWEST_MPS <= chosen_mps <= FASTEST_MPS:  # NaN fails this too
        raise InvalidSpeedError(chosen_mps)
    return Walker(profile, chosen_mps)


def choose_origins(
    engine: AreaEngine,
    walker: Walker,
    *,
    lon_deg: float | None,
    lat_deg: float | None,
    facility_id: str | None,
    service: Service | None,
) -> Origins:
    """The one thing that isochrones are asked for: a place, a facility, or a service.

    Raises
    ------
    BadInputError
        If it is none of them, or several.
    FacilityNotFoundError
        If the area has no such facility.
    """
    if facility_id is not None and service is not None:
        raise BadInputError("facility", "is given beside service; give one of them")
    for name, value in (("lon", lon_deg), ("lat", lat_deg)):
        if facility_id is None and service is None:
            if value is None:
                raise BadInputError(name, "is missing; give lon and lat, or a facility, or a service")
        elif value is not None:
            raise BadInputError(name, "is given beside a facility or service; leave it out")
    if facility_id is not None:
        return facility_origin(engine, walker, facility_id)
    if service is not None:
        return service_origins(engine, walker, service)
    return place_origins(
        engine, walker, np.asarray([lon_deg], dtype=float), np.asarray([lat_deg], dtype=float)
    )


def place_origins(engine: AreaEngine, walker: Walker, lon_deg: FloatArray, lat_deg: FloatArray) -> Origins:
    """Places anywhere on earth, given by finite coordinates."""
    area = engine.area
    inside = shapely.intersects_xy(area.extent.polygon, lon_deg, lat_deg)
    near = np.flatnonzero(_near_network(engine.view(walker.profile).network, lon_deg, lat_deg))
    links = engine.ground(walker.profile).locator.link(lon_deg[near], lat_deg[near])
    counts = np.zeros(len(lon_deg), dtype=np.int64)
    counts[near] = np.diff(links.start)
    nearest_m = np.full(len(lon_deg), np.inf)
    nearest_m[near] = links.nearest_m
    all_links = AccessLinks(
        start=running_starts(counts),
        edge=links.edge,
        offset_m=links.offset_m,
        link_m=links.link_m,
        lon_deg=links.lon_deg,
        lat_deg=links.lat_deg,
        nearest_m=nearest_m,
    )
    border_m = _border_m(area, lon_deg, lat_deg) if len(near) == len(lon_deg) else -np.inf
    return Origins(all_links, np.arange(len(lon_deg) + 1), bool(inside.any()), border_m)


def facility_origin(engine: AreaEngine, walker: Walker, facility_id: str) -> Origins:
    """A facility with all its access points.

    Raises
    ------
    FacilityNotFoundError
        If the area has none of this id.
    """
    position = find_position(engine.area.facilities.id, facility_id)
    if position is None:
        raise FacilityNotFoundError(engine.area.id, facility_id)
    return _facilities(engine, walker, np.asarray([position]), nearest=1)


def service_origins(engine: AreaEngine, walker: Walker, service: Service) -> Origins:
    """All facilities of a service, as many of which have to be in reach as it asks for."""
    return _facilities(engine, walker, engine.offering(service), nearest=service.min_count)


def _facilities(engine: AreaEngine, walker: Walker, positions: IntArray, *, nearest: int) -> Origins:
    area = engine.area
    view = engine.view(walker.profile)
    links, start = links_of(view.facility_links, area.facilities.access.start, positions)
    places = area.facilities.lon_deg[positions], area.facilities.lat_deg[positions]
    inside = bool(shapely.intersects_xy(area.extent.polygon, *places).any())
    border_m = _border_m(area, *places)
    return Origins(links, start, inside, border_m, nearest, wanting=len(positions) < nearest)


def _border_m(area: Area, lon_deg: FloatArray, lat_deg: FloatArray) -> float:
    distance_m = border_distances_m(area.network.projection, area.extent.polygon, lon_deg, lat_deg)
    return float(distance_m.min(initial=np.inf))


def _near_network(net: WalkNetwork, lon_deg: FloatArray, lat_deg: FloatArray) -> BoolArray:
    """Whether places are near enough for the area's plane to measure how far off they are."""
    west, east = net.vertex_lon_deg.min() - 1.0, net.vertex_lon_deg.max() + 1.0
    south, north = net.vertex_lat_deg.min() - 1.0, net.vertex_lat_deg.max() + 1.0
    near: BoolArray = (lon_deg >= west) & (lon_deg <= east) & (lat_deg >= south) & (lat_deg <= north)
    return near
