"""The audit log, to be read."""

from datetime import datetime

import sqlalchemy as sa

from app.db.models import AuditModel
from app.db.ready import ReadyDatabase
from app.domain.audit import AuditEntry


class SqlAuditLog:
    """An `AuditLog` in a database."""

    def __init__(self, database: ReadyDatabase) -> None:
        self._database = database

    def list_entries(
        self, *, subject: str | None, since: datetime | None, before: int | None, limit: int
    ) -> tuple[list[AuditEntry], int]:
        wanted: list[sa.ColumnElement[bool]] = []
        if subject is not None:
            wanted.append(AuditModel.subject == subject)
        if since is not None:
            wanted.append(AuditModel.at >= since)
        with self._database.reading() as session:
            if session is None:
                return [], 0
            matched = session.scalar(sa.select(sa.func.count()).select_from(AuditModel).where(*wanted)) or 0
            if before is not None:
                wanted.append(AuditModel.id < before)
            newest = sa.select(AuditModel).where(*wanted).order_by(AuditModel.id.desc()).limit(limit)
            return [_entry(row) for row in session.scalars(newest)], matched


def _entry(row: AuditModel) -> AuditEntry:
    return AuditEntry(row.id, row.at, row.actor, row.action, row.subject, row.details)
