"""NumPy arrays as Arrow columns and back, by their buffers.

``pyarrow.array``, ``pyarrow.parquet.read_table`` and ``to_numpy`` import pandas wherever it is installed: a second
and 50 MB for every process that loads an area. Buffers do not.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.geo.units import BoolArray, FloatArray, IntArray

_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


def floats(values: FloatArray) -> pa.Array:
    """A column of doubles; NaN stays NaN."""
    content = np.ascontiguousarray(values, dtype=np.float64)
    return pa.Array.from_buffers(pa.float64(), len(content), [None, pa.py_buffer(content)])


def missing_floats(count: int) -> pa.Array:
    """A column of doubles in which nothing is known."""
    return pa.nulls(count, pa.float64())


def flags(values: BoolArray) -> pa.Array:
    """A column of booleans."""
    packed = np.packbits(np.asarray(values, dtype=bool), bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(packed)])


def texts(values: Iterable[str]) -> pa.Array:
    """A column of strings."""
    return _of_bytes([value.encode() for value in values], pa.large_string())


def json_texts(values: Iterable[Any]) -> pa.Array:
    """A column of JSON, keys sorted, as strings."""
    return texts(map(_JSON.encode, values))


def blobs(values: Iterable[bytes]) -> pa.Array:
    """A column of byte strings."""
    return _of_bytes(list(values), pa.large_binary())


def lists(starts: IntArray, values: pa.Array) -> pa.Array:
    """A column of lists: row ``i`` holds ``values[starts[i]:starts[i + 1]]``."""
    offsets = np.ascontiguousarray(starts, dtype=np.int64)
    column = pa.Array.from_buffers(pa.int64(), len(offsets), [None, pa.py_buffer(offsets)])
    return pa.LargeListArray.from_arrays(column, values)


def read_columns(path: Path) -> tuple[dict[str, pa.Array], dict[bytes, bytes]]:
    """The columns of a Parquet file, each in one piece, and the file's metadata."""
    with pq.ParquetFile(path) as file:
        # By this thread alone: each of Arrow's own keeps some memory for good, and our files are small.
        table = file.read(use_threads=False)
    columns = {name: pa.concat_arrays(table[name].chunks) for name in table.column_names}
    return columns, table.schema.metadata or {}


def release_memory() -> None:
    """Give back what Arrow holds for columns that are gone: it keeps it for more, and an area is loaded once."""
    pa.default_memory_pool().release_unused()


def to_floats(column: pa.Array) -> FloatArray:
    """A column of doubles without missing values as an array."""
    return np.frombuffer(column.buffers()[1], dtype=np.float64)[column.offset :][: len(column)].copy()


def to_starts(column: pa.Array) -> IntArray:
    """Row starts of a column of lists, shape (rows + 1,)."""
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int64)[column.offset :][: len(column) + 1]
    starts: IntArray = offsets - offsets[0]
    return starts


def _of_bytes(values: list[bytes], kind: pa.DataType) -> pa.Array:
    offsets = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum([len(value) for value in values], out=offsets[1:])
    return pa.Array.from_buffers(
        kind, len(values), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(values))]
    )
