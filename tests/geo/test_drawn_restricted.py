"""Rule 7 of `method.md` on drawn maps: restricted ways and nodes serve the ends of a trip, never its middle."""

from math import inf

import pytest

from app.geo.search import build_search_graph
from tests.support.drawn import draw

NEAR = 0.01


def metres(expected: float) -> object:
    return pytest.approx(expected, abs=NEAR)


ESTATE = """
    a  .  b  .  c
    .  .  .  .  .
    d  .  e  .  f
    .  .  .  .  .
    g  .  h  .  i
"""
# A public ring of 1600 m, and a restricted lane b-e-h through its middle.
RING = "a-b-c-f-i-h-g-d-a\nb-e-h restricted"
AT = {"B": ("b", 0, 0), "E": ("e", 0, 0), "H": ("h", 0, 0), "M": ("e", 0, 50), "D": ("d", 0, 0)}


def test_residents_walk_out_and_visitors_walk_in() -> None:
    city = draw(ESTATE, RING, points=AT)
    assert city.walk_m("M", "B") == metres(150)
    assert city.walk_m("B", "M") == metres(150)
    assert city.walk_m("E", "D") == metres(200 + 200 + 200)  # out at b (or h), then along a, d
    assert city.walk_m("D", "E") == metres(600)


def test_nobody_cuts_through() -> None:
    city = draw(ESTATE, RING, points={**AT, "C": ("b", 10, 0), "I": ("h", 10, 0)})
    assert city.walk_m("C", "I") == metres(
        190 + 400 + 190
    )  # round by c, f, i; through the lane it would be 420
    open_city = draw(ESTATE, RING.replace(" restricted", ""), points={"C": ("b", 10, 0), "I": ("h", 10, 0)})
    assert open_city.walk_m("C", "I") == metres(10 + 400 + 10)


def test_a_house_at_the_mouth_of_the_lane_belongs_to_the_lane_too() -> None:
    # B and H lie at nodes where lane and ring meet: the trip begins on the lane and ends where it leaves it
    assert draw(ESTATE, RING, points=AT).walk_m("B", "H") == metres(400)


def test_a_restricted_run_at_each_end() -> None:
    city = draw(
        """
        h  .  .  .  .  .  f
        a  .  b  .  c  .  d
        """,
        "a-b-c-d\nh-a restricted\nf-d restricted",
        points={"H": ("h", 0, 0), "F": ("f", 0, 0)},
    )
    assert city.walk_m("H", "F") == metres(100 + 600 + 100)


def test_once_back_on_a_restricted_way_the_trip_stays_on_restricted_ways() -> None:
    # Joined to c-d by the restricted b-c only, a-b hangs on it: one walks out of it. With a public way round by o
    # and p, it does not, and b-c is the middle of a trip.
    picture = """
        a  .  b  .  c  .  .  .  d
        .  .  .  .  .  .  .  .  .
        o  .  .  .  .  .  .  .  p
    """
    points = {"A": ("a", 0, 0), "D": ("d", 0, 0), "M": ("b", 100, 0)}
    hanging = draw(picture, "a-b\nb-c restricted\nc-d", points=points)
    assert hanging.walk_m("A", "D") == metres(800)
    ring = draw(picture, "a-b\nb-c restricted\nc-d-p-o-a", points=points)
    assert ring.walk_m("A", "D") == metres(200 + 800 + 200)  # round by o and p
    assert ring.walk_m("M", "D") == metres(100 + 400)
    assert ring.walk_m("M", "A") == metres(100 + 200)


def test_from_a_restricted_way_to_another_over_public_ones_and_not_beyond() -> None:
    city = draw(
        """
        .  .  s  .  t  .  .
        a  .  b  .  c  .  d
        """,
        "a-b-c-d\nb-s restricted\ns-t\nt-c restricted",
        points={"A": ("a", 0, 0), "D": ("d", 0, 0), "S": ("s", 100, 0)},
    )
    assert city.walk_m("A", "D") == metres(600)
    assert city.walk_m("S", "A") == metres(100 + 100 + 200)  # s-t is public but hangs on restricted lanes
    assert city.walk_m("A", "S") == metres(400)


# --- restricted nodes --------------------------------------------------------------------------------------------


def test_a_gate_between_public_streets_is_not_passed() -> None:
    # a-x-b with a gate in x, and a way round of 600 m that keeps both sides one piece
    city = draw(
        """
        a . x . b
        . . . . .
        c . . . d
        """,
        "a-x-b\na-c-d-b\ngates x",
        points={"A": ("a", 50, 0), "B": ("b", -50, 0), "X": ("x", 0, 0)},
    )
    assert city.walk_m("A", "B") == metres(50 + 200 + 400 + 200 + 50)
    # but a trip may begin or end at the gate, whichever side it takes
    assert city.walk_m("X", "A") == metres(150)
    assert city.walk_m("X", "B") == metres(150)
    assert city.walk_m("A", "X") == metres(150)


BEHIND = "a . x . . . b"  # 200 m behind the gate x, 400 m before it


def test_behind_the_gate_residents_walk_out_and_visitors_walk_in() -> None:
    city = draw(BEHIND, "a-x-b\ngates x", points={"A": ("a", 50, 0), "B": ("b", -50, 0)})
    assert list(city.network.edge_restricted) == [True, False]
    assert city.walk_m("A", "B") == metres(150 + 350)
    assert city.walk_m("B", "A") == metres(500)


def test_nobody_cuts_through_behind_two_gates() -> None:
    city = draw(
        """
        . x . y .
        a b . c d
        . . . . .
        e . . . f
        """,
        "b-x-y-c\na-b\na-e-f-d\nd-c\ngates x y",
        points={"B": ("a", 0, 0), "C": ("d", 0, 0), "M": ("x", 100, 0)},
    )
    # the estate x-y (200 m) hangs on the ring through its gates: 1 + 4 cells long outside
    assert city.walk_m("B", "C") == metres(200 + 400 + 200)
    assert city.walk_m("M", "B") == metres(100 + 100 + 100)
    assert city.walk_m("M", "C") == metres(300)


def test_a_piece_that_hangs_on_through_another_piece_hangs_on() -> None:
    city = draw(
        "a . x . y . . . b",
        "a-x-y-b\ngates x y",
        points={"A": ("a", 0, 0), "B": ("b", 0, 0), "M": ("x", 100, 0)},
    )
    assert list(city.network.edge_restricted) == [True, True, False]
    assert city.walk_m("A", "B") == metres(800)
    assert city.walk_m("B", "A") == metres(800)
    assert city.walk_m("M", "B") == metres(500)


def test_the_longest_piece_is_found_in_each_connected_part_by_itself() -> None:
    # left of the wall a-x (300) and x-y-W (200), right of it W-b-z (300) and z-c (600)
    city = draw("a . . x y W b . z . . . . . c", "a-x-y\nW-y\nW-b-z-c\nwalls W\ngates x z")
    public = city.network.edge_length_m[~city.network.edge_restricted]
    assert sorted(map(round, public)) == [300, 600]


def test_public_streets_behind_restricted_ways_only_are_restricted() -> None:
    city = draw("a . b . c . . . d", "a-b\nb-c restricted\nc-d")
    assert list(city.network.edge_restricted) == [True, True, False]


def test_without_any_public_street_everything_is_one_restricted_run() -> None:
    city = draw("a . b . c", "a-b restricted\nb-c restricted", points={"H": ("a", 0, 0), "F": ("c", 0, 0)})
    assert city.walk_m("H", "F") == metres(400)


TIE = "b . x . a"  # 200 m on each side of the gate x


def test_of_equal_pieces_the_one_with_the_smallest_node_id_stays_public() -> None:
    city = draw(TIE, "b-x\nx-a\ngates x")
    assert list(city.network.edge_restricted) == [True, False]  # node a is 1
    turned = draw(TIE.replace("a", "c"), "b-x\nx-c\ngates x")
    assert list(turned.network.edge_restricted) == [False, True]  # node b is 1


def test_where_the_gate_itself_has_the_smallest_id_the_next_one_decides() -> None:
    city = draw(
        "c . a . b", "c-a\na-b\ngates a"
    )  # both pieces have the gate a, which is 1; then b is 2 and c 3
    assert list(city.network.edge_restricted) == [True, False]


def test_the_smallest_node_id_may_lie_in_the_middle_of_a_way() -> None:
    city = draw("c a x . b", "c-a-x\nx-b\ngates x")
    assert list(city.network.edge_restricted) == [False, True]  # node a is 1


def test_equal_to_the_millimetre_is_equal() -> None:
    points = {"k": ("b", 0.0002, 0), "l": ("b", 0.002, 0), "m": ("b", -0.002, 0)}
    assert list(draw(TIE, "k-x\nx-a\ngates x", points=points).network.edge_restricted) == [True, False]
    assert list(draw(TIE, "l-x\nx-a\ngates x", points=points).network.edge_restricted) == [True, False]
    assert list(draw(TIE, "m-x\nx-a\ngates x", points=points).network.edge_restricted) == [False, True]


def test_one_way_lanes_do_not_change_what_is_behind_a_gate() -> None:
    city = draw(BEHIND, "a-x oneway\nx-b\ngates x", points={"A": ("a", 50, 0), "B": ("b", 0, 0)})
    assert list(city.network.edge_restricted) == [True, False]
    assert city.walk_m("A", "B") == metres(550)
    assert city.walk_m("B", "A") == inf


def test_only_nodes_that_touch_something_restricted_stand_in_several_layers() -> None:
    plain = draw("a . b . c", "a-b\nb-c")
    assert build_search_graph(plain.network).size == plain.network.node_count
