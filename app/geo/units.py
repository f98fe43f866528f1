"""Array aliases of the engine; the unit of every number stands in its name (`_m`, `_s`, `_mps`, `_deg`)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Index32Array = NDArray[np.int32]
"""Positions in a graph, half as wide: the search is bound by memory."""
Float32Array = NDArray[np.float32]
"""Metres of which many are kept, and of which no more than a millimetre is asked."""
BoolArray = NDArray[np.bool_]
MarkArray = NDArray[np.uint8]
"""Sums of bits."""
Geometries = NDArray[Any]
"""Object array of Shapely geometries (NumPy cannot say more of an object array)."""

SECONDS_PER_MINUTE = 60.0


def ragged_rows(starts: IntArray) -> IntArray:
    """Row number of every item of a ragged array, shape ``(starts[-1],)``."""
    return np.repeat(np.arange(len(starts) - 1, dtype=np.int64), np.diff(starts))


def running_starts(counts: IntArray) -> IntArray:
    """Row starts, shape ``(r + 1,)``, of a ragged array with these row lengths."""
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def ragged_starts(rows: IntArray, row_count: int) -> IntArray:
    """Row starts, shape ``(row_count + 1,)``, of items whose row numbers are `rows`."""
    return running_starts(np.bincount(rows, minlength=row_count))


def expand_ranges(first: IntArray, counts: IntArray) -> IntArray:
    """Concatenate ``range(first[i], first[i] + counts[i])`` over all ``i``."""
    total = int(counts.sum())
    ends = np.cumsum(counts)
    positions: IntArray = np.arange(total, dtype=np.int64) + np.repeat(first - (ends - counts), counts)
    return positions
