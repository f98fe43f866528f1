"""`reach15 db check`: what database and data directory, or a table and its index, say of one another is compared."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.db.box_index import remake_box_indexes
from app.db.session import Database
from app.services.versioned_areas import VersionedAreas
from app.settings import Settings
from app.wiring import open_database, open_store
from tests.support.small_town import do_import, town


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """A town of two versions."""
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    for _ in range(2):
        do_import(tmp_path / "data", town().write(tmp_path / "town.osm"), settings=settings)
    return settings


@pytest.fixture
def store(settings: Settings) -> Iterator[VersionedAreas]:
    with closing(open_database(settings)) as database:
        yield open_store(settings, database)


@pytest.fixture
def change(settings: Settings) -> Callable[..., None]:
    """Run statements against the database, behind the software's back."""

    def run(*statements: str) -> None:
        with closing(Database(settings.database_address)) as database, database.connection() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    return run


def told(store: VersionedAreas) -> list[tuple[str, str | None, str]]:
    return [(fault.kind, fault.area_id, fault.problem.partition(";")[0]) for fault in store.faults()]


def test_folders_and_versions(store: VersionedAreas, settings: Settings) -> None:
    assert store.faults() == ()
    areas = settings.data_path / "areas"
    versions = areas / "town" / "versions"
    (versions / ".writing-x").mkdir()
    (areas / "village" / "versions" / "abc").mkdir(parents=True)
    missing = store.list_versions("town")[1]
    shutil.rmtree(versions / missing.key)
    assert told(store) == [
        ("missing_folder", "town", f"version 1 of area 'town' has no folder {missing.key} in the data directory"),
        ("unknown_folder", "town", "folder .writing-x of area 'town' is no version that the database knows"),
        ("unknown_folder", "village", "folder abc of area 'village' is no version that the database knows"),
    ]  # fmt: skip
    store.prune("town", 1)  # as the faults say
    shutil.rmtree(areas / "village")
    assert store.faults() == ()


def test_rows(store: VersionedAreas, change: Callable[..., None]) -> None:
    change(
        "DELETE FROM households WHERE version_id = 1 AND position = 3",
        "DELETE FROM facilities WHERE version_id = 2 AND position = 0",
        "UPDATE facilities SET position = 7 WHERE version_id = 1 AND position = 1",
    )
    assert [fault for fault in told(store) if fault[0] != "wrong_index"] == [
        ("wrong_counts", "town", "version 1 of area 'town' counts 4 households, but has 3 rows of them"),
        ("wrong_counts", "town", "version 1 of area 'town' has rows of facilities that are not numbered from 0 to 2"),
        ("wrong_counts", "town", "version 2 of area 'town' counts 3 facilities, but has 2 rows of them"),
    ]  # fmt: skip
    change("UPDATE households SET version_id = 9, id = id + 7 * 4294967296 WHERE version_id = 2")
    assert ("unknown_rows", None, "4 rows of households belong to version 9, which nobody knows") in told(
        store
    )


def test_indexes(store: VersionedAreas, settings: Settings, change: Callable[..., None]) -> None:
    with closing(Database(settings.database_address)) as database:
        change("DROP INDEX idx_zones_shape" if not database.is_sqlite else "DROP TABLE idx_zones_shape")
        expected = ["the box index of zones is missing"]
        if database.is_sqlite:
            change(
                "UPDATE idx_households_shape SET min_lon = min_lon + 0.01, max_lon = max_lon + 0.01 "
                "WHERE version_id = 1",
                "UPDATE idx_facilities_shape SET positions = substr(positions, 1, 4) WHERE version_id = 2",
                "INSERT INTO idx_facilities_shape VALUES (NULL, 0, 0, 0, 0, 5, x'00000000')",
            )
            expected = [
                "the box index of households has boxes beside the places of version 1 of area 'town'",
                "the box index of facilities knows other rows than those of version 2 of area 'town'",
                "the box index of facilities knows rows of versions that nobody knows",
                *expected,
            ]
        found = told(store)
        assert {kind for kind, _, _ in found} == {"wrong_index"}
        assert [problem.removesuffix(" or was not finished") for _, _, problem in found] == expected
        if database.is_sqlite:
            change("UPDATE idx_households_shape_rowid SET nodeno = 99")
            assert "the box index of households is damaged (" in told(store)[0][2]
        with database.connection() as connection:
            remake_box_indexes(connection)
    assert store.faults() == ()
