"""Proposals of which none may pass, each with a part of what has to be said of it."""

import json
from typing import Any

from tests.support.proposing import collection, feature

POINT = {"type": "Point", "coordinates": [24.94, 60.17]}
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[24.94, 60.17], [24.95, 60.17], [24.95, 60.18], [24.94, 60.18], [24.94, 60.17]]],
}
LINE = {"type": "LineString", "coordinates": [[24.94, 60.17], [24.95, 60.17]]}


def ref(number: int, name: str) -> str:
    return f"feature {number}, property {name}"


BAD_FEATURES: dict[str, tuple[Any, str]] = {
    "no feature": ("x", "feature 2"),
    "null feature": (None, "feature 2"),
    "a list": ([], "feature 2"),
    "bare geometry": (POINT, "feature 2"),
    "no properties": ({"type": "Feature", "geometry": POINT}, "feature 2, properties"),
    "properties null": ({"type": "Feature", "properties": None, "geometry": POINT}, "feature 2, properties"),
    "properties a list": ({"type": "Feature", "properties": [1], "geometry": POINT}, "feature 2, properties"),
    "no action": (feature(None, POINT), ref(2, "action")),
    "action null": ({"type": "Feature", "properties": {"action": None}, "geometry": None}, ref(2, "action")),
    "action unknown": (feature("build", POINT, services=["clinic"]), ref(2, "action")),
    "action in capitals": (feature("ADD", POINT, services=["clinic"]), ref(2, "action")),
    "action a number": (feature(1, POINT), ref(2, "action")),
    "action a list": (feature(["add"], POINT), ref(2, "action")),
    "unknown property": (feature("close", way=1, colour="red"), ref(2, "colour")),
    "near miss": (feature("close", ways=1), ref(2, "ways")),
    "unknown member": (
        feature("close", way=1) | {"styles": {}},
        "feature 2: has the unknown member 'styles'",
    ),
    "add without place": (feature("add", services=["clinic"]), "feature 2, geometry"),
    "add without services": (feature("add", POINT), ref(2, "services")),
    "add a line": (feature("add", LINE, services=["clinic"]), "feature 2, geometry"),
    "add many points": (
        feature("add", {"type": "MultiPoint", "coordinates": [[24.9, 60.1]]}, services=["clinic"]),
        "feature 2, geometry",
    ),
    "add with a way": (feature("add", POINT, services=["clinic"], way=1), ref(2, "way")),
    "add with a facility and a node": (
        feature("add", POINT, services=["clinic"], facility="a", node=1),
        ref(2, "node"),
    ),
    "services a text": (feature("add", POINT, services="clinic"), ref(2, "services")),
    "services empty": (feature("add", POINT, services=[]), ref(2, "services")),
    "services with a number": (feature("add", POINT, services=[1]), ref(2, "services")),
    "services with a blank": (feature("add", POINT, services=["a b"]), ref(2, "services")),
    "services nested": (feature("add", POINT, services=[["clinic"]]), ref(2, "services")),
    "services an object": (feature("add", POINT, services={"clinic": 1}), ref(2, "services")),
    "capacity a text": (feature("add", POINT, services=["clinic"], capacity="9"), ref(2, "capacity")),
    "capacity negative": (feature("add", POINT, services=["clinic"], capacity=-1), ref(2, "capacity")),
    "capacity true": (feature("add", POINT, services=["clinic"], capacity=True), ref(2, "capacity")),
    "cost a list": (feature("add", POINT, services=["clinic"], cost=[1]), ref(2, "cost")),
    "name an object": (feature("add", POINT, services=["clinic"], name={}), ref(2, "name")),
    "facility empty": (feature("add", POINT, services=["clinic"], facility=" "), ref(2, "facility")),
    "facility a list": (feature("close", facility=["a", "b"]), ref(2, "facility")),
    "facility a fraction": (feature("close", facility=1.5), ref(2, "facility")),
    "facility with a bell": (feature("close", facility="a\u0007"), ref(2, "facility")),
    "facility too long": (feature("close", facility="a" * 500), ref(2, "facility")),
    "close nothing": (feature("close"), ref(2, "facility")),
    "close a point": (feature("close", POINT), "feature 2, geometry"),
    "close a line": (feature("close", LINE), "feature 2, geometry"),
    "close way and node": (feature("close", way=1, node=2), ref(2, "node")),
    "close facility and way": (feature("close", facility="a", way=2), ref(2, "way")),
    "close a way with geometry": (feature("close", LINE, way=1), "feature 2, geometry"),
    "close with services": (feature("close", facility="a", services=["clinic"]), ref(2, "services")),
    "way zero": (feature("close", way=0), ref(2, "way")),
    "way negative": (feature("close", way=-5), ref(2, "way")),
    "way a fraction": (feature("close", way=1.0), ref(2, "way")),
    "way true": (feature("close", way=True), ref(2, "way")),
    "way a list": (feature("close", way=[1, 2]), ref(2, "way")),
    "way two ids": (feature("close", way="1;2"), ref(2, "way")),
    "way a node": (feature("close", way="node/1"), ref(2, "way")),
    "way beyond 64 bits": (feature("close", way="9999999999999999999"), ref(2, "way")),
    "node a text": (feature("open", node="gate"), ref(2, "node")),
    "node a huge number": (feature("open", node=2**63), ref(2, "node")),
    "move without place": (feature("move", facility="a"), "feature 2, geometry"),
    "move nobody": (feature("move", POINT), ref(2, "facility")),
    "move a way": (feature("move", LINE, way=1), ref(2, "way")),
    "move a facility to a line": (feature("move", LINE, facility="a"), "feature 2, geometry"),
    "move with capacity": (feature("move", POINT, facility="a", capacity=3), ref(2, "capacity")),
    "open nothing": (feature("open"), ref(2, "way")),
    "open a facility": (feature("open", facility="a"), ref(2, "facility")),
    "open a point": (feature("open", POINT), "feature 2, geometry"),
    "open a polygon": (feature("open", SQUARE), "feature 2, geometry"),
    "open several lines": (
        feature("open", {"type": "MultiLineString", "coordinates": [LINE["coordinates"]]}),
        "feature 2, geometry",
    ),
    "a link of one point": (
        feature("open", {"type": "LineString", "coordinates": [[24.94, 60.17]]}),
        "feature 2, geometry",
    ),
    "a link without length": (
        feature("open", {"type": "LineString", "coordinates": [[24.94, 60.17]] * 2}),
        "feature 2, geometry",
    ),
    "geometry a text": (feature("add", "POINT (1 2)", services=["clinic"]), "feature 2, geometry"),
    "geometry of no type": (feature("add", {"type": "Circle"}, services=["clinic"]), "feature 2, geometry"),
    "geometry without coordinates": (
        feature("add", {"type": "Point"}, services=["clinic"]),
        "feature 2, geometry",
    ),
    "geometry empty": (
        feature("add", {"type": "Point", "coordinates": []}, services=["clinic"]),
        "feature 2, geometry",
    ),
    "coordinates of text": (
        feature("add", {"type": "Point", "coordinates": ["24", "60"]}, services=["clinic"]),
        "feature 2, geometry",
    ),
    "an open ring": (
        feature("close", {"type": "Polygon", "coordinates": [SQUARE["coordinates"][0][:-1]]}),
        "feature 2, geometry",
    ),
    "a polygon without area": (
        feature("close", {"type": "Polygon", "coordinates": [[[1, 1], [2, 2], [1, 1], [1, 1]]]}),
        "feature 2, geometry",
    ),
    "metres for degrees": (
        feature("add", {"type": "Point", "coordinates": [385000, 6672000]}, services=["clinic"]),
        "feature 2, geometry",
    ),
    "latitude first": (
        feature("add", {"type": "Point", "coordinates": [60.17, 124.94]}, services=["clinic"]),
        "feature 2, geometry",
    ),
    "a number without end": (
        feature("add", {"type": "Point", "coordinates": [1e400, 1]}, services=["clinic"]),
        "p.geojson",
    ),
}

FIRST = feature("close", facility="first")
OTHER_POINT = {"type": "Point", "coordinates": [24.96, 60.17]}
BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b" \n", "is empty"),
    "no JSON": (b"{", "line 1"),
    "half a file": (json.dumps(collection(FIRST)).encode()[:-9], "is not valid JSON"),
    "HTML": (b"<!DOCTYPE html><html></html>", "HTML"),
    "not UTF-8": (json.dumps(collection(FIRST)).encode().replace(b"first", b"f\xffrst"), "UTF-8"),
    "UTF-16": (json.dumps(collection(FIRST)).encode("utf-16"), "UTF-16"),
    "a number": (b"7", "not a GeoJSON FeatureCollection"),
    "null": (b"null", "not a GeoJSON FeatureCollection"),
    "a list of features": (json.dumps([FIRST]).encode(), "not a GeoJSON FeatureCollection"),
    "one feature": (json.dumps(FIRST).encode(), "not a GeoJSON FeatureCollection"),
    "no features": (b'{"type": "FeatureCollection"}', "features"),
    "features an object": (b'{"type": "FeatureCollection", "features": {}}', "features"),
    "nothing to do": (json.dumps(collection()).encode(), "features"),
    "unknown member": (json.dumps(collection(FIRST, policy={})).encode(), "'policy'"),
    "crs unknown": (json.dumps(collection(FIRST, crs="EPSG:999999")).encode(), "crs"),
    "crs a number": (json.dumps(collection(FIRST, crs=3067)).encode(), "crs"),
    "crs a pipeline": (json.dumps(collection(FIRST, crs="+proj=merc")).encode(), "crs"),
    "crs of heights": (json.dumps(collection(FIRST, crs="EPSG:5773")).encode(), "crs"),
    "too many": (json.dumps(collection(*[FIRST] * 10_001)).encode(), "at most 10000"),
    "closed and moved": (
        json.dumps(collection(FIRST, feature("move", POINT, facility="first"))).encode(),
        "features 1 and 2: contradict",
    ),
    "closed and added": (
        json.dumps(collection(feature("add", POINT, facility="first", services=["clinic"]), FIRST)).encode(),
        "features 1 and 2: contradict",
    ),
    "moved to two places": (
        json.dumps(
            collection(
                feature("move", POINT, facility="a"), FIRST, feature("move", OTHER_POINT, facility="a")
            )
        ).encode(),
        "features 1 and 3: contradict",
    ),
    "two of one id": (
        json.dumps(
            collection(
                feature("add", POINT, facility="a", services=["clinic"]),
                feature("add", OTHER_POINT, facility="a", services=["clinic"]),
            )
        ).encode(),
        "features 1 and 2: contradict",
    ),
    "one place, other services": (
        json.dumps(
            collection(
                feature("add", POINT, facility="a", services=["clinic"]),
                feature("add", POINT, facility="a", services=["pharmacy"]),
            )
        ).encode(),
        "features 1 and 2: contradict",
    ),
    "way closed and opened": (
        json.dumps(collection(feature("close", way=5), feature("open", way="way/5"))).encode(),
        "features 1 and 2: contradict each other: close and open of way 5",
    ),
    "node closed and opened": (
        json.dumps(collection(FIRST, feature("open", node=5), feature("close", node=5))).encode(),
        "features 2 and 3: contradict",
    ),
    "added at two prices": (
        json.dumps(
            collection(
                feature("add", POINT, facility="a", services=["clinic"], cost=2),
                feature("add", POINT, facility="a", services=["clinic"], cost=3),
            )
        ).encode(),
        "features 1 and 2: contradict",
    ),
    "one polygon at two prices": (
        json.dumps(collection(feature("close", SQUARE, cost=2), FIRST, feature("close", SQUARE))).encode(),
        "features 1 and 3: contradict",
    ),
    "a link through a closed polygon": (
        json.dumps(collection(feature("open", LINE), feature("close", SQUARE))).encode(),
        "features 1 and 2: contradict",
    ),
}


def as_file(bad: Any) -> bytes:
    """A file that holds a bad feature after a good one, as feature 2."""
    content = json.dumps(collection(FIRST, bad), allow_nan=True).replace("Infinity", "1e400")
    return content.encode()


def every_bad_file() -> dict[str, bytes]:
    """The whole corpus as files, by name."""
    whole = {name: as_file(bad) for name, (bad, _) in BAD_FEATURES.items()}
    return whole | {f"{name} (file)": content for name, (content, _) in BAD_FILES.items()}
