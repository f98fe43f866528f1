"""Why a household has its verdict: the walk, street by street, what it costs, and what would change it."""

from dataclasses import dataclass

import numpy as np

from app.geo.links import AccessLinks
from app.geo.route import Route, find_route
from app.geo.units import IntArray, running_starts
from app.geo.walks import NearestWalks, walks_to_nearest
from app.services.area_engine import links_of
from app.services.assessment import Assessment, ServiceAssessment


@dataclass(frozen=True)
class Explanation:
    """The evidence behind the verdict of one household on one service.

    ``route`` leads to ``facility``, the one the verdict names; None and -1 where no walk does. ``runner_up`` is the
    nearest of the other facilities, -1 if there is none in reach, and ``runner_up_m`` the walk there.
    """

    assessment: Assessment
    item: ServiceAssessment
    household: int
    route: Route | None
    home_links: AccessLinks
    facility_links: AccessLinks | None
    facility: int
    runner_up: int
    runner_up_m: float


def explain(assessment: Assessment, item: ServiceAssessment, household: int) -> Explanation:
    """The evidence behind one verdict."""
    area, view = assessment.area, assessment.view
    homes = _links_of_one(view.household_links, view.household_start, household)
    facility = int(item.facility[household])
    route, places = None, None
    if facility >= 0 and np.isfinite(item.time_s[household]):  # a straight line is no route
        places = _links_of_one(view.facility_links, area.facilities.access.start, facility)
        route = find_route(view.network, view.graph, homes, places)
    others = item.facilities[item.facilities != facility]
    walks = _walk_of_one(assessment, homes, others)
    runner_up = int(others[walks.facility[0]]) if walks.facility[0] >= 0 else -1
    return Explanation(
        assessment, item, household, route, homes, places, facility, runner_up, float(walks.cost[0])
    )


def _walk_of_one(assessment: Assessment, homes: AccessLinks, facilities: IntArray) -> NearestWalks:
    view = assessment.view
    links, start = links_of(view.facility_links, assessment.area.facilities.access.start, facilities)
    home_start = running_starts(np.asarray([homes.point_count], dtype=np.int64))
    return walks_to_nearest(view.network, view.graph, homes, home_start, links, start)


def _links_of_one(links: AccessLinks, owner_start: IntArray, owner: int) -> AccessLinks:
    chosen, _ = links_of(links, owner_start, np.asarray([owner], dtype=np.int64))
    return chosen
