"""How ways make a network (`method.md`, section 1, rules 5, 6 and 8) on drawn maps; 100 m a cell."""

from math import inf, sqrt

import numpy as np
import pytest

from tests.support.drawn import Drawing, draw

NEAR = 0.01  # metres; a drawn cell is 100 m to well within this


def metres(expected: float) -> object:
    return pytest.approx(expected, abs=NEAR)


CROSS = """
    . . n . .
    w . x . e
    . . s . .
"""


def test_ways_meet_at_shared_nodes_only() -> None:
    points = {"H": ("w", 0, 0), "F": ("n", 0, 0)}
    assert draw(CROSS, "w-x-e\nn-x-s", points=points).walk_m("H", "F") == metres(200 + 100)
    # the same picture, a bridge: the second way crosses without a node
    assert draw(CROSS, "w-x-e\nn-s", points=points).walk_m("H", "F") == inf


def test_a_way_may_join_in_the_middle_of_another() -> None:
    city = draw(CROSS, "w-x-e\nx-s", points={"H": ("w", 100, 0), "F": ("s", 0, 0)})
    assert city.walk_m("H", "F") == metres(100 + 100)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_parallel_edges_the_fastest_counts_and_they_never_add_up(order: tuple[int, int]) -> None:
    ways = ("a-b", "a-c-d-b")
    city = draw(
        """
        c . . d
        a . . b
        """,
        "\n".join(ways[i] for i in order),
        points={"H": ("a", 0, 0), "F": ("b", 0, 0), "G": ("c", 0, 0)},
    )
    assert city.walk_m("H", "F") == metres(300)  # not 500, not 800
    assert city.walk_m("H", "G") == metres(100)  # the longer one is kept as a place to live on


def test_parallel_one_ways_are_each_their_own() -> None:
    city = draw(
        """
        c . . d
        a . . b
        """,
        "a-b oneway\na-c-d-b against",
        points={"H": ("a", 0, 0), "F": ("b", 0, 0)},
    )
    assert city.walk_m("H", "F") == metres(300)
    assert city.walk_m("F", "H") == metres(500)


def test_one_way_in_and_against_its_direction() -> None:
    city = draw(
        """
        a H . F b
        . . . . .
        c . . . d
        """,
        "a-b oneway\na-c-d-b",
    )
    assert city.walk_m("H", "F") == metres(200)
    assert city.walk_m("F", "H") == metres(100 + 200 + 400 + 200 + 100)  # round by b, d, c, a
    against = draw("a H . F b", "a-b against")
    assert against.walk_m("F", "H") == metres(200)
    assert against.walk_m("H", "F") == inf


def test_a_one_way_house_at_the_very_place_of_the_facility_needs_no_walk() -> None:
    city = draw("a . b", "a-b oneway", points={"H": ("a", 100, 30), "F": ("a", 100, -20)})
    assert city.walk_m("H", "F") == metres(50)
    assert city.walk_m("F", "H") == metres(50)


def test_a_wall_ends_the_edges_that_meet_in_it() -> None:
    picture = "a . H w F . b"
    assert draw(picture, "a-w-b").walk_m("H", "F") == metres(200)
    assert draw(picture, "a-w-b\nwalls w").walk_m("H", "F") == inf
    # a point at the wall itself belongs to both sides
    city = draw(picture, "a-w-b\nwalls w", points={"W": ("w", 0, 20)})
    assert city.walk_m("W", "F") == metres(20 + 100)
    assert city.walk_m("W", "H") == metres(20 + 100)
    assert city.walk_m("H", "W") == metres(120)


def test_a_wall_where_several_ways_meet_parts_all_of_them() -> None:
    points = {"N": ("n", 0, 0), "E": ("e", 0, 0), "W": ("w", 0, 0)}
    city = draw(CROSS, "w-x\nx-e\nn-x-s\nwalls x", points=points)
    assert [city.walk_m("W", other) for other in ("N", "E")] == [inf, inf]


def test_a_node_that_is_wall_and_gate_is_a_wall() -> None:
    city = draw("a . H w F . b", "a-w restricted\nw-b\nwalls w\ngates w")
    assert city.walk_m("H", "F") == inf


def test_loops_are_walked_both_ways_round() -> None:
    # the loop a-b-c-d-a is one edge that begins and ends in a: 200 + 200 + 200 + 200
    city = draw(
        """
        e . a . b
        . . . . .
        . . d . c
        """,
        "e-a\na-b-c-d-a",
        points={"F": ("e", 0, 0), "H": ("b", 0, -50), "I": ("d", 0, 50), "J": ("c", -50, 0)},
    )
    assert city.walk_m("H", "F") == metres(250 + 200)
    assert city.walk_m("I", "F") == metres(150 + 200)
    assert city.walk_m("H", "I") == metres(250 + 150)  # by a; along the edge it would be 350 + ... = 400 too
    assert city.walk_m("H", "J") == metres(150 + 50)  # along the edge; by a 250 + 350
    assert city.walk_m("F", "J") == metres(200 + 350)


def test_a_one_way_loop_is_walked_one_way_round() -> None:
    city = draw(
        """
        e . a . b
        . . . . .
        . . d . c
        """,
        "e-a\na-b-c-d-a oneway",
        points={"F": ("e", 0, 0), "H": ("b", 0, -50), "I": ("d", 0, 50)},
    )
    assert city.walk_m("H", "F") == metres(150 + 200 + 200 + 200)  # on by c and d to a
    assert city.walk_m("F", "H") == metres(200 + 250)
    assert city.walk_m("I", "H") == metres(150 + 250)  # through a, round once more
    assert city.walk_m("H", "I") == metres(150 + 200 + 50)


def test_a_way_that_doubles_back_over_its_own_nodes() -> None:
    city = draw("a . b . c", "a-b-c-b-a oneway", points={"H": ("a", 50, 0), "F": ("c", -50, 0)})
    assert city.walk_m("H", "F") == metres(300)
    assert city.walk_m("F", "H") == metres(300)  # the way comes back


def test_the_same_node_twice_in_a_row_changes_nothing() -> None:
    city = draw("a . b . c", "a-a-b-b-b-c-c", points={"H": ("a", 0, 0), "F": ("c", 0, 0)})
    assert city.walk_m("H", "F") == metres(400)


def test_edges_without_length_still_connect() -> None:
    points = {"c": ("b", 0, 0), "H": ("a", 0, 0), "F": ("d", 0, 0)}
    city = draw("a . b . d", "a-b\nb-c\nc-d", points=points)  # c lies where b lies
    assert city.walk_m("H", "F") == metres(400)
    one_way = draw("a . b . d", "a-b\nb-c oneway\nc-d", points=points)
    assert one_way.walk_m("H", "F") == metres(400)
    assert one_way.walk_m("F", "H") == inf
    # the same place without an edge between: no connection
    assert draw("a . b . d", "a-b\nc-d", points=points).walk_m("H", "F") == inf


def test_length_is_summed_over_the_points_of_a_way() -> None:
    city = draw(
        """
        . b . .
        a . c .
        . . . d
        """,
        "a-b-c-d",
        points={"H": ("a", 0, 0), "F": ("d", 0, 0)},
    )
    assert city.walk_m("H", "F") == metres(3 * 100 * sqrt(2))


def test_cutting_a_chain_of_ways_at_other_nodes_changes_nothing() -> None:
    picture = """
        a . b . c . d
        . H . . . F .
    """
    whole = draw(picture, "a-b-c-d").walk_m("H", "F")
    assert whole == metres(100 + 400 + 100)
    assert draw(picture, "a-b\nb-c\nc-d").walk_m("H", "F") == pytest.approx(whole, abs=1e-7)
    assert draw(picture, "a-b-c\nd-c").walk_m("H", "F") == pytest.approx(whole, abs=1e-7)


def test_the_network_is_the_same_whatever_the_order_of_its_ways() -> None:
    city = draw(CROSS, "w-x-e\nn-x-s oneway\nw-n restricted")
    turned = Drawing(city.place, city.ways[::-1], city.walls, city.gates, city.node_id)
    for name, values in city.network.arrays().items():
        assert np.array_equal(values, turned.network.arrays()[name]), name
