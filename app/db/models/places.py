"""Households, facilities and zones of each version, for questions about places and for GIS programs.

Keys are those of `app.db.row_ids`. Their version is no foreign key: checking one row by row takes half the time of a
load. Whoever drops a version drops its rows in the same transaction (`app.db.repositories.area_change`), and nobody
else writes here.
"""

from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Json, RowId
from app.db.geometry_type import Shape


class HouseholdModel(Base):
    """One household, as it stands in its version's arrays at `position`."""

    __tablename__ = "households"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    version_id: Mapped[int] = mapped_column(RowId)
    position: Mapped[int]
    household_id: Mapped[str]
    households: Mapped[float]
    population: Mapped[float | None]
    pop_0_3: Mapped[float | None]
    pop_3_6: Mapped[float | None]
    pop_6_12: Mapped[float | None]
    pop_60plus: Mapped[float | None]
    pop_65plus: Mapped[float | None]
    estimated: Mapped[bool]
    zone_position: Mapped[int | None]
    shape: Mapped[BaseGeometry] = mapped_column(Shape("POINT"))


class FacilityModel(Base):
    """One facility."""

    __tablename__ = "facilities"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    version_id: Mapped[int] = mapped_column(RowId)
    position: Mapped[int]
    facility_id: Mapped[str]
    name: Mapped[str]
    source: Mapped[str]
    tags: Mapped[dict[str, str]] = mapped_column(Json)
    services: Mapped[list[Any]] = mapped_column(Json)
    area_m2: Mapped[float | None]
    shape: Mapped[BaseGeometry] = mapped_column(Shape("POINT"))


class ZoneModel(Base):
    """One zone: a community, a sub-district."""

    __tablename__ = "zones"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    version_id: Mapped[int] = mapped_column(RowId)
    position: Mapped[int]
    zone_id: Mapped[str]
    name: Mapped[str]
    shape: Mapped[BaseGeometry] = mapped_column(Shape())


PLACE_MODELS: dict[str, type[HouseholdModel | FacilityModel | ZoneModel]] = {
    "households": HouseholdModel,
    "facilities": FacilityModel,
    "zones": ZoneModel,
}
"""Models of places by their tables."""
