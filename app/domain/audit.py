"""The audit log: who changed what, and when."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class AuditEntry:
    """One change.

    Attributes
    ----------
    id : int
        Grows with time.
    subject : str
        What was changed: ``area:helsinki``, ``standard:our-town``.
    details : dict
        JSON-ready facts of the action.
    """

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, Any]


def area_subject(area_id: str) -> str:
    """How the log names an area."""
    return f"area:{area_id}"


def standard_subject(standard_id: str) -> str:
    """How the log names a standard of one's own."""
    return f"standard:{standard_id}"


def parse_moment(text: str) -> datetime:
    """A day or a moment as ISO 8601 writes it; in UTC where it does not say.

    Raises
    ------
    ValueError
        If it is none; says what one looks like.
    """
    try:
        moment = datetime.fromisoformat(text)
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            "must be a day or a moment, such as 2026-11-24 or 2026-11-24T08:00:00Z (in an address + is %2B)"
        ) from None
