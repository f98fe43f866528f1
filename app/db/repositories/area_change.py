"""Changes of one area within one transaction."""

from dataclasses import asdict
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db.audit import note_change
from app.db.base import now
from app.db.box_index import forget_shapes
from app.db.bulk import add_rows
from app.db.models import (
    AreaModel,
    AreaVersionModel,
    CurrentVersionModel,
    ImportReportModel,
)
from app.db.models.places import PLACE_MODELS
from app.db.repositories.area_records import version_of
from app.db.repositories.area_rows import rows_of
from app.db.repositories.jobs import end_job
from app.db.row_ids import is_of
from app.domain.area import Area, AreaVersion, ImportReport, summarise
from app.domain.audit import area_subject
from app.domain.errors import AreaNotFoundError, VersionNotFoundError
from app.domain.job import Ending


class SqlAreaChange:
    """An `AreaChange` over a session that its maker commits."""

    def __init__(self, session: Session, area_id: str, actor: str) -> None:
        self._session = session
        self._area_id = area_id
        self._actor = actor

    def register(self, area: Area, report: ImportReport, key: str) -> None:
        session = self._session
        home = session.get(AreaModel, self._area_id, with_for_update=True)
        if home is None:
            home = AreaModel(id=self._area_id, created_at=now(), last_number=0)
            session.add(home)
        home.last_number += 1
        session.flush()
        row = AreaVersionModel(
            area_id=area.id,
            number=home.last_number,
            folder=key,
            version=area.version,
            data_hash=area.data_hash,
            title=area.title,
            counts=summarise(area).counts,
            extent=area.extent.polygon,
            extent_basis=area.extent.basis,
            study_area=area.study_area,
            max_link_m=area.max_link_m,
            created_at=now(),
            created_by=self._actor,
        )
        session.add(row)
        session.flush()
        # Through JSON once, so that both databases keep, and give back, the same: lists for tuples.
        content = orjson.loads(orjson.dumps(asdict(report), option=orjson.OPT_SERIALIZE_NUMPY))
        session.add(ImportReportModel(version_id=row.id, report=content))
        for rows in rows_of(area, row.id):
            add_rows(session.connection(), rows)
        self._point_to(row.id)
        self._note("import", number=row.number, version=row.version, source=report.source)

    def roll_back(self, reference: str | None) -> AreaVersion:
        versions = self._versions()
        current_id = self._current_id()
        current = next(row for row in versions if row.id == current_id)
        if reference is None:
            found = [row for row in versions if row.number < current.number]
        else:
            # Its number, its key, or the data's version, of which the newest is meant that is not current.
            found = [row for row in versions if reference in (str(row.number), row.folder)]
            found = found or [row for row in versions if row.version == reference and row.id != current_id]
            found = found or [row for row in versions if row.version == reference]
        if not found:
            raise VersionNotFoundError(self._area_id, reference, tuple(row.number for row in versions))
        self._point_to(found[0].id)
        self._note("rollback", number=found[0].number, version=found[0].version, from_number=current.number)
        return version_of(found[0], current=True)

    def prune(self, keep: int) -> tuple[AreaVersion, ...]:
        current_id = self._current_id()
        others = [row for row in self._versions() if row.id != current_id]
        dropped = others[max(keep - 1, 0) :]
        self._drop_rows([row.id for row in dropped])
        for row in dropped:
            self._session.delete(row)
        self._session.flush()
        if dropped:
            self._note("prune", numbers=[row.number for row in dropped])
        return tuple(version_of(row, current=False) for row in dropped)

    def end_job(self, job_id: str, worker: str, ending: Ending) -> bool:
        return end_job(self._session, job_id, worker, ending)

    def delete(self) -> None:
        session = self._session
        self._drop_rows([row.id for row in self._versions()])
        mine = CurrentVersionModel.area_id == self._area_id
        session.execute(sa.delete(CurrentVersionModel).where(mine))
        done = session.execute(sa.delete(AreaModel).where(AreaModel.id == self._area_id))
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise AreaNotFoundError(self._area_id)
        self._note("delete")

    def keys(self) -> frozenset[str]:
        return frozenset(row.folder for row in self._versions())

    def _drop_rows(self, version_ids: list[int]) -> None:
        for table, model in PLACE_MODELS.items():
            for version_id in version_ids:
                self._session.execute(sa.delete(model).where(is_of(model.id, version_id)))
            forget_shapes(self._session.connection(), table, version_ids)

    def _versions(self) -> list[AreaVersionModel]:
        """All versions, newest first."""
        mine = sa.select(AreaVersionModel).where(AreaVersionModel.area_id == self._area_id)
        return list(self._session.scalars(mine.order_by(AreaVersionModel.number.desc())))

    def _current_id(self) -> int:
        current = self._session.get(CurrentVersionModel, self._area_id, with_for_update=True)
        if current is None:
            raise AreaNotFoundError(self._area_id)
        return current.version_id

    def _point_to(self, version_id: int) -> None:
        current = self._session.get(CurrentVersionModel, self._area_id, with_for_update=True)
        if current is None:
            self._session.add(CurrentVersionModel(area_id=self._area_id, version_id=version_id))
        else:
            current.version_id = version_id
        self._session.flush()

    def _note(self, action: str, **details: Any) -> None:
        note_change(self._session, self._actor, action, area_subject(self._area_id), **details)
