"""Snapshots: how an area was assessed on a day, with all that made the answer."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.errors import BadInputError, NotFoundError

LONGEST_NOTE = 2000
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Answered:
    """A coverage answer and what was asked, JSON-ready.

    Attributes
    ----------
    version : str
        Of the area's data, short.
    parameters : dict
        ``profile`` and ``speed_mps`` as they were asked for (None where they were not), ``weight``, ``standard`` (all
        that it said) and ``standard_digest``.
    coverage : dict
        The answer.
    """

    area_id: str
    version: str
    standard_id: str
    parameters: dict[str, Any]
    coverage: dict[str, Any]


@dataclass(frozen=True)
class SnapshotSummary:
    """A snapshot without its answer and without all that its standard said.

    ``parameters`` are ``profile``, ``speed_mps`` and ``weight``, as in `Answered`.
    """

    id: int
    area_id: str
    version: str
    standard_id: str
    standard_version: str
    standard_digest: str
    parameters: dict[str, Any]
    note: str | None
    taken_at: datetime
    taken_by: str


@dataclass(frozen=True)
class Snapshot:
    """An answer that is kept."""

    summary: SnapshotSummary
    answered: Answered


class SnapshotNotFoundError(NotFoundError):
    """The area has no snapshot of this number."""

    def __init__(self, area_id: str, snapshot_id: int) -> None:
        self.area_id = area_id
        self.snapshot_id = snapshot_id
        super().__init__(
            f"area '{area_id}' has no snapshot {snapshot_id}; `reach15 snapshot list` and "
            f"/v1/areas/{area_id}/snapshots list those there are"
        )


def check_note(note: str | None) -> str | None:
    """The note without blanks around it, or None where nothing is left.

    Raises
    ------
    BadInputError
        If it is too long, or holds what no text has.
    """
    text = (note or "").strip()
    odd = _NO_TEXT.search(text)
    if odd:
        raise BadInputError("note", f"holds U+{ord(odd[0]):04X}, which no text has; take it away")
    if len(text) > LONGEST_NOTE:
        raise BadInputError("note", f"is longer than {LONGEST_NOTE} characters; shorten it")
    return text or None
