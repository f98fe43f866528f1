"""The changed city against an import of the changed map: the same change made to the elements of OpenStreetMap."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from app.domain.area import Area
from app.domain.proposal import Proposal
from app.services.area_engine import AreaEngine
from app.services.assessment import assess, choose_walker
from app.services.changed_area import changed_area
from app.services.standards import get_standard
from tests.support.osm_writing import Element, Sketch, degrees
from tests.support.proposing import feature, proposal
from tests.support.small_town import do_import

SIDE, BLOCK_M = 5, 90.0
BARRIER, PRIVATE = 33, 7  # a locked gate in the middle of a street, a lane for residents


def town() -> Sketch:
    """Streets of 5 by 5 with a bend in each, a locked gate, a gate for residents, a private lane; homes and shops."""
    city = Sketch()
    shift = random.Random(4)
    place = {
        (i, j): (BLOCK_M * i + shift.uniform(-15, 15), BLOCK_M * j + shift.uniform(-15, 15))
        for i in range(SIDE)
        for j in range(SIDE)
    }
    number = 0
    for (i, j), here in place.items():
        for there in ((i + 1, j), (i, j + 1)):
            if there in place:
                number += 1
                middle = ((here[0] + place[there][0]) / 2 + 7.5, (here[1] + place[there][1]) / 2 - 4.5)
                tags = {"access": "private"} if number == PRIVATE else {}
                city.street(number, [here, middle, place[there]], **tags)
                if number == BARRIER:
                    city.tag(middle, barrier="gate", locked="yes")
    city.tag(place[0, 0], barrier="gate", access="private")
    for row in range(60):
        x_m, y_m = shift.uniform(-40, 400), shift.uniform(-40, 400)
        city.block(500 + row, x_m, y_m, 8, 8, building="house")
    shops = ("supermarket", "bakery", "convenience")
    for row in range(9):
        city.node(700 + row, (shift.uniform(0, 360), shift.uniform(0, 360)), shop=shops[row % 3])
    city.block(800, 130, 130, 60, 60, amenity="school")
    # A frame that no change touches, so that both maps are measured in one plane.
    for osm_id, (x_m, y_m) in enumerate([(-900, -900), (1300, 1300)], start=900):
        city.street(osm_id, [(x_m, y_m), (x_m + 30, y_m)])
    return city


def changed(city: Sketch, change: Callable[[Element], Element | None], *more: Element) -> Sketch:
    """The same elements, each changed or (None) left out."""
    kept = [new for new in map(change, city.elements) if new is not None]
    return replace(city, elements=[*kept, *more])


def element(city: Sketch, kind: str, osm_id: int) -> Element:
    return next(item for item in city.elements if (item.kind, item.id) == (kind, osm_id))


def retagged(kind: str, osm_id: int, tags: dict[str, str]) -> Callable[[Element], Element]:
    return lambda item: replace(item, tags=tags) if (item.kind, item.id) == (kind, osm_id) else item


def without_segments(city: Sketch, polygon: Any) -> Sketch:
    """Ways cut where a segment meets a polygon; the pieces stay, as ways of their own."""
    place = {item.id: item.content for item in city.elements if item.kind == "node"}
    kept: list[Element] = []
    for item in city.elements:
        if item.kind != "way" or "highway" not in item.tags:
            kept.append(item)
            continue
        pieces: list[list[int]] = [[item.content[0]]]
        for one, two in zip(item.content[:-1], item.content[1:], strict=True):
            if polygon.intersects(shapely.LineString([place[one], place[two]])):
                pieces.append([])
            pieces[-1].append(two)
        good = [refs for refs in pieces if len(refs) > 1]
        kept += [
            replace(item, id=item.id + 10_000 * position, content=refs) for position, refs in enumerate(good)
        ]
    return replace(city, elements=kept)


def cases() -> dict[str, tuple[Proposal, Callable[[Sketch], Sketch]]]:
    city = town()
    gate = element(city, "way", BARRIER).content[1]
    corner = element(city, "way", 1).content[0]
    bend = element(city, "way", 12).content[1]
    joint = element(city, "way", 20).content[2]
    ends = [element(city, "way", way).content[0] for way in (3, 30)]
    places = {item.id: item.content for item in city.elements if item.kind == "node"}
    link = [places[ends[0]], degrees(*(200.0, 111.0)), places[ends[1]]]
    square = shapely.box(*degrees(120, 120), *degrees(250, 230))
    found: dict[str, tuple[Proposal, Callable[[Sketch], Sketch]]] = {
        "open a locked gate": (
            proposal(feature("open", node=gate)),
            lambda city: changed(city, retagged("node", gate, {})),
        ),
        "open a residents' gate": (
            proposal(feature("open", node=corner)),
            lambda city: changed(city, retagged("node", corner, {})),
        ),
        "open a private lane": (
            proposal(feature("open", way=PRIVATE)),
            lambda city: changed(city, retagged("way", PRIVATE, {"highway": "footway"})),
        ),
        "close in the middle of a way": (
            proposal(feature("close", node=bend)),
            lambda city: changed(city, retagged("node", bend, {"barrier": "wall"})),
        ),
        "close a crossing": (
            proposal(feature("close", node=joint)),
            lambda city: changed(city, retagged("node", joint, {"barrier": "wall"})),
        ),
        "close a polygon": (
            proposal(feature("close", square)),
            lambda city: without_segments(city, square),
        ),
        "a new link": (
            proposal(feature("open", shapely.LineString(link))),
            lambda city: changed(
                city,
                lambda item: item,
                Element("node", 99_999, link[1], {}),
                Element("way", 99_999, [ends[0], 99_999, ends[1]], {"highway": "footway"}),
            ),
        ),
        "a facility closed": (
            proposal(feature("close", facility="node/700")),
            lambda city: changed(city, lambda item: None if (item.kind, item.id) == ("node", 700) else item),
        ),
        "a facility moved": (
            proposal(feature("move", shapely.Point(degrees(77, 88)), facility="node/701")),
            lambda city: changed(
                city,
                lambda item: (
                    replace(item, content=degrees(77, 88)) if (item.kind, item.id) == ("node", 701) else item
                ),
            ),
        ),
    }
    for way in (2, 11, 17, 24, 40):
        found[f"close way {way}"] = (
            proposal(feature("close", way=way)),
            lambda city, way=way: changed(city, retagged("way", way, {"highway": "no"})),  # type: ignore[misc]
        )
    return found


def outcome(area: Area) -> list[tuple[Sequence[Any], ...]]:
    """States, facilities by id and times of all households, by service."""
    standard = get_standard("cn-mofcom-basic")
    found = assess(AreaEngine(area), standard, choose_walker(standard, None, None))
    ids = np.append(area.facilities.id, "")
    return [
        (item.verdicts.state.tolist(), ids[item.facility].tolist(), item.time_s.tolist())
        for item in found.services
    ]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Area:
    folder = tmp_path_factory.mktemp("before")
    return do_import(folder / "data", town().write(folder / "town.osm.pbf"))[1]


@pytest.mark.parametrize("name", cases())
def test_the_changed_city_is_the_city_of_the_changed_map(name: str, before: Area, tmp_path: Path) -> None:
    asked, change = cases()[name]
    expected = do_import(tmp_path / "data", change(town()).write(tmp_path / "town.osm.pbf"))[1]
    found = changed_area(before, asked)
    assert found.network.projection == expected.network.projection
    assert found.network.length_m == pytest.approx(expected.network.length_m, abs=1e-6)
    assert sorted(np.round(found.network.part_length_m, 6)) == sorted(
        np.round(expected.network.part_length_m, 6)
    )
    restricted_m = [
        float(a.network.edge_length_m[a.network.edge_restricted].sum()) for a in (found, expected)
    ]
    assert restricted_m[0] == pytest.approx(restricted_m[1], abs=1e-6)
    assert outcome(found) != outcome(before) or name in {"open a residents' gate", "close way 40"}
    for one, other in zip(outcome(found), outcome(expected), strict=True):
        assert one[:2] == other[:2]
        assert one[2] == pytest.approx(other[2], abs=1e-6)


class TestClosedByAPolygon:
    """Ours is the widest of three meanings: what crosses the polygon, lies inside, or only touches it."""

    @pytest.mark.parametrize(
        ("corners", "length_m"),
        [
            (((40, -5), (60, 5)), 400.0),  # crosses the middle segment of 100 m alone
            (((-5, -5), (105, 5)), 0.0),  # holds it, and crosses both beside it
            (((100, 0), (110, 10)), 200.0),  # touches the node at 100 m: both segments that meet there
            (((0, 1), (10, 10)), 500.0),  # near is not touching
        ],
    )
    def test_each_segment_that_it_touches(self, corners: Any, length_m: float, tmp_path: Path) -> None:
        city = Sketch()
        city.street(1, [(-200, 0), (0, 0), (100, 0), (300, 0)])
        city.street(2, [(-200, 600), (800, 600)])
        city.block(3, 20, 20, 8, 8, building="house")
        area = do_import(tmp_path / "data", city.write(tmp_path / "city.osm.pbf"))[1]
        square = shapely.box(*degrees(*corners[0]), *degrees(*corners[1]))
        left = changed_area(area, proposal(feature("close", square))).network
        assert left.length_m == pytest.approx(1000 + length_m, abs=0.1)
