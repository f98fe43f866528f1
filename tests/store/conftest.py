"""A data directory with one small area."""

import shutil
from pathlib import Path

import pytest

from tests.support.small_town import do_import, town


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the area ``town`` and the file it comes from. Shared by all tests: only copy it."""
    folder = tmp_path_factory.mktemp("imported")
    do_import(folder / "data", town().write(folder / "town.osm.pbf"), title="玄武区")
    return folder


@pytest.fixture
def data(imported: Path, tmp_path: Path) -> Path:
    """A data directory with the area ``town``, for one test alone; its file lies beside it."""
    shutil.copytree(imported, tmp_path, dirs_exist_ok=True)
    return tmp_path / "data"
