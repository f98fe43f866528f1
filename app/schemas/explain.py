"""The explanation of one verdict on the wire."""

from itertools import groupby
from typing import Any

import numpy as np

from app.geo.route import Route, leg_vertices
from app.schemas.households import household_features
from app.schemas.names import limit_to_dict, name_to_dict
from app.schemas.numbers import DEGREE_DECIMALS, LINK_DECIMALS, WALK_DECIMALS, number
from app.schemas.provenance import assessment_head
from app.schemas.would_change import would_change
from app.services.explain import Explanation

_MICRO = 10**WALK_DECIMALS


def explanation_to_dict(explanation: Explanation) -> dict[str, Any]:
    """Verdict, links, route, costs, runner-up, and what would change it."""
    assessment, item = explanation.assessment, explanation.item
    position = np.asarray([explanation.household])
    feature = household_features(assessment, position, services=[item])[0]
    return {
        "household": feature["id"],
        "service": {
            "id": item.service.id,
            "name": name_to_dict(item.service.name),
            "limit": limit_to_dict(item.service),
            "min_count": item.service.min_count,
        },
        "verdict": feature["properties"]["services"][item.service.id],
        "facility": _facility(explanation),
        "links": _links(explanation),
        "route": _route_feature(explanation),
        "costs": _costs(explanation),
        "runner_up": _runner_up(explanation),
        "would_change": would_change(explanation),
        **assessment_head(assessment),
    }


def _facility(explanation: Explanation) -> dict[str, Any] | None:
    """The facility that the verdict names; ``rank`` counts by nearness, ``service`` is the one it serves as."""
    if explanation.facility < 0:
        return None
    service = explanation.shown.service
    return {
        "id": str(explanation.assessment.area.facilities.id[explanation.facility]),
        "name": _facility_name(explanation, explanation.facility),
        "service": service.id,
        "rank": service.min_count,
    }


def _runner_up(explanation: Explanation) -> dict[str, Any] | None:
    """The next facility of the same service by nearness."""
    if explanation.runner_up < 0:
        return None
    return {
        "facility": str(explanation.assessment.area.facilities.id[explanation.runner_up]),
        "name": _facility_name(explanation, explanation.runner_up),
        "time_s": number(explanation.runner_up_s, WALK_DECIMALS),
        "distance_m": number(explanation.runner_up_m, WALK_DECIMALS),
    }


def _facility_name(explanation: Explanation, facility: int) -> str | None:
    return str(explanation.assessment.area.facilities.name[facility]) or None


def _links(explanation: Explanation) -> dict[str, Any] | None:
    """The straight walks at both ends: from the household to its street, and from the street to the facility."""
    route, places = explanation.route, explanation.facility_links
    if route is None or places is None:
        return None
    ends = {}
    for name, links, row in (
        ("household", explanation.home_links, route.start_link),
        ("facility", places, route.end_link),
    ):
        ends[name] = {
            "link_m": number(links.link_m[row], LINK_DECIMALS),
            "lon": number(links.lon_deg[row], DEGREE_DECIMALS),
            "lat": number(links.lat_deg[row], DEGREE_DECIMALS),
            "way_id": int(explanation.assessment.view.network.edge_way_id[links.edge[row]]),
        }
    return ends


def _route_feature(explanation: Explanation) -> dict[str, Any] | None:
    """The whole walk as a line; street names and way ids in walking order, each run once."""
    route, places = explanation.route, explanation.facility_links
    if route is None or places is None:
        return None
    area, network = explanation.assessment.area, explanation.assessment.view.network
    home, facility = area.households.access, area.facilities.access
    home_at = int(home.start[explanation.household]) + int(explanation.home_links.point[route.start_link])
    facility_at = int(facility.start[explanation.facility]) + int(places.point[route.end_link])
    line = [(home.lon_deg[home_at], home.lat_deg[home_at])]
    line.append(
        (explanation.home_links.lon_deg[route.start_link], explanation.home_links.lat_deg[route.start_link])
    )
    for leg in route.legs:
        line.extend(zip(*leg_vertices(network, leg), strict=True))
    line.append((places.lon_deg[route.end_link], places.lat_deg[route.end_link]))
    line.append((facility.lon_deg[facility_at], facility.lat_deg[facility_at]))
    points = [[round(float(lon), DEGREE_DECIMALS), round(float(lat), DEGREE_DECIMALS)] for lon, lat in line]
    distinct = [here for here, before in zip(points, [None, *points], strict=False) if here != before]
    if len(distinct) == 1:
        distinct *= 2  # household and facility in one place; a line needs two positions
    ways = [int(network.edge_way_id[leg.edge]) for leg in route.legs]
    steps = _steps(explanation, route)
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": distinct},
        "properties": {
            "names": [step["name"] for step in steps if step["name"]],
            "way_ids": [way for way, _ in groupby(ways)],
            "length_m": number(_streets_m(route), LINK_DECIMALS),
            "steps": steps,
        },
    }


def _steps(explanation: Explanation, route: Route) -> list[dict[str, Any]]:
    """Streets in walking order, each run of one name once; null where a way has none."""
    named = explanation.assessment.view.network.edge_name
    return [
        {"name": name or None, "length_m": number(sum(leg.length_m for leg in legs), LINK_DECIMALS)}
        for name, legs in groupby(route.legs, key=lambda leg: str(named[leg.edge]))
    ]


def _streets_m(route: Route) -> float:
    return sum(leg.length_m for leg in route.legs)


def _costs(explanation: Explanation) -> list[dict[str, Any]] | None:
    """Terms that add up to the walk's time, and to its length, to the last decimal.

    What a profile's costs add has no length of its own: steps are streets too.
    """
    route, places = explanation.route, explanation.facility_links
    if route is None or places is None:
        return None
    row, speed_mps = explanation.household, explanation.assessment.walker.speed_mps
    extra_s = explanation.terms_s
    length_m = {
        "household_link": float(explanation.home_links.link_m[route.start_link]),
        "streets": _streets_m(route),
        **dict.fromkeys(extra_s, 0.0),
        "facility_link": float(places.link_m[route.end_link]),
    }
    parts_s = [extra_s.get(term, value / speed_mps) for term, value in length_m.items()]
    seconds = _adding_up(parts_s, explanation.item.time_s[row])
    walk_m = sum(length_m.values()) if extra_s else explanation.item.distance_m[row]
    metres = _adding_up(list(length_m.values()), walk_m)
    return [
        {"term": term, "length_m": length, "time_s": time}
        for term, length, time in zip(length_m, metres, seconds, strict=True)
    ]


def _adding_up(terms: list[float], total: float) -> list[float]:
    """Rounded terms that add up to the rounded total: what rounding leaves over goes to the largest."""
    whole = [round(term * _MICRO) for term in terms]
    whole[whole.index(max(whole))] += round(float(total) * _MICRO) - sum(whole)
    return [term / _MICRO for term in whole]
