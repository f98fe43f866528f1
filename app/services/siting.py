"""Where new facilities serve most: demands from verdicts, candidates from catchments, an answer that is re-checked."""

from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
from shapely.geometry.base import BaseGeometry

from app.domain.errors import BadInputError, Reach15Error
from app.domain.facility import Facilities
from app.domain.standard import Service, Standard
from app.domain.zone import NoZonesError
from app.geo.units import BoolArray, FloatArray, IntArray, ragged_rows, ragged_starts
from app.geo.verdict import COVERED
from app.services.area_engine import AreaEngine
from app.services.assessment import Walker, assess
from app.services.candidates import (
    Candidates,
    Linked,
    catchments_of,
    link_candidates,
    offers,
    with_facilities,
)
from app.services.kernel_loader import load_catchment_kernels
from app.services.mip import Control
from app.services.siting_model import SitingModel
from app.services.siting_rows import Limits, ZoneShares
from app.services.siting_solver import Choice, fewest_sites, most_covered, worst_first
from app.services.weights import weights_of

DEFAULT_TIME_LIMIT_S = 60.0
LONGEST_TIME_LIMIT_S = 3600.0
MOST_SITES = 10_000

_ROUNDING = 1e-9
"""Share of all weight by which a target may be missed through rounding alone."""


class InfeasibleSitingError(Reach15Error):
    """No choice of candidates meets what is asked. ``households`` are those that no candidate reaches."""

    def __init__(self, detail: str, households: tuple[str, ...]) -> None:
        self.households = list(households)
        named = ", ".join(households[:3]) + (", ..." if len(households) > 3 else "")
        reached = f"; no candidate reaches {len(households)} households ({named})" if households else ""
        super().__init__(f"{detail}{reached}; give more candidates, or ask for less")


class SitingMismatchError(Reach15Error):
    """The engine's own assessment of the answer differs from what the answer claims."""

    def __init__(self, claimed: float, found: float) -> None:
        self.claimed, self.found = claimed, found
        super().__init__(
            f"siting: the answer claims {claimed:g} newly covered and a full assessment finds {found:g}; "
            "please report it"
        )


@dataclass(frozen=True)
class SitingQuestion:
    """What is asked: where sites of some services should be.

    Attributes
    ----------
    services : tuple of Service
        A site offers all of them, unless its candidate says which.
    weight : str
        What is counted, one of the area's known weights.
    sites : int or None
        How many at most; None where `target` is given.
    target : float or None
        Share of the weight that must be covered, for each service.
    budget : float or None
    ignore_existing : bool
        As if no facility of the services existed.
    fair : bool
        Raise the zone with the smallest share first.
    exclude : geometry or None
        Where no candidate may lie, in WGS 84.
    locked : tuple of str
        Ids of candidates that are part of every answer.
    """

    services: tuple[Service, ...]
    weight: str = "households"
    sites: int | None = None
    target: float | None = None
    budget: float | None = None
    ignore_existing: bool = False
    fair: bool = False
    exclude: BaseGeometry | None = None
    locked: tuple[str, ...] = ()
    time_limit_s: float = DEFAULT_TIME_LIMIT_S


@dataclass(frozen=True)
class ServiceGain:
    """Weight covered of one service, before and after, of all."""

    service: Service
    before: float
    after: float
    total: float


@dataclass(frozen=True)
class Siting:
    """The answer to a question.

    Attributes
    ----------
    choice : Choice
        Positions count the candidates of `linked`.
    stopped : str or None
        ``cancelled`` or ``time_limit`` where the search ended early.
    gains : tuple of ServiceGain
        As the engine's own assessment of the city with the sites finds them.
    rechecked : float
        The weight newly covered by that assessment; equal to ``choice.objective`` unless capacities count.
    unreachable : float
        Weight not covered that no choice of candidates could cover.
    """

    question: SitingQuestion
    engine: AreaEngine
    linked: Linked
    choice: Choice
    stopped: str | None
    gains: tuple[ServiceGain, ...]
    rechecked: float
    unreachable: float


def site(
    engine: AreaEngine,
    standard: Standard,
    walker: Walker,
    candidates: Candidates,
    question: SitingQuestion,
    control: Control | None = None,
) -> Siting:
    """Choose sites, and let the engine re-check what they are said to cover.

    Raises
    ------
    BadInputError
        If the question contradicts itself, or no candidate can be used.
    InfeasibleSitingError
        If no choice meets the target within the budget.
    NoZonesError
        If zones are to be raised and the area has none.
    """
    control = control or Control.within(question.time_limit_s)
    check_question(engine, question)
    control.progress("catchments", 0.0, {})
    demands = build_demands(engine, standard, walker, candidates, question)
    choice = _choose(demands, question, control)
    control.progress("recheck", 0.0, {"objective": choice.objective})
    return _rechecked(demands, standard, walker, choice, control)


@dataclass(frozen=True)
class Demands:
    """The model, and what its demands are: ``household`` of each, and the service by ``model.group``."""

    question: SitingQuestion
    engine: AreaEngine
    linked: Linked
    model: SitingModel
    household: IntArray
    weight: FloatArray
    covered: tuple[BoolArray, ...]


def build_demands(
    engine: AreaEngine,
    standard: Standard,
    walker: Walker,
    candidates: Candidates,
    question: SitingQuestion,
) -> Demands:
    """Who lacks what, and which candidate would serve whom, exactly as the verdicts would say."""
    linked = link_candidates(engine, walker, candidates, question.exclude)
    engine = _without_existing(engine, question) if question.ignore_existing else engine
    weight = weights_of(engine.area, question.weight)
    kernels = load_catchment_kernels()
    before = assess(engine, standard.only(question.services), walker)
    covered = tuple(before.of(service).verdicts.state == COVERED for service in question.services)
    parts = [
        _service_demands(engine, walker, service, question.services, linked, ~done, kernels)
        for service, done in zip(question.services, covered, strict=True)
    ]
    locked = _locked(linked, question)
    household = np.concatenate([part.household for part in parts])
    shift = np.cumsum([0, *(len(part.household) for part in parts)])
    place = np.concatenate([part.place for part in parts])
    demand = np.concatenate([part.demand + first for part, first in zip(parts, shift, strict=False)])
    order = np.lexsort((demand, place))
    model = SitingModel(
        start=ragged_starts(place, linked.candidates.count),
        demand=demand[order],
        weight=weight[household],
        need=np.concatenate([part.need for part in parts]),
        group=np.repeat(np.arange(len(parts)), [len(part.household) for part in parts]),
        zone=engine.area.household_zone[household] if question.fair else np.full(len(household), -1),
        cost=linked.candidates.cost,
        capacity=linked.candidates.capacity,
        locked=locked,
    )
    return Demands(question, engine, linked, model, household, weight, covered)


def _locked(linked: Linked, question: SitingQuestion) -> BoolArray:
    """Which candidates the question wants in every answer, shape (c,)."""
    ids = linked.candidates.places.id
    missing = sorted(set(question.locked).difference(ids.tolist()))
    if missing:
        raise BadInputError(
            f"lock {missing[0]}", "is no candidate that can be used; it must be one, and linked to a street"
        )
    if np.isfinite(linked.candidates.capacity).any() and any(one.min_count > 1 for one in question.services):
        raise BadInputError(
            "capacity", "has no meaning for a service of which several must be in reach; leave the column out"
        )
    locked: BoolArray = np.isin(ids, np.asarray(question.locked, dtype=np.str_))
    return locked


@dataclass(frozen=True)
class _Part:
    household: IntArray
    need: IntArray
    place: IntArray
    demand: IntArray


def _service_demands(
    engine: AreaEngine,
    walker: Walker,
    service: Service,
    asked: tuple[Service, ...],
    linked: Linked,
    wanted: BoolArray,
    kernels: ModuleType | None,
) -> _Part:
    """Households that lack one service, how many more facilities each needs, and which candidates reach it."""
    # A new facility of a service that may stand in for this one covers too.
    ways = [one for one in asked if one is service or one.id in service.substitutes]
    rows = []
    for way in ways:
        found = catchments_of(engine, walker, way, linked.facilities.access, wanted=wanted, kernels=kernels)
        place = ragged_rows(found.start)
        keep = offers(linked, way)[place]
        rows.append(np.stack([place[keep], found.household[keep]]))
    pairs = np.unique(np.concatenate(rows, axis=1), axis=1) if len(rows) > 1 else rows[0]
    need = np.ones(engine.area.households.count, dtype=np.int64)
    if service.min_count > 1:
        existing = engine.area.facilities.access.of(engine.offering(service))
        near = catchments_of(engine, walker, service, existing, wanted=wanted, kernels=kernels).counts()
        need = np.maximum(service.min_count - near, 1)
    household = np.flatnonzero(wanted)
    number = np.full(len(wanted), -1, dtype=np.int64)
    number[household] = np.arange(len(household))
    return _Part(household, need[household], pairs[0], number[pairs[1]])


def _choose(demands: Demands, question: SitingQuestion, control: Control) -> Choice:
    model = demands.model
    if question.budget is not None and float(model.cost[model.locked].sum()) > question.budget:
        raise BadInputError("budget", "is less than what the locked candidates cost; raise it or lock fewer")
    limits = Limits(question.sites, question.budget)
    if question.target is None:
        if question.sites is not None and int(model.locked.sum()) > question.sites:
            raise BadInputError(
                "sites", "are fewer than the locked candidates; raise the number or lock fewer"
            )
        if question.fair:
            return worst_first(model, limits, _zone_shares(demands), control)
        return most_covered(model, limits, control)
    total = float(demands.weight.sum())
    done = np.asarray([float(demands.weight[covered].sum()) for covered in demands.covered])
    required = np.maximum(0.0, question.target * total - done - _ROUNDING * total)
    reachable = np.bincount(
        model.group, weights=model.weight * model.can_be_met, minlength=len(question.services)
    )
    short = np.flatnonzero(reachable < required)
    if len(short):
        service = question.services[short[0]]
        best = (done[short[0]] + reachable[short[0]]) / total if total else 0.0
        raise InfeasibleSitingError(
            f"target {question.target:g}: all candidates together cover {best:.6g} of '{service.id}'",
            unreached(demands),
        )
    choice = fewest_sites(model, replace(limits, required=required), control)
    if choice is None:
        what = "budget" if question.budget is not None else "capacities"
        raise InfeasibleSitingError(
            f"target {question.target:g}: cannot be met within the {what}", unreached(demands)
        )
    return choice


def unreached(demands: Demands) -> tuple[str, ...]:
    """Ids of households that lack a service and that no choice of candidates gives it."""
    missing = np.unique(demands.household[~demands.model.can_be_met])
    return tuple(demands.engine.area.households.id[missing].tolist())


def _rechecked(
    demands: Demands, standard: Standard, walker: Walker, choice: Choice, control: Control
) -> Siting:
    question, engine, linked = demands.question, demands.engine, demands.linked
    sites = _as_facilities(linked, choice.chosen, question.services)
    changed = with_facilities(engine, np.arange(engine.area.facilities.count), sites)
    after = assess(AreaEngine(changed, kernels=engine.kernels), standard.only(question.services), walker)
    gains, rechecked = [], 0.0
    claimed = demands.model.met(choice.chosen)
    for number, (service, covered) in enumerate(zip(question.services, demands.covered, strict=True)):
        now = after.of(service).verdicts.state == COVERED
        mine = demands.model.group == number
        expected = covered.copy()
        expected[demands.household[mine & claimed]] = True
        if not np.array_equal(now, expected):
            raise SitingMismatchError(float(demands.weight[expected].sum()), float(demands.weight[now].sum()))
        rechecked += float(demands.weight[now & ~covered].sum())
        gains.append(
            ServiceGain(
                service,
                float(demands.weight[covered].sum()),
                float(demands.weight[now].sum()),
                float(demands.weight.sum()),
            )
        )
    model = demands.model
    return Siting(
        question,
        engine,
        linked,
        choice,
        control.stopped,
        tuple(gains),
        rechecked,
        float(model.weight[~model.can_be_met].sum()),
    )


def site_id(candidate: str) -> str:
    """Id of the facility that stands where a candidate was chosen; none that was mapped or supplied is called so."""
    return f"site/{candidate}"


def _as_facilities(linked: Linked, chosen: IntArray, services: tuple[Service, ...]) -> Facilities:
    """The chosen candidates as facilities: of all services asked for where they do not say, and large enough."""
    kept = np.sort(chosen)
    sites = linked.facilities.take(kept)
    needed_m2 = max((service.min_area_m2 or 0.0 for service in services), default=0.0)
    asked = tuple(sorted(service.id for service in services))
    return replace(
        sites,
        id=np.asarray([site_id(name) for name in sites.id.tolist()], dtype=np.str_),
        services=tuple(ids or asked for ids in sites.services),
        area_m2=np.where(np.isnan(sites.area_m2), needed_m2, sites.area_m2),
    )


def _without_existing(engine: AreaEngine, question: SitingQuestion) -> AreaEngine:
    area = engine.area
    gone = np.unique(np.concatenate([engine.offering(service) for service in question.services]))
    kept = np.setdiff1d(np.arange(area.facilities.count), gone)
    nothing = area.facilities.take(kept[:0])
    return AreaEngine(with_facilities(engine, kept, nothing), kernels=engine.kernels)


def _zone_shares(demands: Demands) -> ZoneShares:
    """Of all services together, by zone."""
    zones = demands.engine.area.zones
    count = 0 if zones is None else zones.count
    zone = demands.engine.area.household_zone
    inside = zone >= 0
    total = np.bincount(zone[inside], weights=demands.weight[inside], minlength=count).astype(np.float64)
    covered = np.zeros(count)
    for done in demands.covered:
        which = inside & done
        covered += np.bincount(zone[which], weights=demands.weight[which], minlength=count)
    return ZoneShares(covered, total * len(demands.covered))


def check_question(engine: AreaEngine, question: SitingQuestion) -> None:
    """Refuse a question that contradicts itself or that the area cannot answer, as `site` does."""
    _check_numbers(question)
    weights_of(engine.area, question.weight)
    ids = [service.id for service in question.services]
    if len(set(ids)) < len(ids) or not ids:
        raise BadInputError("service", "give each service once, and at least one")
    if question.fair and question.target is not None:
        raise BadInputError("fair", "raises zones with a number of sites; give sites instead of target")
    if question.fair and engine.area.zones is None:
        raise NoZonesError(engine.area.id)
    for service in question.services:
        standing_in = [one for one in question.services if one.id in service.substitutes]
        if standing_in and any(one.min_count > 1 for one in (service, *standing_in)):
            raise BadInputError(
                f"service {service.id}",
                f"'{standing_in[0].id}' may stand in for it and one of them asks for several facilities; "
                "site them one after the other",
            )


def _check_numbers(question: SitingQuestion) -> None:
    if (question.sites is None) == (question.target is None):
        raise BadInputError("sites, target", "give one of them: how many sites, or which share to cover")
    if question.sites is not None and not 1 <= question.sites <= MOST_SITES:
        raise BadInputError(f"sites {question.sites}", f"must be 1 to {MOST_SITES}")
    if question.target is not None and not 0 < question.target <= 1:
        raise BadInputError(f"target {question.target:g}", "must be above 0 and at most 1, such as 0.95")
    if question.budget is not None and not 0 <= question.budget < np.inf:
        raise BadInputError(f"budget {question.budget:g}", "must be 0 or more")
    if not 0 < question.time_limit_s <= LONGEST_TIME_LIMIT_S:
        raise BadInputError(
            f"time limit {question.time_limit_s:g}", f"must be above 0 and at most {LONGEST_TIME_LIMIT_S:g} s"
        )
