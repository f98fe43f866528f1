"""What a proposal changes, household by household, as GeoJSON."""

from typing import Any

import numpy as np

from app.geo.units import BoolArray, FloatArray, IntArray
from app.geo.verdict import COVERED, STATES, TOLERANCE
from app.schemas.numbers import WALK_DECIMALS, WEIGHT_DECIMALS, number, point
from app.services.assessment import Assessment, ServiceAssessment

CHANGES = ("gained", "lost", "faster", "slower")


def changes_collection(before: Assessment, after: Assessment) -> dict[str, Any]:
    """One feature for each household and service that changed: by household, then as the standard lists services.

    ``gained`` is covered after and not before, ``lost`` the reverse, a step to ``undetermined`` included. Others
    are ``faster`` or ``slower`` where their walk is shorter or longer.
    """
    found: list[tuple[IntArray, IntArray, IntArray]] = []
    for position, (old, new) in enumerate(zip(before.services, after.services, strict=True)):
        change = _changes(old, new)
        households = np.flatnonzero(change >= 0)
        found.append((households, np.full(len(households), position), change[households]))
    household, service, change = (
        np.concatenate([group[column] for group in found]).tolist() for column in range(3)
    )
    order = sorted(range(len(household)), key=lambda n: (household[n], service[n]))
    return {
        "type": "FeatureCollection",
        "features": [
            _feature(before, after, household[number], service[number], CHANGES[change[number]])
            for number in order
        ],
    }


def count_changes(changes: dict[str, Any]) -> dict[str, int]:
    """How many features there are of each kind."""
    counts = dict.fromkeys(CHANGES, 0)
    for feature in changes["features"]:
        counts[feature["properties"]["change"]] += 1
    return counts


def _changes(old: ServiceAssessment, new: ServiceAssessment) -> IntArray:
    """Position in `CHANGES` of each household; -1 where nothing changed."""
    was, is_now = old.verdicts.state == COVERED, new.verdicts.state == COVERED
    before, after = _walk(old), _walk(new)
    change = np.full(len(was), -1, dtype=np.int64)
    change[_shorter(after, before)] = CHANGES.index("faster")
    change[_shorter(before, after)] = CHANGES.index("slower")
    change[is_now & ~was] = CHANGES.index("gained")
    change[was & ~is_now] = CHANGES.index("lost")
    return change


def _walk(item: ServiceAssessment) -> FloatArray:
    """The walk in whichever unit the service has one: a straight limit knows no seconds."""
    return item.time_s if item.service.straight_m is None else item.distance_m


def _shorter(one: FloatArray, other: FloatArray) -> BoolArray:
    with np.errstate(invalid="ignore"):  # unreachable both times: inf - inf
        return np.asarray(other - one > TOLERANCE)


def _feature(
    before: Assessment, after: Assessment, household: int, service: int, change: str
) -> dict[str, Any]:
    area = before.area  # the same people and zones; the changed area may have to be put together first
    households, zones = area.households, area.zones
    zone = int(area.household_zone[household])
    return {
        "type": "Feature",
        "geometry": point(households.lon_deg[household], households.lat_deg[household]),
        "properties": {
            "household": str(households.id[household]),
            "service": after.services[service].service.id,
            "change": change,
            "before": _side(before.services[service], household),
            "after": _side(after.services[service], household),
            "households": round(float(households.households[household]), WEIGHT_DECIMALS),
            **({} if zones is None else {"zone": str(zones.id[zone]) if zone >= 0 else None}),
        },
    }


def _side(item: ServiceAssessment, household: int) -> dict[str, Any]:
    side: dict[str, Any] = {
        "state": STATES[item.verdicts.state[household]],
        "time_s": number(item.time_s[household], WALK_DECIMALS),
    }
    if item.service.length_limit_m is not None:
        side["distance_m"] = number(item.distance_m[household], WALK_DECIMALS)
    return side
