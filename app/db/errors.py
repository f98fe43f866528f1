"""Errors of the database as errors of the domain. The database's own text goes to the log only."""

import logging
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from app.domain.errors import DatabaseError, DatabaseFullError, DatabaseUnavailableError

logger = logging.getLogger(__name__)

_DISK_FULL = ("disk is full", "No space left", "disk I/O error", "could not extend file")
_LOCKED = ("database is locked", "lock timeout", "LockNotAvailable")

_ERRORS = (sa.exc.SQLAlchemyError, sqlite3.Error)
_GONE = (sa.exc.OperationalError, sa.exc.InterfaceError, sqlite3.OperationalError)


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Raise what goes wrong with the database at `place` as a `DatabaseError`."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, (*_ERRORS, *_of_driver("Error"))):
            raise
        logger.info("database %s: %s", place, error)
        raise _explain(place, error) from error


def _of_driver(*names: str) -> tuple[type[Exception], ...]:
    """Errors of PostgreSQL's driver: bulk loads speak with it directly, so that SQLAlchemy does not see them.

    None while nothing has loaded it, as with SQLite: it cannot have raised any then.
    """
    psycopg = sys.modules.get("psycopg")
    return tuple(getattr(psycopg, name) for name in names) if psycopg is not None else ()


def _explain(place: str, error: Exception) -> DatabaseError:
    text = str(getattr(error, "orig", None) or error)
    if any(sign in text for sign in _DISK_FULL):
        return DatabaseFullError(place)
    if any(sign in text for sign in _LOCKED):
        return DatabaseUnavailableError(
            place, "is locked by another process; try again when that has finished"
        )
    if "readonly" in text:
        return DatabaseError(place, "cannot be written; check who may write the file and its folder")
    if isinstance(error, sa.exc.TimeoutError):
        return DatabaseUnavailableError(place, "has no free connection; try again")
    original = getattr(error, "orig", None) or error
    if isinstance(original, sqlite3.DatabaseError) and "not a database" in text:
        return DatabaseError(
            place, "is no SQLite database or is damaged; name another in REACH15_DATABASE_URL"
        )
    lost = isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated
    if lost or isinstance(error, (*_GONE, *_of_driver("OperationalError", "InterfaceError"))):
        return DatabaseUnavailableError(
            place, "cannot be reached or opened; check REACH15_DATABASE_URL and the server"
        )
    return DatabaseError(place, f"refused what was asked of it ({type(error).__name__}); see the log")
