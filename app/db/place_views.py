"""Views for GIS programs: households, facilities and zones of the versions that are current.

Both databases refuse to change a column that a view shows: a migration drops them first and makes them after.
"""

import sqlalchemy as sa

from app.db.row_ids import POSITIONS

PLACES = ("households", "facilities", "zones")


def make_place_views(connection: sa.Connection) -> None:
    """Make the views ``current_households``, ``current_facilities`` and ``current_zones``."""
    for table in PLACES:
        connection.exec_driver_sql(
            f"CREATE VIEW current_{table} AS SELECT current_versions.area_id, {table}.* FROM current_versions "
            f"JOIN {table} ON {table}.id >= current_versions.version_id * {POSITIONS} "
            f"AND {table}.id < (current_versions.version_id + 1) * {POSITIONS}"
        )


def drop_place_views(connection: sa.Connection) -> None:
    """Drop them."""
    for table in PLACES:
        connection.exec_driver_sql(f"DROP VIEW current_{table}")
