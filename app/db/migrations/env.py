"""What alembic runs around migrations. `app.db.schema` hands over a connection with its transaction."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from geoalchemy2 import alembic_helpers

from app.db import models  # noqa: F401 - fills the metadata
from app.db.base import Base
from app.db.session import MIGRATION_WAIT_S, Database
from app.settings import Settings

_FOREIGN = ("idx_", "spatial_ref_sys", "sqlite_")
"""Spatial indexes with the tables behind SQLite's, which `app.db.box_index` makes, and PostGIS's own table."""


def include_object(
    item: sa.schema.SchemaItem,
    name: str | None,
    kind: str,
    reflected: bool,  # noqa: FBT001 - alembic calls it so
    compared: Any,
) -> bool:
    """Whether alembic compares this with the models."""
    if name is not None and name.startswith(_FOREIGN):
        return False
    helper: Any = alembic_helpers.include_object
    return bool(helper(item, name, kind, reflected, compared))


def include_name(name: str | None, kind: str, _: Any) -> bool:
    """Whether alembic looks at this at all."""
    schema: Literal["schema"] = "schema"
    if kind == schema:
        return name is None
    return name is None or not name.startswith(_FOREIGN)


def run(connection: sa.Connection) -> None:
    """Run what alembic was asked to."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{MIGRATION_WAIT_S}s'")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=include_object,
        include_name=include_name,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:  # alembic's own command, for whoever writes a migration
    with Database(Settings().database_address).connection() as own:
        run(own)
