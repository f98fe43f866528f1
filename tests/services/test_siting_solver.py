"""What siting's solver does besides finding the best (which test_siting_brute_force.py holds it to)."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.services.mip import Control
from app.services.siting_model import SitingModel, reduce_model
from app.services.siting_rows import Limits
from app.services.siting_solver import (
    greedy,
    most_covered,
)

LONG_S = 600.0


def plain_model(rows: list[list[int]], weight: list[float]) -> SitingModel:
    """Candidates that cost the same and reach these demands."""
    return SitingModel(
        start=np.cumsum([0, *map(len, rows)]),
        demand=np.asarray([demand for row in rows for demand in row], dtype=np.int64),
        weight=np.asarray(weight),
        need=np.ones(len(weight), dtype=np.int64),
        group=np.zeros(len(weight), dtype=np.int64),
        zone=np.full(len(weight), -1),
        cost=np.ones(len(rows)),
        capacity=np.full(len(rows), np.inf),
        locked=np.zeros(len(rows), dtype=bool),
    )


def hard_model() -> SitingModel:
    """A hundred candidates of which none stands out: proving the best takes minutes."""
    draw = random.Random(15)
    rows = [sorted(draw.sample(range(300), 24)) for _ in range(100)]
    return plain_model(rows, [float(draw.randint(1, 9)) for _ in range(300)])


def test_capacities_share_out_no_more_than_there_is() -> None:
    """Two clinics for ten each; the left one reaches 6 and 8, the right one 8 and 4: 18 of 18 are served."""
    model = replace(plain_model([[0, 1], [1, 2]], [6.0, 8.0, 4.0]), capacity=np.asarray([10.0, 10.0]))
    both = most_covered(model, Limits(sites=2), Control.within(LONG_S))
    assert both.objective == pytest.approx(18.0)
    assert both.gained.max() <= 10.0 + 1e-9
    one = most_covered(model, Limits(sites=1), Control.within(LONG_S))
    assert one.objective == pytest.approx(10.0)
    small = replace(model, capacity=np.asarray([10.0, 3.0]))
    assert most_covered(small, Limits(sites=2), Control.within(LONG_S)).objective == pytest.approx(13.0)


def test_of_equally_good_candidates_the_first_is_chosen_and_idle_ones_are_left_out() -> None:
    model = plain_model([[0], [0], [1], []], [2.0, 5.0])
    choice = most_covered(model, Limits(sites=4), Control.within(LONG_S))
    assert choice.chosen.tolist() == [2, 0]
    assert choice.gained.tolist() == [5.0, 2.0]
    assert len(reduce_model(model).candidate) == 2


class Listener:
    """Hears how a search goes, and no longer wants it once there is a bound beside an incumbent of the branching."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def __call__(self, _stage: str, _percent: float, details: dict[str, Any]) -> None:
        self.told.append(details)

    def has_heard_enough(self) -> bool:
        return len(self.told) >= 2


def test_a_search_that_is_cancelled_on_the_way_gives_the_best_answer_so_far() -> None:
    model, limits, listener = hard_model(), Limits(sites=10), Listener()
    control = Control.within(LONG_S, listener, listener.has_heard_enough)
    choice = most_covered(model, limits, control)
    assert control.stopped == "cancelled"
    assert control.left_s > LONG_S / 2
    assert {"incumbent", "bound", "gap"} <= listener.told[-1].keys()
    # The first answer that is told is near what the relaxed programme chooses, and better than greedy choice.
    assert choice.objective >= listener.told[0]["incumbent"] > model.covered(greedy(model, limits))
    assert choice.objective < choice.bound <= listener.told[0]["bound"] + 1e-6
    assert choice.gap == pytest.approx(1 - choice.objective / choice.bound)
    assert model.covered(choice.chosen) == choice.objective


def test_a_search_that_runs_out_of_time_gives_the_best_answer_so_far() -> None:
    model, limits, control = hard_model(), Limits(sites=10), Control.within(0.5)
    choice = most_covered(model, limits, control)
    assert control.stopped == "time_limit"
    assert 0 < model.covered(greedy(model, limits)) <= choice.objective < choice.bound
    assert 0 < choice.gap < 1


def test_a_search_that_nobody_wants_from_the_start_is_greedy() -> None:
    model, limits = hard_model(), Limits(sites=3)
    control = Control.within(LONG_S, is_cancelled=lambda: True)
    choice = most_covered(model, limits, control)
    assert control.stopped == "cancelled"
    assert choice.objective == pytest.approx(model.covered(greedy(model, limits)))
    assert choice.bound >= choice.objective
