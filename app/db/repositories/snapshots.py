"""Snapshots of assessments."""

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer

from app.db.audit import note_change
from app.db.base import now
from app.db.models import AuditModel, SnapshotModel
from app.db.ready import ReadyDatabase
from app.db.repositories.area_records import check_area
from app.domain.audit import area_subject
from app.domain.snapshot import Answered, Snapshot, SnapshotNotFoundError, SnapshotSummary

_TAKE, _REMOVE = "snapshot-take", "snapshot-remove"


class SqlSnapshots:
    """A `SnapshotStore` in a database, SQLite or PostgreSQL."""

    def __init__(self, database: ReadyDatabase) -> None:
        self._database = database

    def take(self, answered: Answered, *, note: str | None, actor: str) -> Snapshot:
        with self._database.writing() as session:
            # Whoever deletes the area waits for us; without it there is nothing to take a snapshot of.
            check_area(session, answered.area_id, with_for_update={"read": True, "key_share": True})
            row = SnapshotModel(
                id=self._unused_id(session),
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

    def _unused_id(self, session: Session) -> int | None:
        """A number that no snapshot ever had, as PostgreSQL counts by itself.

        SQLite gives the last one again after its removal; the log, which only grows, knows that it was taken.
        """
        if not self._database.is_sqlite:
            return None
        number = AuditModel.details["snapshot"].as_integer()
        taken = sa.select(sa.func.max(number)).where(AuditModel.action == _TAKE)
        return (session.scalar(taken) or 0) + 1

    def list_snapshots(
        self, area_id: str, *, before: int | None = None, limit: int | None = None
    ) -> tuple[list[SnapshotSummary], int]:
        mine = SnapshotModel.area_id == area_id
        with self._database.reading() as maybe:
            session = check_area(maybe, area_id)
            matched = session.scalar(sa.select(sa.func.count()).select_from(SnapshotModel).where(mine)) or 0
            wanted = sa.select(SnapshotModel).where(mine).options(defer(SnapshotModel.coverage))
            if before is not None:
                wanted = wanted.where(SnapshotModel.id < before)
            newest = wanted.order_by(SnapshotModel.id.desc()).limit(limit)
            return [_summary(row) for row in session.scalars(newest)], matched

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


def _summary(row: SnapshotModel) -> SnapshotSummary:
    return SnapshotSummary(
        id=row.id,
        area_id=row.area_id,
        version=row.version,
        standard_id=row.standard_id,
        parameters=row.parameters,
        note=row.note,
        taken_at=row.taken_at,
        taken_by=row.taken_by,
    )
