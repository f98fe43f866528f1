"""Siting beside an oracle that tries every set of candidates, and shares nothing with the model but its input."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
import shapely
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from app.domain.standard import Standard
from app.domain.zone import Zones
from app.geo.verdict import COVERED
from app.services.area_engine import AreaEngine
from app.services.assessment import assess, choose_walker
from app.services.candidates import Candidates, candidates_at
from app.services.mip import Control
from app.services.proposals import assess_anew
from app.services.siting import site
from app.services.siting_model import SitingModel
from app.services.siting_question import SitingQuestion
from app.services.siting_rows import Limits, ZoneShares
from app.services.siting_solver import fewest_sites, greedy, most_covered, worst_first
from app.services.standards import get_standard
from tests.support.proposing import feature, proposal

MOST_CANDIDATES = 15


@dataclass(frozen=True)
class City:
    """What is given: whom each candidate reaches, shape (c, d), and what candidates and demands are like."""

    reach: np.ndarray
    weight: np.ndarray
    need: np.ndarray
    group: np.ndarray
    zone: np.ndarray
    cost: np.ndarray
    capacity: np.ndarray
    locked: np.ndarray

    def model(self) -> SitingModel:
        start = np.concatenate([[0], np.cumsum(self.reach.sum(axis=1))])
        return SitingModel(
            start, np.nonzero(self.reach)[1], self.weight, self.need, self.group, self.zone,
            self.cost, self.capacity, self.locked,
        )  # fmt: skip

    def sets(self) -> np.ndarray:
        """Every set of candidates with the locked ones, shape (s, c)."""
        count = len(self.cost)
        every = (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1
        return every[every[:, self.locked].all(axis=1)]

    def met(self, sets: np.ndarray) -> np.ndarray:
        return sets.astype(np.int64) @ self.reach.astype(np.int64) >= self.need

    def within(self, sets: np.ndarray, limits: Limits) -> np.ndarray:
        """Those that keep number and budget."""
        keep = np.ones(len(sets), dtype=bool)
        if limits.sites is not None:
            keep &= sets.sum(axis=1) <= limits.sites
        if limits.budget is not None:
            keep &= sets @ self.cost <= limits.budget + 1e-9
        return sets[keep]

    def carried(self, chosen: np.ndarray) -> float:
        """Most weight that chosen candidates can carry within their capacities: a maximal flow of half units."""
        demands, candidates = len(self.weight), len(self.cost)
        source, sink = demands + candidates, demands + candidates + 1
        arcs = np.zeros((sink + 1, sink + 1), dtype=np.int32)
        arcs[source, :demands] = np.rint(2 * self.weight)
        room = np.minimum(self.capacity, self.weight.sum())
        arcs[demands : demands + candidates, sink] = np.rint(2 * room) * chosen
        arcs[:demands, demands : demands + candidates] = self.reach.T * np.rint(2 * self.weight)[:, None]
        return float(maximum_flow(csr_array(arcs), source, sink).flow_value) / 2


def random_city(
    seed: int, *, most_need: int = 1, groups: int = 1, zones: int = 1, capacities: bool = False
) -> City:
    """1 to 15 candidates by the seed; many ties, twins, candidates inside others, and demands that nobody reaches."""
    draw = np.random.default_rng(seed)
    candidates, demands = 1 + seed % MOST_CANDIDATES, int(draw.integers(1, 22))
    reach = draw.random((candidates, demands)) < draw.choice([0.1, 0.25, 0.45])
    if candidates > 2:
        reach[1] = reach[0]
        reach[2] = reach[0] & (draw.random(demands) < 0.5)
    room = draw.choice([3.0, 7.5, 20.0, np.inf], candidates) if capacities else np.full(candidates, np.inf)
    return City(
        reach=reach,
        weight=draw.choice([0.0, 1.0, 1.0, 2.0, 3.5, 24.0], demands),
        need=draw.integers(1, most_need + 1, demands),
        group=draw.integers(0, groups, demands),
        zone=draw.integers(0, zones, demands),
        cost=draw.choice([0.0, 1.0, 1.0, 2.0, 2.5], candidates),
        capacity=room,
        locked=draw.random(candidates) < 0.12,
    )


def random_limits(city: City, seed: int) -> Limits:
    draw = np.random.default_rng(seed + 10_000)
    sites = max(int(draw.integers(1, 6)), int(city.locked.sum()))
    spent = float(city.cost[city.locked].sum())
    budget = None if draw.random() < 0.5 else spent + float(draw.integers(0, 7))
    return Limits(sites if budget is None or draw.random() < 0.7 else None, budget)


def minute() -> Control:
    return Control.within(60.0)


def as_set(city: City, chosen: np.ndarray) -> np.ndarray:
    return np.isin(np.arange(len(city.cost)), chosen)[None]


@pytest.mark.parametrize("most_need", [1, 3], ids=["one", "several"])
def test_no_set_of_sites_covers_more(most_need: int) -> None:
    for seed in range(6 * MOST_CANDIDATES):
        city = random_city(seed, most_need=most_need, groups=2)
        limits = random_limits(city, seed)
        allowed = city.within(city.sets(), limits)
        best = float((city.met(allowed) @ city.weight).max())
        choice = most_covered(city.model(), limits, minute())
        assert (choice.gap, choice.objective, choice.bound) == (
            0,
            pytest.approx(best),
            pytest.approx(best),
        ), seed
        chosen = as_set(city, choice.chosen)
        assert len(city.within(chosen, limits)) == 1, seed
        assert chosen[0][city.locked].all()
        assert float((city.met(chosen) @ city.weight)[0]) == pytest.approx(best)
        assert choice.gained.sum() == pytest.approx(best)
        by_hand = as_set(city, greedy(city.model(), limits))
        assert float((city.met(by_hand) @ city.weight)[0]) <= best + 1e-9


def test_no_set_reaches_the_target_with_fewer_sites_or_covers_more_with_as_many() -> None:
    ends = {"possible": 0, "impossible": 0}
    for seed in range(6 * MOST_CANDIDATES):
        city = random_city(seed, most_need=1 + seed % 2, groups=2)
        draw = np.random.default_rng(seed + 20_000)
        sets = city.sets()
        by_group = np.stack([city.met(sets) @ (city.weight * (city.group == one)) for one in (0, 1)], axis=1)
        required = by_group.max(axis=0) * draw.choice([0.3, 0.6, 0.95, 1.0]) + draw.choice([0.0, 0.0, 0.5])
        budget = None if draw.random() < 0.6 else float(draw.integers(1, 12))
        keeps = (by_group >= required - 1e-9).all(axis=1)
        if budget is not None:
            keeps &= sets @ city.cost <= budget + 1e-9
        found = fewest_sites(city.model(), Limits(budget=budget, required=required), minute())
        ends["possible" if keeps.any() else "impossible"] += 1
        if not keeps.any():
            assert found is None, seed
            continue
        assert found is not None, seed
        sizes = sets[keeps].sum(axis=1)
        best = float((city.met(sets[keeps]) @ city.weight)[sizes == sizes.min()].max())
        assert (len(found.chosen), found.fewest, found.gap) == (sizes.min(), sizes.min(), 0), seed
        assert found.objective == pytest.approx(best), seed
    assert min(ends.values()) > 15, ends


def shares(city: City, zones: ZoneShares, met: np.ndarray) -> np.ndarray:
    """Shares covered of each zone that counts, worst first, for each set."""
    zone = np.arange(len(zones.total))[:, None] == city.zone
    gained = met @ (city.weight * zone).T
    counts = zones.total > 0
    return np.sort((zones.covered + gained)[:, counts] / zones.total[counts], axis=1).round(9)


def zones_of(city: City, seed: int, count: int) -> ZoneShares:
    covered = np.random.default_rng(seed + 30_000).integers(0, 9, count).astype(np.float64)
    return ZoneShares(covered, covered + np.bincount(city.zone, weights=city.weight, minlength=count))


def test_no_set_raises_the_worst_zones_further() -> None:
    for seed in range(3 * MOST_CANDIDATES):
        city = random_city(seed, zones=3)
        limits = Limits(random_limits(city, seed).sites or 3)
        limits = replace(limits, sites=max(limits.sites or 1, int(city.locked.sum())))
        zones = zones_of(city, seed, 3)
        met = city.met(city.within(city.sets(), limits))
        ranked = sorted(zip(shares(city, zones, met).tolist(), (met @ city.weight).tolist(), strict=True))
        levels, weight = ranked[-1]
        choice = worst_first(city.model(), limits, zones, minute())
        assert choice.levels is not None
        assert choice.levels.tolist() == pytest.approx(levels, abs=1e-8), seed
        found = city.met(as_set(city, choice.chosen))
        assert shares(city, zones, found)[0].tolist() == pytest.approx(levels, abs=1e-8), seed
        assert (choice.gap, choice.objective) == (0, pytest.approx(weight, abs=1e-7)), seed


def test_no_set_carries_more_within_capacities_and_none_with_fewer_reaches_a_target() -> None:
    for seed in range(3 * MOST_CANDIDATES):
        city = random_city(seed, capacities=True)
        if not np.isfinite(city.capacity).any():
            continue
        limits = replace(random_limits(city, seed), sites=max(3, int(city.locked.sum())))
        allowed = city.within(city.sets(), limits)
        # Another site never hurts: those inside a larger allowed set need not be tried.
        sizes = allowed.sum(axis=1)
        tried = allowed if limits.budget is not None else allowed[sizes == sizes.max()]
        best = max(city.carried(chosen) for chosen in tried)
        choice = most_covered(city.model(), limits, minute())
        assert (choice.gap, choice.objective) == (0, pytest.approx(best, abs=1e-5)), seed
        assert city.carried(as_set(city, choice.chosen)[0]) == pytest.approx(best, abs=1e-5)
        assert (choice.gained <= city.capacity[choice.chosen] + 1e-5).all()
        if best > 0 and len(city.cost) <= 11:
            target = np.asarray([0.8 * best])
            enough = [
                chosen for chosen in city.sets() if chosen.sum() <= 3 and city.carried(chosen) >= target[0]
            ]
            found = fewest_sites(city.model(), Limits(required=target), minute())
            assert found is not None
            if enough:
                assert len(found.chosen) == found.fewest == min(chosen.sum() for chosen in enough), seed


def worst_share(city: City, zones: ZoneShares, chosen: np.ndarray) -> float:
    """The best that the worst zone can have with chosen candidates and their capacities: a linear programme."""
    pairs = np.argwhere(city.reach & chosen[:, None])
    count, weightless = len(pairs), np.zeros(1)
    rows, most = [], []
    for demand, weight in enumerate(city.weight):
        rows.append(np.concatenate([weightless, pairs[:, 1] == demand]))
        most.append(weight)
    for one in np.flatnonzero(np.isfinite(city.capacity)):
        rows.append(np.concatenate([weightless, pairs[:, 0] == one]))
        most.append(city.capacity[one])
    for zone in np.flatnonzero(zones.total > 0):
        inside = city.zone[pairs[:, 1]] == zone if count else np.zeros(0)
        rows.append(np.concatenate([[zones.total[zone]], -1.0 * inside]))
        most.append(zones.covered[zone])
    gain = np.concatenate([[-1.0], np.zeros(count)])
    bounds = [(0, 1), *[(0, None)] * count]
    return float(-linprog(gain, A_ub=np.asarray(rows, dtype=np.float64), b_ub=most, bounds=bounds).fun)


def test_no_set_raises_the_worst_zone_further_within_capacities() -> None:
    for seed in range(12):
        city = random_city(seed % 7 + 15 * (seed // 7), zones=2, capacities=True)
        zones = zones_of(city, seed, 2)
        if not np.isfinite(city.capacity).any() or not (zones.total > 0).any():
            continue
        limits = Limits(max(2, int(city.locked.sum())))
        best = max(worst_share(city, zones, chosen) for chosen in city.within(city.sets(), limits))
        choice = worst_first(city.model(), limits, zones, minute())
        assert choice.levels is not None
        assert choice.levels[0] == pytest.approx(best, abs=1e-6), seed
        assert worst_share(city, zones, as_set(city, choice.chosen)[0]) == pytest.approx(best, abs=1e-6), seed


# --- the same on the ground: every set of sites is proposed, and the changed city is assessed as a whole --------------


def lots_of(engine: AreaEngine, count: int, seed: int) -> Candidates:
    draw = np.random.default_rng(seed)
    homes = engine.area.households
    picked = draw.choice(homes.count, count, replace=False)
    lots = candidates_at(
        np.asarray([f"lot-{n:02}" for n in range(count)]), homes.lon_deg[picked], homes.lat_deg[picked]
    )
    return replace(lots, cost=draw.choice([1.0, 2.0, 3.0], count))


def narrow_standard(**changes: object) -> Standard:
    """Pharmacies and supermarkets alone, nearer than usual, so that something is left to do in a small city."""
    standard = get_standard("cn-mofcom-5-8-15")
    kept = tuple(
        replace(one, limit_s=240.0, **changes)
        for one in standard.services
        if one.id in ("pharmacy", "supermarket")
    )  # type: ignore[arg-type]
    return replace(standard, services=kept)


def sets_within(lots: Candidates, question: SitingQuestion) -> Iterator[np.ndarray]:
    positions = np.arange(lots.count)
    for bits in range(2**lots.count):
        chosen = positions[(bits >> positions) & 1 == 1]
        ids = set(lots.places.id[chosen].tolist())
        affordable = question.budget is None or lots.cost[chosen].sum() <= question.budget
        if len(chosen) == question.sites and set(question.locked) <= ids and affordable:
            yield chosen


@pytest.mark.parametrize(
    ("services", "min_count", "asked"),
    [
        (("pharmacy",), 1, {}),
        (("pharmacy",), 2, {}),
        (("pharmacy", "supermarket"), 1, {"weight": "points"}),
        (("pharmacy",), 1, {"locked": ("lot-03",)}),
        (("pharmacy",), 1, {"budget": 4.0}),
        (("pharmacy",), 1, {"excluded": (0, 2, 5)}),
        (("pharmacy",), 1, {"fair": True}),
    ],
    ids=["plain", "several", "services", "lock", "budget", "exclusion", "fair"],
)
def test_no_proposal_of_as_many_sites_gains_more(
    demo_engine: AreaEngine, services: tuple[str, ...], min_count: int, asked: dict[str, object]
) -> None:
    standard = narrow_standard(min_count=min_count)
    walker = choose_walker(standard, None, None)
    area = demo_engine.area
    west, south, east, north = shapely.bounds(area.extent.polygon)
    halves = [shapely.box(west, south, 24.94, north), shapely.box(24.94, south, east, north)]
    zones = Zones(np.asarray(["a", "b"]), np.asarray(["", ""]), np.asarray(halves))
    where = zones.locate(area.households.lon_deg, area.households.lat_deg)
    engine = AreaEngine(replace(area, zones=zones, household_zone=where))
    lots = lots_of(engine, 6, 4)
    excluded = np.asarray(asked.pop("excluded", ()), dtype=np.int64)
    exclude = (
        shapely.union_all(shapely.buffer(lots.places.geometry[excluded], 1e-7)) if len(excluded) else None
    )
    question = SitingQuestion(
        tuple(one for one in standard.services if one.id in services),
        sites=2,
        exclude=exclude,
        **asked,  # type: ignore[arg-type]
    )
    answer = site(engine, standard, walker, lots, question)
    weight = area.households.weights(question.weight)
    assert weight is not None

    def state(side: object) -> np.ndarray:
        return np.stack([side.of(one).verdicts.state == COVERED for one in question.services])  # type: ignore[attr-defined]

    before = state(assess(engine, standard, walker))
    gains: dict[tuple[str, ...], tuple[float, ...]] = {}
    for chosen in sets_within(lots, question):
        if len(np.intersect1d(chosen, excluded)):
            continue
        sites = [
            feature(
                "add",
                {
                    "type": "Point",
                    "coordinates": shapely.get_coordinates(lots.places.geometry[one])[0].tolist(),
                },
                services=list(services),
                facility=f"proposed-{one}",
            )
            for one in chosen.tolist()
        ]
        now = state(assess_anew(engine, standard, walker, proposal(*sites)))
        gained = float(weight[None].repeat(len(now), axis=0)[now & ~before].sum())
        zone_shares = [
            float(weight[where == z] @ now[0][where == z] / weight[where == z].sum()) for z in (0, 1)
        ]
        rank = (*np.round(sorted(zone_shares), 9).tolist(), gained) if question.fair else (gained,)
        gains[tuple(lots.places.id[chosen].tolist())] = rank
    best = max(gains.values())
    assert best[-1] > 0
    found = tuple(sorted(str(answer.linked.facilities.id[one]) for one in answer.choice.chosen))
    assert answer.choice.objective == pytest.approx(best[-1])
    assert answer.rechecked == pytest.approx(best[-1])
    if len(found) == 2:
        assert gains[found] == pytest.approx(best)
