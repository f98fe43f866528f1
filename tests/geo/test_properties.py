"""What holds in every city, tried on random ones (Hypothesis)."""

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import inf, isinf
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from app.geo import kernels
from app.geo.verdict import COVERED, judge
from tests.support.drawn import engine_network, network_walks
from tests.support.oracle import WGS84, Answer, OracleWay
from tests.support.random_city import MAX_LINK_M, City, cities

# Both sides measure links in transverse Mercator, the engine about its city, the oracle about each point. Within the
# 300 m that a random city reaches from its middle the planes differ by 300**2 / (2 * 6.4e6**2) = 1.1e-9, over links of
# 150 m at both ends by 3e-7 m; places along an edge by as little. The rest is rounding.
ABSOLUTE_M, RELATIVE = 1e-5, 1e-6


def a_few(examples: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=examples,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


def same(a_m: float, b_m: float) -> bool:
    """Equal on both sides of the tolerance; unreachable is equal to unreachable alone."""
    return a_m == b_m if isinf(a_m) or isinf(b_m) else abs(a_m - b_m) <= ABSOLUTE_M + RELATIVE * abs(b_m)


def no_longer(a_m: float, b_m: float) -> bool:
    return a_m <= b_m + ABSOLUTE_M


def assert_same(found: dict[str, Answer], expected: dict[str, Answer]) -> None:
    assert found.keys() == expected.keys()
    for home, answer in found.items():
        assert same(answer.distance_m, expected[home].distance_m), (home, answer, expected[home])


@a_few(200)
@given(cities(), st.sampled_from([1, 1, 2, 3]), st.sampled_from([25.0, MAX_LINK_M, 150.0]))
def test_the_engine_walks_as_the_oracle_walks(city: City, k: int, max_link_m: float) -> None:
    found, expected = city.engine(k=k, max_link_m=max_link_m), city.oracle(k=k, max_link_m=max_link_m)
    event("someone arrives" if any(a.distance_m < inf for a in found.values()) else "nobody arrives")
    assert_same(found, expected)


@a_few(40)
@given(cities())
def test_a_facility_that_is_named_is_as_far_as_it_is_said_to_be(city: City) -> None:
    for home, answer in city.engine().items():
        if answer.facility is not None:
            alone = replace(city, shops={answer.facility: city.shops[answer.facility]})
            assert same(alone.oracle()[home].distance_m, answer.distance_m)


@a_few(40)
@given(cities(), st.integers(1, 2))
def test_one_more_facility_never_makes_a_walk_longer(city: City, k: int) -> None:
    last = list(city.shops)[-1]
    assume(len(city.shops) > 1)
    fewer = replace(city, shops={name: at for name, at in city.shops.items() if name != last})
    with_it, without = city.engine(k=k), fewer.engine(k=k)
    assert all(no_longer(with_it[home].distance_m, without[home].distance_m) for home in city.homes)


@a_few(40)
@given(cities(), st.data())
def test_one_more_public_street_never_makes_a_walk_longer(city: City, data: st.DataObject) -> None:
    """Holds where the street moves no link and closes no piece.

    A new street may be nearer to a door than the old one, may turn an island into a mainland that draws links to
    itself, and may make another public piece of a gated part the longest. So: doors at nodes, links of no length, no
    two nodes at one place, nothing restricted, no walls.
    """
    nodes = {ref[0]: (ref[1], ref[2]) for way in city.ways for ref in way.points}
    assume(len(set(nodes.values())) == len(nodes))
    ids = st.sampled_from(sorted(nodes))
    plain = replace(
        city.all_public(),
        walls=frozenset(),
        homes={f"h{node}": [nodes[node]] for node in data.draw(st.sets(ids, min_size=1, max_size=4))},
        shops={"f": [nodes[data.draw(ids)]]},
    )
    ends = data.draw(st.lists(ids, min_size=2, max_size=3, unique=True))
    street = OracleWay(99, tuple((node, *nodes[node]) for node in ends))
    more = replace(plain, ways=(*plain.ways, street))
    before, after = plain.engine(max_link_m=0.01), more.engine(max_link_m=0.01)
    assert all(no_longer(after[home].distance_m, before[home].distance_m) for home in plain.homes)


@a_few(40)
@given(cities())
def test_without_one_ways_there_and_back_are_equally_long(city: City) -> None:
    """Restricted runs at start and end change places, so rule 7 is symmetric too."""
    homes, shops = next(iter(city.homes.values())), next(iter(city.shops.values()))
    there = replace(city.two_way(), homes={"a": homes}, shops={"b": shops})
    back = replace(there, homes={"a": shops}, shops={"b": homes})
    assert same(there.engine()["a"].distance_m, back.engine()["a"].distance_m)


@a_few(40)
@given(cities(), st.sampled_from([1, 2, 3]))
def test_compiled_and_interpreted_searches_give_the_same_bits(city: City, k: int) -> None:
    network = engine_network(city.ways, walls=city.walls, gates=city.gates)
    compiled = network_walks(network, city.homes, city.shops, k=k, kernels=kernels)
    assert compiled == network_walks(network, city.homes, city.shops, k=k)


@a_few(40)
@given(cities())
def test_nobody_is_faster_than_the_crow(city: City) -> None:
    for home, answer in city.engine().items():
        crow_m = min(
            WGS84.inv(*a, *b)[2] for a in city.homes[home] for shop in city.shops.values() for b in shop
        )
        assert answer.distance_m >= crow_m - ABSOLUTE_M


@a_few(40)
@given(cities(), st.randoms(use_true_random=False), st.integers(1, 2))
def test_the_order_of_ways_changes_no_bit(city: City, shuffle: random.Random, k: int) -> None:
    ways = list(city.ways)
    shuffle.shuffle(ways)
    assert replace(city, ways=tuple(ways)).engine(k=k) == city.engine(k=k)


@a_few(40)
@given(cities(), st.randoms(use_true_random=False))
def test_other_numbers_for_nodes_and_ways_change_nothing(city: City, shuffle: random.Random) -> None:
    numbers = shuffle.sample(range(1, 1000), len(city.ways))
    base = 2**33  # beyond 32 bits; the order of node ids stays, since rule 7 asks for the smallest
    renumbered = replace(
        city,
        ways=tuple(
            replace(way, id=number, points=tuple((base + 3 * n, *at) for n, *at in way.points))
            for way, number in zip(city.ways, numbers, strict=True)
        ),
        walls=frozenset(base + 3 * node for node in city.walls),
        gates=frozenset(base + 3 * node for node in city.gates),
    )
    assert_same(renumbered.engine(), city.engine())


@a_few(40)
@given(cities())
def test_ways_drawn_the_other_way_round_and_cut_in_pieces_change_nothing(city: City) -> None:
    pieces: list[OracleWay] = []
    for way in city.ways:
        turned = replace(way, points=way.points[::-1], forward=way.backward, backward=way.forward)
        for i in range(len(way.points) - 1):
            pieces.append(replace(turned, id=len(pieces) + 1, points=turned.points[i : i + 2]))
    assert_same(replace(city, ways=tuple(pieces)).engine(), city.engine())


@a_few(40)
@given(cities(), st.lists(st.floats(1.0, 2000.0), min_size=2, max_size=4))
def test_longer_limits_cover_whom_shorter_ones_cover(city: City, limits_m: list[float]) -> None:
    nearest = np.array([answer.distance_m for answer in city.engine(k=1).values()])
    second = np.array([answer.distance_m for answer in city.engine(k=2).values()])
    assert (second >= nearest).all()

    def covered(walk_m: np.ndarray, limit_m: float) -> set[int]:
        verdicts = judge(
            walk_m,
            limit=limit_m,
            limit_line_m=limit_m,
            border_m=np.full(len(walk_m), 1000.0),
            linked=np.ones(len(walk_m), dtype=bool),
            facility_count=9,
            min_count=1,
            can_be_read=True,
        )
        return set(np.flatnonzero(verdicts.state == COVERED).tolist())

    limits_m = sorted(limits_m)
    for shorter, longer in pairwise(limits_m):
        assert covered(nearest, shorter) <= covered(nearest, longer)
        assert covered(second, shorter) <= covered(nearest, shorter)
