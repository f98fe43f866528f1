"""Where new facilities serve most: an answer of the solver's, re-checked by an assessment of the city with it."""

from dataclasses import dataclass, replace

import numpy as np

from app.domain.errors import BadInputError, Reach15Error
from app.domain.facility import Facilities
from app.domain.standard import Service, Standard
from app.geo.units import IntArray
from app.geo.verdict import COVERED
from app.services.area_engine import AreaEngine
from app.services.assessment import Walker, assess
from app.services.candidates import (
    Candidates,
    Linked,
    with_facilities,
)
from app.services.mip import Control
from app.services.siting_demands import Demands, build_demands, unreached
from app.services.siting_question import SitingQuestion, check_question
from app.services.siting_rows import Limits, ZoneShares
from app.services.siting_solver import Choice, fewest_sites, most_covered, worst_first

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
