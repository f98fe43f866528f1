"""Snapshots in both databases: their numbers, and what a list of them reads."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.db.ready import ReadyDatabase
from app.db.repositories.snapshots import SqlSnapshots
from app.db.schema import downgrade, upgrade
from app.db.session import Database
from app.domain.snapshot import Answered
from app.settings import Settings
from tests.support.small_town import do_import, town

ASKED = {"profile": None, "speed_mps": 1.25, "weight": "households"}
ANSWERED = Answered(
    "town", "v", "own", {**ASKED, "standard": {"version": "1"}, "standard_digest": "d"}, {"overall": {}}
)


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    """One that knows an area."""
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    do_import(tmp_path / "data", town().write(tmp_path / "town.osm"), settings=settings)
    with closing(Database(database_url)) as opened:
        yield opened


def take(store: SqlSnapshots) -> int:
    return store.take(ANSWERED, note=None, actor="planner").summary.id


def test_no_number_is_given_twice_after_an_upgrade(database: Database) -> None:
    downgrade(database, "0003")
    with database.connection() as connection:
        for number in (1, 2, 3):
            connection.exec_driver_sql(
                "INSERT INTO assessment_snapshots (area_id, version, standard_id, parameters, coverage, taken_at, "
                "taken_by) VALUES ('town', 'v', 'own', '{}', '{}', '2026-01-01', 'planner')"
            )
            connection.exec_driver_sql(
                "INSERT INTO audit_log (at, actor, action, subject, details) VALUES ('2026-01-01', 'planner', "
                f"'snapshot-take', 'area/town', '{{\"snapshot\": {number}}}')"
            )
        connection.exec_driver_sql("DELETE FROM assessment_snapshots WHERE id > 1")
    upgrade(database)
    store = SqlSnapshots(ReadyDatabase(database))
    assert [take(store), take(store)] == [4, 5]
    store.remove("town", 5, actor="planner")
    assert take(store) == 6
    with database.connection() as connection:
        connection.exec_driver_sql("DELETE FROM audit_log")  # the table itself knows
    store.remove("town", 6, actor="planner")
    assert take(store) == 7


def test_a_list_reads_no_standard_and_no_answer(database: Database) -> None:
    store = SqlSnapshots(ReadyDatabase(database))
    taken = store.take(ANSWERED, note="before", actor="planner").summary
    assert taken.parameters == ASKED
    asked: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    assert store.list_snapshots("town") == ([taken], 1)
    (columns,) = (text.partition("FROM")[0] for text in asked if "assessment_snapshots.note" in text)
    assert "coverage" not in columns
    picked = re.compile(
        r"JSON_\w+\(assessment_snapshots\.parameters|assessment_snapshots\.parameters\s*[-#]>"
    )
    assert picked.search(columns)
    assert "assessment_snapshots.parameters" not in picked.sub("", columns)
