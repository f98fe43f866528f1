"""SQLite's R*Tree beside a table with shapes: found by their boxes, kept in step by triggers.

PostgreSQL has GiST for that. A rebuilt table (Alembic's batch mode) loses its triggers without a word: make the index
again after each, with `make_box_index`.
"""

import struct
from typing import Any

import shapely
import sqlalchemy as sa

_POINT = struct.Struct("<dd")
_POINT_HEAD = b"\x01\x01\x00\x00\x00"


def index_name(table: str, column: str = "shape") -> str:
    """Name of the R*Tree of a table, the same as that of its GiST index in PostgreSQL."""
    return f"idx_{table}_{column}"


def make_box_index(connection: sa.Connection, table: str, column: str = "shape") -> None:
    """Make the index of a table, in place of the one it may have, with every row that is there."""
    name = index_name(table, column)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"CREATE INDEX {name} ON {table} USING gist ({column})")
        return
    drop_box_index(connection, table, column)
    connection.exec_driver_sql(
        f"CREATE VIRTUAL TABLE {name} USING rtree (id, min_lon, max_lon, min_lat, max_lat)"
    )
    fill_box_index(connection, table, column)
    connection.exec_driver_sql(
        f"CREATE TRIGGER {name}_deleted AFTER DELETE ON {table} "
        f"BEGIN DELETE FROM {name} WHERE id = old.id; END"
    )
    connection.exec_driver_sql(
        f"CREATE TRIGGER {name}_updated AFTER UPDATE OF id, {column} ON {table} "
        f"BEGIN DELETE FROM {name} WHERE id = old.id; "
        f"INSERT INTO {name} VALUES ({_bounds('new.' + column, 'new.id')}); END"
    )
    watch_inserts(connection, table, column)


def drop_box_index(connection: sa.Connection, table: str, column: str = "shape") -> None:
    """Drop the index of a table, if it has one."""
    name = index_name(table, column)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")
        return
    for event in ("inserted", "updated", "deleted"):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}_{event}")
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")


def watch_inserts(connection: sa.Connection, table: str, column: str = "shape") -> None:
    """Have SQLite index each row as it comes."""
    name = index_name(table, column)
    connection.exec_driver_sql(
        f"CREATE TRIGGER {name}_inserted AFTER INSERT ON {table} "
        f"BEGIN INSERT INTO {name} VALUES ({_bounds('new.' + column, 'new.id')}); END"
    )


def stop_watching_inserts(connection: sa.Connection, table: str, column: str = "shape") -> None:
    """Have SQLite index no rows until `watch_inserts`: for bulk loads, which index theirs themselves."""
    connection.exec_driver_sql(f"DROP TRIGGER {index_name(table, column)}_inserted")


def fill_box_index(connection: sa.Connection, table: str, column: str = "shape", *, above: int = -1) -> None:
    """Index the rows with a greater id than `above`."""
    connection.exec_driver_sql(
        f"INSERT INTO {index_name(table, column)} SELECT {_bounds(column, 'id')} FROM {table} WHERE id > ?",
        (above,),
    )


def _bounds(column: str, row: str) -> str:
    sides = ", ".join(f"shape_{side}({column})" for side in SIDES)
    return f"{row}, {sides}"


SIDES = ("min_lon", "max_lon", "min_lat", "max_lat")
_ORDER = {"min_lon": 0, "max_lon": 2, "min_lat": 1, "max_lat": 3}


def register_functions(connection: Any) -> None:
    """Give a connection of `sqlite3` the functions that the triggers call."""
    for side in SIDES:
        connection.create_function(f"shape_{side}", 1, _side(_ORDER[side]), deterministic=True)


def _side(position: int) -> Any:
    def side(content: bytes | None) -> float | None:
        if content is None:
            return None
        if len(content) == len(_POINT_HEAD) + _POINT.size and content.startswith(_POINT_HEAD):
            return float(_POINT.unpack_from(content, len(_POINT_HEAD))[position % 2])
        return float(shapely.bounds(shapely.from_wkb(content))[position])

    return side
