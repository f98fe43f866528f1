import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.support.http import get_ok, get_problem


def test_live_asks_nothing_of_the_data(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(data_dir=tmp_path / "missing"))) as client:
        assert get_ok(client, "/health/live") == {"status": "live"}


def test_ready_names_the_areas(client: TestClient) -> None:
    assert get_ok(client, "/health/ready") == {"status": "ready", "areas": ["helsinki"]}
    assert client.get("/health/ready").headers["cache-control"] == "no-store"


def test_not_ready_without_an_area(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(data_dir=tmp_path))) as client:
        problem = get_problem(client, "/health/ready", 503, "not-ready")
    assert "reach15 area import" in problem["detail"]


def test_a_damaged_area_is_not_ready_and_its_path_stays_in_the_log(
    demo_data_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(demo_data_dir, tmp_path / "copy")
    for path in (tmp_path / "copy").rglob("*.npy"):
        path.write_bytes(path.read_bytes()[:-1])
    for path in (tmp_path / "copy").rglob("*.parquet"):
        path.write_bytes(path.read_bytes()[:-1])
    with TestClient(create_app(Settings(data_dir=tmp_path / "copy"))) as client:
        problem = get_problem(client, "/health/ready", 503, "not-ready")
        assert str(tmp_path) not in str(problem)
        assert str(tmp_path) in caplog.text
        caplog.clear()
        parameters = {"standard": "cn-mofcom-5-8-15"}
        problem = get_problem(client, "/v1/areas/helsinki/coverage", 503, "data-unavailable", **parameters)
        assert str(tmp_path) not in str(problem)
        assert str(tmp_path) in caplog.text


def test_ready_notices_an_import_while_running(demo_data_dir: Path, tmp_path: Path) -> None:
    with TestClient(create_app(Settings(data_dir=tmp_path / "data"))) as client:
        get_problem(client, "/health/ready", 503, "not-ready")
        shutil.copytree(demo_data_dir, tmp_path / "data")
        assert get_ok(client, "/health/ready")["areas"] == ["helsinki"]


def test_a_database_that_cannot_be_asked_is_no_area_to_be_deleted(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(data_dir=tmp_path))) as client:
        with closing(sqlite3.connect(tmp_path / "reach15.sqlite")) as connection, connection:
            connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
            connection.execute("INSERT INTO alembic_version VALUES ('9999')")
        get_problem(client, "/health/ready", 503, "database-schema")
