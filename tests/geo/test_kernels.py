"""The compiled search against SciPy's: the same costs to the last bit and the same facilities."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo import kernels, nearest_times
from app.geo.errors import InvalidCutoffError, InvalidInputArrayError
from app.geo.nearest_times import nearest_costs, nearest_facility_times
from app.geo.search import SearchGraph, Seeds, nearest_facilities
from app.geo.units import running_starts
from tests.support.drawn import draw


def graph_of(size: int, arcs: list[tuple[int, int, float]]) -> SearchGraph:
    """A graph of (reached from, leads to, cost) arcs, each pair of nodes at most once."""
    cheapest: dict[tuple[int, int], float] = {}
    for here, there, cost in arcs:
        if here != there:
            cheapest[here, there] = min(cost, cheapest.get((here, there), np.inf))
    pairs = sorted(cheapest)
    nothing = np.empty(0, dtype=np.int64)
    starts = running_starts(np.bincount([here for here, _ in pairs], minlength=size).astype(np.int64))
    return SearchGraph(
        size=size,
        arc_start=starts.astype(np.int32),
        arc_to=np.asarray([there for _, there in pairs], dtype=np.int32),
        arc_cost=np.asarray([cheapest[pair] for pair in pairs], dtype=np.float64),
        cost_forward=np.empty(0),
        cost_backward=np.empty(0),
        start_u=nothing,
        start_v=nothing,
        end_u=nothing,
        end_v=nothing,
    )


# Few different costs, zero among them, so that ties are the rule.
COSTS = st.sampled_from([0.0, 1.0, 1.5, 2.0, 30.0, 7000.0])
SIZE = 14


@st.composite
def searches(draw: st.DrawFn) -> tuple[SearchGraph, Seeds, int]:
    node = st.integers(0, SIZE - 1)
    graph = graph_of(SIZE, draw(st.lists(st.tuples(node, node, COSTS), max_size=50)))
    facility_count = draw(st.integers(1, 5))
    rows = draw(st.lists(st.tuples(node, st.integers(0, facility_count - 1), COSTS), min_size=1, max_size=8))
    seeds = Seeds(
        np.asarray([row[0] for row in rows], dtype=np.int64),
        np.asarray([row[1] for row in rows], dtype=np.int64),
        np.asarray([row[2] for row in rows], dtype=np.float64),
    )
    return graph, seeds, facility_count


@settings(max_examples=300, derandomize=True)
@given(searches(), st.integers(1, 3), st.sampled_from([0.0, 2.0, 3.5, 40.0, np.inf]))
def test_both_searches_agree_to_the_last_bit(
    search: tuple[SearchGraph, Seeds, int], nearest: int, cutoff: float
) -> None:
    graph, seeds, count = search
    options = {"facility_count": count, "nearest": nearest, "cutoff": cutoff}
    expected_cost, expected_facility = nearest_facilities(graph, seeds, **options)
    cost, facility = nearest_facilities(graph, seeds, kernels=kernels, **options)
    assert cost.tolist() == expected_cost.tolist()
    # With several facilities asked for, ties may rank them in another order; with one, the smallest is named.
    certain = untied(expected_cost) if nearest > 1 else np.ones(SIZE, dtype=bool)
    assert facility[:, certain].tolist() == expected_facility[:, certain].tolist()


@settings(max_examples=200, derandomize=True)
@given(searches(), st.sampled_from([0.0, 2.0, 3.5, 40.0, np.inf]))
def test_times_alone_are_the_same_for_all_seeds_at_once_and_for_few_at_a_time(
    search: tuple[SearchGraph, Seeds, int], cutoff: float
) -> None:
    graph, seeds, count = search
    expected = nearest_facilities(graph, seeds, facility_count=count, cutoff=cutoff)[0][0]
    options = {"cutoff": cutoff, "kernels": kernels}
    assert nearest_costs(graph, seeds.node, seeds.cost, **options).tolist() == expected.tolist()
    assert nearest_costs(graph, seeds.node, seeds.cost, cutoff=cutoff).tolist() == expected.tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest_times, "_CACHED_NODES", 0)
        assert nearest_costs(graph, seeds.node, seeds.cost, **options).tolist() == expected.tolist()


@pytest.mark.parametrize("kernel", [None, kernels], ids=["scipy", "compiled"])
def test_times_from_all_nodes_of_a_network(kernel: ModuleType | None) -> None:
    city = draw(
        """
        a  b  c  e
        .  d  .  f
        """,
        "a-b-c\nd-b oneway\ne-f",
    )
    network = city.network
    position = {name: network.node_osm_id.tolist().index(number) for name, number in city.node_id.items()}

    def times_s(facility: str, cutoff_s: float) -> list[float]:
        found = nearest_facility_times(
            network, np.asarray([position[facility]]), cutoff_s=cutoff_s, speed_mps=0.5, kernels=kernel
        )
        return [float(found[position[name]]) for name in "abcdef"]

    # 100 m between neighbours are 200 s; nobody walks from b down to d, and e-f is a street of its own
    near = {"rel": 1e-4}
    assert times_s("a", 400.1) == pytest.approx([0, 200, 400, 400, np.inf, np.inf], **near)
    assert times_s("a", 399.5) == pytest.approx([0, 200, np.inf, np.inf, np.inf, np.inf], **near)
    assert times_s("d", np.inf) == [np.inf, np.inf, np.inf, 0.0, np.inf, np.inf]
    nothing = nearest_facility_times(network, np.empty(0, dtype=np.int64), cutoff_s=900.0, kernels=kernel)
    assert np.isinf(nothing).all()
    with pytest.raises(InvalidCutoffError):
        times_s("a", 0.0)
    with pytest.raises(InvalidInputArrayError):
        nearest_facility_times(network, np.asarray([network.node_count]), cutoff_s=900.0)


def untied(cost: np.ndarray) -> np.ndarray:
    """Nodes whose costs all differ, with no facility beyond the last one, so that the facilities are certain."""
    differ = (cost[1:] > cost[:-1]) | np.isinf(cost[1:])
    return np.asarray(differ.all(axis=0) & np.isinf(cost[-1]))


@pytest.mark.parametrize("kernel", [None, kernels], ids=["scipy", "compiled"])
def test_the_cutoff_is_inclusive_and_beyond_it_is_never_a_number(kernel: object) -> None:
    graph = graph_of(3, [(0, 1, 10.0), (1, 2, 10.0)])
    seeds = Seeds(np.asarray([0]), np.asarray([0]), np.asarray([5.0]))
    cost, facility = nearest_facilities(graph, seeds, facility_count=1, cutoff=15.0, kernels=kernel)  # type: ignore[arg-type]
    assert cost[0].tolist() == [5.0, 15.0, np.inf]
    assert facility[0].tolist() == [0, 0, -1]


@pytest.mark.parametrize("kernel", [None, kernels], ids=["scipy", "compiled"])
def test_of_facilities_equally_near_the_smallest_number_is_named_all_the_way(kernel: object) -> None:
    # Facilities 1 and 0 stand at nodes 0 and 4; node 2 lies midway, node 5 hangs on it.
    arcs = [(0, 1, 1.0), (1, 2, 1.0), (4, 3, 1.0), (3, 2, 1.0), (2, 5, 4.0)]
    seeds = Seeds(np.asarray([0, 4]), np.asarray([1, 0]), np.zeros(2))
    _, facility = nearest_facilities(graph_of(6, arcs), seeds, facility_count=2, kernels=kernel)  # type: ignore[arg-type]
    assert facility[0].tolist() == [1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("kernel", [None, kernels], ids=["scipy", "compiled"])
def test_no_facility_at_all_reaches_nobody(kernel: object) -> None:
    nothing = Seeds(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))
    cost, facility = nearest_facilities(graph_of(2, [(0, 1, 1.0)]), nothing, facility_count=0, kernels=kernel)  # type: ignore[arg-type]
    assert np.isinf(cost).all()
    assert (facility == -1).all()


def test_many_stale_entries_do_not_overflow_the_queue() -> None:
    # A star whose spokes improve the hub again and again within one bucket.
    spokes = 300
    arcs = [(node, node + 1, 0.001) for node in range(1, spokes)]
    arcs += [(node, 0, float(spokes - node) * 0.01) for node in range(1, spokes + 1)]
    arcs += [(0, node, 0.002) for node in range(1, spokes + 1)]
    graph = graph_of(spokes + 1, arcs)
    seeds = Seeds(np.asarray([1]), np.asarray([0]), np.asarray([0.0]))
    expected, _ = nearest_facilities(graph, seeds, facility_count=1)
    found, _ = nearest_facilities(graph, seeds, facility_count=1, kernels=kernels)
    assert found.tolist() == expected.tolist()
