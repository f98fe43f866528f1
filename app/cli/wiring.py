"""Settings, stores and standards for the commands. Importing this is cheap; calling it is not."""

import os
from typing import TYPE_CHECKING

from app.domain.errors import BadInputError

if TYPE_CHECKING:
    from app.db.ready import ReadyDatabase
    from app.domain.profile import Profile
    from app.domain.standard import Service, Standard
    from app.ingest.coordinates import Coordinates
    from app.services.areas import AreaService
    from app.services.jobs import JobService
    from app.services.kernel_loader import KernelLoader
    from app.services.ports import AreaStore, AuditLog, SnapshotStore
    from app.services.scenarios import ScenarioService
    from app.services.standards import ListedStandard, StandardService
    from app.settings import Settings

_SECRET = ("REACH15_DATABASE_URL",)
"""Variables whose values may hold a password."""


def load_settings() -> "Settings":
    """Settings from the environment.

    Raises
    ------
    BadInputError
        If a variable has a value that it cannot have; names the variable.
    """
    from pydantic import ValidationError

    from app.settings import Settings

    try:
        settings = Settings()
        settings.data_path  # noqa: B018 - a home directory that does not exist shows only here
    except ValidationError as error:
        first = error.errors()[0]
        variable = f"REACH15_{'_'.join(str(part) for part in first['loc']).upper()}"
        shown = os.environ.get(variable, first["input"])
        raise BadInputError(
            variable if variable in _SECRET else f"{variable}={shown}",
            f"{_lower_first(first['msg'].removeprefix('Value error, '))}; change the variable or unset it",
        ) from error
    except RuntimeError as error:
        problem = f"{_lower_first(str(error)).rstrip('.')}; give a full path"
        raise BadInputError(f"REACH15_DATA_DIR={os.environ.get('REACH15_DATA_DIR')}", problem) from error
    return settings


def open_store(settings: "Settings", database: "ReadyDatabase | None" = None) -> "AreaStore":
    """Where the imported areas are; in a database of its own unless one is given."""
    from app.wiring import open_store

    return open_store(settings, database)


def open_jobs(settings: "Settings", database: "ReadyDatabase | None" = None) -> "JobService":
    """Imports and other long work in the database."""
    from app import wiring

    return wiring.open_jobs(settings, database or wiring.open_database(settings))


def open_audit_log(settings: "Settings") -> "AuditLog":
    """Who changed what."""
    from app.db.repositories.audit import SqlAuditLog
    from app.wiring import open_database

    return SqlAuditLog(open_database(settings))


def open_snapshots(settings: "Settings") -> "SnapshotStore":
    """Assessments that are kept."""
    from app.db.repositories.snapshots import SqlSnapshots
    from app.wiring import open_database

    return SqlSnapshots(open_database(settings))


def open_areas(
    settings: "Settings", kernels: "KernelLoader | None" = None, database: "ReadyDatabase | None" = None
) -> "AreaService":
    """Areas ready to be asked; with `kernels`, whoever asks says when they are to be loaded."""
    from app.services.areas import AreaService

    return AreaService(open_store(settings, database), keep=settings.loaded_areas, kernels=kernels)


def open_scenarios(settings: "Settings") -> "ScenarioService":
    """Proposals that are kept by name."""
    from app.services.scenarios import ScenarioService
    from app.wiring import open_database, open_scenario_store

    database = open_database(settings)
    areas, standards = open_areas(settings, database=database), open_standards(settings, database)
    return ScenarioService(areas, open_scenario_store(settings, database), standards)


def shipped_services() -> "dict[str, Service]":
    """Services of all shipped standards, by id."""
    from app.ingest.standard_files import load_shipped_standards
    from app.services.facilities import distinct_services

    return distinct_services(load_shipped_standards().values())


def open_standards(settings: "Settings", database: "ReadyDatabase | None" = None) -> "StandardService":
    """Shipped standards, and those that the database keeps."""
    from app import wiring

    return wiring.open_standards(database or wiring.open_database(settings))


def find_standard(reference: str) -> "Standard":
    """A standard by its id, shipped or kept in the database, or by the path of its file."""
    return find_listed_standard(reference).standard


def find_listed_standard(reference: str) -> "ListedStandard":
    """As `find_standard`, with where it is from."""
    from app.domain.standard import StandardNotFoundError
    from app.ingest.standard_files import find_standard_file, load_standard_file
    from app.services.standards import FILE, SHIPPED, ListedStandard, find_shipped

    shipped = find_shipped(reference)  # asks no database
    if shipped is not None:
        return ListedStandard(shipped, SHIPPED)
    path = find_standard_file(reference)
    if path is not None:
        return ListedStandard(load_standard_file(path), FILE)
    standards = open_standards(load_settings())
    found = standards.find(reference)
    if found is None:
        raise StandardNotFoundError(
            reference, standards.ids(), "; a path to a YAML file of your own works too"
        )
    return found


def find_profile(reference: "str | None") -> "Profile | None":
    """A shipped profile by its id, or a user's own by the path of its file; None for None."""
    from app.ingest.profile_files import get_profile

    return None if reference is None else get_profile(reference)


def find_crs(reference: "str | None", flag: str = "--crs") -> "Coordinates | None":
    """The coordinate system that an answer is to be in; None for None, which is WGS 84 as it stands."""
    from app.ingest.coordinates import find_coordinates

    return None if reference is None else find_coordinates(reference, flag)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
