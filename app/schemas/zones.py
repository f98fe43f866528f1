"""Zones: their lists, and service coverage by zone as JSON, as GeoJSON features and as flat rows."""

from typing import Any

import numpy as np
import orjson
import shapely

from app.domain.area import Area
from app.domain.zone import OUTSIDE, OUTSIDE_ID, NoZonesError, ZoneNotFoundError, Zones
from app.geo.units import BoolArray, IntArray
from app.schemas.coverage import PartSums, coverage_to_dict, share, sum_up
from app.schemas.numbers import DEGREE_DECIMALS, WEIGHT_DECIMALS
from app.services.assessment import Assessment
from app.services.ids import find_position


def coverage_by_zone(assessment: Assessment, *, weight: str) -> dict[str, Any]:
    """The coverage answer with that of each zone, by id, and of what lies outside of all of them, last.

    Raises
    ------
    NoZonesError
        If the area has none.
    """
    zones = get_zones(assessment.area)
    part = assessment.area.household_zone.copy()
    part[part == OUTSIDE] = zones.count
    sums = sum_up(assessment, weight, part, zones.count + 1)
    answer = coverage_to_dict(assessment, weight=weight)
    made_by = answer.pop("provenance")
    entries = [_entry(zones, position, assessment, own) for position, own in enumerate(sums)]
    return answer | {"by": "zone", "zones": entries, "provenance": made_by}


def zone_coverage_features(assessment: Assessment, coverage: dict[str, Any]) -> list[dict[str, Any]]:
    """One feature for each zone of a coverage answer; that of `OUTSIDE_ID` has no geometry."""
    shapes = [*_shapes(get_zones(assessment.area)), None]
    return [
        {
            "type": "Feature",
            "id": entry["id"],
            "geometry": shape,
            "properties": flat_zone(entry, coverage["weight"]),
        }
        for entry, shape in zip(coverage["zones"], shapes, strict=True)
    ]


def flat_zone(entry: dict[str, Any], weight: str) -> dict[str, Any]:
    """A zone's coverage without nesting, as maps and spreadsheets want it; states are counted in `weight`."""
    total = entry["total"][weight] or 0.0
    row = {"id": entry["id"], "name": entry["name"], **entry["total"]}
    row |= {state: sums[weight] for state, sums in entry["overall"].items()}
    row["share_served"] = share(entry["overall"]["served"][weight] or 0.0, total)
    for service in entry["services"]:
        row |= {f"{service['id']}_{state}": sums[weight] for state, sums in service["states"].items()}
        if "fragile" in service:
            row[f"{service['id']}_fragile"] = service["fragile"][weight]
        row[f"{service['id']}_share_covered"] = service["share_covered"]
    return row


def zone_features(area: Area, positions: IntArray) -> list[dict[str, Any]]:
    """Zones as GeoJSON features with the number of their households and persons."""
    if area.zones is None:
        return []
    zones = Zones(area.zones.id[positions], area.zones.name[positions], area.zones.geometry[positions])
    features = []
    for row, (position, shape) in enumerate(zip(positions.tolist(), _shapes(zones), strict=True)):
        chosen = area.household_zone == position
        properties: dict[str, Any] = {"id": str(zones.id[row]), "name": str(zones.name[row]) or None}
        for weight in area.households.counted:
            values = area.households.weights(weight)
            total = None if values is None else float(values[chosen].sum())
            properties[weight] = total if total is None else round(total, WEIGHT_DECIMALS)
        properties["points"] = int(chosen.sum())
        features.append(
            {"type": "Feature", "id": properties["id"], "geometry": shape, "properties": properties}
        )
    return features


def in_zone(area: Area, zone_id: str) -> BoolArray:
    """Which households lie in a zone, or with `OUTSIDE_ID` in none.

    Raises
    ------
    NoZonesError, ZoneNotFoundError
        If the area has no zones, or none of this id.
    """
    if zone_id == OUTSIDE_ID:
        return np.asarray(area.household_zone == OUTSIDE)
    position = find_position(get_zones(area).id, zone_id)
    if position is None:
        raise ZoneNotFoundError(area.id, zone_id)
    return np.asarray(area.household_zone == position)


def zone_member(area: Area, household: int) -> dict[str, str]:
    """The zone of a household as a member of its properties; none where the area has no zones."""
    if area.zones is None:
        return {}
    position = int(area.household_zone[household])
    return {"zone": OUTSIDE_ID if position == OUTSIDE else str(area.zones.id[position])}


def get_zones(area: Area) -> Zones:
    """The area's zones; `NoZonesError` if nobody gave any."""
    if area.zones is None:
        raise NoZonesError(area.id)
    return area.zones


def _entry(zones: Zones, position: int, assessment: Assessment, sums: PartSums) -> dict[str, Any]:
    is_zone = position < zones.count
    services = [
        {"id": item.service.id, **own} for item, own in zip(assessment.services, sums.services, strict=True)
    ]
    return {
        "id": str(zones.id[position]) if is_zone else OUTSIDE_ID,
        "name": (str(zones.name[position]) or None) if is_zone else None,
        "total": sums.total,
        "services": services,
        "overall": sums.overall,
    }


def _shapes(zones: Zones) -> list[dict[str, Any]]:
    """GeoJSON geometries; outer rings run counter-clockwise (RFC 7946)."""
    # Normalised polygons have clockwise outer rings; reversed, those are as the standard wants them.
    turned = shapely.reverse(shapely.normalize(zones.geometry))
    rounded = shapely.transform(turned, lambda degrees: np.round(degrees, DEGREE_DECIMALS))
    return [orjson.loads(text) for text in shapely.to_geojson(rounded)]
