"""Standards of one's own on both databases: one story, told twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.db.models import AuditModel, StandardModel
from app.db.ready import ReadyDatabase
from app.db.repositories.standards import SqlStandards
from app.domain.errors import BadInputError, DatabaseError
from app.domain.standard import StandardExistsError, StandardIsShippedError, StandardNotFoundError
from app.ingest.marked_yaml import MarkedYaml
from app.ingest.standard_files import read_standard
from app.services.standards import StandardService, list_standards
from app.settings import Settings
from app.wiring import open_database
from tests.support.own_standard import OWN, as_json, as_yaml, own_standard


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[ReadyDatabase]:
    with closing(open_database(Settings(data_dir=tmp_path, database_url=database_url))) as opened:
        yield opened


@pytest.fixture
def standards(database: ReadyDatabase) -> StandardService:
    return StandardService(SqlStandards(database))


def document(minutes: float = 10, **changes: Any) -> MarkedYaml:
    return read_standard(as_yaml(own_standard(minutes, **changes)), "own.yaml")


def log(database: ReadyDatabase) -> list[tuple[Any, ...]]:
    with database.reading() as session:
        assert session is not None
        rows = session.scalars(sa.select(AuditModel).order_by(AuditModel.id)).all()
        return [(row.actor, row.action, row.subject, row.details.get("version")) for row in rows]


def test_one_is_added_replaced_and_removed(standards: StandardService, database: ReadyDatabase) -> None:
    shipped = [standard.id for standard in list_standards()]
    assert list(standards.ids()) == shipped
    added, is_new = standards.add(document(), actor="ann")
    assert is_new
    assert (added.origin, added.created_by, added.standard.services[0].limit_s) == ("own", "ann", 600.0)
    assert added.created_at is not None
    assert list(standards.ids()) == [*shipped, OWN]
    assert standards.get(OWN) is added.standard  # engines know it by its object
    assert "bread" in standards.service_ids()

    # The same words in another form are the same standard; other words are not.
    again = read_standard(as_json(own_standard(10.0)), "own.json", is_json=True)
    kept, is_new = standards.add(again, actor="ben")
    assert (kept.standard, kept.created_by, is_new) == (added.standard, "ann", False)
    with pytest.raises(StandardExistsError, match="version 1, and says something else"):
        standards.add(document(11), actor="ben")
    assert standards.get(OWN) is added.standard

    other_process = StandardService(SqlStandards(database))
    replaced, is_new = other_process.replace(document(11, version="2"), actor="ben")
    assert not is_new
    assert standards.get(OWN).services[0].limit_s == 660.0
    assert standards.get(OWN).digest == replaced.standard.digest != added.standard.digest
    with pytest.raises(
        BadInputError, match=r"^own.yaml, line 1, id: is our-town, and other is to be replaced"
    ):
        standards.replace(document(12), actor="ben", standard_id="other")

    other_process.remove(OWN, actor="cyd")
    for ask in (standards.get, lambda standard_id: standards.remove(standard_id, actor="cyd")):
        with pytest.raises(StandardNotFoundError):
            ask(OWN)
    assert list(standards.ids()) == shipped
    assert log(database) == [
        ("ann", "add", f"standard:{OWN}", "1"),
        ("ben", "replace", f"standard:{OWN}", "2"),
        ("cyd", "remove", f"standard:{OWN}", "2"),
    ]


def test_shipped_ones_stay_as_they_are(standards: StandardService, database: ReadyDatabase) -> None:
    shipped = list_standards()[0]
    for change in (standards.add, standards.replace):
        with pytest.raises(StandardIsShippedError):
            change(document(id=shipped.id), actor="ann")
    with pytest.raises(StandardIsShippedError):
        standards.remove(shipped.id, actor="ann")
    assert standards.get(shipped.id) is shipped
    assert log(database) == []
    # One that a later version of the software ships goes before what was kept under its id, which can still be removed.
    SqlStandards(database).add_standard(shipped, own_standard(id=shipped.id), actor="ann")
    assert standards.get(shipped.id) is shipped
    assert standards.ids().count(shipped.id) == 1
    standards.remove(shipped.id, actor="ann")


def test_what_everybody_adds_at_once_is_added_once(
    standards: StandardService, database: ReadyDatabase
) -> None:
    def add(minutes: int) -> bool:
        try:
            return standards.add(document(minutes), actor=str(minutes))[1]
        except StandardExistsError:
            return False

    with ThreadPoolExecutor(8) as people:
        added = list(people.map(add, range(1, 9)))
    assert sum(added) == 1
    assert standards.get(OWN).services[0].limit_s == 60.0 * (added.index(True) + 1)
    assert len(log(database)) == 1


@pytest.mark.parametrize(
    "name", ["", "..", "Our-Town", "our-town\0", "our-town\n", "' OR 1=1 --", "镇", "a" * 64]
)
def test_names_that_are_no_standards(standards: StandardService, name: str) -> None:
    standards.add(document(), actor="ann")
    with pytest.raises(StandardNotFoundError):
        standards.get(name)
    with pytest.raises(StandardNotFoundError):
        standards.remove(name, actor="ann")


def test_one_that_this_software_does_not_understand_is_named(
    standards: StandardService, database: ReadyDatabase
) -> None:
    standards.add(document(), actor="ann")
    with database.writing() as session:
        session.execute(sa.update(StandardModel).values(document=own_standard(future=True)))
    with pytest.raises(DatabaseError, match="standard 'our-town', future: unknown field"):
        standards.get(OWN)
