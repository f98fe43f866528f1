"""New households, facilities and zones for an area that is there: its next version, or nothing."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.area import Area, ImportReport
from app.domain.errors import AreaChangedError, AreaNotFoundError, BadInputError
from app.domain.row_report import RowsRejectedError
from app.ingest.tables import read_facilities_file
from app.services.ports import AreaStore
from app.services.update_area import update_area
from app.services.update_request import DataRequest
from tests.support.osm_writing import degrees
from tests.support.small_town import SERVICES, area_file, csv_file, do_import, town
from tests.support.stores import area_store

HOMES = [("a", (-100, 5), "3,6"), ("b", (90, 5), "2,5"), ("c", (20, -8), "1,1")]
HEADER = "id,lon,lat,households,population"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    homes = csv_file(tmp_path / "first.csv", HEADER, HOMES)
    places = csv_file(tmp_path / "places.csv", "id,lon,lat,services", [("p1", (10, 10), "clinic")])
    do_import(
        tmp_path / "data",
        town().write(tmp_path / "town.osm"),
        households_file=homes,
        facilities_file=places,
        boundary_file=area_file(tmp_path / "boundary.geojson", (-290, -200), (295, 200)),
    )
    return tmp_path / "data"


def update(data: Path, kind: Any, file: Path, **options: Any) -> tuple[ImportReport, Area]:
    store = area_store(data)
    request = DataRequest("town", kind, file, **options)
    report = update_area(request, store, known_services=SERVICES)
    return report, store.load("town")


def fingerprint(data: Path) -> str:
    """Of all files of the area."""
    digest = hashlib.sha256()
    for path in sorted((data / "areas").rglob("*")):
        digest.update(str(path).encode() + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()


def zones_file(path: Path, *names: str) -> Path:
    features = []
    for position, name in enumerate(names):
        west = -300 + 300 * position
        shape = json.loads(area_file(path, (west, -300), (west + 300, 300)).read_text("utf-8"))
        features.append({"type": "Feature", "properties": {"id": name}, "geometry": shape})
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def assert_as_imported(data: Path, tmp_path: Path, homes: Path, places: Path) -> None:
    """The area is what an import of the same files makes, to the bit."""
    _, fresh = do_import(
        tmp_path / "fresh",
        tmp_path / "town.osm",
        households_file=homes,
        facilities_file=places,
        boundary_file=tmp_path / "boundary.geojson",
    )
    area = area_store(data).load("town")
    assert area.data_hash == fresh.data_hash
    for name in ("household_links", "facility_links"):
        for array, values in vars(getattr(fresh, name)).items():
            if isinstance(values, np.ndarray):
                assert np.array_equal(getattr(getattr(area, name), array), values), (name, array)
    assert np.array_equal(area.household_border_m, fresh.household_border_m)


class TestHouseholds:
    def test_replaced(self, data: Path, tmp_path: Path) -> None:
        before = area_store(data).load("town")
        new = csv_file(tmp_path / "new.csv", HEADER, [("z", (-50, 4), "7,14"), ("far", (299, 5), "1,1")])
        report, area = update(data, "households", new)
        assert area.households.id.tolist() == ["z"]
        assert report.counts["households"] == {
            "rows_read": 2,
            "rows_rejected": 0,
            "repairs": 0,
            "dropped_outside_study_area": 1,
            "kept": 1,
            "not_snapped": 0,
        }
        assert (area.version, area.data_hash) == (report.version, report.data_hash)
        assert area.version != before.version
        assert area.facilities.id.tolist() == before.facilities.id.tolist()
        assert_as_imported(data, tmp_path, new, tmp_path / "places.csv")

    def test_appended_is_as_if_both_had_been_imported(self, data: Path, tmp_path: Path) -> None:
        rows = [("aa", (-50, 4), "7,14"), ("0", (150, 7), "1,2")]
        new = csv_file(tmp_path / "new.csv", HEADER, rows)
        _, area = update(data, "households", new, mode="append")
        assert area.households.id.tolist() == ["0", "a", "aa", "b", "c"]
        both = csv_file(tmp_path / "both.csv", HEADER, [*rows, *HOMES])
        assert_as_imported(data, tmp_path, both, tmp_path / "places.csv")

    def test_an_id_that_is_there_is_a_bad_row(self, data: Path, tmp_path: Path) -> None:
        new = csv_file(tmp_path / "new.csv", HEADER, [("a", (-50, 4), "7,14"), ("d", (-50, 4), "1,1")])
        before = fingerprint(data)
        with pytest.raises(RowsRejectedError, match="line 2, column id: 'a' is already an id of the area"):
            update(data, "households", new, mode="append")
        assert fingerprint(data) == before
        report, area = update(data, "households", new, mode="append", on_error="skip")
        assert area.households.id.tolist() == ["a", "b", "c", "d"]
        assert [row["row"] for row in report.rows["households"]["rejected"]] == [2]

    @pytest.mark.parametrize(
        ("header", "rest", "problem"),
        [
            ("id,lon,lat,households", "1", "has no column population, which the area's households have"),
            (HEADER + ",pop_60plus", "1,2,1", "has a column pop_60plus, which the area's households lack"),
        ],
    )
    def test_weights_must_be_known_of_all(
        self, data: Path, tmp_path: Path, header: str, rest: str, problem: str
    ) -> None:
        new = csv_file(tmp_path / "new.csv", header, [("d", (-50, 4), rest)])
        with pytest.raises(BadInputError, match=problem):
            update(data, "households", new, mode="append")

    def test_a_row_far_from_the_area_is_bad(self, data: Path, tmp_path: Path) -> None:
        rows = [("near", (4900, 5), "1,1"), ("far", (6000, 5), "1,1"), ("abroad", (5e6, 5), "1,1")]
        new = csv_file(tmp_path / "new.csv", HEADER, [("d", (-50, 4), "1,1"), *rows])
        with pytest.raises(RowsRejectedError, match=r"line 4: lies .* km outside the extent") as refused:
            update(data, "households", new)
        assert [row["row"] for row in refused.value.rejected] == [4, 5]
        lon, lat = degrees(6000, 5)
        assert refused.value.rejected[0]["value"] == f"{lon:.6f},{lat:.6f}"
        assert list(refused.value.reports) == ["households"]
        report, area = update(data, "households", new, on_error="skip")
        assert area.households.id.tolist() == ["d"]  # `near` lies outside the boundary
        assert report.counts["households"]["dropped_outside_study_area"] == 1
        assert report.counts["households"]["rows_rejected"] == 2


class TestFacilities:
    def test_supplied_ones_are_replaced_and_those_of_openstreetmap_stay(
        self, data: Path, tmp_path: Path
    ) -> None:
        new = csv_file(tmp_path / "new.csv", "id,lon,lat,services", [("p2", (-10, 10), "pharmacy")])
        report, area = update(data, "facilities", new)
        assert area.facilities.id.tolist() == ["node/7", "node/8", "p2", "way/40"]
        assert report.counts["facilities"]["supplied"] == 1
        assert_as_imported(data, tmp_path, tmp_path / "first.csv", new)

    def test_appended(self, data: Path, tmp_path: Path) -> None:
        rows = [("p2", (-10, 10), "pharmacy"), ("0", (250, 3), "clinic")]
        new = csv_file(tmp_path / "new.csv", "id,lon,lat,services", rows)
        _, area = update(data, "facilities", new, mode="append")
        assert area.facilities.id.tolist() == ["0", "node/7", "node/8", "p1", "p2", "way/40"]
        both = csv_file(tmp_path / "both.csv", "id,lon,lat,services", [*rows, ("p1", (10, 10), "clinic")])
        assert_as_imported(data, tmp_path, tmp_path / "first.csv", both)

    def test_an_id_of_openstreetmap_is_a_bad_row(self, data: Path, tmp_path: Path) -> None:
        new = csv_file(tmp_path / "new.csv", "id,lon,lat,services", [("way/40", (-10, 10), "clinic")])
        with pytest.raises(RowsRejectedError, match="'way/40' is already an id of the area"):
            update(data, "facilities", new)

    def test_the_size_of_a_place_given_as_a_point(self, data: Path, tmp_path: Path) -> None:
        rows = [("p2", (-10, 10), "park,1500.5"), ("p3", (-10, 10), "park,")]
        new = csv_file(tmp_path / "new.csv", "id,lon,lat,services,area_m2", rows)
        _, area = update(data, "facilities", new)
        sizes = dict(zip(area.facilities.id.tolist(), area.facilities.area_m2.tolist(), strict=True))
        assert sizes["p2"] == 1500.5
        assert np.isnan(sizes["p3"])
        bad = csv_file(tmp_path / "bad.csv", "id,lon,lat,services,area_m2", [("p2", (-10, 10), "park,-1")])
        with pytest.raises(RowsRejectedError, match="column area_m2: -1 is negative"):
            read_facilities_file(bad, SERVICES)


class TestZones:
    def test_replaced_and_appended(self, data: Path, tmp_path: Path) -> None:
        report, area = update(data, "zones", zones_file(tmp_path / "z.geojson", "west"))
        assert area.zones is not None
        assert (area.zones.id.tolist(), area.household_zone.tolist()) == (["west"], [0, -1, -1])
        assert report.counts["zones"]["households_inside"] == 1
        east = zones_file(tmp_path / "z.geojson", "x", "east")
        with pytest.raises(RowsRejectedError, match="already an id"):
            update(data, "zones", zones_file(tmp_path / "w.geojson", "west"), mode="append")
        _, area = update(data, "zones", east, mode="append")
        assert area.zones is not None
        # Of overlapping zones the one whose id comes first.
        assert (area.zones.id.tolist(), area.household_zone.tolist()) == (["east", "west", "x"], [1, 0, 0])
        _, area = update(data, "zones", east)
        assert area.zones is not None
        assert area.zones.id.tolist() == ["east", "x"]


class TestAllOrNothing:
    @pytest.mark.parametrize("kind", ["households", "facilities", "zones"])
    def test_a_dry_run_says_the_same_and_stores_nothing(self, data: Path, tmp_path: Path, kind: str) -> None:
        file = {
            "households": csv_file(tmp_path / "h.csv", HEADER, [("z", (-50, 4), "7,14")]),
            "facilities": csv_file(tmp_path / "f.csv", "id,lon,lat,services", [("p2", (1, 1), "clinic")]),
            "zones": zones_file(tmp_path / "z.geojson", "west"),
        }[kind]
        before = fingerprint(data)
        tried, _ = update(data, kind, file, dry_run=True)
        assert fingerprint(data) == before
        done, _ = update(data, kind, file)
        assert replace(tried, stages_s={}) == replace(done, stages_s={})
        assert fingerprint(data) != before

    def test_the_area_must_be_there(self, data: Path, tmp_path: Path) -> None:
        request = DataRequest("nowhere", "zones", zones_file(tmp_path / "z.geojson", "west"))
        with pytest.raises(AreaNotFoundError):
            update_area(request, area_store(data), known_services=SERVICES)

    def test_somebody_elses_change_is_not_lost(
        self, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store: AreaStore = area_store(data)
        load = store.load

        def load_and_lose_the_race(area_id: str, key: str | None = None) -> Area:
            area = load(area_id, key)
            update(data, "zones", zones_file(tmp_path / "theirs.geojson", "theirs"))
            return area

        monkeypatch.setattr(store, "load", load_and_lose_the_race)
        request = DataRequest("town", "zones", zones_file(tmp_path / "ours.geojson", "ours"))
        with pytest.raises(AreaChangedError, match="'town' was changed meanwhile"):
            update_area(request, store, known_services=SERVICES)
        zones = area_store(data).load("town").zones
        assert zones is not None
        assert zones.id.tolist() == ["theirs"]
