"""Rows of areas as records."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db.models import AreaModel, AreaVersionModel
from app.domain.area import AREA_ID_PATTERN, AreaSummary, AreaVersion, ImportReport
from app.domain.errors import AreaNotFoundError


def summary_of(row: AreaVersionModel) -> AreaSummary:
    """What a list of areas shows of a version."""
    west, south, east, north = row.extent.bounds
    return AreaSummary(row.area_id, row.title, row.version, row.counts, (west, south, east, north))


def version_of(row: AreaVersionModel, *, current: bool) -> AreaVersion:
    """A version as lists of versions show it."""
    return AreaVersion(
        number=row.number,
        version=row.version,
        key=row.folder,
        data_hash=row.data_hash,
        title=row.title,
        counts=row.counts,
        created_at=row.created_at,
        created_by=row.created_by,
        current=current,
    )


def report_of(content: dict[str, Any]) -> ImportReport:
    """The report of an import, as it was given."""
    return ImportReport(**{**content, "warnings": tuple(content["warnings"])})


def is_area(session: Session, area_id: str, **options: Any) -> bool:
    """Whether there is an area of this name; `options` are those of ``session.get``."""
    # What no area may be called may be what PostgreSQL cannot read.
    return (
        AREA_ID_PATTERN.fullmatch(area_id) is not None
        and session.get(AreaModel, area_id, **options) is not None
    )


def check_area(session: Session | None, area_id: str, **options: Any) -> Session:
    """The session of a database that has an area of this name; `options` are those of ``session.get``.

    Raises
    ------
    AreaNotFoundError
        If there is none, or the database has no tables yet.
    """
    if session is None or not is_area(session, area_id, **options):
        raise area_not_found(session, area_id)
    return session


def area_not_found(session: Session | None, area_id: str) -> AreaNotFoundError:
    """The error that names the areas there are."""
    ids = () if session is None else session.scalars(sa.select(AreaModel.id)).all()
    return AreaNotFoundError(area_id, tuple(sorted(ids)))
