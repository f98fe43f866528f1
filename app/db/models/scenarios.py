"""Scenarios: proposals kept by name."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, RowId, UtcDateTime


class ScenarioModel(Base):
    """A proposal for an area, under a name of its own. It stays when versions go, and goes with the area."""

    __tablename__ = "scenarios"
    __table_args__ = (UniqueConstraint("area_id", "name"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    area_id: Mapped[str] = mapped_column(ForeignKey("areas.id", ondelete="CASCADE"))
    name: Mapped[str]
    document: Mapped[str] = mapped_column(Text, deferred=True)
    """JSON as it was given: a JSON column would sort its members and refuse what PostgreSQL cannot hold."""
    changes: Mapped[int]
    lenient: Mapped[bool]
    crs: Mapped[str | None]
    digest: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[str]
