"""Facilities as GeoJSON features."""

from collections.abc import Mapping
from typing import Any

from app.domain.area import Area
from app.schemas.numbers import DEGREE_DECIMALS, number, point


def facility_features(area: Area, services: Mapping[int, list[str]]) -> list[dict[str, Any]]:
    """One GeoJSON feature for each facility of `services`, which maps positions to service ids, in its order."""
    facilities, access = area.facilities, area.facilities.access
    features = []
    for position, service_ids in services.items():
        rows = range(int(access.start[position]), int(access.start[position + 1]))
        facility_id = str(facilities.id[position])
        properties: dict[str, Any] = {
            "id": facility_id,
            "services": service_ids,
            "name": str(facilities.name[position]) or None,
            "source": str(facilities.source[position]),
            "area_m2": number(facilities.area_m2[position], 1),
            "access_points": [
                {
                    "lon": number(access.lon_deg[row], DEGREE_DECIMALS),
                    "lat": number(access.lat_deg[row], DEGREE_DECIMALS),
                    "kind": str(access.kind[row]),
                }
                for row in rows
            ],
        }
        features.append(
            {
                "type": "Feature",
                "id": facility_id,
                "geometry": point(facilities.lon_deg[position], facilities.lat_deg[position]),
                "properties": properties,
            }
        )
    return features
