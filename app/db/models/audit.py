"""Who changed what, and when."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Json, RowId, UtcDateTime


class AuditModel(Base):
    """One change. Only ever added to: what it speaks of may be gone."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "subject", "at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(Json)
