"""Many rows into one table at once: binary COPY in PostgreSQL, prepared statements of many rows in SQLite.

Rows come as columns, in batches, so that a million of them never exist as a million Python objects.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from numpy.typing import NDArray

from app.db.binary_copy import BEGIN, END, encode_rows
from app.db.box_index import drop_box_index, index_shapes, make_box_index
from app.db.models.places import PLACE_MODELS
from app.db.row_ids import row_ids
from app.geo.units import Geometries

BATCH = 10_000

WORTH_IT = 10_000
REBUILT_TIMES = 3
"""From so many rows on, and up to so many times as many in the table, PostgreSQL's index is made anew after a load."""

STATEMENT_ROWS = 100
"""So many rows one statement of SQLite adds: half the time of one at a time."""

Column = NDArray[Any] | Sequence[str]


@dataclass(frozen=True)
class Rows:
    """All places of one kind of a version, in the order of its arrays.

    Attributes
    ----------
    columns : mapping
        Numbers, where NaN is NULL, or texts, by column; without those that say which version and place it is.
    shapes : Geometries
        In WGS 84.
    """

    table: str
    version_id: int
    columns: Mapping[str, Column]
    shapes: Geometries

    def batches(self) -> Iterator[tuple[dict[str, Column], Geometries]]:
        """Columns, those that say which place it is first, and shapes."""
        for begin in range(0, len(self.shapes), BATCH):
            part = slice(begin, begin + BATCH)
            shapes = self.shapes[part]
            positions = np.arange(begin, begin + len(shapes))
            yield (
                {
                    "id": row_ids(self.version_id, positions),
                    "version_id": np.full(len(shapes), self.version_id),
                    "position": positions,
                    **{name: values[part] for name, values in self.columns.items()},
                },
                shapes,
            )


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
    table = PLACE_MODELS[rows.table].__table__
    names = ("id", "version_id", "position", *rows.columns, "shape")
    driver: Any = connection.connection.cursor()
    with driver.copy(f"COPY {rows.table} ({', '.join(names)}) FROM STDIN (FORMAT binary)") as copy:
        copy.write(BEGIN)
        for columns, shapes in rows.batches():
            values = (*columns.values(), shapes)
            copy.write(
                encode_rows([(value, table.c[name].type) for name, value in zip(names, values, strict=True)])
            )
        copy.write(END)
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


def _insert(connection: sa.Connection, rows: Rows) -> None:
    names = ("id", "version_id", "position", *rows.columns, "shape")
    one = f"({', '.join('?' * len(names))})"
    driver: Any = connection.connection.driver_connection
    most = min(STATEMENT_ROWS, driver.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(names))
    statement = f"INSERT INTO {rows.table} ({', '.join(names)}) VALUES "
    for columns, shapes in rows.batches():
        values = [*(_plain(column) for column in columns.values()), shapely.to_wkb(shapes).tolist()]
        flat: list[Any] = [None] * (len(shapes) * len(names))
        for n, column in enumerate(values):
            flat[n :: len(names)] = column
        step = most * len(names)
        whole = len(flat) - len(flat) % step
        driver.executemany(
            statement + ", ".join([one] * most), (flat[at : at + step] for at in range(0, whole, step))
        )
        driver.executemany(
            statement + one,
            (flat[at : at + len(names)] for at in range(whole, len(flat), len(names))),
        )
    index_shapes(connection, rows.table, rows.version_id, rows.shapes, np.arange(len(rows.shapes)))


def _plain(values: Column) -> Sequence[Any]:
    """Python's own values, NaN as None."""
    if not isinstance(values, np.ndarray):
        return values
    if values.dtype.kind == "f" and (missing := np.isnan(values)).any():
        listed: list[Any] = values.astype(object).tolist()
        for row in np.flatnonzero(missing).tolist():
            listed[row] = None
        return listed
    return list(values.tolist())
