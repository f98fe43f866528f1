"""Links, islands and counting (`method.md`, sections 3 and 4) on maps that a reader can check with a finger.

100 m a cell; the metres that are expected stand worked out beside each case. `walk_m` asks the engine and the oracle.
"""

from math import inf, sqrt

import numpy as np
import pytest

from app.geo.links import EdgeLocator
from tests.support.drawn import draw, network_walks

NEAR = 0.01  # metres; a drawn cell is 100 m to well within this


def metres(expected: float) -> object:
    return pytest.approx(expected, abs=NEAR)


STREET = """
    .  H  .  F  .
    a  .  b  .  c
"""


# --- links and plain walks (section 3) ---------------------------------------------------------------------------


def test_a_walk_is_link_street_link() -> None:
    city = draw(STREET, "a-b-c")
    # 100 down to the street, 200 along it, 100 up: the link counts in full at both ends
    assert city.walk_m("H", "F") == metres(100 + 200 + 100)


def test_seconds_are_metres_by_speed_links_included() -> None:
    city = draw(STREET, "a-b-c")
    walks = network_walks(city.network, {"H": [city.place["H"]]}, {"F": [city.place["F"]]}, speed_mps=0.8)
    # 400 m at 0.8 m/s
    assert walks["H"].distance_m == pytest.approx(500.0, abs=NEAR)


def test_two_points_on_one_edge_walk_along_it_directly() -> None:
    city = draw("a . . . . . b", "a-b", points={"H": ("a", 250, 10), "F": ("a", 290, 20)})
    # 10 + (290 - 250) + 20; by way of an end it would be at least 10 + 250 + 290 + 20
    assert city.walk_m("H", "F") == metres(10 + 40 + 20)


def test_inside_an_edge_the_faster_end_counts_never_an_interpolation() -> None:
    city = draw(
        """
        a . . . . . . . . . b
        F . . . . . . . . . .
        """,
        "a-b",
        points={"H": ("a", 800, 0)},
    )
    # F is linked to a (100). From 800 m along the edge: 800 + 100, not a mean of a's 0 and b's 1000.
    assert city.walk_m("H", "F") == metres(900)


def test_inside_an_edge_both_ends_are_tried() -> None:
    city = draw(
        """
        c . . . . . . . . . d
        a . . . . . . . . . b
        """,
        "a-b\na-c\nb-d",
        points={"H": ("a", 600, 0), "F": ("c", 0, 0), "G": ("d", 0, 0)},
    )
    assert city.walk_m("H", "F") == metres(600 + 100)  # by a
    assert city.walk_m("H", "G") == metres(400 + 100)  # by b
    assert city.walk_m("H", "F", "G") == metres(500)  # interpolated: 0.4 * 100 + 0.6 * 100 = 100


def test_a_link_is_made_up_to_its_longest_length() -> None:
    city = draw(STREET, "a-b-c", points={"near": ("H", 0, 49.99), "far": ("H", 0, 50.01)})
    assert city.walk_m("near", "F") == metres(149.99 + 200 + 100)
    assert city.walk_m("far", "F") == inf
    assert city.walk_m("H", "F", max_link_m=99.9) == inf
    assert city.walk_m("H", "F", max_link_m=100.1) == metres(400)


def test_a_point_too_far_from_any_street_knows_how_far() -> None:
    city = draw(STREET, "a-b-c", points={"far": ("H", 0, 300)})
    lon, lat = np.array([city.place["far"]]).T
    links = EdgeLocator(city.network).link(lon, lat)
    assert not links.is_linked[0]
    assert links.nearest_m[0] == metres(400)


def test_a_point_at_a_node_belongs_to_every_edge_there() -> None:
    # H lies beyond the corner a, its nearest place is a itself, where two one-way streets leave and one arrives.
    city = draw(
        """
        H  .  .  .
        .  a  .  b
        .  .  .  .
        .  c  .  .
        """,
        "a-b oneway\na-c oneway\nb-c",
        points={"F": ("b", 0, 0), "G": ("c", 0, 0)},
    )
    link = 100 * sqrt(2)
    assert city.walk_m("H", "F") == metres(link + 200)
    assert city.walk_m("H", "G") == metres(link + 200)


def test_of_places_equally_near_the_fastest_counts() -> None:
    # H lies midway between two streets, 100 m from both; the lower one leads to F, the upper one is a detour.
    city = draw(
        """
        a . . b
        . H . .
        c . . d
        """,
        "a-c\na-b oneway\nc-d\nb-d",
        points={"F": ("d", 0, 0)},
    )
    # upper: 100 + 200 to b + 200 down to d; lower: 100 + 200 to d. The third, a-c, is 100 m away too: 100 + 100 + 300.
    assert city.walk_m("H", "F") == metres(300)


def test_equally_near_places_on_one_and_the_same_edge_are_all_tried() -> None:
    # A hairpin, one edge: out along the upper leg, back along the lower one. H stands between the legs.
    city = draw(
        """
        a . . . . b
        d . . . . c
        """,
        "a-b-c-d",
        points={"H": ("a", 100, -50), "F": ("a", 0, 0), "G": ("d", 0, 0)},
    )
    assert city.walk_m("H", "F") == metres(50 + 100)  # upper leg, back to a
    assert city.walk_m("H", "G") == metres(50 + 100)  # lower leg, on to d


def test_the_smallest_over_several_access_points() -> None:
    city = draw(
        """
        .  H  .  .  I  .
        a  .  .  .  .  b
        .  F  .  .  .  G
        """,
        "a-b",
    )
    # I to G is 100 + 100 + 100 (G hangs below b); H to F is 100 + 0 + 100
    assert city.walk_m("H I", "G") == metres(300)
    assert city.walk_m("I", "F G") == metres(300)
    assert city.walk_m("H I", "F G") == metres(200)


def test_an_access_point_without_a_link_does_not_spoil_the_others() -> None:
    city = draw(STREET, "a-b-c", points={"far": ("H", 0, 900)})
    assert city.walk_m("far H", "F") == metres(400)
    assert city.walk_m("H", "far F") == metres(400)
    assert city.walk_m("H", "far") == inf


# --- islands (section 3) -----------------------------------------------------------------------------------------


ISLAND = """
    .  .  .  .  .  .  .
    i  .  H  .  j  .  .
    a  .  .  .  .  .  b
"""


def test_an_island_edge_is_linked_only_where_no_other_lies_in_reach() -> None:
    # i-j has 400 m: an island. a-b has 600 m. H stands 40 m from the island and 60 m from the main street.
    points = {"h": ("H", 0, -40), "F": ("b", 0, 0), "J": ("j", 0, 0)}
    city = draw(ISLAND, "i-j\na-b", points=points)
    assert city.walk_m("h", "F") == metres(60 + 400)  # passes the nearer island over
    # with links of at most 50 m only the island is in reach, and it leads nowhere but along itself
    assert city.walk_m("h", "F", max_link_m=50) == inf
    assert city.walk_m("h", "J", max_link_m=50) == metres(40 + 200)


def test_a_facility_links_to_the_mainland_too() -> None:
    city = draw(ISLAND, "i-j\na-b", points={"A": ("a", 0, 0), "F": ("H", 0, -40)})
    assert city.walk_m("A", "F") == metres(200 + 60)


def test_a_part_of_500_m_is_no_island() -> None:
    picture = """
        i  .  .  .  .  j  .
        .  .  H  .  .  .  .
        a  .  .  .  .  .  b
    """
    points = {"h": ("H", 0, 30), "J": ("j", 0, 0), "B": ("b", 0, 0), "k": ("j", 2, 0), "l": ("j", -2, 0)}
    assert draw(picture, "i-k\na-b", points=points).walk_m("h", "J") == metres(70 + 300)  # 502 m
    short = draw(picture, "i-l\na-b", points=points)  # 498 m
    assert short.walk_m("h", "B") == metres(130 + 400)


def test_islands_are_measured_over_restricted_edges_and_gates_and_against_one_ways() -> None:
    # 200 public + gate + 200 one-way + 200 restricted make one part of 600 m
    city = draw(
        """
        i . k . l . m
        . H . . . . .
        a . . . . . . . . b
        """,
        "i-k\nl-k oneway\nl-m restricted\na-b\ngates k",
        points={"h": ("H", 0, 10), "I": ("i", 0, 0)},
    )
    assert city.walk_m("h", "I") == metres(90 + 100)


def test_a_wall_makes_islands() -> None:
    city = draw(
        """
        i . . . w . . j
        . H . . . . . .
        a . . . . . . b
        """,
        "i-w-j\na-b\nwalls w",
        points={"h": ("H", 0, 10), "B": ("b", 0, 0)},
    )
    # two pieces of 400 and 300 m
    assert city.walk_m("h", "B") == metres(110 + 600)


# --- min_count (section 4) ---------------------------------------------------------------------------------------


ROW = """
    .  .  F  .  .  G  .  .  I  .
    H  .  .  .  .  .  .  .  .  z
"""


def test_min_count_counts_distinct_facilities() -> None:
    city = draw(ROW, "H-z")
    assert city.nearest("H", "F", "G", "I", k=1).facility == "F"
    assert city.walk_m("H", "F", "G", "I", k=1) == metres(200 + 100)
    assert city.walk_m("H", "F", "G", "I", k=2) == metres(500 + 100)
    assert city.nearest("H", "F", "G", "I", k=3).facility == "I"
    assert city.walk_m("H", "F", "G", "I", k=3) == metres(800 + 100)
    assert city.walk_m("H", "F", "G", "I", k=4) == inf
    # F and G are doors of one facility: the second facility is I
    assert city.walk_m("H", "F G", "I", k=2) == metres(800 + 100)


def test_min_count_from_the_middle_of_an_edge_counts_both_ends_and_the_edge_itself() -> None:
    city = draw(ROW, "H-z", points={"h": ("H", 400, 0)})
    # F 200 + 100 to the west, G 100 + 100 to the east, I 400 + 100
    assert city.nearest("h", "F", "G", "I", k=1).facility == "G"
    assert city.walk_m("h", "F", "G", "I", k=2) == metres(300)
    assert city.walk_m("h", "F", "G", "I", k=3) == metres(500)


def test_an_unreachable_facility_does_not_count() -> None:
    city = draw(ROW, "H-z", points={"far": ("G", 0, 900)})
    assert city.walk_m("H", "F", "far", k=1) == metres(300)
    assert city.walk_m("H", "F", "far", k=2) == inf


def test_no_facility_at_all() -> None:
    assert draw(ROW, "H-z").walk_m("H") == inf
