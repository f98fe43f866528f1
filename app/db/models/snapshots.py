"""Assessments as they were on a day, kept to be compared with later ones."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Json, RowId, UtcDateTime


class SnapshotModel(Base):
    """A coverage answer with what made it; it stays when its version goes."""

    __tablename__ = "assessment_snapshots"
    # SQLite would give the number of the last one again once that is removed.
    __table_args__ = (Index(None, "area_id", "taken_at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    area_id: Mapped[str] = mapped_column(ForeignKey("areas.id", ondelete="CASCADE"))
    version: Mapped[str]
    standard_id: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    coverage: Mapped[dict[str, Any]] = mapped_column(Json)
    note: Mapped[str | None]
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    taken_by: Mapped[str]
