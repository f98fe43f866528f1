"""Snapshots of assessments."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db.audit import note_change
from app.db.base import now
from app.db.models import SnapshotModel
from app.db.ready import ReadyDatabase
from app.db.repositories.area_records import check_area
from app.domain.audit import area_subject
from app.domain.snapshot import Answered, Snapshot, SnapshotNotFoundError, SnapshotSummary

_TAKE, _REMOVE = "snapshot-take", "snapshot-remove"
_PARAMETERS = ("profile", "speed_mps", "weight")
_ASKED = SnapshotModel.parameters
_SUMMARY = (
    SnapshotModel.id,
    SnapshotModel.area_id,
    SnapshotModel.version,
    SnapshotModel.standard_id,
    _ASKED["standard"]["version"].as_string().label("standard_version"),
    _ASKED["standard_digest"].as_string().label("standard_digest"),
    _ASKED["profile"].as_string().label("profile"),
    _ASKED["speed_mps"].as_float().label("speed_mps"),
    _ASKED["weight"].as_string().label("weight"),
    SnapshotModel.note,
    SnapshotModel.taken_at,
    SnapshotModel.taken_by,
)
"""What a list shows: picked out by the database, because each row holds a whole standard and a whole answer."""


class SqlSnapshots:
    """A `SnapshotStore` in a database, SQLite or PostgreSQL."""

    def __init__(self, database: ReadyDatabase) -> None:
        self._database = database

    def take(self, answered: Answered, *, note: str | None, actor: str) -> Snapshot:
        with self._database.writing() as session:
            # Whoever deletes the area waits for us; without it there is nothing to take a snapshot of.
            check_area(session, answered.area_id, with_for_update={"read": True, "key_share": True})
            row = SnapshotModel(
                area_id=answered.area_id,
                version=answered.version,
                standard_id=answered.standard_id,
                parameters=answered.parameters,
                coverage=answered.coverage,
                note=note,
                taken_at=now(),
                taken_by=actor,
            )
            session.add(row)
            session.flush()
            _note(session, actor, _TAKE, row)
            return Snapshot(_summary(row), answered)

    def list_snapshots(
        self, area_id: str, *, before: int | None = None, limit: int | None = None
    ) -> tuple[list[SnapshotSummary], int]:
        mine = SnapshotModel.area_id == area_id
        with self._database.reading() as maybe:
            session = check_area(maybe, area_id)
            matched = session.scalar(sa.select(sa.func.count()).select_from(SnapshotModel).where(mine)) or 0
            wanted = sa.select(*_SUMMARY).where(mine)
            if before is not None:
                wanted = wanted.where(SnapshotModel.id < before)
            newest = wanted.order_by(SnapshotModel.id.desc()).limit(limit)
            return [_listed(row) for row in session.execute(newest).mappings()], matched

    def get(self, area_id: str, snapshot_id: int) -> Snapshot:
        with self._database.reading() as session:
            row = _get(check_area(session, area_id), area_id, snapshot_id)
        answered = Answered(row.area_id, row.version, row.standard_id, row.parameters, row.coverage)
        return Snapshot(_summary(row), answered)

    def remove(self, area_id: str, snapshot_id: int, *, actor: str) -> None:
        with self._database.writing() as session:
            row = _get(check_area(session, area_id), area_id, snapshot_id)
            _note(session, actor, _REMOVE, row)
            session.delete(row)


def _get(session: Session, area_id: str, snapshot_id: int) -> SnapshotModel:
    row = session.get(SnapshotModel, snapshot_id)
    if row is None or row.area_id != area_id:
        raise SnapshotNotFoundError(area_id, snapshot_id)
    return row


def _note(session: Session, actor: str, action: str, row: SnapshotModel) -> None:
    facts = {"snapshot": row.id, "version": row.version, "standard": row.standard_id}
    note_change(session, actor, action, area_subject(row.area_id), **facts)


def _listed(row: sa.RowMapping) -> SnapshotSummary:
    facts: dict[str, Any] = dict(row)
    return SnapshotSummary(parameters={name: facts.pop(name) for name in _PARAMETERS}, **facts)


def _summary(row: SnapshotModel) -> SnapshotSummary:
    return SnapshotSummary(
        id=row.id,
        area_id=row.area_id,
        version=row.version,
        standard_id=row.standard_id,
        standard_version=row.parameters["standard"]["version"],
        standard_digest=row.parameters["standard_digest"],
        parameters={name: row.parameters[name] for name in _PARAMETERS},
        note=row.note,
        taken_at=row.taken_at,
        taken_by=row.taken_by,
    )
