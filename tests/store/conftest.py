"""A data directory with one small area."""

from pathlib import Path

import pytest

from tests.support.small_town import do_import, town


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with the area ``town``."""
    do_import(tmp_path / "data", town().write(tmp_path / "town.osm.pbf"), title="玄武区")
    return tmp_path / "data"
