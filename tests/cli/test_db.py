"""`reach15 db`: tables are made, their version is said, foreign ones are refused, no password is shown."""

import json
import sqlite3
from pathlib import Path

import pytest

from app.db.schema import SCHEMA_REVISION
from tests.cli.conftest import Cli, environment, run_process
from tests.support.processes import PATIENCE_S
from tests.support.small_town import town, version_folder


def test_upgrade_current_and_check(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "data" / "reach15.sqlite"
    assert cli("db", "current", "--json").json()["state"] == "missing"
    assert not path.exists()  # asking makes nothing
    assert cli("db", "check").failed(2) == (
        f"database {path}: has no tables yet; make them with: reach15 db upgrade"
    )
    made = cli("db", "upgrade", "--json").json()
    assert (made["before"], made["revision"]) == (None, SCHEMA_REVISION)
    assert cli("db", "upgrade").out == f"Database {path} is up to date (revision {SCHEMA_REVISION}).\n"
    assert cli("db", "check", "--json").json()["state"] == "current"


def test_what_does_not_go_together_is_named(cli: Cli, tmp_path: Path) -> None:
    cli("area", "import", "town", "--osm", town().write(tmp_path / "town.osm"))
    assert cli("db", "check", "--json").json()["faults"] == []
    (version_folder(tmp_path / "data").parent / "left").mkdir()
    told = cli("db", "check")
    assert told.code == 2
    assert told.out.splitlines()[1] == (
        "unknown_folder: folder left of area 'town' is no version that the database knows; remove it with: "
        "reach15 area prune town"
    )
    assert told.err.endswith("1 fault was found in what is kept; each is listed above\n")
    cli("area", "prune", "town")
    assert cli("db", "check").code == 0
    with sqlite3.connect(tmp_path / "data" / "reach15.sqlite") as connection:
        connection.execute("DELETE FROM idx_households_shape")
    connection.close()
    listed = cli("db", "check", "--json")
    assert [(fault["kind"], fault["area_id"]) for fault in json.loads(listed.stdout)["faults"]] == [
        ("wrong_index", "town")
    ]
    assert listed.code == 2
    assert cli("db", "reindex", "--json").json()["reindexed"] == ["households", "facilities", "zones"]
    assert cli("db", "reindex").out.startswith("Made the indexes of households, facilities, zones again")
    assert cli("db", "check").code == 0


def test_tables_of_a_newer_version_are_left_alone(cli: Cli, tmp_path: Path) -> None:
    cli("db", "upgrade")
    with sqlite3.connect(tmp_path / "data" / "reach15.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert cli("db", "current", "--json").json()["state"] == "unknown"
    for command in ("check", "upgrade"):
        assert "newer or foreign version (9999" in cli("db", command).failed(2)
    env = environment(tmp_path / "data")
    worker = run_process("worker", cwd=tmp_path, env=env, capture_output=True, timeout=PATIENCE_S)
    assert worker.returncode == 2
    assert b"newer or foreign version (9999" in worker.stderr


def test_a_file_that_is_no_database(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "notes.sqlite"
    path.write_text("no database, but longer than the header of one " * 9, encoding="utf-8")
    monkeypatch.setenv("REACH15_DATABASE_URL", f"sqlite:///{path}")
    for command in ("check", "upgrade", "current"):
        assert "is no SQLite database or is damaged" in cli("db", command).failed(2)
    assert path.read_text(encoding="utf-8").startswith("no database")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://u:hush@host/x", "has to be sqlite:///PATH or postgresql+psycopg://"),
        ("sqlite://", "has to be sqlite:///PATH or postgresql+psycopg://"),
        ("sqlite:///:memory:", "has to be sqlite:///PATH or postgresql+psycopg://"),
        ("postgresql+psycopg://u:hush@127.0.0.1:1/x?password=hush", "cannot be reached or opened"),
        ("postgresql+psycopg://u:hush@host:port/x", "has to be sqlite:///PATH or postgresql+psycopg://"),
    ],
)
def test_addresses_that_cannot_be_used(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    monkeypatch.setenv("REACH15_DATABASE_URL", url)
    line = cli("db", "check").failed(2)
    assert message in line
    assert "hush" not in line
