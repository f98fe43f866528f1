"""`reach15 area versions`, `rollback` and `prune`."""

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.support.small_town import town


@pytest.fixture
def twice(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A town that two people imported."""
    monkeypatch.setenv("REACH15_ACTOR", "李雷")
    cli("area", "import", "town", "--osm", town().write(tmp_path / "town.osm"), "--title", "first")
    monkeypatch.setenv("REACH15_ACTOR", "韩梅梅")
    cli("area", "import", "town", "--osm", tmp_path / "town.osm", "--title", "second")
    return cli


def titles(cli: Cli) -> list[tuple[int, str, bool]]:
    versions = cli("area", "versions", "town", "--json").json()["versions"]
    return [(version["number"], version["title"], version["current"]) for version in versions]


def test_versions_rollback_and_prune(twice: Cli) -> None:
    assert titles(twice) == [(2, "second", True), (1, "first", False)]
    listed = twice("area", "versions", "town").out.splitlines()
    assert ["韩梅梅" in line and "current" in line for line in listed].count(True) == 1
    assert twice("area", "rollback", "town").out.startswith("Area town answers from number 1, version ")
    assert titles(twice) == [(2, "second", False), (1, "first", True)]
    assert twice("area", "show", "town", "--json").json()["title"] == "first"
    assert twice("area", "rollback", "town", "2", "--json").json()["created_by"] == "韩梅梅"
    answer = twice("area", "prune", "town", "--keep", "1", "--json").json()
    assert [version["number"] for version in answer["dropped"]] == [1]
    assert [version["number"] for version in answer["versions"]] == [2]
    assert twice("area", "prune", "town").out == "Nothing to drop of area town.\n"
    assert "has no earlier version to go back to (versions here: 2)" in twice(
        "area", "rollback", "town"
    ).failed(2)


def test_what_is_not_there(twice: Cli) -> None:
    assert "has no version '7' (versions here: 2, 1)" in twice("area", "rollback", "town", "7").failed(2)
    for command in (["versions"], ["rollback"], ["prune"]):
        assert "area 'village' does not exist" in twice("area", *command, "village").failed(2)
    assert twice("area", "prune", "town", "--keep", "0").failed(3)
    assert titles(twice) == [(2, "second", True), (1, "first", False)]


def test_old_versions_go_by_themselves(twice: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACH15_KEEP_VERSIONS", "2")
    twice("area", "rollback", "town")
    twice("area", "import", "town", "--osm", tmp_path / "town.osm", "--title", "third")
    assert titles(twice) == [(3, "third", True), (2, "second", False)]
    assert len(list((tmp_path / "data" / "areas" / "town" / "versions").iterdir())) == 2
