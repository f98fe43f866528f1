"""Keys of places: the version and the position in its arrays, in one number.

The rows of a version follow one another, so that one index, the key's own, finds a version, and a place in it.
"""

from typing import Any

import numpy as np
import sqlalchemy as sa

from app.geo.units import IntArray

POSITIONS = 2**32
"""So many keys every version has: more than it can have places."""


def row_ids(version_id: int, positions: IntArray) -> IntArray:
    """Keys of the places at these positions of a version."""
    return np.int64(version_id) * POSITIONS + positions


def is_of(column: Any, version_id: int) -> sa.ColumnElement[bool]:
    """SQL for: this key belongs to that version."""
    first = version_id * POSITIONS
    return sa.and_(column >= first, column < first + POSITIONS)
