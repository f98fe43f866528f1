"""Indexes and views of places as revision 0001 made them, for it and for the way back to it.

SQLite's R*Tree then had one entry for each row, kept in step by triggers that call functions of that software.
"""

import shapely
import sqlalchemy as sa

_SIDES = ("min_lon", "max_lon", "min_lat", "max_lat")


def make_first_index(connection: sa.Connection, table: str) -> None:
    """Make the index of a table's shapes, with every row that is there."""
    name = f"idx_{table}_shape"
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"CREATE INDEX {name} ON {table} USING gist (shape)")
        return
    connection.exec_driver_sql(f"CREATE VIRTUAL TABLE {name} USING rtree (id, {', '.join(_SIDES)})")
    for row_id, content in connection.exec_driver_sql(f"SELECT id, shape FROM {table}").all():
        west, south, east, north = shapely.from_wkb(content).bounds
        connection.exec_driver_sql(
            f"INSERT INTO {name} VALUES (?, ?, ?, ?, ?)", (row_id, west, east, south, north)
        )
    forget = f"DELETE FROM {name} WHERE id = old.id"
    add = f"INSERT INTO {name} VALUES (new.id, {', '.join(f'shape_{side}(new.shape)' for side in _SIDES)})"
    for event, when, done in (
        ("deleted", "DELETE", forget),
        ("updated", "UPDATE OF id, shape", f"{forget}; {add}"),
        ("inserted", "INSERT", add),
    ):
        connection.exec_driver_sql(f"CREATE TRIGGER {name}_{event} AFTER {when} ON {table} BEGIN {done}; END")


def drop_first_index(connection: sa.Connection, table: str) -> None:
    """Drop it."""
    name = f"idx_{table}_shape"
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"DROP INDEX {name}")
        return
    for event in ("inserted", "updated", "deleted"):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}_{event}")
    connection.exec_driver_sql(f"DROP TABLE {name}")


def make_first_view(connection: sa.Connection, table: str) -> None:
    """Make the view of a table's rows of current versions."""
    connection.exec_driver_sql(
        f"CREATE VIEW current_{table} AS SELECT current_versions.area_id, {table}.* FROM {table} "
        f"JOIN current_versions ON current_versions.version_id = {table}.version_id"
    )
