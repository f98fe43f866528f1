"""Who may walk on a way or through a node, read off its tags (walking model, section 1, rules 1 to 6)."""

from collections.abc import Mapping
from typing import Literal

Tags = Mapping[str, str]
WayAccess = Literal["yes", "restricted", "no"]
NodeAccess = Literal["passable", "restricted", "impassable"]

WALKABLE_HIGHWAYS = frozenset(
    "footway pedestrian path steps living_street residential service unclassified road tertiary tertiary_link "
    "secondary secondary_link primary primary_link track cycleway corridor crossing platform elevator".split()
)
TRUNKS = frozenset({"trunk", "trunk_link"})
UNBUILT_HIGHWAYS = frozenset("construction proposed planned abandoned razed disused no".split())
"""No `foot` tag opens these (rule 3)."""

ACCESS_RESTRICTED = frozenset(
    "private customers destination delivery permit residents employees military".split()
)
FOOT_YES = frozenset("yes designated permissive official".split())
FOOT_NO = frozenset({"no", "use_sidepath"})
FOOT_RESTRICTED = frozenset("private customers destination delivery permit residents employees".split())

SIDEWALK_KEYS = ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")
NO_SIDEWALK = frozenset({"no", "none", "separate"})

SOLID_BARRIERS = frozenset("wall fence hedge retaining_wall city_wall".split())


def way_access(tags: Tags) -> WayAccess:
    """Whether a way may be walked: by all, at the ends of a trip only, or not at all."""
    highway = tags.get("highway")
    if highway is None:
        return "no"
    foot = _first(tags, "foot")
    if foot in FOOT_NO:
        return "no"
    if highway not in UNBUILT_HIGHWAYS:
        if foot in FOOT_YES:
            return "yes"
        if foot in FOOT_RESTRICTED:
            return "restricted"
    if not _base_is_walkable(highway, tags) or tags.get("motorroad") == "yes":
        return "no"
    access = _first(tags, "access")
    if access == "no":
        return "no"
    return "restricted" if access in ACCESS_RESTRICTED else "yes"


def way_directions(tags: Tags) -> tuple[bool, bool]:
    """Whether one may walk along a way's own direction, and against it (rule 5)."""
    forward = tags.get("foot:forward") != "no"
    backward = tags.get("foot:backward") != "no"
    oneway, conveying = tags.get("oneway:foot"), tags.get("conveying")
    if oneway == "yes" or conveying == "forward":
        backward = False
    if oneway == "-1" or conveying == "backward":
        forward = False
    return forward, backward


def has_unramped_steps(tags: Tags) -> bool:
    """Whether a way is a flight of steps that a wheelchair cannot take."""
    if tags.get("highway") != "steps":
        return False
    for_wheelchairs = tags.get("ramp:wheelchair")
    return for_wheelchairs != "yes" if for_wheelchairs is not None else tags.get("ramp") != "yes"


def node_access(tags: Tags) -> NodeAccess:
    """Whether one may walk through a node.

    Rule 6 for barriers, and the same reading of `foot` and `access` for any other node that is asked about (an
    entrance on an outline).
    """
    barrier = tags.get("barrier")
    if barrier is not None and tags.get("locked") == "yes":
        return "impassable"
    foot, access = _first(tags, "foot"), _first(tags, "access")
    if foot in FOOT_NO or foot in FOOT_YES or foot in FOOT_RESTRICTED:
        closed, restricted = foot in FOOT_NO, foot in FOOT_RESTRICTED
    else:
        closed, restricted = access == "no", access in ACCESS_RESTRICTED
    if closed:
        return "impassable"
    if restricted:
        return "restricted"
    if barrier in SOLID_BARRIERS and "foot" not in tags and "access" not in tags:
        return "impassable"
    return "passable"


def _base_is_walkable(highway: str, tags: Tags) -> bool:
    if highway in TRUNKS:
        return any(key in tags and tags[key] not in NO_SIDEWALK for key in SIDEWALK_KEYS)
    return highway in WALKABLE_HIGHWAYS


def _first(tags: Tags, key: str) -> str | None:
    value = tags.get(key)
    return None if value is None else value.split(";", 1)[0].strip()
