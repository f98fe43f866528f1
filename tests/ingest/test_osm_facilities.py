"""Which places may be facilities, and by which doors anybody may enter them."""

from pathlib import Path

import pytest

from app.domain.facility import FacilityPlaces
from app.ingest.osm_facilities import facility_places_from_osm
from app.ingest.osm_file import read_osm_file
from tests.support.osm_writing import Place, Sketch, metres

# Tags, whether the place is kept, and whether it is counted as left out.
PLACES = [
    ({"shop": "bakery"}, True, 0),
    ({"shop": "bakery", "access": "yes"}, True, 0),
    ({"shop": "bakery", "access": "customers"}, True, 0),
    ({"amenity": "school", "access": "permissive;private"}, True, 0),
    ({"amenity": "parking", "access": "private"}, False, 1),
    ({"amenity": "parking", "access": "no"}, False, 1),
    ({"amenity": "school", "access": "private;yes"}, False, 1),
    ({"amenity": "school", "disused": "yes"}, False, 1),
    ({"amenity": "school", "disused": "no"}, True, 0),
    ({"amenity": "school", "abandoned": "yes"}, False, 1),
    ({"amenity": "school", "construction": "minor"}, False, 1),
    ({"amenity": "school", "demolished": "yes"}, False, 1),
    ({"amenity": "school", "disused:shop": "kiosk"}, True, 0),
    # No key that a selector may start from: not even counted.
    ({"disused:amenity": "school"}, False, 0),
    ({"was:shop": "bakery", "name": "Old bakery"}, False, 0),
    ({"amenity": "no"}, False, 0),
    ({"landuse": "residential"}, False, 0),
    ({"landuse": "retail"}, True, 0),
    ({"landuse": "forest;retail"}, True, 0),
    ({"landuse": "forest; retail"}, True, 0),
    ({"highway": "bus_stop"}, True, 0),
    ({"highway": "crossing"}, False, 0),
    ({"place": "square"}, True, 0),
    ({"place": "city"}, False, 0),
]

DOORS = [
    ({"entrance": "main"}, True),
    ({"entrance": "yes", "access": "yes"}, True),
    ({"entrance": "service"}, True),
    ({"entrance": "no"}, False),
    ({"entrance": "yes", "access": "private"}, False),
    ({"entrance": "yes", "access": "customers"}, False),
    ({"entrance": "yes", "access": "no"}, False),
    ({"entrance": "yes", "access": "no", "foot": "yes"}, True),
    ({"entrance": "yes", "foot": "no"}, False),
    ({"barrier": "gate"}, True),
    ({"barrier": "gate", "access": "permissive"}, True),
    ({"barrier": "gate", "access": "private"}, False),
    ({"barrier": "gate", "access": "private;yes"}, False),
    ({"barrier": "gate", "access": "no"}, False),
    ({"barrier": "gate", "access": "no", "foot": "designated"}, True),
    ({"barrier": "gate", "locked": "yes"}, False),
    ({"barrier": "gate", "locked": "yes", "foot": "yes"}, False),
    ({"barrier": "gate", "locked": "no"}, True),
    ({"barrier": "gate", "entrance": "yes", "locked": "yes"}, False),
    ({"barrier": "wall", "entrance": "yes"}, False),
    ({"barrier": "bollard"}, False),
    ({"barrier": "lift_gate"}, False),
    ({"highway": "crossing"}, False),
]


def places_of(city: Sketch, folder: Path) -> tuple[FacilityPlaces, int]:
    return facility_places_from_osm(read_osm_file(city.write(folder / "city.osm.pbf")))


def entrances_of(places: FacilityPlaces, place_id: str) -> list[Place]:
    """Places of the entrances, to the decimetre."""
    found = places.entrances[places.id.tolist().index(place_id)]
    return sorted((round(x_m, 1), round(y_m, 1)) for x_m, y_m in (metres(*door) for door in found))


@pytest.mark.parametrize("shape", ["node", "way", "relation"])
def test_only_what_is_in_use_and_public(tmp_path: Path, shape: str) -> None:
    city = Sketch()
    for number, (tags, _, _) in enumerate(PLACES, 100):
        if shape == "node":
            city.node(number, (20 * number, 0), tags)
        else:
            city.block(number, 20 * number, 0, 10, 10, **(tags if shape == "way" else {}))
        if shape == "relation":
            city.relation(number, [("w", number, "outer")], {"type": "multipolygon", **tags})
    places, left_out = places_of(city, tmp_path)
    assert sorted(places.id.tolist()) == [
        f"{shape}/{number}" for number, (_, kept, _) in enumerate(PLACES, 100) if kept
    ]
    assert left_out == sum(dropped for _, _, dropped in PLACES)


def test_a_place_keeps_tags_name_and_shape(tmp_path: Path) -> None:
    city = Sketch()
    city.node(7, (3, 4), amenity="school", name="玄武小学")
    city.block(8, 0, 0, 10, 10, amenity="school", building="school")
    city.line(9, [(0, 0), (5, 5)], amenity="school")
    places, _ = places_of(city, tmp_path)
    assert places.id.tolist() == ["node/7", "way/8"]
    assert places.name.tolist() == ["玄武小学", ""]
    assert places.source.tolist() == ["osm", "osm"]
    assert places.services == ((), ())
    assert [dict(tags) for tags in places.tags] == [
        {"amenity": "school", "name": "玄武小学"},
        {"amenity": "school", "building": "school"},
    ]
    assert [geometry.geom_type for geometry in places.geometry] == ["Point", "MultiPolygon"]
    assert metres(places.geometry[0].x, places.geometry[0].y) == pytest.approx((3, 4), abs=0.01)


def test_doors_that_anybody_may_pass(tmp_path: Path) -> None:
    city = Sketch()
    for number, (tags, _) in enumerate(DOORS, 100):
        city.block(number, 20 * number, 0, 10, 10, amenity="school")
        city.tag((20 * number + 10, 0), **tags)
    places, _ = places_of(city, tmp_path)
    for number, (tags, enters) in enumerate(DOORS, 100):
        expected = [(20 * number + 10, 0)] if enters else []
        assert entrances_of(places, f"way/{number}") == expected, tags


def test_doors_belong_to_every_outline_they_stand_on_and_to_no_other(tmp_path: Path) -> None:
    city = Sketch()
    city.block(1, 0, 0, 10, 10, amenity="school")
    city.block(2, 10, 0, 10, 10, shop="bakery")
    city.block(3, 0, 100, 40, 40)
    city.block(4, 10, 110, 20, 20)
    city.relation(5, [("w", 3, "outer"), ("w", 4, "inner")], type="multipolygon", leisure="park")
    for door in ((0, 0), (10, 10), (20, 10), (10, 110), (5, 5)):
        city.tag(door, entrance="yes")
    city.tag((0, 140), barrier="gate")
    places, _ = places_of(city, tmp_path)
    assert entrances_of(places, "way/1") == [(0, 0), (10, 10)]
    assert entrances_of(places, "way/2") == [(10, 10), (20, 10)]
    assert entrances_of(places, "relation/5") == [(0, 140), (10, 110)]


def test_nothing_gives_nothing(tmp_path: Path) -> None:
    city = Sketch()
    city.street(1, [(0, 0), (10, 0)])
    places, left_out = places_of(city, tmp_path)
    assert (len(places.id), left_out) == (0, 0)
