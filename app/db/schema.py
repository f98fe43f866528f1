"""The version of the tables: which one a database has, which one this software needs, and the way there."""

from enum import Enum
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from app.db import models  # noqa: F401 - fills the metadata
from app.db.base import Base
from app.db.box_index import make_box_index
from app.db.place_views import PLACES, make_place_views
from app.db.session import Database
from app.domain.errors import SchemaError

if TYPE_CHECKING:
    from alembic.config import Config

SCHEMA_REVISION = "0004"
"""The newest revision below ``migrations/versions``; a test compares them. Written here, because finding it there
costs every command a quarter of a second."""

UPGRADE = "reach15 db upgrade"
_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION_TABLE = (
    "CREATE TABLE alembic_version "
    "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


class SchemaState(Enum):
    """What a database's tables are to this software."""

    CURRENT = "current"
    MISSING = "missing"
    OLDER = "older"
    UNKNOWN = "unknown"


def current_revision(database: Database) -> str | None:
    """Revision of a database's tables; None where there are none of ours."""
    path = database.path
    if path is not None and not path.exists():
        return None  # asking would make the file
    with database.reading() as session:
        connection = session.connection()
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        revision = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        return None if revision is None else str(revision)


def schema_state(database: Database) -> SchemaState:
    """What the tables of a database are to this software."""
    revision = current_revision(database)
    if revision == SCHEMA_REVISION:
        return SchemaState.CURRENT
    if revision is None:
        return SchemaState.MISSING
    return SchemaState.OLDER if revision in known_revisions() else SchemaState.UNKNOWN


def check_schema(database: Database) -> None:
    """Raise `SchemaError`, with the command that helps, unless the tables are those this software needs."""
    state = schema_state(database)
    if state is SchemaState.MISSING:
        raise SchemaError(database.place, f"has no tables yet; make them with: {UPGRADE}")
    if state is SchemaState.OLDER:
        raise SchemaError(
            database.place, f"has tables of an older version; bring them up to date with: {UPGRADE}"
        )
    if state is SchemaState.UNKNOWN:
        raise SchemaError(
            database.place,
            f"has tables of a newer or foreign version ({current_revision(database)}; this software needs "
            f"{SCHEMA_REVISION}); install the software that made them, then see: reach15 db check",
        )


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the tables up to date, in one transaction.

    Raises
    ------
    SchemaError
        If a newer or foreign version made them.
    DatabaseUnavailableError
        If another process holds them for longer than a few seconds.
    """
    if schema_state(database) is SchemaState.UNKNOWN:
        check_schema(database)
    _make_folder(database)
    from alembic import command  # noqa: PLC0415 - a quarter of a second that only this command pays

    with database.migrating() as connection:
        command.upgrade(_config(connection), revision)


def make_first_tables(database: Database) -> None:
    """Give an empty SQLite database its tables, out of the models; `upgrade` any other.

    All migrations together make the same, which a test holds them to; but a first import need not load alembic for it.

    Raises
    ------
    SchemaError, DatabaseUnavailableError
        As `upgrade` does.
    """
    _make_folder(database)
    if database.is_sqlite:
        with database.migrating() as connection:
            if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one() == 0:
                Base.metadata.create_all(connection, checkfirst=False)
                for table in PLACES:
                    make_box_index(connection, table)
                make_place_views(connection)
                connection.exec_driver_sql(_VERSION_TABLE)
                connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (SCHEMA_REVISION,))
                return
    upgrade(database)


def downgrade(database: Database, revision: str) -> None:
    """Take the tables back to an older version; ``base`` drops them all."""
    from alembic import command  # noqa: PLC0415 - as above

    with database.migrating() as connection:
        command.downgrade(_config(connection), revision)


def check_models(database: Database) -> None:
    """Raise alembic's error if the tables differ from the models: for the tests of a migration."""
    from alembic import command  # noqa: PLC0415 - as above

    with database.migrating() as connection:
        command.check(_config(connection))


def known_revisions() -> tuple[str, ...]:
    """All revisions that this software knows, oldest first."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    revisions = ScriptDirectory.from_config(_config(None)).walk_revisions()
    return tuple(script.revision for script in reversed(list(revisions)))


def _make_folder(database: Database) -> None:
    if database.path is not None:
        database.path.parent.mkdir(parents=True, exist_ok=True)


def _config(connection: sa.Connection | None) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - as above

    # Its own default is the standard output of when it was imported, which may be closed; nobody reads what it says.
    config = Config(stdout=StringIO())
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
