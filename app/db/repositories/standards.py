"""Standards of a city's own."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db.audit import note_change
from app.db.base import now
from app.db.locking import lock_standard
from app.db.models import StandardModel
from app.db.ready import ReadyDatabase
from app.domain.audit import standard_subject
from app.domain.standard import OwnStandard, Standard


class SqlStandards:
    """A `StandardStore` in a database, SQLite or PostgreSQL."""

    def __init__(self, database: ReadyDatabase) -> None:
        self._database = database

    def list_standards(self) -> tuple[OwnStandard, ...]:
        with self._database.reading() as session:
            rows = () if session is None else session.scalars(sa.select(StandardModel)).all()
        # Code points decide, in every database and whatever its language.
        return tuple(sorted((_own(row) for row in rows), key=lambda own: own.id))

    def find_standard(self, standard_id: str) -> OwnStandard | None:
        with self._database.reading() as session:
            row = None if session is None else session.get(StandardModel, standard_id)
        return None if row is None else _own(row)

    def add_standard(
        self, standard: Standard, document: Mapping[str, Any], *, actor: str
    ) -> tuple[OwnStandard, bool]:
        with self._database.writing() as session:
            row = _locked(session, standard.id)
            if row is not None:
                return _own(row), False
            row = _put(session, StandardModel(id=standard.id), standard, document, actor)
            note_change(session, actor, "add", standard_subject(standard.id), **_details(standard))
        return _own(row), True

    def replace_standard(
        self, standard: Standard, document: Mapping[str, Any], *, actor: str
    ) -> tuple[OwnStandard, bool]:
        with self._database.writing() as session:
            old = _locked(session, standard.id)
            details = _details(standard)
            if old is not None:
                details["from_version"] = old.version
            row = _put(session, old or StandardModel(id=standard.id), standard, document, actor)
            action = "add" if old is None else "replace"
            note_change(session, actor, action, standard_subject(standard.id), **details)
        return _own(row), old is None

    def remove_standard(self, standard_id: str, *, actor: str) -> bool:
        with self._database.writing() as session:
            row = _locked(session, standard_id)
            if row is None:
                return False
            note_change(session, actor, "remove", standard_subject(standard_id), version=row.version)
            session.delete(row)
        return True


def _locked(session: Session, standard_id: str) -> StandardModel | None:
    """The row, while nobody else can change, remove or add it."""
    lock_standard(session, standard_id)
    return session.get(StandardModel, standard_id)


def _put(
    session: Session, row: StandardModel, standard: Standard, document: Mapping[str, Any], actor: str
) -> StandardModel:
    row.version = standard.version
    row.document = dict(document)
    row.created_at = now()
    row.created_by = actor
    session.add(row)
    session.flush()
    return row


def _details(standard: Standard) -> dict[str, Any]:
    return {"version": standard.version, "digest": standard.digest}


def _own(row: StandardModel) -> OwnStandard:
    return OwnStandard(row.id, row.version, row.document, row.created_at, row.created_by)
