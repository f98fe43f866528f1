"""Snapshots of assessments on the wire, and what is different between two of them."""

from typing import Any

from app.domain.snapshot import Answered, Snapshot, SnapshotSummary
from app.domain.standard import Standard
from app.geo.verdict import COVERED, OVERALL_STATES, STATES
from app.schemas.coverage import coverage_to_dict, share
from app.schemas.moments import utc_text
from app.schemas.numbers import SHARE_DECIMALS, WEIGHT_DECIMALS
from app.schemas.standards import standard_content
from app.services.area_engine import AreaEngine
from app.services.assessment import assess, choose_walker
from app.services.weights import why_not_counted

_MADE_BY = ("data_hash", "method_version", "software_version")


def answer_question(
    engine: AreaEngine, standard: Standard, *, profile: str | None, speed_mps: float | None, weight: str
) -> Answered:
    """The coverage of an area as it is now, with all that makes it; `profile` and `speed_mps` as they were asked."""
    assessment = assess(engine, standard, choose_walker(standard, profile, speed_mps))
    parameters = {
        "profile": profile,
        "speed_mps": speed_mps,
        "weight": weight,
        "standard": standard_content(standard),
        "standard_digest": standard.digest,
    }
    coverage = coverage_to_dict(assessment, weight=weight)
    return Answered(engine.area.id, engine.area.version, standard.id, parameters, coverage)


def answer_again(before: Answered, engine: AreaEngine, standard: Standard) -> Answered:
    """The same question asked of the area and the standard as they are now.

    A weight that the area does not know any more gives way to households; the sums are those of all weights anyway.
    """
    asked = before.parameters
    weight = asked["weight"]
    if why_not_counted(engine.area, weight) is not None:
        weight = "households"
    return answer_question(
        engine, standard, profile=asked["profile"], speed_mps=asked["speed_mps"], weight=weight
    )


def snapshot_summary(summary: SnapshotSummary) -> dict[str, Any]:
    """A snapshot in a list."""
    return {
        "id": summary.id,
        "taken_at": utc_text(summary.taken_at, "milliseconds"),
        "taken_by": summary.taken_by,
        "note": summary.note,
        "version": summary.version,
        "standard": {
            "id": summary.standard_id,
            "version": summary.standard_version,
            "digest": summary.standard_digest,
        },
        "parameters": summary.parameters,
    }


def snapshot_to_dict(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot with the answer, and the standard as it was."""
    summary = snapshot.summary
    return {
        "area": summary.area_id,
        **snapshot_summary(summary),
        "coverage": snapshot.answered.coverage,
        "standard_content": snapshot.answered.parameters["standard"],
    }


def difference_to_dict(
    before: Answered, after: Answered, before_id: int, after_id: int | None
) -> dict[str, Any]:
    """What changed from one answer to another, by service and weight; `after_id` is None for the present answer.

    Answers hold sums, which do not tell who changed places: gained and lost are what is left of both.
    """
    first = {service["id"]: service for service in before.coverage["services"]}
    then = {service["id"]: service for service in after.coverage["services"]}
    both = [name for name in first if name in then]
    weights = [name for name in before.coverage["total"] if name in after.coverage["total"]]
    return {
        "area": before.area_id,
        "before": _side(before, before_id),
        "after": _side(after, after_id),
        "differs": _differs(before, after),
        "services": [
            {
                "id": name,
                "name": then[name]["name"],
                "limit": {"before": first[name]["limit"], "after": then[name]["limit"]},
                "by_weight": {
                    weight: _change(first[name]["states"], then[name]["states"], weight, STATES[COVERED])
                    for weight in weights
                },
            }
            for name in both
        ],
        "only_before": [name for name in first if name not in then],
        "only_after": [name for name in then if name not in first],
        "overall": {
            weight: _change(before.coverage["overall"], after.coverage["overall"], weight, OVERALL_STATES[0])
            for weight in weights
        },
    }


def _side(answered: Answered, snapshot_id: int | None) -> dict[str, Any]:
    coverage = answered.coverage
    return {
        "snapshot": snapshot_id,
        "version": answered.version,
        "standard": {
            "id": answered.standard_id,
            "version": coverage["standard"]["version"],
            "digest": answered.parameters["standard_digest"],
        },
        "profile": coverage["profile"],
        "speed_mps": coverage["speed_mps"],
        **{name: coverage["provenance"][name] for name in _MADE_BY},
    }


def _differs(before: Answered, after: Answered) -> list[str]:
    """What made the answers, where it is another: a change has these causes and no others."""
    sides = _side(before, None), _side(after, None)
    names = ("standard", "profile", "speed_mps", *_MADE_BY)
    return [name for name in names if sides[0][name] != sides[1][name]]


def _change(before: dict[str, Any], after: dict[str, Any], weight: str, good: str) -> dict[str, Any] | None:
    """Of one weight; None where it is not known on a side."""
    sums = [{state: counts[weight] for state, counts in side.items()} for side in (before, after)]
    if any(value is None for side in sums for value in side.values()):
        return None
    totals = [sum(side.values()) for side in sums]
    moved = round(sums[1][good] - sums[0][good], WEIGHT_DECIMALS)
    shares = [share(side[good], total) for side, total in zip(sums, totals, strict=True)]
    return {
        "total": _pair(*totals),
        good: _pair(sums[0][good], sums[1][good]),
        "gained": max(moved, 0),
        "lost": abs(min(moved, 0)),
        f"share_{good}": _pair(shares[0], shares[1], SHARE_DECIMALS),
        "states": {state: round(sums[1][state] - sums[0][state], WEIGHT_DECIMALS) for state in sums[0]},
    }


def _pair(
    before: float | None, after: float | None, decimals: int = WEIGHT_DECIMALS
) -> dict[str, float | None]:
    return {
        "before": None if before is None else round(before, decimals),
        "after": None if after is None else round(after, decimals),
        "change": round(after - before, decimals) if before is not None and after is not None else None,
    }
