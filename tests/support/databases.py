"""Databases for tests: SQLite files, and databases of a private PostGIS cluster."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

from app.db.schema import upgrade
from app.db.session import Database
from scripts.private_postgis import PostgisMissingError, PrivatePostgis, private_postgis

REQUIRED = "TEST_POSTGIS"
"""Set to ``required``, a missing PostGIS fails the tests instead of skipping them."""

_MIGRATED = "migrated"
_numbers = itertools.count()


class TestCluster:
    """A cluster with a database whose tables are made, to be copied for each test."""

    __test__ = False

    def __init__(self, server: PrivatePostgis) -> None:
        self.server = server
        database = Database(server.make_database(_MIGRATED))
        upgrade(database)
        database.close()

    def sql(self, statement: str) -> None:
        """Have the cluster's owner do something."""
        self.server.run("psql", "-d", "postgres", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement)

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """The address of a database for one test."""
        name = f"test_{next(_numbers)}"
        if migrated:
            self.server.run("createdb", "--template", _MIGRATED, name)
        else:
            self.server.make_database(name)
        try:
            yield self.server.address_of(name)
        finally:
            self.server.drop_database(name)


@contextmanager
def cluster() -> Iterator[TestCluster]:
    """A cluster while the block runs; `PostgisMissingError` where there can be none."""
    with private_postgis() as server:
        yield TestCluster(server)


def is_required() -> bool:
    """Whether PostGIS must be there, as in CI."""
    return os.environ.get(REQUIRED) == "required"


__all__ = ["PostgisMissingError", "TestCluster", "cluster", "is_required"]
