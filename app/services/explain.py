"""Why a household has its verdict: the walk, street by street, what it costs, and what would change it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.geo.impedance import edge_times
from app.geo.links import AccessLinks
from app.geo.route import Route, find_route
from app.geo.units import IntArray, running_starts
from app.geo.verdict import COVERED
from app.geo.walks import NearestWalks, walks_to_nearest
from app.services.area_engine import links_of, straight_walks
from app.services.assessment import Assessment, ServiceAssessment


@dataclass(frozen=True)
class Explanation:
    """The evidence behind the verdict of one household on one service.

    Attributes
    ----------
    shown : ServiceAssessment
        The service whose walk this is: ``item``, or the one that covers the household instead.
    also_covering : tuple of ServiceAssessment
        Of what may stand in for ``item``, the other services that cover the household too.
    route : Route or None
        The walk to ``facility``; None where there is none, and where the limit is a straight line.
    facility : int
        Position of the facility that the verdict names, the ``min_count``-th nearest; -1 where it names none.
    runner_up : int
        The next one: the nearest but for as many as the service asks for; -1 where none is in reach.
    runner_up_m : float
        The walk there, or the straight line; ``inf`` where none is in reach, or where a profile's costs count.
    runner_up_s : float
        The time there; ``inf`` where none is in reach, or where the limit is a straight line.
    terms_s : dict
        What the profile's costs add to the streets of the route, by term; empty where they play no part.
    """

    assessment: Assessment
    item: ServiceAssessment
    household: int
    shown: ServiceAssessment
    also_covering: tuple[ServiceAssessment, ...]
    route: Route | None
    home_links: AccessLinks
    facility_links: AccessLinks | None
    facility: int
    runner_up: int
    runner_up_m: float
    runner_up_s: float
    terms_s: Mapping[str, float]


def explain(assessment: Assessment, item: ServiceAssessment, household: int) -> Explanation:
    """The evidence behind one verdict."""
    area, view = assessment.area, assessment.view
    shown = item if item.by[household] < 0 else assessment.services[item.by[household]]
    homes = _links_of_one(view.household_links, view.household_start, household)
    facility = int(item.facility[household])
    route, places = None, None
    if facility >= 0 and shown.service.straight_m is None:
        places = _links_of_one(view.facility_links, area.facilities.access.start, facility)
        route = find_route(view.network, assessment.graph_for(shown.service), homes, places)
    others = shown.facilities[shown.facilities != facility]
    walks = _walk_of_one(assessment, shown, household, homes, others)
    runner_up = int(others[walks.facility[0]]) if walks.facility[0] >= 0 else -1
    return Explanation(
        assessment,
        item,
        household,
        shown,
        _also_covering(assessment, item, household, shown),
        route,
        homes,
        places,
        facility,
        runner_up,
        *_metres_and_seconds(assessment, shown, float(walks.cost[0])),
        _terms(assessment, shown, route),
    )


def _metres_and_seconds(assessment: Assessment, shown: ServiceAssessment, cost: float) -> tuple[float, float]:
    if _counts_costs(assessment, shown):
        return np.inf, cost
    return cost, np.inf if shown.service.straight_m is not None else cost / assessment.walker.speed_mps


def _terms(assessment: Assessment, shown: ServiceAssessment, route: Route | None) -> dict[str, float]:
    if route is None or not _counts_costs(assessment, shown):
        return {}
    network, walker = assessment.view.network, assessment.walker
    terms = edge_times(network, walker.profile.costs, walker.speed_mps).terms_of(network, route.legs)
    del terms["streets"]  # their length says it
    return terms


def _counts_costs(assessment: Assessment, shown: ServiceAssessment) -> bool:
    return assessment.graph_for(shown.service) is not assessment.view.graph


def _also_covering(
    assessment: Assessment, item: ServiceAssessment, household: int, shown: ServiceAssessment
) -> tuple[ServiceAssessment, ...]:
    return tuple(
        other
        for other in assessment.services
        if other.service.id in item.service.substitutes
        and other is not shown
        and other.verdicts.state[household] == COVERED
        and other.by[household] < 0  # what stands in for a service does so by its own verdict alone
    )


def _walk_of_one(
    assessment: Assessment, shown: ServiceAssessment, household: int, homes: AccessLinks, facilities: IntArray
) -> NearestWalks:
    """To the nearest of some facilities, or the k-th nearest where the service asks for k."""
    area, view, nearest = assessment.area, assessment.view, shown.service.min_count
    if shown.service.straight_m is not None:
        home = area.households.access.of(np.asarray([household]))
        return straight_walks(area, home, area.facilities.access.of(facilities), nearest)
    links, start = links_of(view.facility_links, area.facilities.access.start, facilities)
    home_start = running_starts(np.asarray([homes.point_count], dtype=np.int64))
    graph = assessment.graph_for(shown.service)
    return walks_to_nearest(view.network, graph, homes, home_start, links, start, nearest=nearest)


def _links_of_one(links: AccessLinks, owner_start: IntArray, owner: int) -> AccessLinks:
    chosen, _ = links_of(links, owner_start, np.asarray([owner], dtype=np.int64))
    return chosen
