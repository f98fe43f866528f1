"""Moments on the wire: in UTC, as RFC 3339 writes them."""

from datetime import UTC, datetime


def utc_text(moment: datetime, timespec: str = "seconds") -> str:
    """Such as ``2026-11-24T21:56:21Z``."""
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
