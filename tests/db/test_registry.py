"""Areas and versions on both databases: one story, told twice."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from app.db.models import AuditModel, FacilityModel, HouseholdModel, ZoneModel
from app.domain.area import Area, ImportReport
from app.domain.errors import AreaNotFoundError, VersionNotFoundError
from app.domain.place import Box, PlaceKind, StoredPlace
from app.domain.zone import Zones
from app.services.versioned_areas import VersionedAreas
from app.settings import Settings
from app.wiring import ReadyDatabase, open_database, open_store
from tests.store.test_directory import assert_equal
from tests.support.small_town import do_import, town


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[ReadyDatabase]:
    with closing(open_database(Settings(data_dir=tmp_path, database_url=database_url))) as opened:
        yield opened


@pytest.fixture
def store(database: ReadyDatabase, database_url: str, tmp_path: Path) -> VersionedAreas:
    return open_store(Settings(data_dir=tmp_path, database_url=database_url), database, actor="planner")


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImportReport, Area]:
    """A town with zones, age groups, and names that are hard to write."""
    folder = tmp_path_factory.mktemp("town")
    report, area = do_import(folder / "data", town().write(folder / "town.osm"))
    names = np.array(['a,"b"\n\\.', "\\N", "甲 'x' 😀", *area.households.id[3:]])
    homes = replace(area.households, id=names, groups={"pop_60plus": np.arange(4.0)})
    zone = np.array([shapely.box(118.79, 32.04, 118.81, 32.06)], dtype=object)
    zones = Zones(np.array(["玄武"]), np.array(["玄武区"]), zone)
    return report, replace(area, households=homes, zones=zones, household_zone=np.array([0, -1, 0, 0]))


def places(store: VersionedAreas, kind: PlaceKind, box: Box | None = None) -> list[StoredPlace]:
    return list(store.places("town", store.current_version("town"), kind, box))


def rows(database: ReadyDatabase, model: Any, *columns: str) -> list[tuple[Any, ...]]:
    with database.reading() as session:
        assert session is not None
        found = session.scalars(sa.select(model).order_by(model.id)).all()
        return [tuple(getattr(row, column) for column in columns) for row in found]


def test_what_is_saved_comes_back(
    store: VersionedAreas, database: ReadyDatabase, imported: tuple[ImportReport, Area]
) -> None:
    report, area = imported
    assert store.list_areas() == ()
    store.save(area, report)
    assert_equal(store.load("town"), area)
    summary, found = store.describe("town")
    assert json.dumps(found.__dict__, sort_keys=True) == json.dumps(report.__dict__, sort_keys=True)
    assert store.list_areas() == (summary,)
    assert summary.extent == area.extent.polygon.bounds
    assert (summary.counts["facilities"], summary.counts["population"]) == (3, None)

    homes = rows(
        database, HouseholdModel, "position", "household_id", "households", "population", "pop_60plus"
    )
    assert homes == [
        (n, str(area.households.id[n]), float(area.households.households[n]), None, float(n))
        for n in range(4)
    ]
    places = rows(database, HouseholdModel, "shape", "zone_position")
    assert [(shape.x, shape.y) for shape, _ in places] == list(
        zip(area.households.lon_deg.tolist(), area.households.lat_deg.tolist(), strict=True)
    )
    assert [zone for _, zone in places] == [0, None, 0, 0]
    assert rows(database, ZoneModel, "zone_id", "name") == [("玄武", "玄武区")]
    facilities = rows(database, FacilityModel, "facility_id", "tags", "services", "area_m2")
    assert [row[0] for row in facilities] == area.facilities.id.tolist()
    assert [row[1] for row in facilities] == [dict(tags) for tags in area.facilities.tags]


def test_versions_come_and_go(
    store: VersionedAreas, database: ReadyDatabase, imported: tuple[ImportReport, Area]
) -> None:
    report, area = imported
    for title in "abcde":
        store.save(replace(area, title=title), report)
    assert [(v.number, v.title, v.current) for v in store.list_versions("town")] == [
        (5, "e", True), (4, "d", False), (3, "c", False)
    ]  # fmt: skip
    assert {version.created_by for version in store.list_versions("town")} == {"planner"}
    key = store.current_version("town")
    assert store.roll_back("town").number == 4
    assert store.load("town").title == "d"
    assert store.roll_back("town", "3").title == "c"
    assert (
        store.roll_back("town", area.version).number == 5
    )  # the newest of that version which is not current
    assert store.current_version("town") == key
    assert store.roll_back("town", "3").number == 3
    assert [version.number for version in store.prune("town", 1)] == [5, 4]
    assert store.load("town").title == "c"
    with pytest.raises(VersionNotFoundError):
        store.roll_back("town", "5")
    store.save(replace(area, title="f"), report)
    assert [version.number for version in store.list_versions("town")] == [6, 3]
    assert len(rows(database, HouseholdModel, "id")) == 8
    store.delete("town")
    assert store.list_areas() == ()
    for model in (HouseholdModel, FacilityModel, ZoneModel):
        assert rows(database, model, "id") == []
    with pytest.raises(AreaNotFoundError):
        store.roll_back("town")
    actions = [row[0] for row in rows(database, AuditModel, "action")]
    assert actions[-2:] == ["import", "delete"]
    assert {action: actions.count(action) for action in sorted(set(actions))} == {
        "delete": 1, "import": 6, "prune": 3, "rollback": 4
    }  # fmt: skip
    assert {row[0] for row in rows(database, AuditModel, "actor")} == {"planner"}
    assert {row[0] for row in rows(database, AuditModel, "subject")} == {"area:town"}


def test_boxes_find_what_lies_inside(
    store: VersionedAreas, database: ReadyDatabase, imported: tuple[ImportReport, Area]
) -> None:
    report, area = imported
    random = np.random.default_rng(4)
    count = 3_000
    many = np.arange(count) % 4
    homes = replace(
        area.households.take(many),
        id=np.array([f"h{n:05}" for n in range(count)]),
        lon_deg=random.uniform(118.7, 118.9, count),
        lat_deg=random.uniform(32.0, 32.1, count),
    )
    store.save(area, report)  # an older version, which boxes must not find
    border_m, zone = np.zeros(count), np.zeros(count, dtype=np.int64)
    store.save(
        replace(area, households=homes, household_border_m=border_m, household_zone=zone),
        report,
    )
    names = homes.id.tolist()
    for _ in range(30):
        west, east = np.sort(random.uniform(118.7, 118.9, 2)).tolist()
        south, north = np.sort(random.uniform(32.0, 32.1, 2)).tolist()
        inside = (homes.lon_deg >= west) & (homes.lon_deg <= east)
        inside &= (homes.lat_deg >= south) & (homes.lat_deg <= north)
        found = places(store, "households", (west, south, east, north))
        assert [home.id for home in found] == [names[row] for row in np.flatnonzero(inside)]
    assert [home.id for home in places(store, "households")] == names
    # A side that runs through a point has it inside.
    edge = float(homes.lon_deg[7])
    assert names[7] in [home.id for home in places(store, "households", (edge, -90.0, edge, 90.0))]
    assert places(store, "households", (0.0, 0.0, 1.0, 1.0)) == []
    with pytest.raises(VersionNotFoundError):
        list(store.places("village", store.current_version("town"), "households", None))


def test_places_say_what_is_known_of_them(store: VersionedAreas, imported: tuple[ImportReport, Area]) -> None:
    report, area = imported
    store.save(area, report)
    homes = places(store, "households")
    assert [home.id for home in homes] == area.households.id.tolist()
    assert [home.properties["zone"] for home in homes] == ["玄武", None, "玄武", "玄武"]
    ages = dict.fromkeys(("pop_0_3", "pop_3_6", "pop_6_12", "pop_65plus")) | {"pop_60plus": 1.0}
    assert homes[1].properties == {
        "households": float(area.households.households[1]), "population": None, **ages,
        "estimated": bool(area.households.estimated[1]), "zone": None,
    }  # fmt: skip
    lon_deg, lat_deg = float(area.households.lon_deg[2]), float(area.households.lat_deg[2])
    assert (homes[2].shape.x, homes[2].shape.y) == (lon_deg, lat_deg)
    facilities = places(store, "facilities")
    assert [place.properties["tags"] for place in facilities] == [dict(tags) for tags in area.facilities.tags]
    (zone,) = places(store, "zones", (118.80, 32.05, 118.9, 32.1))  # a corner of it lies inside
    assert (zone.id, zone.properties, zone.shape.bounds) == (
        "玄武", {"name": "玄武区"}, (118.79, 32.04, 118.81, 32.06)
    )  # fmt: skip
    assert places(store, "zones", (118.82, 32.05, 118.9, 32.1)) == []


def test_names_that_are_no_areas(store: VersionedAreas, imported: tuple[ImportReport, Area]) -> None:
    store.save(imported[1], imported[0])
    for area_id in ("other", "", "..", "Town", "town\0", "town\n", "' OR 1=1 --", "甲"):
        for use in (store.load, store.describe, store.current_version, store.delete, store.list_versions):
            with pytest.raises(AreaNotFoundError, match=r"areas here: town\)"):
                use(area_id)
