"""What is found wrong with what is kept."""

from dataclasses import dataclass
from typing import Literal

FaultKind = Literal["missing_folder", "unknown_folder", "wrong_counts", "unknown_rows", "wrong_index"]


@dataclass(frozen=True)
class StorageFault:
    """Database and data directory, or a table and what is told of it, that do not go together.

    Attributes
    ----------
    area_id : str or None
        None where it is no area's own.
    problem : str
        What is wrong, where, and what to do.
    """

    kind: FaultKind
    area_id: str | None
    problem: str
