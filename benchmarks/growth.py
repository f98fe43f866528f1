"""How a whole-city assessment grows with the city: a warm answer at a new speed, and the searches behind it."""

import time

import numpy as np
import shapely

from app.domain.access import GIVEN, AccessPoints
from app.domain.area import Area, Extent
from app.domain.facility import Facilities
from app.domain.household import Households
from app.geo.links import EdgeLocator
from app.geo.network import WalkNetwork
from app.services.area_engine import AreaEngine
from app.services.assessment import assess, choose_walker
from app.services.kernel_loader import KernelLoader
from app.services.standards import get_standard
from benchmarks.cities import grid_network
from benchmarks.measure import Row, median_s, row

_SIDES = (100, 316, 1000)  # 10^4, 10^5 and 10^6 crossings, and as many households
_FACILITIES_PER_SERVICE = 200


def rows() -> list[Row]:
    """Each size beside the one before it; the ratio says how much less than ten times the work it is, times ten."""
    kernels = KernelLoader()
    kernels.wait()
    found: list[Row] = []
    before: tuple[str, float, float] | None = None
    for side in _SIDES:
        engine = AreaEngine(grid_area(grid_network(side)), kernels=kernels)
        name = f"{side * side:,} households and nodes"
        cold_s, warm_s = _times(engine)
        if before is not None:
            smaller, smaller_cold_s, smaller_warm_s = before
            found.append(row(f"assess {name}, first", f"10 x {smaller}", cold_s, 10 * smaller_cold_s))
            found.append(row(f"assess {name}, new speed", f"10 x {smaller}", warm_s, 10 * smaller_warm_s))
        else:
            found.append(row(f"assess {name}, first", "-", cold_s, None))
            found.append(row(f"assess {name}, new speed", "-", warm_s, None))
        before = (name, cold_s, warm_s)
    return found


def _times(engine: AreaEngine) -> tuple[float, float]:
    """Seconds of the first assessment, which searches, and of one at another speed, which does not."""
    standard = get_standard("cn-mofcom-basic")
    speeds = iter(np.linspace(0.8, 1.4, 100).tolist())
    engine.view(choose_walker(standard, None, None).profile)
    begin = time.perf_counter()
    assess(engine, standard, choose_walker(standard, None, None))
    cold_s = time.perf_counter() - begin
    warm_s = median_s(lambda: assess(engine, standard, choose_walker(standard, None, next(speeds))), repeat=7)
    return cold_s, warm_s


def grid_area(network: WalkNetwork) -> Area:
    """Households and facilities scattered evenly over a network."""
    random = np.random.default_rng(3)
    services = [service.id for service in get_standard("cn-mofcom-basic").services]
    locator = EdgeLocator(network)
    homes, places = (
        _scattered(network, random, count)
        for count in (network.node_count, _FACILITIES_PER_SERVICE * len(services))
    )
    count, facility_count = len(homes.lon_deg), len(places.lon_deg)
    households = Households(
        id=np.char.zfill(np.arange(count).astype(np.str_), 7),
        lon_deg=homes.lon_deg,
        lat_deg=homes.lat_deg,
        households=np.ones(count),
        population=None,
        estimated=np.zeros(count, dtype=bool),
        access=homes,
    )
    facilities = Facilities(
        id=np.char.zfill(np.arange(facility_count).astype(np.str_), 5),
        name=np.full(facility_count, ""),
        source=np.full(facility_count, "supplied"),
        tags=({},) * facility_count,
        services=tuple((services[number % len(services)],) for number in range(facility_count)),
        lon_deg=places.lon_deg,
        lat_deg=places.lat_deg,
        area_m2=np.full(facility_count, np.nan),
        outline=np.full(facility_count, None),
        access=places,
    )
    return Area(
        id="grid",
        title="grid",
        version="0",
        data_hash="0",
        extent=Extent(shapely.box(-10, -10, 10, 10), "given"),
        study_area=None,
        max_link_m=locator.max_link_m,
        network=network,
        households=households,
        household_links=locator.link(homes.lon_deg, homes.lat_deg),
        household_border_m=np.full(count, 1e5),
        facilities=facilities,
        facility_links=locator.link(places.lon_deg, places.lat_deg),
        zones=None,
        household_zone=np.full(count, -1, dtype=np.int64),
    )


def _scattered(network: WalkNetwork, random: np.random.Generator, count: int) -> AccessPoints:
    vertex = random.choice(len(network.vertex_lon_deg), count)
    lon_deg = network.vertex_lon_deg[vertex] + random.uniform(-3e-4, 3e-4, count)
    lat_deg = network.vertex_lat_deg[vertex] + random.uniform(-3e-4, 3e-4, count)
    return AccessPoints.one_each(lon_deg, lat_deg, GIVEN)
