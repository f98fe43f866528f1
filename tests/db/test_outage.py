"""A database that goes away while the service answers: 503 with Retry-After, and recovery by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.domain.errors import DatabaseUnavailableError
from app.main import create_app
from app.settings import Settings
from app.store import area_files
from tests.support.databases import TestCluster
from tests.support.http import STANDARD, get_ok, get_problem
from tests.support.small_town import do_import, town


@pytest.fixture
def settings(postgis: TestCluster, tmp_path: Path) -> Iterator[Settings]:
    with postgis.database() as url:
        settings = Settings(data_dir=tmp_path / "data", database_url=url)
        do_import(tmp_path / "data", town().write(tmp_path / "town.osm"), settings=settings)
        yield settings


def test_service_and_import_while_the_database_is_away(
    postgis: TestCluster, settings: Settings, tmp_path: Path
) -> None:
    coverage = "/v1/areas/town/coverage"
    with TestClient(create_app(settings)) as client:
        before = get_ok(client, coverage, standard=STANDARD)
        postgis.server.stop()
        try:
            for path in (coverage, "/v1/areas", "/v1/areas/town/versions"):
                query = {"standard": STANDARD} if path == coverage else {}
                problem = get_problem(client, path, 503, "database-unavailable", **query)
                assert "127.0.0.1" not in str(problem)
            assert int(client.get("/v1/areas").headers["retry-after"]) > 0
            assert client.post("/v1/areas/town/rollback").status_code == 503
            assert get_ok(client, "/health/live") == {"status": "live"}
            assert client.get("/health/ready").status_code == 503
            with pytest.raises(DatabaseUnavailableError, match="cannot be reached"):
                do_import(tmp_path / "data", tmp_path / "town.osm", settings=settings)
        finally:
            postgis.server.start()
        assert get_ok(client, coverage, standard=STANDARD) == before
        do_import(tmp_path / "data", tmp_path / "town.osm", settings=settings, title="After")
        assert get_ok(client, "/v1/areas/town")["title"] == "After"
    kept = list((tmp_path / "data" / "areas" / "town" / "versions").iterdir())
    assert len(kept) == 2


def test_an_import_that_loses_the_database_midway(
    postgis: TestCluster, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = area_files.write_area

    def lose_it(*arguments: object) -> None:
        written(*arguments)  # type: ignore[arg-type]
        postgis.server.stop()

    monkeypatch.setattr(area_files, "write_area", lose_it)
    try:
        with pytest.raises(DatabaseUnavailableError, match="cannot be reached"):
            do_import(tmp_path / "data", tmp_path / "town.osm", settings=settings, title="Lost")
    finally:
        postgis.server.start()
    monkeypatch.undo()
    with TestClient(create_app(settings)) as client:
        assert get_ok(client, "/v1/areas/town")["title"] == "town"
        do_import(tmp_path / "data", tmp_path / "town.osm", settings=settings, title="New")
        assert get_ok(client, "/v1/areas/town")["title"] == "New"
        assert len(get_ok(client, "/v1/areas/town/versions")["versions"]) == 2
    kept = list((tmp_path / "data" / "areas" / "town" / "versions").iterdir())
    assert len(kept) == 2  # what the lost import had written is gone
