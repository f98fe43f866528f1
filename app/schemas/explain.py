"""The explanation of one verdict on the wire."""

from typing import Any

import numpy as np

from app.domain.standard import Service
from app.geo.route import Route, leg_vertices
from app.geo.verdict import (
    COVERED,
    DISCONNECTED,
    NO_DATA,
    NO_FACILITY,
    NOT_SNAPPED,
    TOO_FAR,
)
from app.schemas.households import household_features
from app.schemas.names import limit_to_dict, name_to_dict
from app.schemas.numbers import DEGREE_DECIMALS, LINK_DECIMALS, WALK_DECIMALS, number
from app.schemas.provenance import provenance
from app.services.explain import Explanation

_MICRO = 10**WALK_DECIMALS


def explanation_to_dict(explanation: Explanation) -> dict[str, Any]:
    """Verdict, links, route, costs, runner-up, and what would change it."""
    assessment, item = explanation.assessment, explanation.item
    position = np.asarray([explanation.household])
    feature = household_features(assessment, position, services=[item])[0]
    facilities = assessment.area.facilities
    runner_up = None
    if explanation.runner_up >= 0:
        runner_up = {
            "facility": str(facilities.id[explanation.runner_up]),
            "name": str(facilities.name[explanation.runner_up]) or None,
            "time_s": number(explanation.runner_up_m / assessment.walker.speed_mps, WALK_DECIMALS),
        }
    return {
        "household": feature["id"],
        "service": {
            "id": item.service.id,
            "name": name_to_dict(item.service.name),
            "limit": limit_to_dict(item.service),
            "min_count": item.service.min_count,
        },
        "profile": assessment.walker.profile.id,
        "speed_mps": assessment.walker.speed_mps,
        "verdict": feature["properties"]["services"][item.service.id],
        "facility": _facility(explanation),
        "links": _links(explanation),
        "route": _route_feature(explanation),
        "costs": _costs(explanation),
        "runner_up": runner_up,
        "would_change": _would_change(explanation),
        "provenance": provenance(assessment),
    }


def _facility(explanation: Explanation) -> dict[str, Any] | None:
    if explanation.facility < 0:
        return None
    facilities = explanation.assessment.area.facilities
    name = str(facilities.name[explanation.facility]) or None
    return {"id": str(facilities.id[explanation.facility]), "name": name}


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
    names = [str(network.edge_name[leg.edge]) for leg in route.legs]
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": distinct},
        "properties": {
            "names": [name for name in _runs(names) if name],
            "way_ids": _runs(ways),
            "length_m": number(_streets_m(route), LINK_DECIMALS),
        },
    }


def _runs(items: list[Any]) -> list[Any]:
    return [item for item, before in zip(items, [None, *items], strict=False) if item != before]


def _streets_m(route: Route) -> float:
    return sum(leg.length_m for leg in route.legs)


def _costs(explanation: Explanation) -> list[dict[str, Any]] | None:
    """Terms in seconds that add up to the walk's time to the last decimal.

    They are counted in whole microseconds; what rounding leaves over goes to the streets, the longest term.
    """
    route, places = explanation.route, explanation.facility_links
    if route is None or places is None:
        return None
    speed_mps = explanation.assessment.walker.speed_mps
    total = round(float(explanation.item.time_s[explanation.household]) * _MICRO)
    home_m = float(explanation.home_links.link_m[route.start_link])
    facility_m = float(places.link_m[route.end_link])
    home, facility = round(home_m / speed_mps * _MICRO), round(facility_m / speed_mps * _MICRO)
    terms = (
        ("household_link", home_m, home),
        ("streets", _streets_m(route), total - home - facility),
        ("facility_link", facility_m, facility),
    )
    return [
        {"term": term, "length_m": number(length_m, LINK_DECIMALS), "time_s": micro / _MICRO}
        for term, length_m, micro in terms
    ]


def _would_change(explanation: Explanation) -> dict[str, Any]:
    """What would turn the verdict, in numbers and in words."""
    assessment, item, row = explanation.assessment, explanation.item, explanation.household
    state = int(item.verdicts.state[row])
    service = item.service
    if state == COVERED:
        by = int(item.by[row])
        return _margin(explanation, service if by < 0 else assessment.standard.services[by])
    if state == TOO_FAR:
        return _needed(explanation, service)
    if state == NO_DATA:
        return {
            "needs": "facilities",
            "text": "Facilities of this service, supplied in a file: OSM cannot show it.",
        }
    if state == NOT_SNAPPED:
        nearest_m = number(assessment.view.household_nearest_m[row], LINK_DECIMALS)
        return {
            "needs": "street",
            "nearest_edge_m": nearest_m,
            "max_link_m": assessment.area.max_link_m,
            "text": f"A walkable way within {assessment.area.max_link_m:g} m; the nearest is {nearest_m} m away.",
        }
    if state == NO_FACILITY:
        missing = service.min_count - len(item.facilities)
        return {
            "needs": "facilities",
            "count": missing,
            "text": f"{missing} more facilities of this service in the area.",
        }
    if state == DISCONNECTED:
        verdict_part = assessment.view.household_part(row)
        return {
            "needs": "connection",
            "component_length_m": number(verdict_part[1], LINK_DECIMALS),
            "text": "A walkable connection from the household's part of the network to one with facilities.",
        }
    missing_m = number(item.verdicts.missing_m[row], LINK_DECIMALS)
    return {
        "needs": "data",
        "missing_m": missing_m,
        "text": f"Data that reaches {missing_m} m further: a facility beyond the loaded extent could cover it.",
    }


def _margin(explanation: Explanation, service: Service) -> dict[str, Any]:
    """How much slower, or how much tighter a limit, a covered household can bear."""
    row = explanation.household
    walk_m = float(explanation.item.distance_m[row])
    if service.length_limit_m is not None:
        margin_m = number(service.length_limit_m - walk_m, WALK_DECIMALS)
        return {
            "needs": "nothing",
            "margin_m": margin_m,
            "text": f"Too far once the limit falls by over {margin_m} m.",
        }
    limit_s = service.limit_s or 0.0
    margin_s = number(limit_s - float(explanation.item.time_s[row]), WALK_DECIMALS)
    slowest_mps = number(walk_m / limit_s, WALK_DECIMALS)
    return {
        "needs": "nothing",
        "margin_s": margin_s,
        "min_speed_mps": slowest_mps,
        "text": f"Too far once the walk takes over {margin_s} s longer, or at a speed below {slowest_mps} m/s.",
    }


def _needed(explanation: Explanation, service: Service) -> dict[str, Any]:
    """What a household that is too far away is short of."""
    row = explanation.household
    walk_m = float(explanation.item.distance_m[row])
    if service.length_limit_m is not None:
        shorter_m = number(walk_m - service.length_limit_m, WALK_DECIMALS)
        return {
            "needs": "shorter_walk",
            "shorter_m": shorter_m,
            "text": f"A facility or a path {shorter_m} m nearer.",
        }
    limit_s = service.limit_s or 0.0
    shorter_m = number(walk_m - limit_s * explanation.assessment.walker.speed_mps, WALK_DECIMALS)
    speed_mps = number(walk_m / limit_s, WALK_DECIMALS)
    return {
        "needs": "shorter_walk",
        "shorter_m": shorter_m,
        "min_speed_mps": speed_mps,
        "text": f"A facility or a path {shorter_m} m nearer, or walking at {speed_mps} m/s.",
    }
