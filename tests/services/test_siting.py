"""Siting on central Helsinki: answers that a full assessment finds again, and questions that cannot be answered."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from app.domain.errors import BadInputError
from app.domain.standard import Service, Standard
from app.domain.zone import NoZonesError, Zones
from app.geo.verdict import COVERED
from app.services.area_engine import AreaEngine
from app.services.assessment import Walker, assess, choose_walker
from app.services.candidates import Candidates, candidates_at, grid_candidates, grid_over, with_facilities
from app.services.mip import Control
from app.services.siting import InfeasibleSitingError, Siting, _as_facilities, site
from app.services.siting_question import SitingQuestion
from app.services.standards import get_standard


@pytest.fixture(scope="module")
def standard() -> Standard:
    return get_standard("cn-mofcom-5-8-15")


@pytest.fixture(scope="module")
def walker(standard: Standard) -> Walker:
    return choose_walker(standard, None, None)


def at_households(engine: AreaEngine, count: int, seed: int) -> Candidates:
    homes = engine.area.households
    picked = np.random.default_rng(seed).choice(homes.count, count, replace=False)
    ids = np.asarray([f"lot-{n:03}" for n in range(count)])
    return candidates_at(ids, homes.lon_deg[picked], homes.lat_deg[picked])


def service_of(standard: Standard, name: str) -> Service:
    service = standard.find_service(name)
    assert service is not None
    return service


def narrowed(standard: Standard, **changes: object) -> tuple[Standard, Service]:
    """The standard with its pharmacies changed, so that enough remains to be done in a small city."""
    service = replace(service_of(standard, "pharmacy"), **changes)  # type: ignore[arg-type]
    others = [service if one.id == service.id else one for one in standard.services]
    return replace(standard, services=tuple(others)), service


def check(answer: Siting, *, sites: int) -> None:
    choice = answer.choice
    assert len(choice.chosen) <= sites
    assert choice.gap == 0
    assert choice.gained.sum() == pytest.approx(choice.objective)
    assert answer.rechecked == pytest.approx(choice.objective)
    for gain in answer.gains:
        assert gain.after >= gain.before


@pytest.mark.parametrize(
    "changes",
    [
        {"limit_s": 240.0},
        {"limit_s": None, "limit_m": 250.0},
        {"limit_s": None, "straight_m": 150.0},
        {"limit_s": 300.0, "min_count": 3},
        {"limit_s": 240.0, "min_area_m2": 400.0},
    ],
    ids=["minutes", "metres", "straight", "several", "area"],
)
@pytest.mark.parametrize("profile", ["standard", "careful", "wheelchair"])
def test_what_an_answer_claims_a_full_assessment_finds(
    demo_engine: AreaEngine, standard: Standard, changes: dict[str, object], profile: str
) -> None:
    changed, service = narrowed(standard, **changes)
    walker = choose_walker(changed, profile, None)
    question = SitingQuestion((service,), sites=3, ignore_existing="min_area_m2" in changes)
    answer = site(demo_engine, changed, walker, at_households(demo_engine, 40, 1), question)
    check(answer, sites=3)
    assert answer.choice.objective > 0


def test_existing_facilities_count_unless_ignored(
    demo_engine: AreaEngine, standard: Standard, walker: Walker
) -> None:
    changed, service = narrowed(standard, limit_s=300.0)
    lots = at_households(demo_engine, 60, 2)
    before = assess(demo_engine, changed, walker).of(service).verdicts.state == COVERED
    weight = demo_engine.area.households.households
    counted = site(demo_engine, changed, walker, lots, SitingQuestion((service,), sites=4))
    ignored = site(
        demo_engine, changed, walker, lots, SitingQuestion((service,), sites=4, ignore_existing=True)
    )
    assert counted.gains[0].before == pytest.approx(weight[before].sum())
    assert counted.choice.objective <= weight[~before].sum()
    assert ignored.gains[0].before == 0
    assert ignored.choice.objective > counted.choice.objective


def test_the_order_of_candidates_and_runs_change_nothing(
    demo_engine: AreaEngine, standard: Standard, walker: Walker
) -> None:
    changed, service = narrowed(standard, limit_s=240.0)
    lots = at_households(demo_engine, 50, 3)
    mixed = candidates_at(
        lots.places.id[::-1],
        shapely.get_x(lots.places.geometry[::-1]),
        shapely.get_y(lots.places.geometry[::-1]),
    )
    question = SitingQuestion((service,), sites=3)
    answers = [site(demo_engine, changed, walker, given, question) for given in (lots, mixed, lots)]
    ids = [[str(a.linked.facilities.id[i]) for i in a.choice.chosen] for a in answers]
    assert ids[0] == ids[1] == ids[2]


def test_several_services_stand_on_one_site_or_where_a_candidate_says(
    demo_engine: AreaEngine, standard: Standard, walker: Walker
) -> None:
    first, second = service_of(standard, "pharmacy"), service_of(standard, "supermarket")
    changed = replace(
        standard,
        services=tuple(
            replace(one, limit_s=240.0) if one.id in (first.id, second.id) else one
            for one in standard.services
        ),
    )
    services = (service_of(changed, first.id), service_of(changed, second.id))
    lots = at_households(demo_engine, 30, 4)
    both = site(demo_engine, changed, walker, lots, SitingQuestion(services, sites=2, ignore_existing=True))
    check(both, sites=2)
    assert all(gain.after > 0 for gain in both.gains)
    only = replace(lots, places=replace(lots.places, services=((first.id,),) * lots.count))
    one = site(demo_engine, changed, walker, only, SitingQuestion(services, sites=2, ignore_existing=True))
    check(one, sites=2)
    assert one.gains[1].after == 0
    assert one.choice.objective < both.choice.objective


def test_a_target_takes_the_fewest_sites_and_an_impossible_one_names_who_is_out_of_reach(
    demo_engine: AreaEngine, standard: Standard, walker: Walker
) -> None:
    changed, service = narrowed(standard, limit_s=300.0)
    lots = at_households(demo_engine, 80, 5)
    question = SitingQuestion((service,), target=0.9)
    answer = site(demo_engine, changed, walker, lots, question)
    check(answer, sites=80)
    assert answer.choice.fewest == len(answer.choice.chosen)
    assert answer.gains[0].after / answer.gains[0].total >= 0.9
    if answer.choice.fewest:
        fewer = SitingQuestion((service,), sites=max(1, answer.choice.fewest - 1))
        less = site(demo_engine, changed, walker, lots, fewer)
        assert answer.choice.fewest == 1 or less.gains[0].after / less.gains[0].total < 0.9
    with pytest.raises(InfeasibleSitingError) as caught:
        site(demo_engine, changed, walker, at_households(demo_engine, 1, 6), replace(question, target=1.0))
    named = set(caught.value.households)
    state = assess(demo_engine, changed, walker).of(service).verdicts.state
    assert named
    assert named <= set(demo_engine.area.households.id[state != COVERED].tolist())


def test_excluded_zones_and_budgets_are_kept(
    demo_engine: AreaEngine, standard: Standard, walker: Walker
) -> None:
    changed, service = narrowed(standard, limit_s=240.0)
    lots = at_households(demo_engine, 40, 7)
    free = site(demo_engine, changed, walker, lots, SitingQuestion((service,), sites=1))
    best = int(free.choice.chosen[0])
    ban = shapely.buffer(free.linked.candidates.places.geometry[best], 1e-5)
    banned = site(demo_engine, changed, walker, lots, SitingQuestion((service,), sites=1, exclude=ban))
    assert banned.linked.excluded >= 1
    assert str(free.linked.facilities.id[best]) not in banned.linked.facilities.id
    assert banned.choice.objective <= free.choice.objective
    dear = replace(lots, cost=np.where(lots.places.id == free.linked.facilities.id[best], 9.0, 1.0))
    cheap = site(demo_engine, changed, walker, dear, SitingQuestion((service,), sites=5, budget=2.0))
    assert cheap.linked.candidates.cost[cheap.choice.chosen].sum() <= 2.0
    lock = str(free.linked.facilities.id[(best + 1) % free.linked.candidates.count])
    locked = site(demo_engine, changed, walker, lots, SitingQuestion((service,), sites=2, locked=(lock,)))
    assert lock in [str(locked.linked.facilities.id[i]) for i in locked.choice.chosen]


def test_the_worst_zone_is_raised_first(demo_engine: AreaEngine, standard: Standard, walker: Walker) -> None:
    changed, service = narrowed(standard, limit_s=240.0)
    area = demo_engine.area
    west, south, east, north = shapely.bounds(area.extent.polygon)
    cuts = np.linspace(west, east, 4)
    boxes = np.asarray([shapely.box(a, south, b, north) for a, b in pairwise(cuts)])
    zones = Zones(np.asarray(["a", "b", "c"]), np.asarray(["", "", ""]), boxes)
    where = zones.locate(area.households.lon_deg, area.households.lat_deg)
    zoned = AreaEngine(replace(area, zones=zones, household_zone=where))
    lots = at_households(demo_engine, 25, 8)
    question = SitingQuestion((service,), sites=2, ignore_existing=True, fair=True)
    fair = site(zoned, changed, walker, lots, question)
    most = site(zoned, changed, walker, lots, replace(question, fair=False))
    check(fair, sites=2)
    assert fair.choice.levels is not None
    assert fair.choice.settled == len(fair.choice.levels)
    assert fair.choice.objective <= most.choice.objective
    weight = area.households.households
    met = np.zeros(area.households.count, dtype=bool)
    after = assess(_with_sites(most), changed, walker).of(service).verdicts.state == COVERED
    met |= after
    shares = [
        weight[met & (where == z)].sum() / weight[where == z].sum() for z in range(3) if (where == z).any()
    ]
    assert fair.choice.levels[0] >= min(shares) - 1e-9
    with pytest.raises(NoZonesError):
        site(demo_engine, changed, walker, lots, question)


def _with_sites(answer: Siting) -> AreaEngine:
    sites = _as_facilities(answer.linked, answer.choice.chosen, answer.question.services)
    everything = np.arange(answer.engine.area.facilities.count)
    return AreaEngine(with_facilities(answer.engine, everything, sites))


def test_cells_of_a_grid_are_the_same_in_every_window(demo_engine: AreaEngine) -> None:
    area = demo_engine.area
    whole, cells, *_ = grid_over(area, 100.0)
    middle = shapely.buffer(shapely.centroid(area.extent.polygon), 0.003)
    part, some, *_ = grid_over(replace(area, study_area=middle), 100.0)
    assert set(part.names(some)) < set(whole.names(cells))
    assert whole.epsg == 32635
    assert shapely.area(shapely.transform(whole.squares(cells[:1]), _to_utm(whole.epsg)))[0] == pytest.approx(
        1e4, rel=1e-6
    )
    assert grid_candidates(area, 200.0).count > 10
    with pytest.raises(BadInputError, match="take larger cells"):
        grid_over(area, 100.0, most=10)
    with pytest.raises(BadInputError, match="must measure"):
        grid_over(area, float("nan"))


def _to_utm(epsg: int) -> Callable[[np.ndarray], np.ndarray]:
    turn = Transformer.from_crs("EPSG:4326", f"EPSG:{epsg}", always_xy=True)
    return lambda xy: np.column_stack(turn.transform(xy[:, 0], xy[:, 1]))


def test_progress_tells_incumbent_bound_and_gap_and_cancelling_gives_what_there_is(
    demo_engine: AreaEngine, standard: Standard, walker: Walker
) -> None:
    changed, service = narrowed(standard, limit_s=240.0)
    told: list[tuple[str, dict[str, object]]] = []
    question = SitingQuestion((service,), sites=3)
    lots = at_households(demo_engine, 60, 9)
    control = Control.within(60.0, lambda stage, _percent, details: told.append((stage, details)))
    full = site(demo_engine, changed, walker, lots, question, control)
    assert told[0][0] == "catchments"
    assert any({"incumbent", "bound", "gap"} <= details.keys() for _, details in told)
    stopped = Control.within(60.0, is_cancelled=lambda: True)
    early = site(demo_engine, changed, walker, lots, question, stopped)
    assert early.stopped == "cancelled"
    assert 0 < early.choice.objective <= full.choice.objective <= early.choice.bound


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sites": None}, "give one of them"),
        ({"target": 0.5}, "give one of them"),
        ({"sites": 0}, "must be 1 to"),
        ({"sites": None, "target": 1.5}, "at most 1"),
        ({"budget": float("nan")}, "0 or more"),
        ({"time_limit_s": 0.0}, "above 0"),
        ({"services": ()}, "at least one"),
        ({"weight": "population"}, "nobody told"),
        ({"locked": ("nowhere",)}, "is no candidate"),
    ],
)
def test_questions_that_contradict_themselves_are_refused(
    demo_engine: AreaEngine, standard: Standard, walker: Walker, changes: dict[str, object], message: str
) -> None:
    question = replace(SitingQuestion((service_of(standard, "pharmacy"),), sites=2), **changes)  # type: ignore[arg-type]
    with pytest.raises(BadInputError, match=message):
        site(demo_engine, standard, walker, at_households(demo_engine, 5, 10), question)


def test_candidates_that_no_street_is_near_are_left_out(
    demo_engine: AreaEngine, standard: Standard, walker: Walker
) -> None:
    far = candidates_at(np.asarray(["sea"]), np.asarray([24.95]), np.asarray([59.9]))
    with pytest.raises(BadInputError, match="no street within 150 m"):
        site(demo_engine, standard, walker, far, SitingQuestion((service_of(standard, "pharmacy"),), sites=1))
