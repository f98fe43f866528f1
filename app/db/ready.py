"""A database whose tables are known to be ours before anybody asks it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.db.schema import SchemaState, check_schema, make_first_tables, schema_state
from app.db.session import Database


class ReadyDatabase:
    """Checks the tables once, at the first use, and makes them in an SQLite database that has none.

    Only writing makes them: a question to a data directory without areas leaves no trace there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._is_ready = False

    @property
    def is_sqlite(self) -> bool:
        return self._database.is_sqlite

    def check(self) -> None:
        """Raise `DatabaseError` if the database cannot be asked, or its tables are not ours."""
        if self._find_ready():
            with self._database.reading() as session:
                session.connection()

    @contextmanager
    def reading(self) -> Iterator[Session | None]:
        """A session for one answer; None for an SQLite database that was never written to."""
        if not self._find_ready():
            yield None
            return
        with self._database.reading() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are kept together, in tables that are made if need be."""
        if not self._find_ready():
            with self._lock:
                if schema_state(self._database) is SchemaState.MISSING:
                    make_first_tables(self._database)
            self._find_ready()
        with self._database.writing() as session:
            yield session

    def close(self) -> None:
        """Close every connection that nobody uses."""
        self._database.close()

    def _find_ready(self) -> bool:
        """Whether there are tables, which then are ours."""
        if self._is_ready:
            return True
        if self._database.is_sqlite and schema_state(self._database) is SchemaState.MISSING:
            return False
        check_schema(self._database)
        self._is_ready = True
        return True
