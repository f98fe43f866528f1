"""A database: its engine, and sessions that read or write."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from app.db.errors import explained
from app.domain.errors import DatabaseError

BUSY_S = 30.0
"""How long a writer waits for another one; the longest transaction stores the rows of an import."""
CONNECT_S = 5
"""How long the database may take to answer the door before it counts as away."""

MIGRATION_WAIT_S = 5
"""A migration that waits for a table makes everybody else wait behind it: better to give up soon."""

_MIGRATING = {
    "busy_timeout": MIGRATION_WAIT_S * 1000,
    "foreign_keys": "OFF",
    "legacy_alter_table": "ON",
}

_WRITING = "reach15_writing"


class Database:
    """One database and its connections.

    Parameters
    ----------
    address : str
        ``sqlite:///PATH`` or ``postgresql+psycopg://...``, with its password.
    """

    def __init__(self, address: str) -> None:
        self.url = sa.make_url(address)
        self.place = place_of(self.url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgresql_engine(self.url)
        self._writing = self.engine.execution_options(**{_WRITING: True})
        moment = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._read_session = sessionmaker(self.engine.execution_options(**moment), expire_on_commit=False)
        self._write_session = sessionmaker(self._writing, expire_on_commit=False)

    @property
    def path(self) -> Path | None:
        """The file of an SQLite database."""
        return Path(str(self.url.database)) if self.is_sqlite else None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for one answer: all its questions see the same moment's data."""
        with explained(self.place), self._read_session() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are kept together when the block ends well, and not at all otherwise."""
        with explained(self.place), self._write_session.begin() as session:
            yield session

    @contextmanager
    def migrating(self) -> Iterator[sa.Connection]:
        """A writing transaction for migrations: it soon gives up waiting for others.

        In SQLite, where tables are rebuilt under another name, dropping the old one must take no rows of other tables
        with it, nor may what refers to its name be rewritten. References are checked at the end instead.
        """
        with explained(self.place), self.engine.connect() as plain:
            if self.is_sqlite:
                driver: Any = plain.connection.driver_connection
                for pragma, value in _MIGRATING.items():
                    driver.execute(f"PRAGMA {pragma} = {value}")
            connection = plain.execution_options(**{_WRITING: True})
            try:
                with connection.begin():
                    yield connection
                    if self.is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                        raise DatabaseError(
                            self.place, "would lose references between tables; nothing was changed"
                        )
            finally:
                plain.invalidate()  # what was set for migrations must not reach anybody else

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        """A writing transaction below the level of models."""
        with explained(self.place), self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection that nobody uses."""
        self.engine.dispose()


def place_of(url: sa.URL) -> str:
    """How messages name a database: its file, or its address without the password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.difference_update_query(url.query).render_as_string(hide_password=True)


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_S, "check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        # By default the module begins transactions when it sees fit, which tears DDL and reads out of them.
        connection.isolation_level = None
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "cache_size = -65536",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A transaction that reads first and writes later fails at once when another wrote in between.
        writing = connection.get_execution_options().get(_WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _postgresql_engine(url: sa.URL) -> sa.Engine:
    options = f"-c lock_timeout={int(BUSY_S * 1000)} -c timezone=UTC"
    return sa.create_engine(
        url,
        pool_pre_ping=True,  # connections that a restarted server dropped are replaced, not handed out
        pool_timeout=CONNECT_S,
        connect_args={"connect_timeout": CONNECT_S, "options": options, "application_name": "reach15"},
    )
