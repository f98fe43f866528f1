"""Judges every household of an area against a standard."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.area import Area
from app.domain.profile import STANDARD_PROFILE_ID, Profile, get_profile
from app.domain.standard import Service, Standard
from app.geo.errors import InvalidSpeedError
from app.geo.units import FloatArray, IntArray
from app.geo.verdict import Verdicts, judge, judge_overall
from app.services.area_engine import AreaEngine, WalkingView

SLOWEST_MPS, FASTEST_MPS = 0.1, 10.0


@dataclass(frozen=True)
class Walker:
    """Who walks: the profile decides steps, the speed is that of the request, the profile or the standard."""

    profile: Profile
    speed_mps: float


@dataclass(frozen=True)
class ServiceAssessment:
    """Verdicts on one service.

    Attributes
    ----------
    facilities : int array
        Positions of the service's facilities in the area.
    verdicts : Verdicts
        ``walk`` is in seconds, or in metres where the service's limit is.
    time_s, distance_m : float array, shape (h,)
        The walk in either unit; ``inf`` where there is none.
    facility, access : int array, shape (h,)
        Facility that the walk leads to and access point at which it begins; -1 where there is none.
    """

    service: Service
    facilities: IntArray
    verdicts: Verdicts
    time_s: FloatArray
    distance_m: FloatArray
    facility: IntArray
    access: IntArray


@dataclass(frozen=True)
class Assessment:
    """Verdicts of an area's households on all services of a standard, in the standard's order.

    ``overall`` is a position in `OVERALL_STATES` for each household.
    """

    area: Area
    view: WalkingView
    standard: Standard
    walker: Walker
    services: tuple[ServiceAssessment, ...]
    overall: NDArray[np.int8]


def choose_walker(standard: Standard, profile_id: str | None, speed_mps: float | None) -> Walker:
    """The walker by the walking model's order: request, its profile, the standard's speed, its profile, default.

    Raises
    ------
    ProfileNotFoundError
        If the profile does not exist.
    InvalidSpeedError
        If the speed is not a number between 0.1 and 10 m/s.
    """
    profile = get_profile(profile_id or standard.profile or STANDARD_PROFILE_ID)
    if speed_mps is None:
        speed_mps = profile.speed_mps
        if profile_id is None and standard.speed_mps is not None:
            speed_mps = standard.speed_mps
    if not SLOWEST_MPS <= speed_mps <= FASTEST_MPS:  # NaN fails this too
        raise InvalidSpeedError(speed_mps)
    return Walker(profile, speed_mps)


def assess(engine: AreaEngine, standard: Standard, walker: Walker) -> Assessment:
    """One verdict for each household and each service of the standard."""
    view = engine.view(walker.profile)
    services = tuple(_assess_service(engine, view, service, walker) for service in standard.services)
    required = [item.verdicts.state for item in services if item.service.obligation == "must"]
    overall = judge_overall(required, engine.area.households.count)
    return Assessment(engine.area, view, standard, walker, services, overall)


def _assess_service(
    engine: AreaEngine, view: WalkingView, service: Service, walker: Walker
) -> ServiceAssessment:
    facilities = engine.offering(service)
    walks = engine.walks(service, walker.profile)
    time_s = walks.cost / walker.speed_mps
    if service.limit_m is not None:
        walk, limit, limit_line_m = walks.cost, service.limit_m, service.limit_m
    else:
        limit_s = service.limit_s or 0.0
        walk, limit, limit_line_m = time_s, limit_s, limit_s * walker.speed_mps
    verdicts = judge(
        walk,
        limit=limit,
        limit_line_m=limit_line_m,
        border_m=engine.area.household_border_m,
        linked=view.household_is_linked,
        facility_count=len(facilities),
        min_count=service.min_count,
        can_be_read=not service.user_data_only or len(facilities) > 0,
    )
    return ServiceAssessment(service, facilities, verdicts, time_s, walks.cost, walks.facility, walks.access)
