"""Compares what the tables say with what stands in them."""

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db.box_index import damage_of, indexed_blocks
from app.db.models import AreaVersionModel
from app.db.models.places import PLACE_MODELS
from app.db.row_ids import POSITIONS, is_of
from app.domain.storage_fault import StorageFault

_COUNTS = {"households": "households_points", "facilities": "facilities"}
"""What a version's counts call the rows of a table."""

_AGAIN = "import it again, or roll back to another version"
_REINDEX = "make it again with: reach15 db reindex"


def find_row_faults(session: Session) -> Iterator[StorageFault]:
    """Versions whose rows are not those they count, rows of no version, indexes that are not those of their rows."""
    versions = session.scalars(sa.select(AreaVersionModel).order_by(AreaVersionModel.id)).all()
    for table in PLACE_MODELS:
        rows = _rows_by_version(session, table)
        for version in versions:
            yield from _count_faults(version, table, rows.pop(version.id, (0, True)))
        for version_id, (count, _) in rows.items():
            problem = (
                f"{count} rows of {table} belong to version {version_id}, which nobody knows; delete them"
            )
            yield StorageFault("unknown_rows", None, problem)
        damage = damage_of(session.connection(), table)
        if damage is not None:
            yield StorageFault("wrong_index", None, f"the box index of {table} {damage}; {_REINDEX}")
        elif session.get_bind().dialect.name == "sqlite":
            yield from _index_faults(session, table, versions)


def _rows_by_version(session: Session, table: str) -> dict[int, tuple[int, bool]]:
    """How many rows each version has, and whether they are numbered as they should be."""
    model = PLACE_MODELS[table]
    ours = sa.func.min(sa.case((model.id == model.version_id * POSITIONS + model.position, 1), else_=0))
    counted = sa.select(
        model.version_id, sa.func.count(), sa.func.min(model.position), sa.func.max(model.position), ours
    ).group_by(model.version_id)
    return {
        version_id: (count, (first, last, keyed) == (0, count - 1, 1))
        for version_id, count, first, last, keyed in session.execute(counted)
    }


def _count_faults(version: AreaVersionModel, table: str, rows: tuple[int, bool]) -> Iterator[StorageFault]:
    count, is_numbered = rows
    expected = version.counts[_COUNTS[table]] if table in _COUNTS else count
    where = f"version {version.number} of area '{version.area_id}'"
    if count != expected:
        problem = f"{where} counts {expected} {table}, but has {count} rows of them; {_AGAIN}"
        yield StorageFault("wrong_counts", version.area_id, problem)
    elif not is_numbered:
        problem = f"{where} has rows of {table} that are not numbered from 0 to {count - 1}; {_AGAIN}"
        yield StorageFault("wrong_counts", version.area_id, problem)


def _index_faults(
    session: Session, table: str, versions: Sequence[AreaVersionModel]
) -> Iterator[StorageFault]:
    """R*Trees that know other rows than there are, or boxes in which these do not lie."""
    blocks = indexed_blocks(session.connection(), table)
    for version in versions:
        boxes, positions = blocks.pop(version.id, (np.empty((0, 4)), []))
        problem = _mismatch(session, table, version.id, boxes, positions)
        if problem is not None:
            where = f"version {version.number} of area '{version.area_id}'"
            text = f"the box index of {table} {problem} of {where}; {_REINDEX}"
            yield StorageFault("wrong_index", version.area_id, text)
    if blocks:
        problem = f"the box index of {table} knows rows of versions that nobody knows; {_REINDEX}"
        yield StorageFault("wrong_index", None, problem)


def _mismatch(
    session: Session, table: str, version_id: int, boxes: np.ndarray, positions: list[np.ndarray]
) -> str | None:
    model = PLACE_MODELS[table].__table__
    mine = sa.select(model.c.position, sa.type_coerce(model.c.shape, sa.LargeBinary)).where(
        is_of(model.c.id, version_id)
    )
    rows = session.execute(mine.order_by(model.c.position)).all()
    known = np.concatenate([np.empty(0, dtype=np.int64), *positions])
    if not np.array_equal(np.sort(known), [position for position, _ in rows]):
        return "knows other rows than those"
    if len(rows) == 0:
        return None
    bounds = shapely.bounds(shapely.from_wkb([content for _, content in rows]))
    place = np.searchsorted([position for position, _ in rows], known)
    box = np.repeat(boxes, [len(block) for block in positions], axis=0)
    outside = (bounds[place, :2] < box[:, :2]).any() or (bounds[place, 2:] > box[:, 2:]).any()
    return "has boxes beside the places" if outside else None
