"""Many rows into one table at once: COPY in PostgreSQL, one prepared statement in SQLite.

Rows come as columns, in batches, so that a million of them never exist as a million Python objects.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
import sqlalchemy as sa
from numpy.typing import NDArray
from pyarrow import csv

from app.db.box_index import (
    drop_box_index,
    index_name,
    make_box_index,
    stop_watching_inserts,
    watch_inserts,
)
from app.db.geometry_type import SRID
from app.geo.units import Geometries

BATCH = 20_000

WORTH_IT = 10_000
REBUILT_TIMES = 3
"""From so many rows on, and up to so many times as many in the table, PostgreSQL's index is made anew after a load."""

_POINT_HEAD = b"0101000020E6100000"
"""Little-endian, a point, with SRID, 4326."""

Column = NDArray[Any] | Sequence[Any]


@dataclass(frozen=True)
class Rows:
    """Rows to be added to a table with a column `shape`.

    Attributes
    ----------
    columns : mapping
        Values by column, all of one length; None and NaN are NULL. Without `id`, which is given here.
    shapes : Geometries
        In WGS 84.
    """

    table: str
    columns: Mapping[str, Column]
    shapes: Geometries

    def batches(self) -> Iterator[tuple[dict[str, list[Any]], Geometries]]:
        for begin in range(0, len(self.shapes), BATCH):
            part = slice(begin, begin + BATCH)
            yield {name: _plain(values[part]) for name, values in self.columns.items()}, self.shapes[part]


def add_rows(connection: sa.Connection, rows: Rows) -> None:
    """Add rows within the transaction of a connection, their boxes included."""
    if len(rows.shapes) == 0:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, rows)
    else:
        _insert(connection, rows)


def _copy(connection: sa.Connection, rows: Rows) -> None:
    is_dropped = _drop_index_if_worth_it(connection, rows)
    names = ", ".join((*rows.columns, "shape"))
    driver: Any = connection.connection.cursor()
    with driver.copy(f"COPY {rows.table} ({names}) FROM STDIN (FORMAT csv)") as copy:
        for begin in range(0, len(rows.shapes), BATCH):
            part = slice(begin, begin + BATCH)
            arrays = [*(_arrow(values[part]) for values in rows.columns.values()), _ewkb(rows.shapes[part])]
            table = pa.Table.from_arrays(arrays, names=[*rows.columns, "shape"])
            buffer = BytesIO()
            csv.write_csv(table, buffer, csv.WriteOptions(include_header=False))
            copy.write(buffer.getbuffer())
    if is_dropped:
        make_box_index(connection, rows.table)


def _drop_index_if_worth_it(connection: sa.Connection, rows: Rows) -> bool:
    """Drop the GiST index where making it anew, sorted, is quicker than adding to it row by row.

    Not where somebody looks at the table right now: whoever keeps a transaction open, as GIS programs do, would keep
    the import waiting.
    """
    if len(rows.shapes) < WORTH_IT:
        return False
    there = connection.exec_driver_sql(f"SELECT count(*) FROM {rows.table}").scalar_one()
    if there > REBUILT_TIMES * len(rows.shapes):
        return False
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
            drop_box_index(connection, rows.table)
    except sa.exc.OperationalError:
        return False
    return True


def _ewkb(shapes: Geometries) -> pa.Array:
    """Shapes as hexadecimal EWKB, which is what PostGIS reads from text."""
    if not (shapely.get_type_id(shapes) == 0).all():
        content = shapely.to_wkb(shapely.set_srid(shapes, SRID), hex=True, include_srid=True)
        return _strings(content.tolist())
    digits = np.frombuffer(shapely.get_coordinates(shapes).astype("<f8").tobytes().hex().encode(), np.uint8)
    text = np.empty((len(shapes), len(_POINT_HEAD) + 32), dtype=np.uint8)
    text[:, : len(_POINT_HEAD)] = np.frombuffer(_POINT_HEAD, np.uint8)
    text[:, len(_POINT_HEAD) :] = digits.reshape(len(shapes), 32)
    starts = np.arange(len(shapes) + 1, dtype=np.int32) * text.shape[1]
    return pa.Array.from_buffers(pa.string(), len(shapes), [None, pa.py_buffer(starts), pa.py_buffer(text)])


def _arrow(values: Column) -> pa.Array:
    """Values as Arrow has them, NaN and None as NULL, by their buffers: `pyarrow.array` would import pandas."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "b":
        return _strings(["t" if value else "f" for value in values.tolist()])
    if isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        content = np.ascontiguousarray(values, dtype=np.int64)
        return pa.Array.from_buffers(pa.int64(), len(content), [None, pa.py_buffer(content)])
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        content = np.ascontiguousarray(values, dtype=np.float64)
        known = np.packbits(~np.isnan(content), bitorder="little")
        return pa.Array.from_buffers(pa.float64(), len(content), [pa.py_buffer(known), pa.py_buffer(content)])
    return _strings([None if value is None else str(value) for value in _plain(values)])


def _strings(values: list[str | None]) -> pa.Array:
    encoded = [b"" if value is None else value.encode() for value in values]
    starts = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum([len(value) for value in encoded], out=starts[1:])
    known = np.packbits([value is not None for value in values], bitorder="little")
    buffers = [pa.py_buffer(known), pa.py_buffer(starts), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.large_string(), len(values), buffers)


def _insert(connection: sa.Connection, rows: Rows) -> None:
    names = ("id", *rows.columns, "shape")
    statement = f"INSERT INTO {rows.table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    boxes = f"INSERT INTO {index_name(rows.table)} VALUES (?, ?, ?, ?, ?)"
    driver: Any = connection.connection.cursor()
    last = connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {rows.table}").scalar_one()
    # The trigger calls Python five times a row; here the bounds are at hand. Dropping it holds within this
    # transaction only, and nobody else can write meanwhile.
    stop_watching_inserts(connection, rows.table)
    for columns, shapes in rows.batches():
        ids = range(last + 1, last + 1 + len(shapes))
        last = ids[-1]
        driver.executemany(
            statement, zip(ids, *columns.values(), shapely.to_wkb(shapes).tolist(), strict=True)
        )
        west, south, east, north = shapely.bounds(shapes).T.tolist()
        driver.executemany(boxes, zip(ids, west, east, south, north, strict=True))
    watch_inserts(connection, rows.table)


def _plain(values: Column) -> list[Any]:
    """Python's own values, NaN as None."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind == "f":
            return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN
        return list(values.tolist())
    return list(values)
