"""Rules 1 to 6 of `method.md`, section 1, value by value as its text lists them."""

import pytest

from app.ingest.foot_access import node_access, way_access, way_directions

BASE_YES = (
    "footway pedestrian path steps living_street residential service unclassified road tertiary tertiary_link "
    "secondary secondary_link primary primary_link track cycleway corridor crossing platform elevator"
).split()
BASE_NO_BUT_BUILT = (
    "motorway motorway_link raceway bus_guideway busway escape services rest_area bridleway via_ferrata"
).split()
UNBUILT = "construction proposed planned abandoned razed disused no".split()
TRUNKS = ("trunk", "trunk_link")
ACCESS_RESTRICTED = "private customers destination delivery permit residents employees military".split()
FOOT_RESTRICTED = "private customers destination delivery permit residents employees".split()
FOOT_YES = "yes designated permissive official".split()
FOOT_NO = ("no", "use_sidepath")
SAYS_NOTHING = ("unknown", "dismount", "agricultural", "forestry", "limited", "")


def way(highway: str, **tags: str) -> str:
    return way_access({"highway": highway, **{key.replace("__", ":"): value for key, value in tags.items()}})


# --- rule 1: the base --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("highway", BASE_YES)
def test_base_yes(highway: str) -> None:
    assert way(highway) == "yes"


@pytest.mark.parametrize("highway", [*BASE_NO_BUT_BUILT, *UNBUILT, *TRUNKS, "", "some_new_value"])
def test_base_no(highway: str) -> None:
    assert way(highway) == "no"


@pytest.mark.parametrize("trunk", TRUNKS)
@pytest.mark.parametrize("key", ["sidewalk", "sidewalk__both", "sidewalk__left", "sidewalk__right"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("both", "yes"),
        ("left", "yes"),
        ("right", "yes"),
        ("yes", "yes"),
        ("no", "no"),
        ("none", "no"),
        ("separate", "no"),
    ],
)
def test_a_trunk_road_is_walked_on_its_sidewalk(trunk: str, key: str, value: str, expected: str) -> None:
    assert way(trunk, **{key: value}) == expected


def test_one_sidewalk_of_two_is_enough() -> None:
    assert way("trunk", sidewalk__left="no", sidewalk__right="yes") == "yes"
    assert way("trunk", sidewalk__left="separate", sidewalk__right="no") == "no"


def test_a_sidewalk_opens_trunk_roads_only() -> None:
    assert way("motorway", sidewalk="both") == "no"
    assert way("construction", sidewalk="both") == "no"


@pytest.mark.parametrize(
    "tags", [{"route": "ferry", "foot": "yes"}, {"man_made": "pier"}, {"foot": "yes"}, {}]
)
def test_a_way_without_highway_is_not_walked(tags: dict[str, str]) -> None:
    assert way_access(tags) == "no"


# --- rule 2: access narrows --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ACCESS_RESTRICTED)
def test_access_restricts_what_is_walkable(value: str) -> None:
    assert way("residential", access=value) == "restricted"
    assert way("motorway", access=value) == "no"  # it never opens
    assert way("construction", access=value) == "no"
    assert way("trunk", access=value) == "no"
    assert way("trunk", access=value, sidewalk="both") == "restricted"


@pytest.mark.parametrize("value", ["yes", "permissive", "designated", "use_sidepath", *SAYS_NOTHING])
def test_other_access_changes_nothing(value: str) -> None:
    assert way("residential", access=value) == "yes"
    assert way("motorway", access=value) == "no"
    assert way("trunk", access=value) == "no"


def test_access_no_closes() -> None:
    assert way("residential", access="no") == "no"


@pytest.mark.parametrize(("value", "expected"), [("yes", "no"), ("no", "yes")])
def test_motorroads_are_closed(value: str, expected: str) -> None:
    assert way("primary", motorroad=value) == expected
    assert way("trunk", motorroad="yes", sidewalk="both") == "no"
    assert way("primary", motorroad="yes", access="private") == "no"


@pytest.mark.parametrize("tag", ["vehicle", "motor_vehicle", "bicycle", "oneway", "horse"])
def test_other_traffic_is_no_matter(tag: str) -> None:
    assert way("residential", **{tag: "no"}) == "yes"
    assert way("residential", **{tag: "private"}) == "yes"


# --- rule 3: foot overrides --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", FOOT_NO)
@pytest.mark.parametrize("highway", ["footway", "residential", "motorway", "construction"])
def test_foot_closes(highway: str, value: str) -> None:
    assert way(highway, foot=value) == "no"
    assert way(highway, foot=value, access="yes") == "no"


@pytest.mark.parametrize("value", FOOT_YES)
@pytest.mark.parametrize("highway", ["residential", *BASE_NO_BUT_BUILT, *TRUNKS])
def test_foot_opens_what_is_built(highway: str, value: str) -> None:
    assert way(highway, foot=value) == "yes"
    assert way(highway, foot=value, access="no") == "yes"
    assert way(highway, foot=value, access="private") == "yes"
    assert way(highway, foot=value, motorroad="yes") == "yes"


@pytest.mark.parametrize("value", FOOT_RESTRICTED)
@pytest.mark.parametrize("highway", ["residential", *BASE_NO_BUT_BUILT, *TRUNKS])
def test_foot_restricts_what_is_built(highway: str, value: str) -> None:
    assert way(highway, foot=value) == "restricted"
    assert way(highway, foot=value, access="no") == "restricted"
    assert way(highway, foot=value, access="yes") == "restricted"


@pytest.mark.parametrize("value", [*FOOT_YES, *FOOT_RESTRICTED])
@pytest.mark.parametrize("highway", UNBUILT)
def test_foot_opens_nothing_that_is_not_built(highway: str, value: str) -> None:
    assert way(highway, foot=value) == "no"


@pytest.mark.parametrize("value", ["military", *SAYS_NOTHING])  # `military` is a value of `access` alone
def test_other_foot_changes_nothing(value: str) -> None:
    assert way("residential", foot=value) == "yes"
    assert way("residential", foot=value, access="private") == "restricted"
    assert way("residential", foot=value, access="no") == "no"
    assert way("motorway", foot=value) == "no"


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"access": "private;yes"}, "restricted"),
        ({"access": "yes;private"}, "yes"),
        ({"access": "no;yes"}, "no"),
        ({"access": "private; no"}, "restricted"),
        ({"foot": "yes;no"}, "yes"),
        ({"foot": "no;yes"}, "no"),
        ({"foot": "private;yes"}, "restricted"),
        ({"foot": "designated ;no", "access": "no"}, "yes"),
        ({"foot": "unknown;yes", "access": "private"}, "restricted"),
    ],
)
def test_the_first_value_of_a_list_counts(tags: dict[str, str], expected: str) -> None:
    assert way("service", **tags) == expected


# --- rule 4: outlines --------------------------------------------------------------------------------------------


def test_squares_are_walked_along_their_outline() -> None:
    assert way("pedestrian", area="yes") == "yes"


# --- rule 5: one-way on foot -------------------------------------------------------------------------------------

BOTH, FORWARD, BACKWARD, NEITHER = (True, True), (True, False), (False, True), (False, False)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, BOTH),
        ({"oneway": "yes"}, BOTH),
        ({"oneway": "-1"}, BOTH),
        ({"junction": "roundabout"}, BOTH),
        ({"oneway:foot": "yes"}, FORWARD),
        ({"oneway:foot": "-1"}, BACKWARD),
        ({"oneway:foot": "no", "oneway": "yes"}, BOTH),
        ({"foot:backward": "no"}, FORWARD),
        ({"foot:forward": "no"}, BACKWARD),
        ({"foot:forward": "yes"}, BOTH),
        ({"foot:backward": "designated"}, BOTH),
        ({"conveying": "forward"}, FORWARD),
        ({"conveying": "backward"}, BACKWARD),
        ({"conveying": "yes"}, BOTH),
        ({"conveying": "reversible"}, BOTH),
        ({"oneway": "yes", "conveying": "backward"}, BACKWARD),
        ({"oneway:foot": "yes", "foot:forward": "no"}, NEITHER),
        ({"foot:forward": "no", "foot:backward": "no"}, NEITHER),
    ],
)
@pytest.mark.parametrize("highway", ["steps", "footway", "residential"])
def test_directions(highway: str, tags: dict[str, str], expected: tuple[bool, bool]) -> None:
    assert way_directions({"highway": highway, **tags}) == expected


# --- rule 6: barrier nodes ---------------------------------------------------------------------------------------

SOLID = "wall fence hedge retaining_wall city_wall".split()
PASSABLE = (
    "gate lift_gate swing_gate bollard kerb stile cycle_barrier block turnstile kissing_gate entrance".split()
)


@pytest.mark.parametrize("barrier", PASSABLE)
def test_barriers_are_passable(barrier: str) -> None:
    assert node_access({"barrier": barrier}) == "passable"


@pytest.mark.parametrize("barrier", SOLID)
def test_solid_barriers_are_not(barrier: str) -> None:
    assert node_access({"barrier": barrier}) == "impassable"
    assert node_access({"barrier": barrier, "foot": "yes"}) == "passable"
    assert node_access({"barrier": barrier, "access": "yes"}) == "passable"
    assert node_access({"barrier": barrier, "access": "private"}) == "restricted"
    assert node_access({"barrier": barrier, "bicycle": "yes"}) == "impassable"


@pytest.mark.parametrize("barrier", ["gate", "wall"])
@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"access": "no"}, "impassable"),
        ({"foot": "no"}, "impassable"),
        ({"foot": "no", "access": "yes"}, "impassable"),
        ({"foot": "yes", "access": "no"}, "passable"),
        ({"foot": "designated", "access": "private"}, "passable"),
        ({"foot": "permissive", "access": "no"}, "passable"),
        ({"foot": "private", "access": "no"}, "restricted"),
        ({"foot": "unknown", "access": "no"}, "impassable"),  # no value of rule 3, so `access` is asked
        ({"foot": "unknown", "access": "private"}, "restricted"),
        ({"foot": "military", "access": "no"}, "impassable"),
        ({"access": "no;yes"}, "impassable"),
        ({"access": "private;no"}, "restricted"),
        ({"foot": "yes;no", "access": "no"}, "passable"),
        ({"access": "unknown"}, "passable"),
    ],
)
def test_tags_of_barriers(barrier: str, tags: dict[str, str], expected: str) -> None:
    assert node_access({"barrier": barrier, **tags}) == expected


@pytest.mark.parametrize("value", ACCESS_RESTRICTED)
def test_access_restricts_a_barrier(value: str) -> None:
    assert node_access({"barrier": "gate", "access": value}) == "restricted"


@pytest.mark.parametrize("value", FOOT_RESTRICTED)
def test_foot_restricts_a_barrier(value: str) -> None:
    assert node_access({"barrier": "gate", "foot": value}) == "restricted"
    assert node_access({"barrier": "gate", "foot": value, "access": "yes"}) == "restricted"


@pytest.mark.parametrize(
    "tags", [{}, {"foot": "yes"}, {"access": "yes"}, {"foot": "private"}, {"access": "private"}]
)
@pytest.mark.parametrize("barrier", ["gate", "wall", "bollard"])
def test_a_lock_beats_every_other_tag(barrier: str, tags: dict[str, str]) -> None:
    assert node_access({"barrier": barrier, "locked": "yes", **tags}) == "impassable"
    assert node_access({"barrier": "gate", "locked": "no"}) == "passable"
