"""Which buildings are homes, how many dwellings they hold, and by which doors one leaves them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import shapely

from app.domain.access import ENTRANCE, INSIDE
from app.domain.household import Households
from app.geo.projection import LocalProjection
from app.ingest.osm_file import read_osm_file
from app.ingest.osm_households import (
    RESIDENTIAL_BUILDINGS,
    DwellingEstimate,
    dwellings,
    households_from_buildings,
)
from tests.support.osm_writing import ORIGIN, Place, Sketch, degrees, metres

ONE_LEVEL = DwellingEstimate(floor_area_m2=100.0, default_levels=1.0)


def homes_of(city: Sketch, folder: Path) -> tuple[Households, dict[str, int]]:
    extract = read_osm_file(city.write(folder / "city.osm.pbf"))
    found = households_from_buildings(extract, LocalProjection(*ORIGIN), ONE_LEVEL)
    homes, counts = found.households, found.counts
    return homes, {reason: count for reason, count in counts.items() if count}


def kept_ids(reasons: Sequence[str]) -> list[str]:
    """Ids of the buildings that are homes, where they are counted from 100."""
    return [f"way/{number}" for number, reason in enumerate(reasons, 100) if reason.startswith("kept_")]


def ways_out(homes: Households, home_id: str) -> list[tuple[str, Place]]:
    """Kind and place, to the decimetre, of a household's access points."""
    row = homes.id.tolist().index(home_id)
    points = range(homes.access.start[row], homes.access.start[row + 1])
    places = [metres(homes.access.lon_deg[point], homes.access.lat_deg[point]) for point in points]
    return sorted(
        (str(homes.access.kind[point]), (round(x_m, 1), round(y_m, 1)))
        for point, (x_m, y_m) in zip(points, places, strict=True)
    )


BY_THEIR_OWN_TAGS = [
    ({"building": "apartments", "shop": "bakery"}, "kept_residential_value"),
    ({"building": "school"}, "dropped_other_building_value"),
    ({"building": "retail", "addr:housenumber": "5"}, "dropped_other_building_value"),
    ({"building": "House"}, "dropped_other_building_value"),
    ({"building": "yes"}, "dropped_no_sign_of_homes"),
    ({"building": "yes", "name": "5"}, "dropped_no_sign_of_homes"),
    ({"building": "yes", "addr:housenumber": "5"}, "kept_with_address"),
    ({"building": "yes", "addr:housename": "5"}, "kept_with_address"),
    ({"building": "yes", "addr:street": "中山路"}, "kept_with_address"),
    ({"building": "yes", "addr:place": "5"}, "kept_with_address"),
    ({"building": "yes", "addr:full": "5"}, "kept_with_address"),
    ({"building": "yes", "addr:city": "南京"}, "dropped_no_sign_of_homes"),
    ({"building": "yes", "addr:housenumber": "5", "shop": "yes"}, "dropped_shop_office_or_amenity"),
    ({"building": "yes", "addr:housenumber": "5", "office": "it"}, "dropped_shop_office_or_amenity"),
    ({"building": "yes", "addr:street": "a", "amenity": "cafe"}, "dropped_shop_office_or_amenity"),
    ({"building": "yes", "addr:street": "a", "shop": "no"}, "kept_with_address"),
    ({"building": "yes", "addr:street": "a", "tourism": "hotel"}, "kept_with_address"),
    *(({"building": value}, "kept_residential_value") for value in sorted(RESIDENTIAL_BUILDINGS)),
]

# Residential land from 0 to 100 m with a hole from 40 to 60 m; industrial land from 300 to 400 m. Buildings are 10 m
# wide; where one stands on, the point inside it decides.
BY_THE_LAND = [
    (10, {}, "kept_on_residential_land"),
    (22, {"office": "it"}, "dropped_shop_office_or_amenity"),
    (34, {}, "kept_on_residential_land"),
    (36, {}, "dropped_no_sign_of_homes"),
    (45, {}, "dropped_no_sign_of_homes"),
    (61, {"building": "garage"}, "dropped_other_building_value"),
    (72, {"addr:street": "a"}, "kept_with_address"),
    (94, {}, "kept_on_residential_land"),
    (96, {}, "dropped_no_sign_of_homes"),
    (200, {}, "dropped_no_sign_of_homes"),
    (310, {}, "dropped_no_sign_of_homes"),
]


class TestWhichBuildings:
    def test_by_their_own_tags(self, tmp_path: Path) -> None:
        city = Sketch()
        for number, (tags, _) in enumerate(BY_THEIR_OWN_TAGS, 100):
            city.block(number, 20 * number, 0, 10, 10, **tags)
        homes, counts = homes_of(city, tmp_path)
        reasons = [reason for _, reason in BY_THEIR_OWN_TAGS]
        assert counts == Counter(reasons)
        assert homes.id.tolist() == kept_ids(reasons)

    def test_no_building_is_none(self, tmp_path: Path) -> None:
        city = Sketch()
        city.block(1, 0, 0, 10, 10, building="no", landuse="residential")
        city.line(2, [(0, 0), (50, 0)], building="house")
        city.tag((5, 5), building="house")
        assert homes_of(city, tmp_path)[1] == {}

    def test_by_the_land_they_stand_on(self, tmp_path: Path) -> None:
        city = Sketch()
        city.block(2, 0, 0, 100, 100)
        city.block(3, 40, 40, 20, 20)
        city.block(4, 300, 0, 100, 100, landuse="industrial")
        members = [("w", 2, "outer"), ("w", 3, "inner")]
        city.relation(5, members, type="multipolygon", landuse="residential")
        for number, (x_m, tags, _) in enumerate(BY_THE_LAND, 100):
            city.block(number, x_m, 45, 10, 10, **({"building": "yes"} | tags))
        homes, counts = homes_of(city, tmp_path)
        reasons = [reason for _, _, reason in BY_THE_LAND]
        assert counts == Counter(reasons)
        assert homes.id.tolist() == kept_ids(reasons)

    def test_they_are_sorted_by_id_and_flagged_as_estimates(self, tmp_path: Path) -> None:
        city = Sketch()
        for osm_id in (9, 10, 2):
            city.block(osm_id, 20 * osm_id, 0, 10, 10, building="house")
        city.block(3, 0, 50, 10, 10)
        city.relation(5, [("w", 3, "outer")], type="multipolygon", building="house")
        homes, _ = homes_of(city, tmp_path)
        assert homes.id.tolist() == ["relation/5", "way/10", "way/2", "way/9"]
        assert homes.estimated.all()
        assert homes.population is None


class TestDwellings:
    @pytest.mark.parametrize(
        ("tags", "footprint_m2", "expected"),
        [
            ({}, 600, 6),
            ({"building:levels": "3"}, 600, 18),
            ({"building:levels": "2.5"}, 200, 5),
            ({"building:levels": "2,5"}, 200, 5),
            ({"building:levels": "4;5"}, 200, 8),
            ({"building:levels": "0"}, 200, 2),  # not a number of levels: the default of 1
            ({"building:levels": "-2"}, 200, 2),
            ({"building:levels": "many"}, 200, 2),
            ({"building:levels": "inf"}, 200, 2),
            ({"building:levels": "nan"}, 200, 2),
            ({"building:levels": ""}, 200, 2),
            ({}, 249, 2),
            ({}, 250, 3),  # halves go up
            ({}, 12, 1),
            ({}, 0, 1),
            ({"building:flats": "24", "building:levels": "3"}, 600, 24),
            ({"building:flats": " 24 "}, 600, 24),
            ({"building:flats": "24;30"}, 600, 24),
            ({"building:flats": "3.9"}, 600, 3),
            ({"building:flats": "0.5"}, 600, 1),
            ({"building:flats": "0"}, 600, 6),
            ({"building:flats": "1-24"}, 600, 6),
            ({"building:flats": "yes", "building:levels": "2"}, 600, 12),
        ],
    )
    def test_by_tags_and_size(self, tags: dict[str, str], footprint_m2: float, expected: int) -> None:
        assert dwellings(tags, footprint_m2, ONE_LEVEL) == expected

    def test_constants_are_the_callers(self) -> None:
        estimate = DwellingEstimate(floor_area_m2=60.0, default_levels=6.0)
        assert dwellings({}, 600, estimate) == 60
        assert dwellings({"building:levels": "2"}, 600, estimate) == 20

    def test_footprint_is_measured_in_metres_without_its_courtyard(self, tmp_path: Path) -> None:
        city = Sketch()
        city.block(1, 0, 0, 20, 31, building="house")  # 620 m2 on 1 level: 6
        city.block(2, 100, 0, 40, 40)
        city.block(3, 110, 10, 21, 20)  # 1600 - 420 = 1180 m2 on 3 levels: 35
        members = [("w", 2, "outer"), ("w", 3, "inner")]
        city.relation(4, members, {"type": "multipolygon", "building": "house", "building:levels": "3"})
        homes, _ = homes_of(city, tmp_path)
        assert homes.households.tolist() == [35.0, 6.0]


class TestWaysOut:
    def test_mapped_entrances_each(self, tmp_path: Path) -> None:
        city = Sketch()
        city.line(1, [(0, 0), (5, 0), (10, 0), (10, 10), (4, 10), (0, 10), (0, 0)], building="house")
        city.tag((5, 0), entrance="main")
        city.tag((0, 0), entrance="yes", access="private")
        city.tag((4, 10), entrance="no")
        city.tag((10, 10), barrier="gate")
        city.tag((5, 5), entrance="yes")
        homes, _ = homes_of(city, tmp_path)
        assert ways_out(homes, "way/1") == [(ENTRANCE, (0, 0)), (ENTRANCE, (5, 0))]

    def test_an_entrance_of_a_courtyard_counts(self, tmp_path: Path) -> None:
        city = Sketch()
        city.block(2, 0, 0, 40, 40)
        city.block(3, 10, 10, 20, 20)
        members = [("w", 2, "outer"), ("w", 3, "inner")]
        city.relation(4, members, type="multipolygon", building="apartments")
        city.tag((10, 30), entrance="staircase")
        homes, _ = homes_of(city, tmp_path)
        assert ways_out(homes, "relation/4") == [(ENTRANCE, (10, 30))]

    def test_an_entrance_in_a_shared_wall_is_one_of_both(self, tmp_path: Path) -> None:
        city = Sketch()
        city.block(1, 0, 0, 10, 10, building="house")
        city.block(2, 10, 0, 10, 10, building="house")
        city.block(3, 30, 0, 10, 10, building="house")
        city.tag((10, 10), entrance="yes")
        homes, _ = homes_of(city, tmp_path)
        assert ways_out(homes, "way/1") == ways_out(homes, "way/2") == [(ENTRANCE, (10, 10))]
        assert ways_out(homes, "way/3") == [(INSIDE, (35, 5))]
        assert homes.access.start.tolist() == [0, 1, 2, 3]

    def test_without_an_entrance_a_point_inside_even_of_a_u(self, tmp_path: Path) -> None:
        corners: list[Place] = [(0, 0), (30, 0), (30, 40), (25, 40), (25, 5), (5, 5), (5, 40), (0, 40)]
        city = Sketch()
        city.line(1, [*corners, corners[0]], building="apartments")
        footprint = shapely.Polygon([degrees(*corner) for corner in corners])
        homes, _ = homes_of(city, tmp_path)
        point = shapely.Point(homes.lon_deg[0], homes.lat_deg[0])
        assert not footprint.contains(footprint.centroid)
        assert footprint.contains(point)
        assert homes.access.kind.tolist() == [INSIDE]
        np.testing.assert_array_equal(homes.access.lon_deg, homes.lon_deg)
        np.testing.assert_array_equal(homes.access.lat_deg, homes.lat_deg)

    def test_the_household_stands_inside_although_it_has_an_entrance(self, tmp_path: Path) -> None:
        city = Sketch()
        city.block(1, 0, 0, 10, 10, building="house")
        city.tag((0, 0), entrance="yes")
        homes, _ = homes_of(city, tmp_path)
        assert metres(homes.lon_deg[0], homes.lat_deg[0]) == pytest.approx((5, 5), abs=0.1)
