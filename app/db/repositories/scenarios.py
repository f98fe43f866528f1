"""Scenarios in the database."""

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from app.db.audit import note_change
from app.db.base import now
from app.db.locking import lock_scenario
from app.db.models import ScenarioModel
from app.db.ready import ReadyDatabase
from app.db.repositories.area_records import area_not_found, check_area, is_area
from app.domain.area import AREA_ID_PATTERN
from app.domain.audit import area_subject
from app.domain.scenario import (
    SCENARIO_NAME_PATTERN,
    Precondition,
    Scenario,
    ScenarioContent,
    ScenarioNotFoundError,
    ScenarioSummary,
)


class SqlScenarios:
    """A `ScenarioStore` in a database.

    Parameters
    ----------
    actor : str
        Who changes things through this: kept with each scenario and in the audit log.
    """

    def __init__(self, database: ReadyDatabase, *, actor: str) -> None:
        self._database = database
        self._actor = actor

    def acting_for(self, actor: str) -> "SqlScenarios":
        return SqlScenarios(self._database, actor=actor)

    def list_scenarios(
        self, area_id: str, *, after: str | None = None, limit: int | None = None
    ) -> tuple[tuple[ScenarioSummary, ...], int]:
        with self._database.reading() as maybe:
            session = check_area(maybe, area_id)
            mine = ScenarioModel.area_id == area_id
            matched = session.scalar(sa.select(sa.func.count()).select_from(ScenarioModel).where(mine)) or 0
            name = _by_code_points(session)
            wanted = sa.select(ScenarioModel).where(mine)
            if after is not None:
                wanted = wanted.where(name > after)
            rows = session.scalars(wanted.order_by(name).limit(limit))
            return tuple(_summary(row) for row in rows), matched

    def get(self, area_id: str, name: str) -> Scenario:
        with self._database.reading() as session:
            row = None if session is None else _find(session, area_id, name)
            if row is None or session is None:
                raise _not_found(session, area_id, name)
            return Scenario(_summary(row), row.document)

    def save(
        self, area_id: str, name: str, content: ScenarioContent, condition: Precondition
    ) -> tuple[ScenarioSummary, bool]:
        with self._database.writing() as session:
            row = self._locked(session, area_id, name, condition)
            is_new = row is None
            moment = now()
            if row is None:
                row = ScenarioModel(area_id=area_id, name=name, created_at=moment, created_by=self._actor)
                session.add(row)
            row.document, row.changes, row.digest = content.document, content.changes, content.digest
            row.lenient, row.crs = content.lenient, content.crs
            row.changed_at, row.changed_by = moment, self._actor
            session.flush()
            self._note(session, "scenario-save", row)
            return _summary(row), is_new

    def remove(self, area_id: str, name: str, condition: Precondition) -> None:
        with self._database.writing() as session:
            row = self._locked(session, area_id, name, condition)
            if row is None:
                raise _not_found(session, area_id, name)
            session.delete(row)
            self._note(session, "scenario-remove", row)

    def _locked(
        self, session: Session, area_id: str, name: str, condition: Precondition
    ) -> ScenarioModel | None:
        """The row, kept from others until the transaction ends, after a look at what must be true of it."""
        lock_scenario(session, area_id, name)
        # Whoever deletes the area waits for us, as we do for him.
        check_area(session, area_id, with_for_update={"read": True, "key_share": True})
        row = _find(session, area_id, name)
        condition.check(f"scenario '{name}' of area '{area_id}'", None if row is None else row.digest)
        return row

    def _note(self, session: Session, action: str, row: ScenarioModel) -> None:
        details = {"scenario": row.name, "digest": row.digest, "changes": row.changes}
        note_change(session, self._actor, action, area_subject(row.area_id), **details)


def _by_code_points(session: Session) -> sa.ColumnElement[str]:
    """Names in an order that is the same in every database, whatever its language."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return sa.collate(ScenarioModel.name, "C" if is_postgresql else "BINARY")


def _find(session: Session, area_id: str, name: str) -> ScenarioModel | None:
    if not (AREA_ID_PATTERN.fullmatch(area_id) and SCENARIO_NAME_PATTERN.fullmatch(name)):
        return None
    mine = sa.select(ScenarioModel).where(ScenarioModel.area_id == area_id, ScenarioModel.name == name)
    return session.scalar(mine.options(undefer(ScenarioModel.document)))


def _not_found(session: Session | None, area_id: str, name: str) -> Exception:
    if session is None or not is_area(session, area_id):
        return area_not_found(session, area_id)
    mine = sa.select(ScenarioModel.name).where(ScenarioModel.area_id == area_id)
    return ScenarioNotFoundError(area_id, name, tuple(sorted(session.scalars(mine))))


def _summary(row: ScenarioModel) -> ScenarioSummary:
    return ScenarioSummary(
        area_id=row.area_id,
        name=row.name,
        changes=row.changes,
        lenient=row.lenient,
        crs=row.crs,
        digest=row.digest,
        created_at=row.created_at,
        created_by=row.created_by,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )
