"""Scenarios on both databases: one story, told twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from app.db.models import AuditModel
from app.db.repositories.scenarios import SqlScenarios
from app.db.schema import SchemaState, check_models, downgrade, schema_state, upgrade
from app.db.session import Database
from app.domain.area import Area, ImportReport
from app.domain.errors import AreaNotFoundError, SchemaError
from app.domain.scenario import (
    ANY,
    UNCONDITIONAL,
    Precondition,
    PreconditionFailedError,
    ScenarioContent,
    ScenarioNotFoundError,
)
from app.main import create_app
from app.services.versioned_areas import VersionedAreas
from app.settings import Settings
from app.wiring import ReadyDatabase, open_database, open_scenario_store, open_store
from tests.support.small_town import do_import, town

FIRST = ScenarioContent('{"a":1.0, "a":"\\u0000 甲 \\"","b":[]}\n', 3)
SECOND = ScenarioContent("{}", 1, lenient=True, crs="gcj02")
NEW = Precondition(none_match=frozenset({ANY}))


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[ReadyDatabase]:
    with closing(open_database(Settings(data_dir=tmp_path, database_url=database_url))) as opened:
        yield opened


@pytest.fixture
def areas(database: ReadyDatabase, database_url: str, tmp_path: Path) -> VersionedAreas:
    return open_store(Settings(data_dir=tmp_path, database_url=database_url), database, actor="planner")


@pytest.fixture
def scenarios(database: ReadyDatabase, tmp_path: Path) -> SqlScenarios:
    return open_scenario_store(Settings(data_dir=tmp_path), database, actor="planner")


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImportReport, Area]:
    folder = tmp_path_factory.mktemp("town")
    return do_import(folder / "data", town().write(folder / "town.osm"))


def names(scenarios: SqlScenarios, **page: object) -> list[str]:
    return [found.name for found in scenarios.list_scenarios("town", **{"limit": 100, **page})[0]]


def test_they_are_kept_as_given_replaced_and_removed(
    scenarios: SqlScenarios,
    areas: VersionedAreas,
    database: ReadyDatabase,
    imported: tuple[ImportReport, Area],
) -> None:
    report, area = imported
    areas.save(area, report)
    summary, is_new = scenarios.save("town", "plan", FIRST, UNCONDITIONAL)
    assert is_new
    assert (summary.changes, summary.lenient, summary.crs, summary.digest) == (3, False, None, FIRST.digest)
    assert scenarios.get("town", "plan").document == FIRST.document  # byte for byte, on both
    later, is_new = scenarios.save("town", "plan", SECOND, UNCONDITIONAL)
    assert not is_new
    assert later.created_at == summary.created_at <= later.changed_at
    assert scenarios.get("town", "plan").summary == later
    assert (later.lenient, later.crs, later.changed_by) == (True, "gcj02", "planner")
    areas.save(replace(area, title="next"), report)  # another version takes none with it
    areas.prune("town", 1)
    assert scenarios.list_scenarios("town", limit=1) == ((later,), 1)
    scenarios.remove("town", "plan", UNCONDITIONAL)
    with pytest.raises(ScenarioNotFoundError, match="none yet"):
        scenarios.get("town", "plan")
    with pytest.raises(ScenarioNotFoundError):
        scenarios.remove("town", "plan", UNCONDITIONAL)
    with database.reading() as session:
        assert session is not None
        noted = session.scalars(sa.select(AuditModel).order_by(AuditModel.id)).all()
    changes = [row for row in noted if row.action.startswith("scenario")]
    assert [(row.action, row.details["digest"]) for row in changes] == [
        ("scenario-save", FIRST.digest),
        ("scenario-save", SECOND.digest),
        ("scenario-remove", SECOND.digest),
    ]
    assert {(row.actor, row.subject, row.details["scenario"]) for row in changes} == {
        ("planner", "area:town", "plan")
    }


def test_pages_follow_code_points_and_areas_keep_their_own(
    scenarios: SqlScenarios, areas: VersionedAreas, imported: tuple[ImportReport, Area]
) -> None:
    report, area = imported
    areas.save(area, report)
    areas.save(replace(area, id="other"), report)
    given = ["b", "B", "a", "a-1", "a.1", "a_1", "Z", "é", "方案", "1"]
    for name in given:
        scenarios.save("town", name, FIRST, UNCONDITIONAL)
    scenarios.save("other", "b", SECOND, UNCONDITIONAL)
    assert names(scenarios) == sorted(given)
    assert names(scenarios, after="a", limit=3) == ["a-1", "a.1", "a_1"]
    assert scenarios.list_scenarios("town", after="é", limit=1)[1] == len(given)
    areas.delete("town")
    with pytest.raises(AreaNotFoundError, match="other"):
        names(scenarios)
    with pytest.raises(AreaNotFoundError):
        scenarios.save("town", "b", FIRST, UNCONDITIONAL)
    areas.save(area, report)  # the same name is another area, without what went with the first
    assert names(scenarios) == []
    assert scenarios.get("other", "b").document == SECOND.document
    for strange in ("", "a\0", "a\n", "' OR 1=1 --", "a/b"):
        with pytest.raises(ScenarioNotFoundError):
            scenarios.get("town", strange)
        with pytest.raises(AreaNotFoundError):
            scenarios.get(strange, "b")


def test_nobody_overwrites_what_he_has_not_seen(
    scenarios: SqlScenarios, areas: VersionedAreas, imported: tuple[ImportReport, Area]
) -> None:
    areas.save(imported[1], imported[0])
    seen = Precondition(match=frozenset({FIRST.digest}))
    for condition in (seen, Precondition(match=frozenset({ANY}))):
        with pytest.raises(PreconditionFailedError, match="does not exist"):
            scenarios.save("town", "plan", FIRST, condition)
        with pytest.raises(PreconditionFailedError, match="does not exist"):
            scenarios.remove("town", "plan", condition)
    assert names(scenarios) == []
    scenarios.save("town", "plan", FIRST, NEW)
    with pytest.raises(PreconditionFailedError, match="exists already"):
        scenarios.save("town", "plan", SECOND, NEW)
    scenarios.save("town", "plan", SECOND, seen)
    for change in (
        lambda: scenarios.save("town", "plan", FIRST, seen),
        lambda: scenarios.remove("town", "plan", seen),
        lambda: scenarios.save("town", "plan", FIRST, Precondition(match=frozenset())),
    ):
        with pytest.raises(PreconditionFailedError, match="meanwhile"):
            change()
    assert scenarios.get("town", "plan").document == SECOND.document

    def store(number: int) -> bool:
        try:
            return scenarios.save("town", "race", ScenarioContent(str(number), 1), NEW)[1]
        except PreconditionFailedError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(store, range(16))) == 1


def test_tables_of_before_scenarios_keep_their_rows(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    do_import(tmp_path / "data", town().write(tmp_path / "town.osm"), settings=settings)
    with closing(open_database(settings)) as opened:
        before = open_store(settings, opened).describe("town")
    with closing(Database(database_url)) as database:
        downgrade(database, "0001")
        assert schema_state(database) is SchemaState.OLDER
        with pytest.raises(SchemaError, match="reach15 db upgrade"), TestClient(create_app(settings)):
            pass
        upgrade(database)
        check_models(database)
    with closing(open_database(settings)) as opened:
        assert open_store(settings, opened).describe("town") == before
        store = open_scenario_store(settings, opened)
        store.save("town", "plan", FIRST, NEW)
        assert store.get("town", "plan").document == FIRST.document
