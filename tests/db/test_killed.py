"""Importing processes that are killed, and disks that are full: the area is as before or as after."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT
from tests.support.small_town import do_import, town
from tests.support.stores import area_store

MOMENTS = 20
PROGRAM = (sys.executable, "-m", "tests.support.killed_imports")


def test_killed_at_twenty_moments(database_url: str, memory_path: Path) -> None:
    city = town().write(memory_path / "town.osm")
    done = subprocess.run(
        [*PROGRAM, str(memory_path / "data"), str(city), str(MOMENTS)],
        cwd=ROOT,
        env=os.environ | {"REACH15_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    outcomes = answer["outcomes"]
    assert len(outcomes) == MOMENTS
    assert [outcome for outcome in outcomes if not (outcome["as_before"] or outcome["as_after"])] == []
    assert sum(outcome["killed"] for outcome in outcomes) >= MOMENTS - 1
    assert sum(outcome["as_before"] for outcome in outcomes) >= 5
    assert answer["last"][0] == "last"
    assert answer["last"][2] == 0  # what the killed ones left is gone


@pytest.mark.parametrize("limit", [1_000, 20_000])
def test_a_disk_that_is_full(tmp_path: Path, limit: int) -> None:
    data = tmp_path / "data"
    city = town().write(tmp_path / "town.osm")
    do_import(data, city, title="old")
    before = area_store(data).describe("town")
    # Arrays fit neither; the second limit is met by the database's log, when all files are written.
    done = subprocess.run(
        [*PROGRAM, "fill", str(data), str(city), str(limit)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    line = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    if limit == 1_000:
        assert "StoreError" in line
        assert "File too large; check the data directory" in line
    else:
        assert "DatabaseFullError" in line
        assert "its disk is full or broken; nothing was changed" in line
    assert area_store(data).describe("town") == before
    assert len(list((data / "areas" / "town" / "versions").iterdir())) == 1
    do_import(data, city, title="new")
    assert area_store(data).describe("town")[0].title == "new"
