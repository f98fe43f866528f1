"""Areas, their versions, which one is current, and the reports of the imports that made them."""

from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Json, RowId, UtcDateTime
from app.db.geometry_type import Shape


class AreaModel(Base):
    """An area by its name; what it holds stands in its versions."""

    __tablename__ = "areas"

    id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_number: Mapped[int]
    """Number of the newest version there ever was, so that no number is given twice."""


class AreaVersionModel(Base):
    """One import's outcome; never changed."""

    __tablename__ = "area_versions"
    __table_args__ = (UniqueConstraint("area_id", "number"), UniqueConstraint("area_id", "id"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    area_id: Mapped[str] = mapped_column(ForeignKey("areas.id", ondelete="CASCADE"))
    number: Mapped[int]
    folder: Mapped[str] = mapped_column(unique=True)
    """Name of the folder that holds its arrays, in the data directory."""
    version: Mapped[str]
    data_hash: Mapped[str]
    title: Mapped[str]
    counts: Mapped[dict[str, Any]] = mapped_column(Json)
    extent: Mapped[BaseGeometry] = mapped_column(Shape())
    extent_basis: Mapped[str]
    study_area: Mapped[BaseGeometry | None] = mapped_column(Shape(), deferred=True)
    max_link_m: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str]


class CurrentVersionModel(Base):
    """Which version of an area answers are given from: one row an area."""

    __tablename__ = "current_versions"
    __table_args__ = (
        ForeignKeyConstraint(["area_id", "version_id"], ["area_versions.area_id", "area_versions.id"]),
        Index(None, "version_id"),
    )

    area_id: Mapped[str] = mapped_column(ForeignKey("areas.id", ondelete="CASCADE"), primary_key=True)
    version_id: Mapped[int] = mapped_column(RowId)


class ImportReportModel(Base):
    """What the import of a version kept and dropped."""

    __tablename__ = "import_reports"

    version_id: Mapped[int] = mapped_column(
        RowId, ForeignKey("area_versions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    report: Mapped[dict[str, Any]] = mapped_column(Json)
