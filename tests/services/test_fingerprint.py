"""The data hash covers age groups, zones, and what stands in the way."""

from dataclasses import replace

import numpy as np
import shapely

from app.domain.area import Area
from app.domain.zone import Zones
from app.geo.obstacles import Obstacles
from app.services.area_engine import AreaEngine
from app.services.fingerprint import data_hash


def hash_of(area: Area, zones: Zones | None, obstacles: Obstacles | None = None, **groups: float) -> str:
    count = area.households.count
    homes = replace(area.households, groups={name: np.full(count, value) for name, value in groups.items()})
    return data_hash(
        area.network,
        homes,
        area.facilities,
        area.extent,
        max_link_m=area.max_link_m,
        zones=zones,
        obstacles=obstacles,
    )


def zones(zone_id: str, name: str, size: float) -> Zones:
    return Zones(
        np.array([zone_id]), np.array([name]), np.array([shapely.box(0, 0, size, size)], dtype=object)
    )


def test_whatever_answers_follow_from_changes_it(demo_engine: AreaEngine) -> None:
    area = demo_engine.area
    houses = [
        Obstacles.of(np.array([shapely.box(0, 0, 1, size)]), np.array([], dtype=object)) for size in (1, 2)
    ]
    hashes = [
        hash_of(area, None, area.obstacles),
        hash_of(area, None),
        *(hash_of(area, None, house) for house in houses),
        hash_of(area, None, pop_60plus=1.0),
        hash_of(area, None, pop_60plus=2.0),
        hash_of(area, None, pop_65plus=2.0),
        *(hash_of(area, zones(*zone)) for zone in (("a", "", 1), ("b", "", 1), ("a", "b", 1), ("a", "", 2))),
    ]
    assert len(set(hashes)) == len(hashes)
    assert hashes[0] == area.data_hash
