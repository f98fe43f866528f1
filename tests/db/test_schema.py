"""Tables on both databases: made, taken back and made again, true to the models, with their rows in place."""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from fastapi.testclient import TestClient

from app.db.base import Base, now
from app.db.box_index import candidates, index_name
from app.db.models import JobModel, ScenarioModel, SnapshotModel, StandardModel
from app.db.place_views import drop_place_views, make_place_views
from app.db.ready import ReadyDatabase
from app.db.schema import (
    SCHEMA_REVISION,
    SchemaState,
    check_models,
    check_schema,
    downgrade,
    known_revisions,
    schema_state,
    upgrade,
)
from app.db.session import BUSY_S, MIGRATION_WAIT_S, Database
from app.domain.errors import DatabaseError, DatabaseUnavailableError, SchemaError
from app.domain.place import PlaceKind, StoredPlace
from app.main import create_app
from app.settings import Settings
from app.wiring import open_store
from tests.support.databases import TestCluster
from tests.support.small_town import do_import, town

WORLD = (-180.0, -90.0, 180.0, 90.0)
PLACES = ("households", "facilities", "zones")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def counts(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            table: session.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in (*PLACES, "area_versions", "import_reports", "audit_log")
        }


def with_town(database_url: str, folder: Path) -> Settings:
    settings = Settings(data_dir=folder / "data", database_url=database_url)
    do_import(folder / "data", town().write(folder / "town.osm"), settings=settings)
    return settings


def contents(database: Database) -> dict[str, list[Any]]:
    """All rows of all tables, as the database has them."""
    with database.reading() as session:
        return {
            table.name: [
                tuple(row) for row in session.execute(sa.text(f"SELECT * FROM {table} ORDER BY 1, 2"))
            ]
            for table in Base.metadata.sorted_tables
        }


def places(settings: Settings) -> dict[str, list[StoredPlace]]:
    with closing(ReadyDatabase(Database(settings.database_address))) as ready:
        store = open_store(settings, ready)
        kinds: tuple[PlaceKind, ...] = ("households", "facilities", "zones")
        return {kind: list(store.places("town", store.current_version("town"), kind, None)) for kind in kinds}


def indexed(database: Database) -> dict[str, int]:
    """Rows that the box indexes know."""
    with database.reading() as session:
        connection = session.connection()
        versions = session.scalars(sa.text("SELECT id FROM area_versions")).all()
        return {
            table: sum(len(candidates(connection, table, version, WORLD)) for version in versions)
            for table in PLACES
        }


def test_the_revision_that_this_software_needs_is_the_newest() -> None:
    assert known_revisions()[-1] == SCHEMA_REVISION


def test_up_down_and_up_again(database: Database, database_url: str, tmp_path: Path) -> None:
    check_models(database)
    with_town(database_url, tmp_path)
    downgrade(database, "base")
    assert schema_state(database) is SchemaState.MISSING
    with database.reading() as session:
        left = set(sa.inspect(session.connection()).get_table_names())
    assert left <= {"alembic_version", "spatial_ref_sys"}
    upgrade(database)
    check_models(database)
    assert set(counts(database).values()) == {0}
    with_town(database_url, tmp_path)
    assert counts(database)["households"] == 4


def test_a_first_import_makes_what_all_migrations_make(tmp_path: Path) -> None:
    """Another migration that adds tables, indexes, triggers or views must be told in `make_first_tables` too."""
    with (
        closing(Database(f"sqlite:///{tmp_path}/a.db")) as first,
        closing(Database(f"sqlite:///{tmp_path}/b.db")) as migrated,
    ):
        with closing(ReadyDatabase(first)) as ready, ready.writing():
            pass
        upgrade(migrated)
        check_models(first)
        assert schema_state(first) is SchemaState.CURRENT
        assert "alembic_version" in definitions(first)
        assert definitions(first) == definitions(migrated)


def definitions(database: Database) -> dict[str, list[str]]:
    """How SQLite was told to make each thing, parts sorted: constraints have no order."""
    with database.reading() as session:
        rows = session.execute(sa.text("SELECT name, sql FROM sqlite_master")).all()
    # A rebuilt table's name comes back in quotes.
    texts = {name: (sql or "").replace('"', "") for name, sql in rows}
    return {
        name: sorted(" ".join(part.split()) for part in re.split("[,()]", text))
        for name, text in texts.items()
    }


def test_a_foreign_database_is_not_filled_up(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/a.db")) as database:
        with database.connection() as connection:
            connection.exec_driver_sql("CREATE TABLE areas (id TEXT PRIMARY KEY)")
        with pytest.raises(DatabaseError), ReadyDatabase(database).writing():
            pytest.fail("it was taken for ours")
        with database.reading() as session:
            assert session.scalars(sa.text("SELECT name FROM sqlite_master WHERE sql IS NOT NULL")).all() == [
                "areas"
            ]


def test_rows_and_their_index_stay_when_a_table_is_rebuilt(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    settings = with_town(database_url, tmp_path)
    before = counts(database)
    with database.migrating() as connection:
        drop_place_views(connection)
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("households", recreate="auto") as batch:
            batch.add_column(sa.Column("storeys", sa.Integer(), nullable=True))
            batch.alter_column("household_id", type_=sa.String(500))
        make_place_views(connection)
    assert counts(database) == before
    do_import(tmp_path / "data", tmp_path / "town.osm", settings=settings)
    assert counts(database)["households"] == 8
    assert indexed(database) == {table: counts(database)[table] for table in PLACES}


def test_rows_stay_through_upgrades_and_back(database: Database, database_url: str, tmp_path: Path) -> None:
    """As a user upgrades: areas of the first tables are asked, rolled back, dropped and imported again after."""
    settings = with_town(database_url, tmp_path)
    do_import(tmp_path / "data", tmp_path / "town.osm", settings=settings)
    before, seen = counts(database), places(settings)
    assert len(seen["households"]) == 4
    for revision in reversed(known_revisions()[:-1]):
        downgrade(database, revision)
        assert counts(database) == before
    with database.reading() as session:
        kept = {
            table: session.execute(sa.text(f"SELECT count(*) FROM current_{table}")).scalar_one()
            for table in PLACES
        }
    assert kept == {table: len(rows) for table, rows in seen.items()}
    if database.is_sqlite:
        with database.connection() as connection:  # as the rows of the first tables were counted
            connection.exec_driver_sql("DROP TRIGGER idx_households_shape_updated")
            connection.exec_driver_sql("UPDATE households SET id = (id >> 32) * 10 + position")
    for revision in known_revisions()[1:]:
        upgrade(database, revision)
        assert counts(database) == before
    check_models(database)
    assert places(settings) == seen
    assert indexed(database) == {table: before[table] for table in PLACES}
    do_import(tmp_path / "data", tmp_path / "town.osm", settings=settings)
    with closing(ReadyDatabase(Database(database_url))) as ready:
        store = open_store(settings, ready)
        assert [version.number for version in store.list_versions("town")] == [3, 2, 1]
        store.prune("town", 1)
    assert indexed(database) == {table: len(rows) for table, rows in seen.items()}


def test_every_row_stays_through_the_latest_upgrade(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with_town(database_url, tmp_path)
    made = {"created_at": now(), "created_by": "planner"}
    with database.writing() as session:
        session.add_all((
            ScenarioModel(
                area_id="town", name="甲", document="{}", changes=1, lenient=False, digest="d", changed_at=now(),
                changed_by="planner", **made,
            ),
            StandardModel(id="own", version="1", document={"id": "own"}, **made),
            SnapshotModel(
                area_id="town", version="v", standard_id="own", parameters={}, coverage={"a": [1]},
                taken_at=now(), taken_by="planner",
            ),
            JobModel(
                id="j", kind="import", status="failed", request={"a": 1}, attempt=1, cancel_requested=False,
                retriable=True, **made,
            ),
        ))  # fmt: skip
    before = contents(database)
    assert all(rows for table, rows in before.items() if table != "zones")
    downgrade(database, known_revisions()[-2])
    upgrade(database)
    assert contents(database) == before


def test_the_check_of_a_job_has_its_name_once(database: Database) -> None:
    with database.reading() as session:
        checks = sa.inspect(session.connection()).get_check_constraints("jobs")
    assert [check["name"] for check in checks] == ["ck_jobs_status"]


def test_spatial_indexes_are_there(database: Database) -> None:
    with database.reading() as session:
        if database.is_sqlite:
            names = session.scalars(sa.text("SELECT name FROM sqlite_master WHERE sql LIKE '%USING rtree%'"))
        else:
            names = session.scalars(
                sa.text("SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%USING gist (shape)'")
            )
        assert set(names) == {index_name(table) for table in PLACES}


@pytest.mark.parametrize("revision", ["0000", "9999"])
def test_tables_of_another_version_are_refused(
    database: Database, database_url: str, tmp_path: Path, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.db.schema.known_revisions", lambda: ("0000", SCHEMA_REVISION))
    settings = with_town(database_url, tmp_path)
    with database.connection() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :new"), {"new": revision})
    fix = (
        "older version; bring them up to date with: reach15 db upgrade" if revision == "0000" else "newer or"
    )
    with pytest.raises(SchemaError, match=fix):
        check_schema(database)
    with pytest.raises(SchemaError, match=fix), TestClient(create_app(settings)):
        pass
    with pytest.raises(SchemaError, match=fix):
        do_import(tmp_path / "data", tmp_path / "town.osm", settings=settings)


def test_a_postgis_without_tables_is_refused(postgis: TestCluster, tmp_path: Path) -> None:
    with postgis.database(migrated=False) as url:
        settings = Settings(data_dir=tmp_path, database_url=url)
        fix = "has no tables yet; make them with: reach15 db upgrade"
        with pytest.raises(SchemaError, match=fix), TestClient(create_app(settings)):
            pass
        with pytest.raises(SchemaError, match=fix), closing(ReadyDatabase(Database(url))) as database:
            database.check()


def test_a_held_lock_makes_a_migration_give_up_soon(database: Database, database_url: str) -> None:
    holder = Database(database_url)
    begin = time.monotonic()
    with holder.connection() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("LOCK TABLE households IN ACCESS SHARE MODE")
        else:
            connection.exec_driver_sql("SELECT 1")  # it begins as a writer
        with pytest.raises(DatabaseUnavailableError, match="is locked by another process; try again"):
            downgrade(database, "base")
    assert MIGRATION_WAIT_S / 2 < time.monotonic() - begin < BUSY_S, "a while, and less than other writers"
    holder.close()
    assert schema_state(database) is SchemaState.CURRENT
    downgrade(database, "base")


def test_upgrading_waits_no_longer(database: Database, database_url: str) -> None:
    downgrade(database, "base")
    holder = Database(database_url)
    with holder.connection() as connection:
        connection.exec_driver_sql("CREATE TABLE areas (id TEXT PRIMARY KEY)")
        with pytest.raises(DatabaseUnavailableError, match="is locked by another process"):
            upgrade(database)
        connection.exec_driver_sql("DROP TABLE areas")
    holder.close()
    upgrade(database)
