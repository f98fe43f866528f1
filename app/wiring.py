"""Puts together what keeps the data, for the command line and for the service alike."""

import getpass

from app.db.ready import ReadyDatabase
from app.db.repositories.areas import SqlAreaRegistry
from app.db.repositories.jobs import DatabaseJobStore
from app.db.repositories.scenarios import SqlScenarios
from app.db.repositories.standards import SqlStandards
from app.db.session import Database
from app.services.job_folders import JobFolders
from app.services.jobs import JobService
from app.services.standards import StandardService
from app.services.versioned_areas import VersionedAreas
from app.settings import Settings
from app.store.artifacts import ArtifactFolder


def open_database(settings: Settings) -> ReadyDatabase:
    """The database of the settings; nothing connects yet."""
    return ReadyDatabase(Database(settings.database_address))


def open_store(
    settings: Settings, database: ReadyDatabase | None = None, *, actor: str | None = None
) -> VersionedAreas:
    """The imported areas.

    Parameters
    ----------
    actor : str, optional
        Who changes things through this; by default `REACH15_ACTOR`, or else the user of this machine.
    """
    registry = SqlAreaRegistry(database or open_database(settings), actor=actor or actor_here(settings))
    return VersionedAreas(ArtifactFolder(settings.data_path), registry, keep=settings.keep_versions)


def open_scenario_store(
    settings: Settings, database: ReadyDatabase, *, actor: str | None = None
) -> SqlScenarios:
    """The scenarios; `actor` as for `open_store`."""
    return SqlScenarios(database, actor=actor or actor_here(settings))


def open_jobs(settings: Settings, database: ReadyDatabase, *, actor: str | None = None) -> JobService:
    """The jobs, with their folders in the data directory; `actor` as for `open_store`."""
    store, folders = DatabaseJobStore(database), JobFolders(settings.data_path)
    return JobService(store, folders, actor=actor or actor_here(settings))


def open_standards(database: ReadyDatabase) -> StandardService:
    """Shipped standards, and those that the database keeps. One service reads each of them once."""
    return StandardService(SqlStandards(database))


def actor_here(settings: Settings) -> str:
    """Who changes things from the command line."""
    return settings.actor or _system_user()


def _system_user() -> str:
    """Name of the user whom the system says we are."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, of a number that has no name
        return "unknown"
