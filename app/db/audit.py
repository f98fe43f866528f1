"""Notes in the audit log, made in the transaction of the change that they tell of."""

from typing import Any

from sqlalchemy.orm import Session

from app.db.base import now
from app.db.models import AuditModel


def note_change(session: Session, actor: str, action: str, subject: str, **details: Any) -> None:
    """Note who changes what.

    Parameters
    ----------
    subject : str
        What is changed, such as ``area:helsinki``.
    details : JSON-ready
    """
    session.add(AuditModel(at=now(), actor=actor, action=action, subject=subject, details=details))
