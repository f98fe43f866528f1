"""Households with their verdicts as GeoJSON features."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.domain.area import Area
from app.geo.units import BoolArray, IntArray
from app.geo.verdict import (
    COVERED,
    DISCONNECTED,
    NO_FACILITY,
    NOT_SNAPPED,
    STATES,
    TOO_FAR,
    UNDETERMINED,
)
from app.schemas.numbers import (
    DEGREE_DECIMALS,
    LINK_DECIMALS,
    WALK_DECIMALS,
    WEIGHT_DECIMALS,
    number,
    numbers,
    point,
)
from app.schemas.zones import in_zone, zone_member
from app.services.assessment import Assessment, ServiceAssessment

UNCOVERED = "uncovered"
"""Stands for every state but ``covered`` in a request."""


def matching_households(
    assessment: Assessment,
    *,
    services: Sequence[ServiceAssessment],
    state: str | None = None,
    bbox: tuple[float, float, float, float] | None = None,
    zone: str | None = None,
) -> IntArray:
    """Positions, ascending by id, of the households in a box that have a state for at least one of the services.

    Raises
    ------
    NoZonesError, ZoneNotFoundError
        If only those of a zone are wanted, and the area has none of this id.
    """
    households = assessment.area.households
    wanted: BoolArray = np.ones(households.count, dtype=bool)
    if state is not None:
        wanted = np.zeros(households.count, dtype=bool)
        for item in services:
            states = item.verdicts.state
            wanted |= (states != COVERED) if state == UNCOVERED else (states == STATES.index(state))
    if bbox is not None:
        west, south, east, north = bbox
        wanted &= (households.lon_deg >= west) & (households.lon_deg <= east)
        wanted &= (households.lat_deg >= south) & (households.lat_deg <= north)
    if zone is not None:
        wanted &= in_zone(assessment.area, zone)
    return np.flatnonzero(wanted)


def weight_of(area: Area, positions: IntArray, weight: str) -> float | None:
    """Sum of a weight over some households; None where the area does not know it."""
    values = area.households.weights(weight)
    return None if values is None else number(float(values[positions].sum()), WEIGHT_DECIMALS)


def household_features(
    assessment: Assessment, positions: IntArray, *, services: Sequence[ServiceAssessment]
) -> list[dict[str, Any]]:
    """One GeoJSON feature for each household, in the order of `positions`."""
    households, links = assessment.area.households, assessment.view.household_links
    verdicts = {item.service.id: _verdicts(assessment, item, positions) for item in services}
    weights = numbers(households.households[positions], 3)
    persons = (
        [None] * len(positions)
        if households.population is None
        else numbers(households.population[positions], 3)
    )
    groups = {group: numbers(values[positions], 3) for group, values in households.groups.items()}
    link = assessment.view.household_link[positions]
    features = []
    for row, position in enumerate(positions.tolist()):
        properties: dict[str, Any] = {
            "id": str(households.id[position]),
            "households": weights[row],
            "population": persons[row],
            **{group: values[row] for group, values in groups.items()},
            **zone_member(assessment.area, position),
            "estimated": bool(households.estimated[position]),
        }
        if link[row] >= 0:
            properties["link_m"] = number(links.link_m[link[row]], LINK_DECIMALS)
            properties["link_lon"] = number(links.lon_deg[link[row]], DEGREE_DECIMALS)
            properties["link_lat"] = number(links.lat_deg[link[row]], DEGREE_DECIMALS)
        else:
            properties["link_m"] = properties["link_lon"] = properties["link_lat"] = None
        access = _access_points(assessment, position)
        if access:
            properties["access_points"] = access
        properties["services"] = {service_id: states[row] for service_id, states in verdicts.items()}
        features.append(
            {
                "type": "Feature",
                "id": properties["id"],
                "geometry": point(households.lon_deg[position], households.lat_deg[position]),
                "properties": properties,
            }
        )
    return features


def _access_points(assessment: Assessment, position: int) -> list[dict[str, Any]]:
    """The ways out of a household that has several."""
    access = assessment.area.households.access
    first, last = int(access.start[position]), int(access.start[position + 1])
    if last - first < 2:
        return []
    return [
        {
            "lon": number(access.lon_deg[row], DEGREE_DECIMALS),
            "lat": number(access.lat_deg[row], DEGREE_DECIMALS),
            "kind": str(access.kind[row]),
        }
        for row in range(first, last)
    ]


def _verdicts(assessment: Assessment, item: ServiceAssessment, positions: IntArray) -> list[dict[str, Any]]:
    """Verdicts of some households on one service; each state carries what explains it."""
    states = item.verdicts.state[positions].tolist()
    time_s = numbers(item.time_s[positions], WALK_DECIMALS)
    distance_m = numbers(item.distance_m[positions], WALK_DECIMALS)
    in_metres = [service.length_limit_m is not None for service in assessment.standard.services]
    own = assessment.standard.services.index(item.service)
    facility_ids = assessment.area.facilities.id
    start = assessment.area.households.access.start
    verdicts = []
    for row, (position, state) in enumerate(zip(positions.tolist(), states, strict=True)):
        verdict: dict[str, Any] = {"state": STATES[state], "time_s": None}
        facility = int(item.facility[position])
        if state in (COVERED, TOO_FAR, UNDETERMINED) and facility >= 0:
            verdict["time_s"] = time_s[row]
            shown = own if item.by[position] < 0 else int(item.by[position])
            if in_metres[shown]:
                verdict["distance_m"] = distance_m[row]
            verdict["facility"] = str(facility_ids[facility])
            if start[position + 1] - start[position] > 1:
                verdict["access_point"] = int(item.access[position] - start[position])
        verdicts.append(verdict | _reason(assessment, item, position, state) | _robustness(item, position))
    return verdicts


def _reason(assessment: Assessment, item: ServiceAssessment, position: int, state: int) -> dict[str, Any]:
    """What a state carries beside the walk."""
    service = item.service
    if state == COVERED:
        by = int(item.by[position])
        if by < 0:
            return {}
        other = assessment.standard.services[by].id
        return {"any_of" if other in service.any_of else "waived_by": other}
    if state == TOO_FAR:
        length_limit_m = service.length_limit_m
        name, limit = ("over_s", service.limit_s) if length_limit_m is None else ("over_m", length_limit_m)
        return {name: number(float(item.verdicts.walk[position]) - (limit or 0.0), WALK_DECIMALS)}
    if state == UNDETERMINED:
        return {"missing_m": number(item.verdicts.missing_m[position], LINK_DECIMALS)}
    if state == NOT_SNAPPED:
        return {"nearest_edge_m": number(assessment.view.household_nearest_m[position], LINK_DECIMALS)}
    if state == NO_FACILITY:
        return {"facilities": len(item.facilities)}
    if state == DISCONNECTED:
        part, length_m = assessment.view.household_part(position)
        return {"component": part, "component_length_m": number(length_m, LINK_DECIMALS)}
    return {}


def _robustness(item: ServiceAssessment, position: int) -> dict[str, Any]:
    """Whether the state holds for a slower and a faster walker, where that was asked for."""
    if item.holds_slower is None or item.holds_faster is None:
        return {}
    return {
        "holds": {"slower": bool(item.holds_slower[position]), "faster": bool(item.holds_faster[position])}
    }
