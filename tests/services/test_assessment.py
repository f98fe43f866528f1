"""From walks to an assessment: whose speed counts, and that nothing is lost on the way."""

from dataclasses import replace

import numpy as np
import pytest

from app.domain.profile import ProfileNotFoundError
from app.domain.standard import Standard
from app.geo.errors import InvalidSpeedError
from app.geo.verdict import COVERED, STATES
from app.services.area_engine import AreaEngine
from app.services.assessment import assess, choose_walker
from app.services.kernel_loader import KernelLoader
from app.services.profiles import get_profile
from app.services.standards import get_standard


@pytest.fixture(scope="module")
def standard() -> Standard:
    return get_standard("cn-mofcom-5-8-15")


@pytest.mark.parametrize(
    ("own_speed_mps", "own_profile", "asked_profile", "asked_speed_mps", "profile", "speed_mps"),
    [
        (None, None, None, None, "standard", 1000 / 900),  # nobody says anything
        (None, "elderly", None, None, "elderly", 0.8),  # the standard's profile
        (1.2, "elderly", None, None, "elderly", 1.2),  # its speed before its profile's
        (
            1.2,
            "elderly",
            "brisk",
            None,
            "brisk",
            5 / 3.6,
        ),  # the request's profile before the standard's speed
        (1.2, "elderly", "brisk", 0.5, "brisk", 0.5),  # the request's speed before everything
        (1.2, None, None, 0.5, "standard", 0.5),
    ],
)
def test_whose_speed_counts(
    standard: Standard,
    own_speed_mps: float | None,
    own_profile: str | None,
    asked_profile: str | None,
    asked_speed_mps: float | None,
    profile: str,
    speed_mps: float,
) -> None:
    changed = replace(standard, speed_mps=own_speed_mps, profile=own_profile)
    walker = choose_walker(changed, asked_profile, asked_speed_mps)
    assert walker.profile.id == profile
    assert walker.speed_mps == pytest.approx(speed_mps, abs=1e-12)


@pytest.mark.parametrize("speed_mps", [0.0, -1.0, 0.09, 10.5, float("nan"), float("inf")])
def test_a_speed_that_nobody_walks_is_refused(standard: Standard, speed_mps: float) -> None:
    with pytest.raises(InvalidSpeedError):
        choose_walker(standard, None, speed_mps)


def test_an_unknown_profile_names_the_known_ones(standard: Standard) -> None:
    with pytest.raises(ProfileNotFoundError, match="standard, brisk, careful, child, elderly, wheelchair"):
        choose_walker(standard, "runner", None)


def test_every_household_has_one_state_for_every_service(demo_engine: AreaEngine, standard: Standard) -> None:
    assessment = assess(demo_engine, standard, choose_walker(standard, None, None))
    households = demo_engine.area.households.count
    assert [item.service.id for item in assessment.services] == [service.id for service in standard.services]
    for item in assessment.services:
        assert item.verdicts.state.shape == (households,)
        assert np.bincount(item.verdicts.state, minlength=len(STATES)).sum() == households


def test_a_faster_walker_is_never_covered_less(demo_engine: AreaEngine, standard: Standard) -> None:
    covered_before = np.zeros(demo_engine.area.households.count, dtype=bool)
    for speed_mps in (0.5, 0.8, 1.1, 1.4, 3.0):
        assessment = assess(demo_engine, standard, choose_walker(standard, None, speed_mps))
        covered = assessment.services[1].verdicts.state == COVERED
        assert (covered | ~covered_before).all()
        covered_before = covered
    assert covered_before.any()


def test_the_wheelchair_profile_never_finds_a_shorter_walk_than_a_walker_on_the_same_links(
    demo_engine: AreaEngine, standard: Standard
) -> None:
    walking, rolling = (
        assess(demo_engine, standard, choose_walker(standard, profile, 1.0))
        for profile in ("standard", "wheelchair")
    )
    same_link = walking.view.household_is_linked & rolling.view.household_is_linked
    link_m = [view.household_links.link_m[view.household_link] for view in (walking.view, rolling.view)]
    same_link &= np.isclose(link_m[0], link_m[1], rtol=0, atol=1e-9)
    assert same_link.sum() > 10
    shorter = 0
    for one, other in zip(walking.services, rolling.services, strict=True):
        # Facilities may be linked to another street without steps, so a few metres either way can appear.
        shorter += int((other.distance_m[same_link] < one.distance_m[same_link] - 150.0).sum())
    assert shorter == 0


def test_compiled_kernels_change_no_answer(demo_engine: AreaEngine, standard: Standard) -> None:
    loader = KernelLoader()
    assert loader.find() is None
    assert loader.wait() is not None
    walker = choose_walker(standard, None, None)
    plain = assess(AreaEngine(demo_engine.area), standard, walker)
    fast = assess(AreaEngine(demo_engine.area, kernels=loader), standard, walker)
    for one, other in zip(plain.services, fast.services, strict=True):
        assert one.time_s.tolist() == other.time_s.tolist()
        assert one.facility.tolist() == other.facility.tolist()


def test_walks_are_searched_once_for_all_speeds(demo_engine: AreaEngine, standard: Standard) -> None:
    engine = AreaEngine(demo_engine.area)
    profile = get_profile("standard")
    first = engine.walks(standard.services[0], profile)
    assert engine.walks(standard.services[0], get_profile("brisk")) is first
    assert engine.walks(standard.services[0], get_profile("wheelchair")) is not first
