"""Judges every household of an area against a standard."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.domain.area import Area
from app.domain.profile import STANDARD_PROFILE_ID, Profile
from app.domain.standard import Service, Standard
from app.geo.errors import InvalidSpeedError
from app.geo.search import SearchGraph
from app.geo.units import BoolArray, FloatArray, IntArray
from app.geo.verdict import COVERED, Verdicts, judge, judge_overall
from app.geo.walks import NearestWalks
from app.services.area_engine import AreaEngine, WalkingView
from app.services.profiles import get_profile

SLOWEST_MPS, FASTEST_MPS = 0.1, 10.0
WIDEST_BAND = 0.5
"""Largest share by which a request may vary the speed."""


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
        The walk in either unit; ``inf`` where there is none. Of a straight limit ``distance_m`` is the straight
        line and ``time_s`` always ``inf``. Where a profile's costs count, ``distance_m`` is ``inf``: the walk that
        takes the least time is found without its length.
    facility, access : int array, shape (h,)
        Facility that the walk leads to and access point at which it begins; -1 where there is none.
    by : int array, shape (h,)
        Position in the standard of the service that covers the household instead (`any_of`, `waived_by`); -1 where
        the verdict is the service's own. Walk and facility are then those of that other service.
    holds_slower, holds_faster : bool array, shape (h,), or None
        Whether the state is the same for a slower and a faster walker; None unless a band was asked for.
    """

    service: Service
    facilities: IntArray
    verdicts: Verdicts
    time_s: FloatArray
    distance_m: FloatArray
    facility: IntArray
    access: IntArray
    by: IntArray
    holds_slower: BoolArray | None = None
    holds_faster: BoolArray | None = None

    @property
    def is_fragile(self) -> BoolArray | None:
        """Whether the state changes within the band, shape (h,); None unless a band was asked for."""
        if self.holds_slower is None or self.holds_faster is None:
            return None
        return ~(self.holds_slower & self.holds_faster)


@dataclass(frozen=True)
class Assessment:
    """Verdicts of an area's households on all services of a standard, in the standard's order.

    ``overall`` is a position in `OVERALL_STATES` for each household. ``band`` is the share by which the speed was
    varied, None if it was not. ``timed_graph`` is the search graph in seconds of a profile with costs, where some
    limit is a time.
    """

    area: Area
    view: WalkingView
    standard: Standard
    walker: Walker
    services: tuple[ServiceAssessment, ...]
    overall: NDArray[np.int8]
    band: float | None = None
    timed_graph: SearchGraph | None = None

    def graph_for(self, service: Service) -> SearchGraph:
        """The graph in which walks to a service are found: in seconds where the profile's costs count, else metres."""
        if self.timed_graph is None or service.length_limit_m is not None:
            return self.view.graph
        return self.timed_graph

    def of(self, service: Service) -> ServiceAssessment:
        """Verdicts on one service of the standard."""
        return self.services[self.standard.services.index(service)]


def choose_walker(standard: Standard, asked: str | Profile | None, speed_mps: float | None) -> Walker:
    """The walker by the walking model's order: request, its profile, the standard's speed, its profile, default.

    `asked` is the request's profile: the id of a shipped one, or a profile of the user's own.

    Raises
    ------
    ProfileNotFoundError
        If the profile does not exist.
    InvalidSpeedError
        If the speed is not a number between 0.1 and 10 m/s.
    """
    profile = (
        asked if isinstance(asked, Profile) else get_profile(asked or standard.profile or STANDARD_PROFILE_ID)
    )
    if speed_mps is None:
        speed_mps = profile.speed_mps
        if asked is None and standard.speed_mps is not None:
            speed_mps = standard.speed_mps
    if not SLOWEST_MPS <= speed_mps <= FASTEST_MPS:  # NaN fails this too
        raise InvalidSpeedError(speed_mps)
    return Walker(profile, speed_mps)


def assess(
    engine: AreaEngine, standard: Standard, walker: Walker, *, band: float | None = None
) -> Assessment:
    """One verdict for each household and each service of the standard.

    Parameters
    ----------
    band : float, optional
        Also say whether each state is the same at ``1 - band`` and ``1 + band`` times the speed, 0 < band < 1.
        Walks are known in metres, so this searches nothing again; only for a profile with costs it does.
    """
    view = engine.view(walker.profile)
    services = _judge_all(engine, view, standard, walker)
    if band is not None:
        slower, faster = (
            _judge_all(engine, view, standard, replace(walker, speed_mps=walker.speed_mps * factor))
            for factor in (1 - band, 1 + band)
        )
        services = [
            replace(
                item,
                holds_slower=item.verdicts.state == slow.verdicts.state,
                holds_faster=item.verdicts.state == fast.verdicts.state,
            )
            for item, slow, fast in zip(services, slower, faster, strict=True)
        ]
    required = [item.verdicts.state for item in services if item.service.obligation == "must"]
    overall = judge_overall(required, engine.area.households.count)
    timed_graph = None
    if walker.profile.costs and any(service.length_limit_m is None for service in standard.services):
        timed_graph = engine.timed_graph(walker.profile, walker.speed_mps)
    return Assessment(engine.area, view, standard, walker, tuple(services), overall, band, timed_graph)


def _judge_all(
    engine: AreaEngine, view: WalkingView, standard: Standard, walker: Walker
) -> list[ServiceAssessment]:
    own = [
        judge_service(
            service,
            walker,
            _walks(engine, service, walker),
            engine.offering(service),
            linked=view.household_is_linked,
            border_m=engine.area.household_border_m,
        )
        for service in standard.services
    ]
    return with_substitutes(own)


def judge_service(
    service: Service,
    walker: Walker,
    walks: NearestWalks,
    facilities: IntArray,
    *,
    linked: BoolArray,
    border_m: FloatArray,
) -> ServiceAssessment:
    """Verdicts on one service from the walks of some households; what may stand in for it is left out.

    `walks` are in seconds where the profile's costs count, else in metres.
    """
    time_s, distance_m = _in_both_units(service, walker, walks)
    length_limit_m = service.length_limit_m
    if length_limit_m is not None:
        walk, limit, limit_line_m = distance_m, length_limit_m, length_limit_m
    else:
        walk, limit = time_s, service.limit_s or 0.0
        limit_line_m = limit * walker.speed_mps / walker.profile.costs.least_factor
    verdicts = judge(
        walk,
        limit=limit,
        limit_line_m=limit_line_m,
        border_m=border_m,
        linked=np.ones_like(linked) if service.straight_m is not None else linked,
        facility_count=len(facilities),
        min_count=service.min_count,
        can_be_read=not service.user_data_only or len(facilities) > 0,
    )
    own = np.full(len(walk), -1, dtype=np.int64)
    return ServiceAssessment(
        service, facilities, verdicts, time_s, distance_m, walks.facility, walks.access, own
    )


def uses_costs(service: Service, walker: Walker) -> bool:
    """Whether a walker's costs play a part in walks to a service."""
    return bool(walker.profile.costs) and service.length_limit_m is None


def _walks(engine: AreaEngine, service: Service, walker: Walker) -> NearestWalks:
    if uses_costs(service, walker):
        return engine.timed_walks(service, walker.profile, walker.speed_mps)
    return engine.walks(service, walker.profile)


def _in_both_units(service: Service, walker: Walker, walks: NearestWalks) -> tuple[FloatArray, FloatArray]:
    """Seconds and metres of walks. A profile's costs play no part where the limit is metres."""
    if uses_costs(service, walker):
        return walks.cost, np.full(len(walks.cost), np.inf)
    is_straight = service.straight_m is not None
    time_s = np.full(len(walks.cost), np.inf) if is_straight else walks.cost / walker.speed_mps
    return time_s, walks.cost


def with_substitutes(own: list[ServiceAssessment]) -> list[ServiceAssessment]:
    """The services of a standard, each with the households that another covers instead.

    What stands in for a service is judged by its own verdict alone, so chains and circles do no harm.
    """
    position = {item.service.id: number for number, item in enumerate(own)}
    return [
        _with_substitutes(item, [(position[i], own[position[i]]) for i in item.service.substitutes])
        for item in own
    ]


def _with_substitutes(
    item: ServiceAssessment, others: list[tuple[int, ServiceAssessment]]
) -> ServiceAssessment:
    """Households that another service covers instead, in the order in which the standard names them."""
    for position, other in others:
        gained = (item.verdicts.state != COVERED) & (other.verdicts.state == COVERED)
        state = np.where(gained, np.int8(COVERED), item.verdicts.state)
        item = replace(
            item,
            verdicts=replace(item.verdicts, state=state),
            time_s=np.where(gained, other.time_s, item.time_s),
            distance_m=np.where(gained, other.distance_m, item.distance_m),
            facility=np.where(gained, other.facility, item.facility),
            access=np.where(gained, other.access, item.access),
            by=np.where(gained, position, item.by),
        )
    return item
