"""Profiles with costs in whole assessments, on Porto Alegre with its hills and on the demonstration."""

from dataclasses import replace

import numpy as np

from app.domain.profile import Profile
from app.geo.impedance import ExtraCosts
from app.services.area_engine import AreaEngine
from app.services.assessment import Assessment, Walker, assess, choose_walker
from app.services.profiles import get_profile
from app.services.standards import get_standard

STANDARD = get_standard("cn-mofcom-5-8-15")
IN_METRES = get_standard("cn-gb50180-2018")


def costing(costs: ExtraCosts, *, like: str = "standard") -> Walker:
    profile = replace(get_profile(like), id="costing", costs=costs)
    return Walker(profile, profile.speed_mps)


def same(one: Assessment, other: Assessment) -> None:
    for mine, theirs in zip(one.services, other.services, strict=True):
        assert mine.time_s.tobytes() == theirs.time_s.tobytes()
        assert mine.distance_m.tobytes() == theirs.distance_m.tobytes()
        assert mine.facility.tolist() == theirs.facility.tolist()
        assert mine.verdicts.state.tolist() == theirs.verdicts.state.tolist()


def test_a_profile_without_costs_answers_with_the_same_bytes(demo_engine: AreaEngine) -> None:
    plain = assess(demo_engine, STANDARD, choose_walker(STANDARD, None, None))
    same(plain, assess(demo_engine, STANDARD, costing(ExtraCosts())))


def test_limits_in_metres_ignore_all_costs(demo_engine: AreaEngine) -> None:
    plain = assess(demo_engine, IN_METRES, choose_walker(IN_METRES, None, None))
    same(plain, assess(demo_engine, IN_METRES, choose_walker(IN_METRES, "careful", None)))


def test_costs_make_walks_longer_and_distances_unknown(demo_engine: AreaEngine) -> None:
    plain = assess(demo_engine, STANDARD, choose_walker(STANDARD, None, None))
    careful = assess(demo_engine, STANDARD, choose_walker(STANDARD, "careful", None))
    longer = 0
    for one, other in zip(plain.services, careful.services, strict=True):
        assert (other.time_s >= one.time_s - 1e-6).all()
        assert np.isinf(other.distance_m).all()
        longer += int((other.time_s > one.time_s + 1.0).sum())
    assert longer > 100


def test_the_band_searches_at_the_other_speeds(demo_engine: AreaEngine) -> None:
    walker = choose_walker(STANDARD, "careful", None)
    banded = assess(demo_engine, STANDARD, walker, band=0.2)
    for factor, name in ((0.8, "holds_slower"), (1.2, "holds_faster")):
        again = assess(demo_engine, STANDARD, replace(walker, speed_mps=walker.speed_mps * factor))
        for item, other in zip(banded.services, again.services, strict=True):
            expected = item.verdicts.state == other.verdicts.state
            assert getattr(item, name).tolist() == expected.tolist()


def test_timed_walks_are_kept_for_each_profile_and_speed(demo_engine: AreaEngine) -> None:
    engine, careful = AreaEngine(demo_engine.area), get_profile("careful")
    service = STANDARD.services[0]
    first = engine.timed_walks(service, careful, 1.0)
    assert engine.timed_walks(service, careful, 1.0) is first
    assert engine.timed_walks(service, careful, 1.1) is not first
    assert engine.timed_graph(careful, 1.0) is engine.timed_graph(careful, 1.0)


def test_hills_slow_walks_down_and_up(hills: AreaEngine) -> None:
    network = hills.area.network
    assert network.edge_slope_forward.min() >= np.exp(-0.175) - 1e-12
    # Uphill one way is downhill the other: both factors exceed 1 on no more than bumpy streets.
    steep = np.abs(network.edge_slope_forward - network.edge_slope_backward) > 0.2
    assert 0.05 < steep.mean() < 0.8
    number = next(i for i, item in enumerate(STANDARD.services) if item.id == "pharmacy")
    flat, sloped = (
        assess(hills, STANDARD, costing(costs)).services[number]
        for costs in (ExtraCosts(), ExtraCosts(uses_slope=True))
    )
    reached = np.isfinite(flat.time_s)
    assert reached.mean() > 0.8
    ratio = sloped.time_s[reached & (flat.time_s > 60)] / flat.time_s[reached & (flat.time_s > 60)]
    assert ratio.min() >= np.exp(-0.175) - 1e-9
    assert 1.03 < ratio.mean() < 1.4


def test_a_walk_uphill_takes_longer_than_the_same_walk_down(hills: AreaEngine) -> None:
    profile: Profile = costing(ExtraCosts(uses_slope=True)).profile
    graph = hills.timed_graph(profile, 1.0)
    network = hills.area.network
    up = network.edge_slope_forward > network.edge_slope_backward + 0.1
    both = up & network.edge_forward & network.edge_backward
    assert both.sum() > 1000
    assert (graph.cost_forward[both] > graph.cost_backward[both]).all()


def test_crossings_and_steps_are_there(hills: AreaEngine) -> None:
    network = hills.area.network
    assert network.edge_stairs.sum() > 400
    assert network.edge_crossings.sum() > 100
    assert network.edge_signals.sum() > 100
    assert not network.edge_crossings[network.edge_length_m == 0].any()
