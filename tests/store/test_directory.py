"""Areas in a directory: whole, checked, replaced while others read, and never outside of it."""

import shutil
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely

from app.domain.area import Area, ImportReport
from app.domain.errors import AreaNotFoundError, StoreError
from app.domain.zone import Zones
from app.services.import_area import ImportRequest, import_area
from app.settings import Settings
from tests.support.osm_writing import Sketch
from tests.support.small_town import SERVICES, area_file, csv_file, do_import, town, version_folder
from tests.support.stores import area_store


class KeepingStore:
    """Remembers what it was given."""

    def __init__(self, folder: Path) -> None:
        self._store = area_store(folder)
        self.describe = self._store.describe

    def save(self, area: Area, report: ImportReport, *, replaces: str | None = None) -> None:
        self.given = area
        self._store.save(area, report)


def assert_equal(found: Any, expected: Any, where: str = "area") -> None:
    """Equal to the bit, types of arrays included."""
    assert type(found) is type(expected) or isinstance(found, type(expected)), where
    if is_dataclass(expected):
        for field in fields(expected):
            assert_equal(getattr(found, field.name), getattr(expected, field.name), f"{where}.{field.name}")
    elif isinstance(expected, np.ndarray):
        assert found.dtype.kind == expected.dtype.kind, where
        np.testing.assert_array_equal(found, expected, err_msg=where)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for key, value in expected.items():
            assert_equal(found[key], value, f"{where}[{key}]")
    elif isinstance(expected, shapely.Geometry):
        assert found.wkb == expected.wkb, where
    else:
        assert found == expected, where


class TestRoundTrip:
    def store_and_load(self, folder: Path, request: ImportRequest) -> None:
        store = KeepingStore(folder / "data")
        report = import_area(request, store, Settings(), known_services=SERVICES)
        assert_equal(area_store(folder / "data").load(request.area_id), store.given)
        stored = store.describe(request.area_id)[1]
        assert (stored.counts, stored.warnings, stored.extent) == (
            report.counts,
            report.warnings,
            report.extent,
        )

    def test_homes_and_places_of_osm(self, tmp_path: Path) -> None:
        odd = {"name": "😀, 'x' \"y\"\n=%", "name:zh": "小学", "empty": ""}
        city = town()
        city.node(70, (20, 20), {"amenity": "school", **odd})
        self.store_and_load(tmp_path, ImportRequest("town", osm_file=city.write(tmp_path / "town.osm")))

    def test_what_users_supply(self, tmp_path: Path) -> None:
        homes = [("甲", (0.0, 5.0), "3,7.5"), ("a", (50.0, 5.0), "0.5,0")]
        places = [("x", (0.0, 5.0), "clinic;pharmacy"), ("y", (9.0, 900.0), "clinic")]
        request = ImportRequest(
            "town",
            osm_file=town().write(tmp_path / "town.osm"),
            boundary_file=area_file(tmp_path / "part.geojson", (-200, -200), (200, 200)),
            extent_file=area_file(tmp_path / "extent.geojson", (-250, -250), (250, 250)),
            households_file=csv_file(tmp_path / "homes.csv", "id,lon,lat,households,population", homes),
            facilities_file=csv_file(tmp_path / "places.csv", "id,lon,lat,services", places),
        )
        self.store_and_load(tmp_path, request)

    def test_nothing_but_streets(self, tmp_path: Path) -> None:
        city = Sketch()
        city.street(1, [(0, 0), (100, 0)])
        self.store_and_load(tmp_path, ImportRequest("town", osm_file=city.write(tmp_path / "bare.osm")))

    def test_a_real_city(self, demo_data_dir: Path, tmp_path: Path) -> None:
        area = area_store(demo_data_dir).load("helsinki")
        store = area_store(tmp_path)
        store.save(area, area_store(demo_data_dir).describe("helsinki")[1])
        assert_equal(store.load("helsinki"), area)
        assert area.households.count > 50

    def test_an_area_from_before_obstacles_were_kept(self, data: Path, tmp_path: Path) -> None:
        town = area_store(data).load("town")
        assert town.obstacles is not None
        assert (town.obstacles.polygon_count, town.obstacles.line_count) == (4, 0)
        store = area_store(tmp_path / "other")
        store.save(replace(town, obstacles=None), area_store(data).describe("town")[1])
        assert not list(version_folder(tmp_path / "other").glob("obstacles*"))
        assert_equal(store.load("town"), replace(town, obstacles=None))

    def test_age_groups_and_zones(self, data: Path, tmp_path: Path) -> None:
        town = area_store(data).load("town")
        homes = replace(town.households, groups={"pop_60plus": np.arange(4.0), "pop_0_3": np.ones(4)})
        shapes = [
            shapely.box(0, 0, 1, 1),
            shapely.MultiPolygon([shapely.box(2, 2, 3, 3), shapely.box(4, 4, 5, 5)]),
        ]
        zones = Zones(np.array(["a", "甲"]), np.array(["", "甲区"]), np.array(shapes, dtype=object))
        area = replace(town, households=homes, zones=zones, household_zone=np.array([0, -1, 1, 1]))
        store = area_store(tmp_path / "other")
        store.save(area, area_store(data).describe("town")[1])
        assert_equal(store.load("town"), area)
        found = geopandas.read_parquet(version_folder(tmp_path / "other") / "zones.parquet")
        assert found["name"].tolist() == ["", "甲区"]
        assert found.crs == "OGC:CRS84"

    def test_the_summary_says_what_is_there(self, data: Path) -> None:
        (summary,) = area_store(data).list_areas()
        area = area_store(data).load("town")
        assert (summary.id, summary.title, summary.version) == ("town", "玄武区", area.version)
        assert summary.counts["households_points"] == 4
        assert summary.counts["households"] == 38  # 6 + 24 + 4 + 4
        assert summary.counts["population"] is None
        assert summary.counts["facilities"] == 3
        assert summary.extent == area.extent.polygon.bounds


@pytest.mark.parametrize("name", ["households", "facilities"])
def test_tables_are_geoparquet(data: Path, name: str) -> None:
    table = geopandas.read_parquet(version_folder(data) / f"{name}.parquet")
    records = getattr(area_store(data).load("town"), name)
    assert table.crs == "OGC:CRS84"
    assert table["id"].tolist() == records.id.tolist()
    assert table.geometry.x.tolist() == records.lon_deg.tolist()
    assert table.geometry.y.tolist() == records.lat_deg.tolist()
    assert [len(kinds) for kinds in table["access_kind"]] == np.diff(records.access.start).tolist()


NO_AREAS = (
    "other", "", ".", "..", "../x", "../areas/town", "town/", "town/versions", "/etc", "Town", "town\0", "town\n"
)  # fmt: skip


class TestNames:
    def test_only_areas_here_are_found(self, data: Path) -> None:
        shutil.copytree(data / "areas" / "town", data / "x")  # what ../x would reach
        store = area_store(data)
        uses = (store.load, store.describe, store.current_version, store.delete)
        for area_id in NO_AREAS:
            for use in uses:
                with pytest.raises(AreaNotFoundError, match=r"areas here: town\)"):
                    use(area_id)
        assert list((data / "x" / "versions").iterdir())
        assert store.load("town").id == "town"

    def test_delete(self, data: Path, tmp_path: Path) -> None:
        store = area_store(data)
        do_import(data, tmp_path / "town.osm.pbf", area_id="other")
        store.delete("town")
        assert [summary.id for summary in store.list_areas()] == ["other"]
        assert [home.name for home in (data / "areas").iterdir()] == ["other"]
        with pytest.raises(AreaNotFoundError):
            store.delete("town")
        do_import(data, tmp_path / "town.osm.pbf")
        assert [summary.id for summary in store.list_areas()] == ["other", "town"]

    def test_nothing_imported_yet(self, tmp_path: Path) -> None:
        store = area_store(tmp_path / "absent")
        store.check()
        assert store.list_areas() == ()
        with pytest.raises(AreaNotFoundError, match="none yet"):
            store.load("town")


class TestReplacing:
    def test_who_reads_keeps_the_old_one(self, data: Path, tmp_path: Path) -> None:
        store = area_store(data)
        old, old_folder = store.load("town"), version_folder(data)
        before = {name: values.copy() for name, values in old.network.arrays().items()}
        city = town()
        city.street(12, [(300, 0), (300, 80)])
        _, new = do_import(data, city.write(tmp_path / "new.osm"))
        assert version_folder(data) != old_folder
        assert old_folder.exists()  # for who began to read it
        store.prune("town", 1)
        assert not old_folder.exists()
        np.testing.assert_equal(old.network.arrays(), before)
        assert new.network.edge_count == old.network.edge_count + 1
        assert store.current_version("town") == version_folder(data).name

    def test_the_same_again_has_a_name_of_its_own(self, data: Path, tmp_path: Path) -> None:
        store = area_store(data)
        first = store.current_version("town")
        report, _ = do_import(data, tmp_path / "town.osm.pbf")
        second = store.current_version("town")
        assert first != second
        assert {name.rpartition("-")[0] for name in (first, second)} == {report.version}

    def test_what_a_killed_import_left_does_not_matter(self, data: Path, tmp_path: Path) -> None:
        home = data / "areas" / "town"
        for left in (
            home / "versions" / ".writing-abc",
            data / "areas" / "new" / "versions" / ".writing-xyz",
        ):
            left.mkdir(parents=True)
            (left / "network.edge_u.npy").write_bytes(b"half")
        shutil.copytree(version_folder(data), home / "versions" / "written-but-never-registered")
        store = area_store(data)
        assert [summary.id for summary in store.list_areas()] == ["town"]
        assert store.load("town").id == "town"
        do_import(data, tmp_path / "town.osm.pbf")
        do_import(data, tmp_path / "town.osm.pbf", area_id="new")
        assert [summary.id for summary in store.list_areas()] == ["new", "town"]
        for area_id in ("new", "town"):
            kept = {path.name for path in (data / "areas" / area_id / "versions").iterdir()}
            assert kept == {version.key for version in store.list_versions(area_id)}


class TestUnusable:
    @pytest.mark.parametrize(
        "in_the_way", ["data", "data/areas", "data/areas/town", "data/areas/town/versions"]
    )
    def test_a_file_where_a_directory_should_be(self, tmp_path: Path, in_the_way: str) -> None:
        obstacle = tmp_path / in_the_way
        obstacle.parent.mkdir(parents=True, exist_ok=True)
        obstacle.write_text("a file", encoding="utf-8")
        with pytest.raises(StoreError, match=r"check the data directory$") as caught:
            do_import(tmp_path / "data", town().write(tmp_path / "town.osm"))
        assert str(tmp_path / "data") in str(caught.value)
        assert obstacle.read_text(encoding="utf-8") == "a file"

    def test_areas_that_cannot_be_listed(self, tmp_path: Path) -> None:
        (tmp_path / "areas").write_text("a file", encoding="utf-8")
        store = area_store(tmp_path)
        with pytest.raises(StoreError, match=r"areas: Not a directory; check the data directory$"):
            store.check()

    def test_strangers_among_the_areas_are_passed_over(self, data: Path) -> None:
        (data / "areas" / ".DS_Store").write_bytes(b"x")
        (data / "areas" / "empty").mkdir()
        assert [summary.id for summary in area_store(data).list_areas()] == ["town"]

    def test_a_copy_under_another_name_is_passed_over(self, data: Path) -> None:
        shutil.copytree(data / "areas" / "town", data / "areas" / "town.bak")
        assert [summary.id for summary in area_store(data).list_areas()] == ["town"]
