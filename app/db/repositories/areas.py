"""Which areas and versions exist, and which one is current."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from app.db.locking import lock_area
from app.db.models import AreaVersionModel, CurrentVersionModel, ImportReportModel
from app.db.ready import ReadyDatabase
from app.db.repositories.area_change import SqlAreaChange
from app.db.repositories.area_records import area_not_found, report_of, summary_of, version_of
from app.db.repositories.faults import find_row_faults
from app.db.repositories.places import find_places
from app.domain.area import AREA_ID_PATTERN, AreaSummary, AreaVersion, ImportReport
from app.domain.errors import VersionNotFoundError
from app.domain.place import Box, PlaceKind, StoredPlace
from app.domain.storage_fault import StorageFault

_CURRENT = sa.select(AreaVersionModel).join(
    CurrentVersionModel, CurrentVersionModel.version_id == AreaVersionModel.id
)
_CURRENT_KEY = (
    sa.select(AreaVersionModel.folder)
    .join(CurrentVersionModel, CurrentVersionModel.version_id == AreaVersionModel.id)
    .where(CurrentVersionModel.area_id == sa.bindparam("area_id"))
)


class SqlAreaRegistry:
    """An `AreaRegistry` in a database.

    Parameters
    ----------
    actor : str
        Who changes things through this: kept with each version and in the audit log.
    """

    def __init__(self, database: ReadyDatabase, *, actor: str) -> None:
        self._database = database
        self._actor = actor

    def acting_for(self, actor: str) -> "SqlAreaRegistry":
        return SqlAreaRegistry(self._database, actor=actor)

    def check(self) -> None:
        self._database.check()

    @contextmanager
    def changing(self, area_id: str) -> Iterator[SqlAreaChange]:
        with self._database.writing() as session:
            lock_area(session, area_id)
            yield SqlAreaChange(session, area_id, self._actor)

    def list_areas(self) -> tuple[AreaSummary, ...]:
        with self._database.reading() as session:
            if session is None:
                return ()
            rows = session.scalars(_CURRENT).all()
        # Code points decide, in every database and whatever its language.
        return tuple(sorted((summary_of(row) for row in rows), key=lambda summary: summary.id))

    def current_key(self, area_id: str) -> str:
        with self._database.reading() as session:
            found = None
            if session is not None and AREA_ID_PATTERN.fullmatch(area_id):
                found = session.execute(_CURRENT_KEY, {"area_id": area_id}).scalar()
            if found is None:
                raise area_not_found(session, area_id)
        return str(found)

    def describe(self, area_id: str) -> tuple[AreaSummary, ImportReport]:
        with self._database.reading() as session:
            if session is None or not AREA_ID_PATTERN.fullmatch(area_id):
                raise area_not_found(session, area_id)
            row = session.scalar(_CURRENT.where(CurrentVersionModel.area_id == area_id))
            if row is None:
                raise area_not_found(session, area_id)
            report = session.get_one(ImportReportModel, row.id)
        return summary_of(row), report_of(report.report)

    def list_versions(self, area_id: str) -> tuple[AreaVersion, ...]:
        with self._database.reading() as session:
            if session is None or not AREA_ID_PATTERN.fullmatch(area_id):
                raise area_not_found(session, area_id)
            current = session.get(CurrentVersionModel, area_id)
            if current is None:
                raise area_not_found(session, area_id)
            mine = sa.select(AreaVersionModel).where(AreaVersionModel.area_id == area_id)
            rows = session.scalars(mine.order_by(AreaVersionModel.number.desc())).all()
        return tuple(version_of(row, current=row.id == current.version_id) for row in rows)

    def places(self, area_id: str, key: str, kind: PlaceKind, box: Box | None) -> Iterator[StoredPlace]:
        with self._database.reading() as session:
            version_id = None if session is None else session.scalar(_id_of(area_id, key))
            if session is None or version_id is None:
                raise VersionNotFoundError(area_id, key, ())
            yield from find_places(session, version_id, kind, box)

    def known_keys(self) -> dict[str, dict[str, int]]:
        with self._database.reading() as session:
            versions = () if session is None else session.scalars(sa.select(AreaVersionModel)).all()
        keys: dict[str, dict[str, int]] = {}
        for version in versions:
            keys.setdefault(version.area_id, {})[version.folder] = version.number
        return keys

    def faults(self) -> tuple[StorageFault, ...]:
        with self._database.reading() as session:
            return () if session is None else tuple(find_row_faults(session))

    def is_registered(self, area_id: str, key: str) -> bool:
        with self._database.reading() as session:
            return session is not None and session.scalar(_id_of(area_id, key)) is not None


def _id_of(area_id: str, key: str) -> sa.Select[Any]:
    return sa.select(AreaVersionModel.id).where(
        AreaVersionModel.area_id == area_id, AreaVersionModel.folder == key
    )
