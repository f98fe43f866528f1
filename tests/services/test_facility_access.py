"""Where facilities are entered: entrances, else crossings, else the nearest point; places in metres."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from app.domain.access import CROSSING, ENTRANCE, GIVEN, NEAREST
from app.domain.errors import BadInputError
from app.domain.facility import Facilities, FacilityPlaces
from app.geo.links import EdgeLocator
from app.geo.network_builder import build_walk_network
from app.ingest.osm_facilities import facility_places_from_osm
from app.ingest.osm_file import read_osm_file
from app.services.facility_access import join_places, locate_facilities
from tests.support.osm_writing import Place, Sketch, degrees, metres

MAX_LINK_M = 150.0


def located(city: Sketch, folder: Path) -> tuple[Facilities, EdgeLocator]:
    extract = read_osm_file(city.write(folder / "city.osm.pbf"))
    network = build_walk_network(extract.ways, wall_ids=extract.wall_ids, gate_ids=extract.gate_ids)
    locator = EdgeLocator(network, max_link_m=MAX_LINK_M)
    places, _ = facility_places_from_osm(extract)
    return locate_facilities(join_places([places]), locator), locator


def access_of(facilities: Facilities, facility_id: str) -> list[tuple[str, Place]]:
    """Kind and place, to the decimetre, of a facility's access points."""
    row = facilities.id.tolist().index(facility_id)
    access = facilities.access
    found = []
    for point in range(access.start[row], access.start[row + 1]):
        x_m, y_m = metres(access.lon_deg[point], access.lat_deg[point])
        found.append((str(access.kind[point]), (round(x_m, 1), round(y_m, 1))))
    return sorted(found)


def main_street() -> Sketch:
    """A street of 600 m along y = 0: long enough to be no island."""
    city = Sketch()
    city.street(1, [(-300, 0), (300, 0)])
    return city


class TestAccessPoints:
    def test_a_point_is_its_own(self, tmp_path: Path) -> None:
        city = main_street()
        city.node(7, (10, 20), shop="bakery")
        facilities, _ = located(city, tmp_path)
        assert access_of(facilities, "node/7") == [(GIVEN, (10, 20))]
        assert np.isnan(facilities.area_m2[0])

    def test_entrances_come_before_crossings(self, tmp_path: Path) -> None:
        city = main_street()
        city.block(2, 0, -20, 40, 40, amenity="school")
        city.tag((40, 20), entrance="main")
        city.tag((0, 20), barrier="gate")
        city.tag((0, -20), barrier="gate", locked="yes")
        facilities, _ = located(city, tmp_path)
        assert access_of(facilities, "way/2") == [(ENTRANCE, (0, 20)), (ENTRANCE, (40, 20))]
        assert facilities.area_m2[0] == pytest.approx(1600, abs=2)

    def test_without_an_open_entrance_where_streets_cross_the_outline(self, tmp_path: Path) -> None:
        city = main_street()
        city.block(2, 0, -20, 40, 40, amenity="school")
        city.tag((40, 20), entrance="main", access="private")
        city.street(3, [(20, 0), (20, 10), (-20, 10)])  # out again by the western side
        city.street(4, [(10, 15), (30, 15)])  # inside altogether
        facilities, _ = located(city, tmp_path)
        assert access_of(facilities, "way/2") == [
            (CROSSING, (0, 0)),
            (CROSSING, (0, 10)),
            (CROSSING, (40, 0)),
        ]

    def test_a_street_that_ends_on_the_outline_crosses_it_there_once(self, tmp_path: Path) -> None:
        city = main_street()
        city.line(2, [(0, 20), (20, 20), (40, 20), (40, 60), (0, 60), (0, 20)], leisure="park")
        city.street(3, [(20, 0), (20, 20)])
        city.street(4, [(20, 20), (20, 40)])
        facilities, _ = located(city, tmp_path)
        assert access_of(facilities, "way/2") == [(CROSSING, (20, 20))]

    def test_a_street_along_the_outline_opens_it_at_its_own_points(self, tmp_path: Path) -> None:
        city = Sketch()
        city.street(1, [(-300, 0), (0, 0), (40, 0), (300, 0)])
        city.block(2, 0, 0, 40, 40, leisure="park")
        facilities, _ = located(city, tmp_path)
        assert access_of(facilities, "way/2") == [(CROSSING, (0, 0)), (CROSSING, (40, 0))]

    def test_a_courtyard_is_part_of_the_outline(self, tmp_path: Path) -> None:
        city = main_street()
        city.block(2, 0, 10, 60, 60)
        city.block(3, 20, 30, 20, 20)
        city.relation(4, [("w", 2, "outer"), ("w", 3, "inner")], type="multipolygon", amenity="hospital")
        city.street(5, [(30, 60), (30, 40)])
        facilities, _ = located(city, tmp_path)
        assert access_of(facilities, "relation/4") == [(CROSSING, (30, 50))]

    def test_else_the_point_of_the_outline_nearest_to_the_network(self, tmp_path: Path) -> None:
        city = main_street()
        city.line(2, [(20, 15), (30, 30), (20, 45), (10, 30), (20, 15)], amenity="school")
        facilities, locator = located(city, tmp_path)
        assert access_of(facilities, "way/2") == [(NEAREST, (20, 15))]
        links = locator.link(facilities.access.lon_deg, facilities.access.lat_deg)
        assert links.link_m.tolist() == [pytest.approx(15, abs=0.01)]

    def test_an_island_is_not_near_while_a_street_is_in_reach(self, tmp_path: Path) -> None:
        # A path of 20 m lies 5 m north of the school, the street 100 m south; 200 m further north only the path counts.
        city = main_street()
        for number, y_m in ((2, 100), (3, 300)):
            south, north = (20, y_m), (20, y_m + 20)
            city.line(number, [south, (30, y_m + 10), north, (10, y_m + 10), south], amenity="school")
            city.street(number + 10, [(10, y_m + 25), (30, y_m + 25)])
        facilities, _ = located(city, tmp_path)
        assert access_of(facilities, "way/2") == [(NEAREST, (20, 100))]
        assert access_of(facilities, "way/3") == [(NEAREST, (20, 320))]

    def test_out_of_reach_it_still_has_a_place_but_no_link(self, tmp_path: Path) -> None:
        city = main_street()
        city.line(2, [(20, 151), (30, 170), (10, 170), (20, 151)], amenity="school")
        city.line(3, [(90, 149), (99, 170), (81, 170), (90, 149)], amenity="school")
        facilities, locator = located(city, tmp_path)
        assert access_of(facilities, "way/2") == [(NEAREST, (20, 151))]
        links = locator.link(facilities.access.lon_deg, facilities.access.lat_deg)
        assert links.is_linked.tolist() == [False, True]
        assert links.nearest_m.tolist() == pytest.approx([151, 149], abs=0.02)


def supplied(*ids: str) -> FacilityPlaces:
    count = len(ids)
    return FacilityPlaces(
        id=np.asarray(ids),
        name=np.asarray([f"name of {name}" for name in ids]),
        source=np.full(count, "supplied"),
        tags=({},) * count,
        services=(("pharmacy", "clinic"),) * count,
        geometry=np.asarray([shapely.Point(degrees(10, number)) for number in range(count)], dtype=object),
        entrances=((),) * count,
    )


class TestJoining:
    def test_all_fields_follow_the_ids(self) -> None:
        joined = join_places([supplied("m", "z"), supplied("a")])
        assert joined.id.tolist() == ["a", "m", "z"]
        assert joined.name.tolist() == ["name of a", "name of m", "name of z"]
        assert [place.y for place in joined.geometry] == [degrees(10, y_m)[1] for y_m in (0, 0, 1)]

    def test_services_are_sorted(self, tmp_path: Path) -> None:
        _, locator = located(main_street(), tmp_path)
        assert locate_facilities(supplied("a"), locator).services == (("clinic", "pharmacy"),)

    def test_one_id_in_two_lists_is_refused(self) -> None:
        with pytest.raises(
            BadInputError, match=r"^facility 'node/7': this id stands in OpenStreetMap and in the"
        ):
            join_places([supplied("node/7", "node/8"), supplied("a", "node/7")])

    def test_nothing_gives_nothing(self, tmp_path: Path) -> None:
        facilities, _ = located(main_street(), tmp_path)
        assert (facilities.count, facilities.access.start.tolist()) == (0, [0])
