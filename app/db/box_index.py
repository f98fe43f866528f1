"""Finds places by their boxes: GiST in PostgreSQL, R*Tree in SQLite.

The R*Tree has one entry for each `BLOCK` places that lie side by side: their common box and their positions. A
hundredth of the entries takes a hundredth of the time to fill and to empty, and a block of candidates is looked
through in no time. Rows of places are only ever added by `app.db.bulk` and dropped a version at a time, which keeps
the entries in step without triggers.
"""

from collections.abc import Sequence

import numpy as np
import shapely
import sqlalchemy as sa

from app.db.geometry_type import SRID
from app.db.place_views import PLACES
from app.domain.place import Box
from app.geo.units import FloatArray, Geometries, IntArray

BLOCK = 128


def index_name(table: str) -> str:
    """Name of the index of a table's shapes, in both databases."""
    return f"idx_{table}_shape"


def make_box_index(connection: sa.Connection, table: str) -> None:
    """Make the index of a table, with every row that is there."""
    name = index_name(table)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"CREATE INDEX {name} ON {table} USING gist (shape)")
        return
    connection.exec_driver_sql(
        f"CREATE VIRTUAL TABLE {name} USING rtree "
        "(id, min_lon, max_lon, min_lat, max_lat, +version_id INTEGER, +positions BLOB)"
    )
    versions = connection.exec_driver_sql(f"SELECT DISTINCT version_id FROM {table}").scalars().all()
    for version_id in versions:
        rows = connection.exec_driver_sql(
            f"SELECT position, shape FROM {table} WHERE version_id = ? ORDER BY position", (version_id,)
        ).all()
        positions = np.array([position for position, _ in rows], dtype=np.int64)
        shapes = np.asarray(shapely.from_wkb([content for _, content in rows]), dtype=object)
        index_shapes(connection, table, version_id, shapes, positions)


def drop_box_index(connection: sa.Connection, table: str) -> None:
    """Drop the index of a table, if it has one."""
    kind = "INDEX" if connection.dialect.name == "postgresql" else "TABLE"
    connection.exec_driver_sql(f"DROP {kind} IF EXISTS {index_name(table)}")


def remake_box_indexes(connection: sa.Connection) -> tuple[str, ...]:
    """Make the indexes of all tables of places again; returns the tables."""
    for table in PLACES:
        drop_box_index(connection, table)
        make_box_index(connection, table)
    return PLACES


def index_shapes(
    connection: sa.Connection, table: str, version_id: int, shapes: Geometries, positions: IntArray
) -> None:
    """Add shapes of a version to an R*Tree."""
    bounds = shapely.bounds(shapes)
    order = _side_by_side(bounds)
    begins = np.arange(0, len(order), BLOCK)
    west, south = np.minimum.reduceat(bounds[order, :2], begins).T.tolist()
    east, north = np.maximum.reduceat(bounds[order, 2:], begins).T.tolist()
    listed = positions[order].astype("<i4")
    blocks = [listed[begin : begin + BLOCK].tobytes() for begin in begins.tolist()]
    connection.connection.cursor().executemany(
        f"INSERT INTO {index_name(table)} VALUES (NULL, ?, ?, ?, ?, {int(version_id)}, ?)",
        list(zip(west, east, south, north, blocks, strict=True)),
    )


def forget_shapes(connection: sa.Connection, table: str, version_ids: Sequence[int]) -> None:
    """Drop what an R*Tree has of some versions; PostgreSQL's index follows its rows by itself."""
    if connection.dialect.name == "sqlite":
        statement = f"DELETE FROM {index_name(table)} WHERE version_id = ?"
        for version_id in version_ids:
            connection.exec_driver_sql(statement, (version_id,))


def candidates(connection: sa.Connection, table: str, version_id: int, box: Box) -> IntArray:
    """Positions, ascending, of all places of a version whose boxes meet a box, and of some beside it.

    Both indexes keep single precision, rounded outwards; who asks decides by the shapes themselves.
    """
    west, south, east, north = box
    if connection.dialect.name == "postgresql":
        found = connection.execute(
            sa.text(
                f"SELECT position FROM {table} WHERE version_id = :version "
                f"AND shape && ST_MakeEnvelope(:west, :south, :east, :north, {SRID}) ORDER BY position"
            ),
            {"version": version_id, "west": west, "south": south, "east": east, "north": north},
        )
        return np.array(found.scalars().all(), dtype=np.int64)
    blocks = connection.exec_driver_sql(
        f"SELECT positions FROM {index_name(table)} WHERE max_lon >= ? AND min_lon <= ? "
        "AND max_lat >= ? AND min_lat <= ? AND version_id = ?",
        (west, east, south, north, version_id),
    )
    return np.sort(np.frombuffer(b"".join(blocks.scalars()), dtype="<i4").astype(np.int64))


def damage_of(connection: sa.Connection, table: str) -> str | None:
    """What is wrong with an index by itself; None for nothing."""
    name = index_name(table)
    if connection.dialect.name == "postgresql":
        valid = connection.execute(
            sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"), {"name": name}
        ).scalar()
        return None if valid else "is missing or was not finished"
    if not sa.inspect(connection).has_table(name):
        return "is missing"
    report = str(connection.exec_driver_sql("SELECT rtreecheck(?)", (name,)).scalar_one())
    return None if report == "ok" else f"is damaged ({' '.join(report.split())})"


def indexed_blocks(connection: sa.Connection, table: str) -> dict[int, tuple[FloatArray, list[IntArray]]]:
    """Boxes (west, south, east, north) and positions of all blocks of an R*Tree, by version."""
    rows = connection.exec_driver_sql(
        f"SELECT version_id, min_lon, min_lat, max_lon, max_lat, positions FROM {index_name(table)}"
    ).all()
    found: dict[int, tuple[FloatArray, list[IntArray]]] = {}
    for version_id in {row[0] for row in rows}:
        mine = [row for row in rows if row[0] == version_id]
        positions = [np.frombuffer(row[5], dtype="<i4").astype(np.int64) for row in mine]
        found[version_id] = np.array([row[1:5] for row in mine], dtype=np.float64), positions
    return found


def _side_by_side(bounds: FloatArray) -> IntArray:
    """An order in which neighbours follow one another: strips from west to east, up and down in turn.

    References
    ----------
    Leutenegger, Lopez and Edgington (1997), STR: a simple and efficient algorithm for R-tree packing.
    """
    lon, lat = bounds[:, 0] + bounds[:, 2], bounds[:, 1] + bounds[:, 3]
    strips = max(round((len(bounds) / BLOCK) ** 0.5), 1)
    borders = np.quantile(lon, np.arange(1, strips) / strips)
    strip = np.searchsorted(borders, lon).astype(np.uint16)
    return np.lexsort((np.where(strip & 1, -lat, lat), strip))
