"""What would change a verdict: in numbers for programs, in a sentence for people."""

import math
from typing import Any

from app.geo.verdict import COVERED, DISCONNECTED, NO_DATA, NO_FACILITY, NOT_SNAPPED, TOO_FAR
from app.schemas.numbers import LINK_DECIMALS, WALK_DECIMALS, number
from app.services.explain import Explanation


def would_change(explanation: Explanation) -> dict[str, Any]:
    """What the verdict needs to become ``covered``; of a covered one, how much it can bear."""
    state = int(explanation.item.verdicts.state[explanation.household])
    if state == COVERED:
        change = _margin(explanation)
        also = [other.service.id for other in explanation.also_covering]
        if also:
            change["also_covered_by"] = also
            change["text"] += f" The household is also covered by {_listed(also)}."
        return change
    change = {
        NO_DATA: _no_data,
        NOT_SNAPPED: _not_snapped,
        NO_FACILITY: _no_facility,
        DISCONNECTED: _disconnected,
        TOO_FAR: _too_far,
    }.get(state, _undetermined)(explanation)
    substitutes = list(explanation.item.service.substitutes)
    if substitutes:
        change["substitutes"] = substitutes
        change["text"] += f" Or {_listed(substitutes, 'or')}, within its own limit."
    return change


# --- one function for each state -------------------------------------------------------------------------------


def _margin(explanation: Explanation) -> dict[str, Any]:
    """How much longer a walk, or how much tighter a limit, a covered household can bear."""
    service = explanation.shown.service
    limit_m, walk_m = service.length_limit_m, _walk_m(explanation)
    walk = "straight line" if service.straight_m is not None else "walk"
    if limit_m is not None:
        margin_m = max(0.0, limit_m - walk_m)
        return {
            "needs": "nothing",
            "margin_m": number(margin_m, WALK_DECIMALS),
            "text": f"This {walk} is too long once it grows, or its limit falls, by over {_short(margin_m)} m.",
        }
    limit_s = service.limit_s or 0.0
    margin_s = max(0.0, limit_s - float(explanation.item.time_s[explanation.household]))
    if not math.isfinite(walk_m):  # a profile's costs count: another speed may mean another way
        return {
            "needs": "nothing",
            "margin_s": number(margin_s, WALK_DECIMALS),
            "text": f"This walk is too long once it takes over {_short(margin_s)} s more.",
        }
    least_mps = _enough(walk_m / limit_s)
    return {
        "needs": "nothing",
        "margin_s": number(margin_s, WALK_DECIMALS),
        "min_speed_mps": least_mps,
        "text": f"This walk is too long once it takes over {_short(margin_s)} s more, as it does at a speed below "
        f"{least_mps:.3f} m/s.",
    }


def _too_far(explanation: Explanation) -> dict[str, Any]:
    shorter, text = _shorter(explanation)
    return {"needs": "shorter_walk", **shorter, "text": f"{text[:1].upper()}{text[1:]}."}


def _no_data(_: Explanation) -> dict[str, Any]:
    return {
        "needs": "facilities",
        "text": "Facilities of this service, supplied in a file: OpenStreetMap cannot show it.",
    }


def _not_snapped(explanation: Explanation) -> dict[str, Any]:
    assessment = explanation.assessment
    nearest_m = number(assessment.view.household_nearest_m[explanation.household], LINK_DECIMALS)
    text = f"A walkable way within {assessment.area.max_link_m:g} m of the household"
    return {
        "needs": "street",
        "nearest_edge_m": nearest_m,
        "max_link_m": assessment.area.max_link_m,
        "text": f"{text}." if nearest_m is None else f"{text}; the nearest is {_short(nearest_m)} m away.",
    }


def _no_facility(explanation: Explanation) -> dict[str, Any]:
    needed, found = explanation.item.service.min_count, len(explanation.item.facilities)
    missing = needed - found
    more = "1 more facility" if missing == 1 else f"{missing} more facilities"
    return {
        "needs": "facilities",
        "count": missing,
        "text": f"{more} of this service within the limit: {needed} needed, {found} in the area.",
    }


def _disconnected(explanation: Explanation) -> dict[str, Any]:
    _, length_m = explanation.assessment.view.household_part(explanation.household)
    needed = explanation.item.service.min_count
    goal = "a facility" if needed == 1 else f"{needed} facilities"
    return {
        "needs": "connection",
        "component_length_m": number(length_m, LINK_DECIMALS),
        "text": f"A way on foot to {goal}: none leads there from the household's part of the network, which has "
        f"{_short(length_m)} m of streets.",
    }


def _undetermined(explanation: Explanation) -> dict[str, Any]:
    missing_m = float(explanation.item.verdicts.missing_m[explanation.household])
    change = {"needs": "data", "missing_m": number(missing_m, LINK_DECIMALS)}
    text = (
        f"Data that reaches {_short(missing_m)} m further: a facility beyond the loaded extent could cover it"
    )
    if explanation.facility < 0:
        return change | {"text": f"{text}."}
    shorter, words = _shorter(explanation)
    return change | shorter | {"text": f"{text}. Or {words}."}


# --- numbers and words -----------------------------------------------------------------------------------------


def _shorter(explanation: Explanation) -> tuple[dict[str, Any], str]:
    """What a household whose walk is too long is short of."""
    service = explanation.item.service
    walk_m = _walk_m(explanation)
    number_k = "" if service.min_count == 1 else f" to facility number {service.min_count}"
    if service.straight_m is not None:
        shorter_m = _enough(walk_m - service.straight_m)
        return {"shorter_m": shorter_m}, f"a straight line{number_k} {_short(shorter_m)} m shorter"
    limit_s, speed_mps = service.limit_s or 0.0, explanation.assessment.walker.speed_mps
    if service.limit_m is None and not math.isfinite(walk_m):
        over_s = float(explanation.item.time_s[explanation.household]) - limit_s
        text = f"a walk{number_k} {_short(over_s)} s shorter, by a nearer facility or a new path"
        return {"shorter_m": _enough(over_s * speed_mps)}, text
    limit_m = limit_s * speed_mps if service.limit_m is None else service.limit_m
    shorter_m = _enough(walk_m - limit_m)
    text = f"a walk{number_k} {_short(shorter_m)} m shorter, by a nearer facility or a new path"
    if service.limit_m is not None:
        return {"shorter_m": shorter_m}, text
    least_mps = _enough(walk_m / limit_s)
    return {"shorter_m": shorter_m, "min_speed_mps": least_mps}, f"{text}, or walking at {least_mps:.3f} m/s"


def _walk_m(explanation: Explanation) -> float:
    return float(explanation.item.distance_m[explanation.household])


def _enough(value: float) -> float:
    """Rounded up, so that what is told suffices."""
    scale: int = 10**WALK_DECIMALS
    return math.ceil(value * scale) / scale


def _short(value: float) -> str:
    """For reading; the numbers beside the text are exact."""
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def _listed(ids: list[str], word: str = "and") -> str:
    return ids[0] if len(ids) == 1 else f"{', '.join(ids[:-1])} {word} {ids[-1]}"
