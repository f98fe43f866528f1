"""An area's households, facilities and zones as rows of their tables."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import shapely

from app.db.bulk import Column, Rows
from app.domain.area import Area
from app.domain.household import AGE_GROUPS
from app.domain.zone import OUTSIDE
from app.geo.units import Geometries


def rows_of(area: Area, version_id: int) -> Iterator[Rows]:
    """All rows of one version, table by table."""
    yield _households(area, version_id)
    yield _facilities(area, version_id)
    if area.zones is not None:
        zones = area.zones
        yield Rows("zones", version_id, {"zone_id": zones.id, "name": zones.name}, zones.geometry)


def _households(area: Area, version_id: int) -> Rows:
    homes = area.households
    unknown = np.full(homes.count, np.nan)
    columns: dict[str, Column] = {
        "household_id": homes.id,
        "households": homes.households,
        "population": unknown if homes.population is None else homes.population,
        **{group: homes.groups.get(group, unknown) for group in AGE_GROUPS},
        "estimated": homes.estimated,
        "zone_position": np.where(area.household_zone == OUTSIDE, np.nan, area.household_zone),
    }
    return Rows("households", version_id, columns, _points(homes))


def _facilities(area: Area, version_id: int) -> Rows:
    places = area.facilities
    columns: dict[str, Column] = {
        "facility_id": places.id,
        "name": places.name,
        "source": places.source,
        "tags": [_json(dict(sorted(tags.items()))) for tags in places.tags],
        "services": [_json(list(services)) for services in places.services],
        "area_m2": places.area_m2,
    }
    return Rows("facilities", version_id, columns, _points(places))


def _points(places: Any) -> Geometries:
    return np.asarray(shapely.points(places.lon_deg, places.lat_deg), dtype=object)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
