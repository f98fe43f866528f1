"""The audit log on the wire."""

from typing import Any

from app.domain.audit import AuditEntry
from app.schemas.moments import utc_text


def entry_to_dict(entry: AuditEntry) -> dict[str, Any]:
    """One change as a plain mapping."""
    return {
        "id": entry.id,
        "at": utc_text(entry.at, "milliseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "details": entry.details,
    }
