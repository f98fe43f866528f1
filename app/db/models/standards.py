"""Standards of a city's own."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Json, UtcDateTime


class StandardModel(Base):
    """A standard as it was given, checked before it was kept."""

    __tablename__ = "standards"

    id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    document: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str]
