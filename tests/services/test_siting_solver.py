"""Siting against brute force: every choice of candidates is tried, and none does better."""

import itertools
import random

import numpy as np
import pytest

from app.services.mip import Control
from app.services.siting_model import SitingModel, reduce_model
from app.services.siting_rows import Limits, ZoneShares
from app.services.siting_solver import (
    Choice,
    fewest_sites,
    greedy,
    most_covered,
    worst_first,
)

LONG_S = 60.0


def random_model(seed: int, *, needs: tuple[int, ...] = (1,), groups: int = 1, zones: int = 1) -> SitingModel:
    """A small city: few candidates, few demands, weights and costs with many ties."""
    draw = random.Random(seed)
    candidates, demands = draw.randint(1, 12), draw.randint(1, 18)
    rows = [sorted(draw.sample(range(demands), draw.randint(0, min(demands, 7)))) for _ in range(candidates)]
    if draw.random() < 0.5 and candidates > 2:  # twins, and candidates inside others
        rows[1] = rows[0]
        rows[2] = rows[0][: len(rows[0]) // 2]
    return SitingModel(
        start=np.cumsum([0, *map(len, rows)]),
        demand=np.asarray([d for row in rows for d in row], dtype=np.int64),
        weight=np.asarray([draw.choice([0.0, 1.0, 1.0, 2.0, 3.5, 24.0]) for _ in range(demands)]),
        need=np.asarray([draw.choice(needs) for _ in range(demands)]),
        group=np.asarray([draw.randrange(groups) for _ in range(demands)]),
        zone=np.asarray([draw.randrange(zones) for _ in range(demands)]),
        cost=np.asarray([draw.choice([1.0, 1.0, 2.0, 2.5]) for _ in range(candidates)]),
        capacity=np.full(candidates, np.inf),
        locked=np.asarray([draw.random() < 0.1 for _ in range(candidates)]),
    )


def every_choice(model: SitingModel, limits: Limits) -> list[np.ndarray]:
    locked = set(np.flatnonzero(model.locked).tolist())
    found = []
    for size in range(model.candidate_count + 1):
        if limits.sites is not None and size > limits.sites:
            break
        for picked in itertools.combinations(range(model.candidate_count), size):
            chosen = np.asarray(picked, dtype=np.int64)
            if not locked <= set(picked):
                continue
            if limits.budget is not None and model.cost[chosen].sum() > limits.budget:
                continue
            if limits.required is not None:
                met = np.bincount(
                    model.group, weights=model.weight * model.met(chosen), minlength=len(limits.required)
                )
                if (met < limits.required).any():
                    continue
            found.append(chosen)
    return found


def check(model: SitingModel, choice: Choice, limits: Limits) -> None:
    assert choice.gap == 0
    assert choice.bound == choice.objective
    assert choice.gained.sum() == pytest.approx(choice.objective, abs=1e-9)
    assert limits.sites is None or len(choice.chosen) <= limits.sites
    assert limits.budget is None or model.cost[choice.chosen].sum() <= limits.budget
    assert set(np.flatnonzero(model.locked)) <= set(choice.chosen)


@pytest.mark.parametrize("needs", [(1,), (1, 1, 2, 3)], ids=["one", "several"])
def test_no_choice_covers_more(needs: tuple[int, ...]) -> None:
    tried = 0
    for seed in range(60):
        model = random_model(seed, needs=needs)
        draw = random.Random(seed + 1000)
        limits = Limits(
            sites=max(draw.randint(1, 5), int(model.locked.sum())),
            budget=None
            if draw.random() < 0.5
            else float(model.cost[model.locked].sum()) + draw.randint(1, 6),
        )
        best = max(model.covered(chosen) for chosen in every_choice(model, limits))
        choice = most_covered(model, limits, Control.within(LONG_S))
        check(model, choice, limits)
        assert choice.objective == pytest.approx(best, abs=1e-9), seed
        assert model.covered(choice.chosen) == pytest.approx(best, abs=1e-9)
        assert model.covered(greedy(model, limits)) <= best + 1e-9
        tried += best > 0
    assert tried > 45


def test_no_choice_meets_the_target_with_fewer_sites_or_covers_more_with_as_many() -> None:
    possible = 0
    for seed in range(80):
        model = random_model(seed, needs=(1, 1, 1, 2), groups=2)
        draw = random.Random(seed + 2000)
        reachable = np.bincount(model.group, weights=model.weight * model.can_be_met, minlength=2)
        limits = Limits(
            required=reachable * draw.choice([0.3, 0.6, 1.0, 1.1]),
            budget=None if draw.random() < 0.6 else float(draw.randint(1, 8)),
        )
        choices = every_choice(model, limits)
        found = fewest_sites(model, limits, Control.within(LONG_S))
        if not choices:
            assert found is None, seed
            continue
        possible += 1
        assert found is not None
        check(model, found, limits)
        fewest = min(len(chosen) for chosen in choices)
        best = max(model.covered(chosen) for chosen in choices if len(chosen) == fewest)
        assert (len(found.chosen), found.fewest) == (fewest, fewest), seed
        assert found.objective == pytest.approx(best, abs=1e-9), seed
    assert possible > 40


def levels(model: SitingModel, chosen: np.ndarray, covered: np.ndarray, total: np.ndarray) -> list[float]:
    """Shares covered of the zones that count, worst first."""
    gained = np.bincount(model.zone, weights=model.weight * model.met(chosen), minlength=len(total))
    counted = total > 0
    return sorted(((covered + gained)[counted] / total[counted]).round(9).tolist())


def test_no_choice_raises_the_worst_zones_further() -> None:
    for seed in range(40):
        model = random_model(seed, zones=3)
        limits = Limits(sites=max(2, int(model.locked.sum())))
        draw = random.Random(seed + 3000)
        covered = np.asarray([float(draw.randint(0, 9)) for _ in range(3)])
        total = covered + np.bincount(model.zone, weights=model.weight, minlength=3)
        ranked = [
            (levels(model, chosen, covered, total), model.covered(chosen))
            for chosen in every_choice(model, limits)
        ]
        best, weight = max(ranked)
        choice = worst_first(model, limits, ZoneShares(covered, total), Control.within(LONG_S))
        assert choice.levels is not None
        assert choice.levels.tolist() == pytest.approx(best, abs=1e-8), seed
        assert levels(model, choice.chosen, covered, total) == pytest.approx(best, abs=1e-8), seed
        assert choice.objective == pytest.approx(weight, abs=1e-8), seed
        assert choice.gap == 0


def test_capacities_share_out_no_more_than_there_is() -> None:
    """Two clinics for ten each; the left one reaches 6 and 8, the right one 8 and 4: 18 of 18 are served."""
    model = SitingModel(
        start=np.asarray([0, 2, 4]),
        demand=np.asarray([0, 1, 1, 2]),
        weight=np.asarray([6.0, 8.0, 4.0]),
        need=np.ones(3, dtype=np.int64),
        group=np.zeros(3, dtype=np.int64),
        zone=np.full(3, -1),
        cost=np.ones(2),
        capacity=np.asarray([10.0, 10.0]),
        locked=np.zeros(2, dtype=bool),
    )
    both = most_covered(model, Limits(sites=2), Control.within(LONG_S))
    assert both.objective == pytest.approx(18.0)
    assert both.gained.max() <= 10.0 + 1e-9
    one = most_covered(model, Limits(sites=1), Control.within(LONG_S))
    assert one.objective == pytest.approx(10.0)
    small = most_covered(
        SitingModel(**{**vars_of(model), "capacity": np.asarray([10.0, 3.0])}),
        Limits(sites=2),
        Control.within(LONG_S),
    )
    assert small.objective == pytest.approx(13.0)


def vars_of(model: SitingModel) -> dict[str, np.ndarray]:
    return {name: getattr(model, name) for name in SitingModel.__dataclass_fields__}


def test_of_equally_good_candidates_the_first_is_chosen_and_idle_ones_are_left_out() -> None:
    model = SitingModel(
        start=np.asarray([0, 1, 2, 3, 3]),
        demand=np.asarray([0, 0, 1]),
        weight=np.asarray([2.0, 5.0]),
        need=np.ones(2, dtype=np.int64),
        group=np.zeros(2, dtype=np.int64),
        zone=np.full(2, -1),
        cost=np.ones(4),
        capacity=np.full(4, np.inf),
        locked=np.zeros(4, dtype=bool),
    )
    choice = most_covered(model, Limits(sites=4), Control.within(LONG_S))
    assert choice.chosen.tolist() == [2, 0]
    assert choice.gained.tolist() == [5.0, 2.0]
    assert len(reduce_model(model).candidate) == 2


def test_a_cancelled_search_gives_the_best_answer_so_far() -> None:
    model = random_model(5)
    control = Control.within(LONG_S, is_cancelled=lambda: True)
    choice = most_covered(model, Limits(sites=3), control)
    assert control.stopped == "cancelled"
    assert choice.objective == pytest.approx(model.covered(greedy(model, Limits(sites=3))))
    assert choice.bound >= choice.objective
