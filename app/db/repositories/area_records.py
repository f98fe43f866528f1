"""Rows of areas as records."""

from typing import Any

from app.db.models import AreaVersionModel
from app.domain.area import AreaSummary, AreaVersion, ImportReport


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
