"""Imports end to end: what comes in, what is left out, and that order and format change nothing."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import osmium
import pytest

from app.domain.access import ENTRANCE, GIVEN, INSIDE, NEAREST
from app.domain.errors import BadInputError
from app.services.facilities import distinct_services
from app.services.standards import list_standards
from app.settings import Settings
from tests.support.osm_writing import Element, Sketch, degrees, metres
from tests.support.small_town import area_file, csv_file, do_import, town
from tests.support.stores import area_store

HOMES = ["way/20", "way/21", "way/22", "way/23"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def osm(tmp_path: Path) -> Path:
    return town().write(tmp_path / "town.osm.pbf")


class TestWholeTown:
    def test_streets_homes_and_places(self, data: Path, osm: Path) -> None:
        report, area = do_import(data, osm, title="玄武区")
        assert (area.id, area.title, area.study_area) == ("town", "玄武区", None)
        assert (area.version, area.data_hash) == (report.version, report.data_hash)
        assert area.network.length_m == pytest.approx(750, abs=0.1)
        assert area.households.id.tolist() == HOMES
        assert area.households.households.tolist() == [6, 24, 4, 4]
        assert area.facilities.id.tolist() == ["node/7", "node/8", "way/40"]
        assert area.facilities.name.tolist() == ["Bread", "", "玄武小学"]
        assert set(area.facilities.source) == {"osm"}

    def test_everything_dropped_is_counted(self, data: Path, osm: Path) -> None:
        report, _ = do_import(data, osm)
        assert report.source == "town.osm.pbf"
        assert report.counts["households"] == {
            "dropped_other_building_value": 1,
            "kept_residential_value": 4,
            "dropped_outside_study_area": 0,
            "kept": 4,
            "not_snapped": 1,
        }
        assert report.counts["facilities"] == {
            "osm_places": 3,
            "dropped_private_or_out_of_use": 1,
            "kept": 3,
            "not_snapped": 1,
        }
        assert report.counts["network"]["edges"] == 3
        assert report.counts["osm"]["ways_walkable"] == 2
        assert report.warnings == ()
        stored = area_store(data).describe("town")[1]
        assert replace(stored, stages_s=report.stages_s) == report

    def test_links_begin_at_every_way_out(self, data: Path, osm: Path) -> None:
        _, area = do_import(data, osm)
        assert area.households.access.kind.tolist() == [INSIDE, INSIDE, ENTRANCE, ENTRANCE, INSIDE]
        links = area.household_links
        assert links.link_m.tolist() == pytest.approx([25.5, 20, 10, 10], abs=0.05)
        assert links.is_linked.tolist() == [True, True, True, True, False]
        assert links.nearest_m[4] == pytest.approx(161, abs=0.05)
        first = metres(links.lon_deg[0], links.lat_deg[0])
        assert first == pytest.approx((-100, 0), abs=0.05)
        assert area.facilities.access.kind.tolist() == [GIVEN, GIVEN, "crossing", "crossing"]

    def test_reach_of_links_is_a_setting(self, data: Path, osm: Path) -> None:
        report, area = do_import(data, osm, settings=Settings(max_link_m=170))
        assert area.max_link_m == 170
        assert report.counts["households"]["not_snapped"] == 0
        assert report.counts["facilities"]["not_snapped"] == 0

    def test_dwellings_follow_the_settings(self, data: Path, osm: Path) -> None:
        _, area = do_import(
            data, osm, settings=Settings(dwelling_floor_area_m2=50, default_building_levels=2)
        )
        assert area.households.households.tolist() == [25, 24, 16, 16]

    def test_every_stage_is_timed(self, data: Path, osm: Path) -> None:
        report, _ = do_import(data, osm)
        assert {"read", "network", "extent", "hash", "households_and_facilities"} <= report.stages_s.keys()
        assert all(seconds >= 0 for seconds in report.stages_s.values())

    def test_a_file_without_homes_and_places_is_an_area_all_the_same(
        self, data: Path, tmp_path: Path
    ) -> None:
        city = Sketch()
        city.street(1, [(0, 0), (100, 0)])
        report, area = do_import(data, city.write(tmp_path / "bare.osm"))
        assert (area.households.count, area.facilities.count) == (0, 0)
        assert report.warnings == ("no household was found: give them with --households FILE",)
        assert report.counts["network"]["islands"] == 1


class TestStudyArea:
    @pytest.mark.parametrize("given", ["boundary", "box"])
    def test_only_households_inside_count_and_all_else_stays(
        self, data: Path, osm: Path, tmp_path: Path, given: str
    ) -> None:
        _, whole = do_import(data, osm)
        # From x = 110.1 m on, which cuts way 21 east of the point inside it.
        corners = (110.1, -50), (1000, 1000)
        if given == "boundary":
            options = {"boundary_file": area_file(tmp_path / "part.geojson", *corners)}
        else:
            options = {"box": (*degrees(*corners[0]), *degrees(*corners[1]))}
        report, area = do_import(data, osm, **options)
        assert area.households.id.tolist() == ["way/22", "way/23"]
        assert report.counts["households"]["dropped_outside_study_area"] == 2
        assert report.counts["households"]["kept"] == 2
        assert area.households.access.start.tolist() == [0, 2, 3]
        assert area.household_links.start.tolist() == [0, 1, 2, 2]
        assert area.study_area is not None
        assert area.facilities.id.tolist() == whole.facilities.id.tolist()
        assert area.network.length_m == whole.network.length_m
        assert area.extent == whole.extent

    def test_supplied_households_are_cut_too(self, data: Path, osm: Path, tmp_path: Path) -> None:
        rows = [("in", (50.0, 5.0), "3"), ("out", (-50.0, 5.0), "4")]
        households = csv_file(tmp_path / "homes.csv", "id,lon,lat,households", rows)
        boundary = area_file(tmp_path / "east.geojson", (0, -50), (500, 500))
        report, area = do_import(data, osm, households_file=households, boundary_file=boundary)
        assert area.households.id.tolist() == ["in"]
        assert report.counts["households"] == {
            "rows_read": 2, "rows_rejected": 0, "repairs": 0,
            "dropped_outside_study_area": 1, "kept": 1, "not_snapped": 0
        }  # fmt: skip

    def test_an_extent_of_the_users_own(self, data: Path, osm: Path, tmp_path: Path) -> None:
        extent = area_file(tmp_path / "extent.geojson", (-200, -200), (200, 200))
        report, area = do_import(data, osm, extent_file=extent)
        assert report.extent["basis"] == area.extent.basis == "given"
        # The point of way 20 is at (-100, 25.5), 100 m from the western border; way 23 stands 10 m outside.
        assert area.household_border_m[0] == pytest.approx(100, abs=0.1)
        assert area.household_border_m[3] == pytest.approx(-10, abs=0.1)


class TestSupplied:
    def test_facilities_add_to_those_of_osm(self, data: Path, osm: Path, tmp_path: Path) -> None:
        rows = [("c2", (-50.0, 20.0), "clinic;pharmacy"), ("c1", (70.0, 5.0), "clinic")]
        facilities = csv_file(tmp_path / "places.csv", "id,lon,lat,services", rows)
        report, area = do_import(data, osm, facilities_file=facilities)
        assert area.facilities.id.tolist() == ["c1", "c2", "node/7", "node/8", "way/40"]
        assert area.facilities.services == (("clinic",), ("clinic", "pharmacy"), (), (), ())
        assert area.facilities.source.tolist() == ["supplied", "supplied", "osm", "osm", "osm"]
        assert report.counts["facilities"]["supplied"] == 2

    def test_facilities_alone(self, data: Path, osm: Path, tmp_path: Path) -> None:
        rows = [("node/7", (-50.0, 20.0), "clinic")]  # no clash where those of OSM are left out
        facilities = csv_file(tmp_path / "places.csv", "id,lon,lat,services", rows)
        report, area = do_import(data, osm, facilities_file=facilities, facilities_only=True)
        assert area.facilities.id.tolist() == ["node/7"]
        assert report.counts["facilities"] == {
            "supplied": 1,
            "rows_rejected": 0,
            "repairs": 0,
            "kept": 1,
            "not_snapped": 0,
        }

    def test_an_area_that_was_supplied_is_entered_like_any_other(
        self, data: Path, osm: Path, tmp_path: Path
    ) -> None:
        places = area_file(tmp_path / "places.geojson", (100, -60), (140, -20))
        feature = places.read_text(encoding="utf-8")
        properties = '{"id": "park", "services": "clinic"}'
        places.write_text(
            f'{{"type": "FeatureCollection", "features": [{{"type": "Feature", "properties": {properties}, '
            f'"geometry": {feature}}}]}}',
            encoding="utf-8",
        )
        _, area = do_import(data, osm, facilities_file=places, facilities_only=True)
        assert area.facilities.access.kind.tolist() == [NEAREST]
        assert area.facility_links.link_m[0] == pytest.approx(20, abs=0.05)
        assert area.facilities.area_m2[0] == pytest.approx(1600, abs=2)

    def test_an_id_that_osm_has_too(self, data: Path, osm: Path, tmp_path: Path) -> None:
        rows = [("node/7", (-50.0, 20.0), "clinic")]
        facilities = csv_file(tmp_path / "places.csv", "id,lon,lat,services", rows)
        with pytest.raises(BadInputError, match=r"facility 'node/7'.*--facilities-only"):
            do_import(data, osm, facilities_file=facilities)

    def test_households_replace_those_of_buildings(self, data: Path, osm: Path, tmp_path: Path) -> None:
        rows = [("b", (50.0, 5.0), "3,7.5"), ("a", (-50.0, 151.0), "4,10"), ("c", (20.0, -149.0), "0,0")]
        households = csv_file(tmp_path / "homes.csv", "id,lon,lat,households,population", rows)
        report, area = do_import(data, osm, households_file=households)
        assert area.households.id.tolist() == ["a", "b", "c"]
        assert area.households.population is not None
        assert area.households.population.tolist() == [10, 7.5, 0]
        assert not area.households.estimated.any()
        assert report.counts["households"] == {
            "rows_read": 3,
            "rows_rejected": 0,
            "repairs": 0, "dropped_outside_study_area": 0, "kept": 3, "not_snapped": 0
        }  # fmt: skip
        # a is nearest to the steps, which end at (0, 150).
        assert area.household_links.link_m.tolist() == pytest.approx([50.01, 5, 149], abs=0.05)


class TestSameInputSameHash:
    def test_format_and_order_change_nothing(self, data: Path, osm: Path, tmp_path: Path) -> None:
        expected, _ = do_import(data, osm)
        shuffled = town()
        random.Random(15).shuffle(shuffled.elements)
        upside_down = town()
        upside_down.elements.reverse()
        files = [
            town().write(tmp_path / "town.osm"),
            town().write(tmp_path / "sorted.pbf", sorting="Type_then_ID"),
            shuffled.write(tmp_path / "shuffled.osm.bz2", as_drawn=True),
            upside_down.write(tmp_path / "reversed.pbf", as_drawn=True),
        ]
        hashes = {do_import(data, file, area_id="again", title="Other")[0].data_hash for file in files}
        assert hashes == {expected.data_hash}

    def test_whatever_answers_follow_from_changes_it(self, data: Path, osm: Path, tmp_path: Path) -> None:
        hashes = {do_import(data, osm)[0].data_hash}
        for position, changed in enumerate(
            (
                Element("way", 11, None, {"highway": "footway"}),
                Element("way", 21, None, {"building": "apartments"}),
                Element("node", 7, None, {"shop": "kiosk", "name": "Bread"}),
                Element("node", 1000, degrees(-301, 0), {}),
            )
        ):
            city = town()
            for row, element in enumerate(city.elements):
                if (element.kind, element.id) == (changed.kind, changed.id):
                    content = element.content if changed.content is None else changed.content
                    city.elements[row] = Element(element.kind, element.id, content, changed.tags)
            hashes.add(do_import(data, city.write(tmp_path / f"{position}.osm"))[0].data_hash)
        hashes.add(do_import(data, osm, settings=Settings(max_link_m=170))[0].data_hash)
        extent = area_file(tmp_path / "extent.geojson", (-200, -200), (200, 200))
        hashes.add(do_import(data, osm, extent_file=extent)[0].data_hash)
        assert len(hashes) == 7

    def test_a_real_city_as_xml(self, demo_extract: Path, demo_data_dir: Path, tmp_path: Path) -> None:
        as_xml = tmp_path / "helsinki.osm"
        with osmium.io.Reader(demo_extract) as reader:
            header = reader.header()
        with osmium.SimpleWriter(as_xml, header=header) as writer:
            for element in osmium.FileProcessor(demo_extract):
                writer.add(element)
        expected = area_store(demo_data_dir).load("helsinki")
        known = distinct_services(list_standards())
        _, area = do_import(tmp_path / "data", as_xml, area_id="xml", known_services=known)
        np.testing.assert_equal(area.network.arrays(), expected.network.arrays())
        assert area.data_hash == expected.data_hash
