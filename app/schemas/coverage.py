"""Service coverage of an area: counts and shares of every state, by service and over all."""

from typing import Any

import numpy as np

from app.domain.area import Area
from app.geo.units import IntArray
from app.geo.verdict import COVERED, NOT_DETERMINED_STATES, OVERALL_STATES, STATES
from app.schemas.names import limit_to_dict, name_to_dict
from app.schemas.numbers import DEGREE_DECIMALS, SHARE_DECIMALS, WEIGHT_DECIMALS
from app.schemas.provenance import provenance
from app.services.assessment import Assessment, ServiceAssessment

Sums = dict[str, dict[str, float | None]]


def coverage_to_dict(assessment: Assessment, *, weight: str) -> dict[str, Any]:
    """The coverage answer; `weight` is one that the area knows and decides what shares are counted in."""
    area, standard = assessment.area, assessment.standard
    return {
        "area": {
            "id": area.id,
            "title": area.title,
            "version": area.version,
            "extent": [round(value, DEGREE_DECIMALS) for value in area.extent.polygon.bounds],
        },
        "standard": {"id": standard.id, "version": standard.version, "title": name_to_dict(standard.title)},
        "profile": assessment.walker.profile.id,
        "speed_mps": assessment.walker.speed_mps,
        "weight": weight,
        **({} if assessment.band is None else {"band": assessment.band}),
        "total": _total(area),
        "services": [_service_to_dict(area, item, weight) for item in assessment.services],
        "overall": _sums(area, assessment.overall.astype(np.int64), OVERALL_STATES),
        "provenance": provenance(assessment),
    }


def _service_to_dict(area: Area, item: ServiceAssessment, weight: str) -> dict[str, Any]:
    states = _sums(area, item.verdicts.state.astype(np.int64), STATES)
    counted = {state: sums[weight] or 0.0 for state, sums in states.items()}
    total = sum(counted.values())
    undetermined = sum(counted[STATES[state]] for state in NOT_DETERMINED_STATES)
    covered = counted[STATES[COVERED]]
    answer = {
        "id": item.service.id,
        "name": name_to_dict(item.service.name),
        "obligation": item.service.obligation,
        "limit": limit_to_dict(item.service),
        "min_count": item.service.min_count,
        "facilities": len(item.facilities),
        "states": states,
        "share_covered": _share(covered, total),
        "share_covered_of_determined": _share(covered, total - undetermined),
    }
    if item.is_fragile is not None:
        answer["fragile"] = _sums(area, item.is_fragile.astype(np.int64), ("holds", "fragile"))["fragile"]
    return answer


def _sums(area: Area, group: IntArray, names: tuple[str, ...]) -> Sums:
    """Points, households and population of each group."""
    sums: Sums = {name: {} for name in names}
    for weight in area.households.counted:
        values = area.households.weights(weight)
        totals = [None] * len(names) if values is None else np.bincount(group, values, len(names)).tolist()
        for name, total in zip(names, totals, strict=True):
            sums[name][weight] = _count(total, weight)
    return sums


def _total(area: Area) -> dict[str, float | None]:
    totals: dict[str, float | None] = {}
    for weight in area.households.counted:
        values = area.households.weights(weight)
        totals[weight] = None if values is None else _count(float(values.sum()), weight)
    return totals


def _count(total: float | None, weight: str) -> float | None:
    if total is None:
        return None
    return int(total) if weight == "points" else round(total, WEIGHT_DECIMALS)


def _share(part: float, whole: float) -> float | None:
    """None where there is nobody to have a share of."""
    return round(part / whole, SHARE_DECIMALS) if whole > 0 else None
