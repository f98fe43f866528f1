"""The areas of a data directory, with the database that lies in it."""

from pathlib import Path

from app.services.versioned_areas import VersionedAreas
from app.settings import Settings
from app.wiring import open_store


def area_store(data_dir: Path, **settings: object) -> VersionedAreas:
    """What commands and the service work with."""
    return open_store(Settings(data_dir=data_dir, **settings))
