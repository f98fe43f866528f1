"""Steps, bridges, and where walkers cross a road, read off tags (walking model, section 2)."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from app.geo.units import IntArray
from app.ingest.osm_stream import OsmObject, OsmStream, node_refs

Tags = Mapping[str, str]
Crossing = Literal["plain", "signals"]

FOOT_WAYS = frozenset("footway pedestrian path cycleway steps crossing corridor platform bridleway".split())
"""Ways that cross a road at a crossing node. Any other way with that node is the road, or a walk along it."""

ROADS = frozenset(
    "motorway motorway_link trunk trunk_link primary primary_link secondary secondary_link tertiary tertiary_link "
    "unclassified residential living_street service road busway".split()
)
_WAYS_TAGGED_CROSSING = ("highway", "footway", "path", "cycleway")
_MOVING = frozenset({"yes", "forward", "backward", "reversible"})


def is_for_foot(tags: Tags) -> bool:
    """Whether a way crosses the road at a crossing node, rather than being the road."""
    return tags.get("highway") in FOOT_WAYS


def has_stairs(tags: Tags) -> bool:
    """Whether a way is climbed step by step, with or without a ramp beside it; an escalator is not."""
    return tags.get("highway") == "steps" and tags.get("conveying") not in _MOVING


def spans(tags: Tags) -> bool:
    """Whether a way leaves the ground: a bridge or a tunnel."""
    return tags.get("bridge", "no") != "no" or tags.get("tunnel", "no") != "no"


def node_crossing(tags: Tags) -> Crossing | None:
    """How walkers cross the road at a node, None where they do not."""
    crossing = tags.get("crossing")
    if crossing == "no":
        return None
    if crossing == "traffic_signals" or tags.get("crossing:signals") == "yes":
        return "signals"
    if tags.get("highway") == "traffic_signals":
        return "signals"
    return "plain" if crossing is not None or tags.get("highway") == "crossing" else None


def find_crossings(stream: OsmStream, highways: Sequence[OsmObject]) -> tuple[IntArray, IntArray]:
    """Ids of the nodes where walkers cross a road: without signals, and with.

    A node says so itself; where a way is tagged as a crossing, the nodes it shares with a road do too.
    """
    signals: set[int] = set()
    plain: set[int] = set()
    for node in stream.nodes.values():
        kind = node_crossing(node.tags)
        if kind is not None:
            (signals if kind == "signals" else plain).add(node.id)
    crossing_ways = [way for way in highways if _is_crossing_way(way.tags)]
    refs, way_of_ref = node_refs(crossing_ways)
    on_roads, _ = node_refs(way for way in highways if way.tags["highway"] in ROADS)
    shared = np.isin(refs, on_roads)
    for ref, position in zip(refs[shared].tolist(), way_of_ref[shared].tolist(), strict=True):
        has_signals = node_crossing({**crossing_ways[position].tags, "highway": "crossing"}) == "signals"
        (signals if has_signals else plain).add(ref)
    return _ids(plain - signals), _ids(signals)


def _is_crossing_way(tags: Tags) -> bool:
    if tags.get("crossing") == "no":
        return False
    return "crossing" in [tags.get(key) for key in _WAYS_TAGGED_CROSSING]


def _ids(found: set[int]) -> IntArray:
    return np.asarray(sorted(found), dtype=np.int64)
