"""Siting answers as JSON and as GeoJSON."""

from typing import Any

import numpy as np
import shapely

from app.domain.area import ATTRIBUTION
from app.domain.standard import Standard
from app.schemas.numbers import DEGREE_DECIMALS, SHARE_DECIMALS, WEIGHT_DECIMALS, number, point
from app.schemas.provenance import area_provenance
from app.services.assessment import Walker
from app.services.siting import Siting, site_id

GAP_DECIMALS = 9


def siting_to_dict(siting: Siting, standard: Standard, walker: Walker) -> dict[str, Any]:
    """The whole answer."""
    question, choice, linked = siting.question, siting.choice, siting.linked
    problem = "set_covering" if question.target is not None else "maximal_covering"
    answer = {
        "attribution": ATTRIBUTION,
        **siting_head(siting, standard, walker),
        "problem": "worst_zone_first" if question.fair else problem,
        "status": siting.stopped or "optimal",
        "objective": _weight(choice.objective),
        "bound": _weight(choice.bound),
        "gap": number(choice.gap, GAP_DECIMALS),
        "sites": [site_to_dict(siting, position) for position in range(len(choice.chosen))],
        "cost": _weight(float(linked.candidates.cost[choice.chosen].sum())),
        "coverage": [_gain_to_dict(siting, position) for position in range(len(siting.gains))],
        "recheck": {"objective": _weight(siting.rechecked), "agrees": _agrees(siting)},
        "unreachable": _weight(siting.unreachable),
        "candidates": {
            "given": linked.given,
            "excluded": linked.excluded,
            "off_network": linked.off_network,
            "considered": linked.candidates.count,
        },
    }
    if choice.fewest is not None:
        answer["least_sites"] = choice.fewest
    if choice.levels is not None:
        shares = [number(share, SHARE_DECIMALS) for share in choice.levels.tolist()]
        answer["zone_shares"] = {"worst_first": shares, "proven": choice.settled}
    return answer


def siting_head(siting: Siting, standard: Standard, walker: Walker) -> dict[str, Any]:
    """What was asked of which data, by which rules."""
    question, area = siting.question, siting.engine.area
    return {
        "area": {"id": area.id, "version": area.version},
        "standard": {"id": standard.id, "version": standard.version},
        "services": [service.id for service in question.services],
        "profile": walker.profile.id,
        "speed_mps": walker.speed_mps,
        "weight": question.weight,
        "ignore_existing": question.ignore_existing,
        "provenance": area_provenance(area) | {"standard_version": standard.version},
    }


def site_to_dict(siting: Siting, position: int) -> dict[str, Any]:
    """One chosen site."""
    linked, chosen = siting.linked, int(siting.choice.chosen[position])
    asked = [service.id for service in siting.question.services]
    capacity = float(linked.candidates.capacity[chosen])
    return {
        "id": str(linked.facilities.id[chosen]),
        "gained": _weight(float(siting.choice.gained[position])),
        "lon": round(float(linked.facilities.lon_deg[chosen]), DEGREE_DECIMALS),
        "lat": round(float(linked.facilities.lat_deg[chosen]), DEGREE_DECIMALS),
        "services": list(linked.facilities.services[chosen]) or asked,
        "cost": _weight(float(linked.candidates.cost[chosen])),
        **({"capacity": _weight(capacity)} if np.isfinite(capacity) else {}),
    }


def siting_to_geojson(siting: Siting, standard: Standard, walker: Walker) -> dict[str, Any]:
    """The sites as a proposal, which the gate takes as it is: each is one ``add`` of a facility, with its cost."""
    answer = siting_to_dict(siting, standard, walker)
    features = []
    for site, chosen in zip(answer.pop("sites"), siting.choice.chosen.tolist(), strict=True):
        geometry = siting.linked.candidates.places.geometry[chosen]
        place = point(site["lon"], site["lat"])
        if shapely.get_type_id(geometry) != shapely.GeometryType.POINT:
            place = shapely.geometry.mapping(geometry)
        properties = {
            "action": "add",
            "services": site["services"],
            "cost": site["cost"],
            **({"capacity": site["capacity"]} if "capacity" in site else {}),
            "x_id": site["id"],
            "x_gained": site["gained"],
        }
        # The id that the re-check gave it; no facility of the area can have it already.
        features.append(
            {"type": "Feature", "id": site_id(site["id"]), "geometry": place, "properties": properties}
        )
    return {"type": "FeatureCollection", "x_siting": answer, "features": features}


def _gain_to_dict(siting: Siting, position: int) -> dict[str, Any]:
    gain = siting.gains[position]
    return {
        "service": gain.service.id,
        "weight_total": _weight(gain.total),
        "covered_before": _weight(gain.before),
        "covered_after": _weight(gain.after),
        "share_before": _share(gain.before, gain.total),
        "share_after": _share(gain.after, gain.total),
    }


def _share(covered: float, total: float) -> float | None:
    return number(covered / total, SHARE_DECIMALS) if total else None


def _agrees(siting: Siting) -> bool:
    """Whether the engine's own assessment finds what the answer claims, or at least that where capacities count."""
    claimed = siting.choice.objective
    slack = 1e-6 * max(1.0, claimed)
    if np.isfinite(siting.linked.candidates.capacity).any():
        return siting.rechecked >= claimed - slack
    return abs(siting.rechecked - claimed) <= slack


def _weight(value: float) -> float | int | None:
    rounded = number(value, WEIGHT_DECIMALS)
    return int(rounded) if rounded is not None and rounded.is_integer() else rounded
