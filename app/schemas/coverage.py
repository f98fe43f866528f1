"""Service coverage of an area and of parts of it: counts and shares of every state, by service and over all."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.area import Area
from app.geo.units import IntArray
from app.geo.verdict import COVERED, NOT_DETERMINED_STATES, OVERALL_STATES, STATES
from app.schemas.names import limit_to_dict, name_to_dict
from app.schemas.numbers import DEGREE_DECIMALS, SHARE_DECIMALS, WEIGHT_DECIMALS
from app.schemas.provenance import provenance
from app.services.assessment import Assessment, ServiceAssessment

Sums = dict[str, float | None]
"""How many, by each of `Households.counted`."""


@dataclass(frozen=True)
class PartSums:
    """One part of an area: everybody in it, and its states for each service and over all."""

    total: Sums
    services: list[dict[str, Any]]
    overall: dict[str, Sums]


def coverage_to_dict(assessment: Assessment, *, weight: str) -> dict[str, Any]:
    """The coverage answer; `weight` is one that the area knows and decides what shares are counted in."""
    area, standard = assessment.area, assessment.standard
    (everybody,) = sum_up(assessment, weight)
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
        "total": everybody.total,
        "services": [
            _service_to_dict(item, sums)
            for item, sums in zip(assessment.services, everybody.services, strict=True)
        ],
        "overall": everybody.overall,
        "provenance": provenance(assessment),
    }


def sum_up(
    assessment: Assessment, weight: str, part: IntArray | None = None, parts: int = 1
) -> list[PartSums]:
    """Counts of each part of an area; they add up to those of the area.

    Parameters
    ----------
    part : int array, shape (h,), optional
        Part of each household, ``0..parts-1``; without it all are in one.
    """
    area = assessment.area
    if part is None:
        part = np.zeros(area.households.count, dtype=np.int64)
    totals = _sums(area, np.zeros_like(part), ("all",), part, parts)
    overall = _sums(area, assessment.overall.astype(np.int64), OVERALL_STATES, part, parts)
    services = [_service_sums(area, item, weight, part, parts) for item in assessment.services]
    return [
        PartSums(totals[row]["all"], [sums[row] for sums in services], overall[row]) for row in range(parts)
    ]


def _service_to_dict(item: ServiceAssessment, sums: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": item.service.id,
        "name": name_to_dict(item.service.name),
        "obligation": item.service.obligation,
        "limit": limit_to_dict(item.service),
        "min_count": item.service.min_count,
        "facilities": len(item.facilities),
        **sums,
    }


def _service_sums(
    area: Area, item: ServiceAssessment, weight: str, part: IntArray, parts: int
) -> list[dict[str, Any]]:
    """States and shares of one service in each part."""
    fragile: list[dict[str, Sums]] = []
    if item.is_fragile is not None:
        fragile = _sums(area, item.is_fragile.astype(np.int64), ("holds", "fragile"), part, parts)
    answers = []
    for row, states in enumerate(_sums(area, item.verdicts.state.astype(np.int64), STATES, part, parts)):
        counted = {state: sums[weight] or 0.0 for state, sums in states.items()}
        total = sum(counted.values())
        undetermined = sum(counted[STATES[state]] for state in NOT_DETERMINED_STATES)
        covered = counted[STATES[COVERED]]
        answer: dict[str, Any] = {
            "states": states,
            "share_covered": share(covered, total),
            "share_covered_of_determined": share(covered, total - undetermined),
        }
        if fragile:
            answer["fragile"] = fragile[row]["fragile"]
        answers.append(answer)
    return answers


def _sums(
    area: Area, group: IntArray, names: tuple[str, ...], part: IntArray, parts: int
) -> list[dict[str, Sums]]:
    """What is counted of each group in each part."""
    sums: list[dict[str, Sums]] = [{name: {} for name in names} for _ in range(parts)]
    slot = part * len(names) + group
    for weight in area.households.counted:
        values = area.households.weights(weight)
        size = parts * len(names)
        totals = [None] * size if values is None else np.bincount(slot, values, size).tolist()
        for position, total in enumerate(totals):
            row, column = divmod(position, len(names))
            sums[row][names[column]][weight] = _count(total, weight)
    return sums


def _count(total: float | None, weight: str) -> float | None:
    if total is None:
        return None
    return int(total) if weight == "points" else round(total, WEIGHT_DECIMALS)


def share(part: float, whole: float) -> float | None:
    """None where there is nobody to have a share of."""
    return round(part / whole, SHARE_DECIMALS) if whole > 0 else None
