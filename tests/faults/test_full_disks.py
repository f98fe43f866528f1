"""Disks that are really full: small file systems in memory, for the data directory and for each kind of database."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors import DatabaseFullError, StoreError
from app.domain.population import KeptGrid, Sharers, Spreading
from app.settings import Settings
from app.store.spreading_files import write_spreading
from app.wiring import open_database, open_store
from tests.support.databases import TestCluster
from tests.support.http import STANDARD
from tests.support.processes import BOUNDARY, form, serving
from tests.support.small_town import csv_file, do_import, town

MEGABYTE = 1_000_000
LEFT_BYTES = 60_000
COVERAGE = f"/v1/areas/town/coverage?standard={STANDARD}"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


class SmallDisk:
    """A file system of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, left: int = LEFT_BYTES) -> None:
        """Leave room for so many bytes only."""
        (self.path / "filler").write_bytes(b"\0" * (shutil.disk_usage(self.path).free - left))

    def free(self) -> None:
        (self.path / "filler").unlink()


@contextmanager
def small_disk(size: int) -> Iterator[SmallDisk]:
    """In memory; only root may make one."""
    path = Path(tempfile.mkdtemp(prefix="reach15-disk-"))
    path.chmod(0o755)
    try:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "reach15-test", str(path)]
        made = subprocess.run(mount, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            pytest.skip(f"NOT TESTED on a disk of its own, none can be mounted: {made.stderr.strip()}")
        try:
            yield SmallDisk(path)
        finally:
            subprocess.run(["umount", "--lazy", str(path)], check=True)
    finally:
        path.rmdir()


@pytest.fixture
def osm(tmp_path: Path) -> Path:
    return town().write(tmp_path / "town.osm")


def test_the_data_directory_of_a_server(tmp_path: Path, osm: Path) -> None:
    big = tmp_path / "big.osm.pbf"
    big.write_bytes(b"\0" * MEGABYTE)
    database = f"sqlite:///{tmp_path / 'areas.sqlite'}"
    with (
        small_disk(20 * MEGABYTE) as disk,
        serving(tmp_path, data_dir=disk.path, database_url=database) as server,
    ):
        assert (
            server.job_ended(server.upload("/v1/areas", {"name": "town"}, osm=osm))["status"] == "succeeded"
        )
        before = server.ask(COVERAGE).body
        disk.fill()
        answer = server.ask("/v1/areas", "POST", form({"name": "town"}, {"osm": big}), Content_Type=FORM)
        assert (answer.status, answer.json()["type"]) == (507, "urn:reach15:problem:storage-full")
        assert list((disk.path / "jobs").iterdir()) == []

        job = server.upload(
            "/v1/areas", {"name": "town", "title": "New"}, osm=osm
        )  # fits; what it makes does not
        failed = server.job_ended(job)
        assert (failed["status"], failed["retriable"]) == ("failed", True)
        assert failed["problem"]["type"] == "urn:reach15:problem:storage-full"
        assert "disk is full" in failed["problem"]["detail"]
        assert server.ask(COVERAGE).body == before
        assert len(list((disk.path / "areas" / "town" / "versions").iterdir())) == 1

        disk.free()
        assert server.ask(f"{job}/retry", "POST").status == 202
        assert server.job_ended(job)["status"] == "succeeded"
        assert server.get("/v1/areas/town")["title"] == "New"
        assert list((disk.path / "jobs").iterdir()) == []


def test_the_data_directory_of_an_import(tmp_path: Path, osm: Path) -> None:
    with small_disk(20 * MEGABYTE) as disk:
        settings = Settings(data_dir=disk.path, database_url=f"sqlite:///{tmp_path / 'areas.sqlite'}")
        check_full_and_free(
            settings, disk, osm, StoreError, "No space left on device; check the data directory"
        )


@pytest.mark.parametrize("left", [100_000, 300_000, 1_000_000])
def test_the_data_directory_of_an_import_of_many_streets(
    tmp_path: Path, demo_extract: Path, left: int
) -> None:
    with small_disk(4 * MEGABYTE) as disk:
        settings = Settings(data_dir=disk.path, database_url=f"sqlite:///{tmp_path / 'areas.sqlite'}")
        disk.fill(left)
        with pytest.raises(StoreError, match="No space left on device; check the data directory"):
            do_import(disk.path, demo_extract, settings=settings)
        assert list((disk.path / "areas" / "town" / "versions").iterdir()) == []


def test_the_data_directory_of_an_import_with_a_large_grid() -> None:
    grid = KeptGrid("grid.tif", np.zeros(20_000), np.zeros(MEGABYTE, dtype=np.uint8), np.arange(20_001))
    nobody = Sharers(np.empty(0), np.empty(0), np.empty(0))
    with small_disk(4 * MEGABYTE) as disk:
        disk.fill(300_000)
        with pytest.raises(OSError, match="No space left on device"):
            write_spreading(Spreading({"population": grid}, np.empty(0), 1.0, nobody), disk.path)


def test_the_disk_of_an_sqlite_database(tmp_path: Path, osm: Path) -> None:
    with small_disk(20 * MEGABYTE) as disk:
        settings = Settings(
            data_dir=tmp_path / "data", database_url=f"sqlite:///{disk.path / 'areas.sqlite'}"
        )
        check_full_and_free(
            settings, disk, osm, DatabaseFullError, "its disk is full or broken; nothing was changed"
        )


def test_the_disk_of_a_postgis_database(tmp_path: Path, osm: Path, postgis: TestCluster) -> None:
    with small_disk(60 * MEGABYTE) as disk:
        folder = disk.path / "tables"
        folder.mkdir()
        shutil.chown(folder, "postgres")
        postgis.sql(f"CREATE TABLESPACE small LOCATION '{folder}'")
        try:
            with postgis.database() as url:
                postgis.sql(f"ALTER DATABASE {url.rpartition('/')[2]} SET TABLESPACE small")
                settings = Settings(data_dir=tmp_path / "data", database_url=url)
                problem = "its disk is full or broken; nothing was changed"
                check_full_and_free(settings, disk, osm, DatabaseFullError, problem)
        finally:
            postgis.sql("DROP TABLESPACE small")


def check_full_and_free(
    settings: Settings, disk: SmallDisk, osm: Path, error: type[Exception], problem: str
) -> None:
    """An import meets a full disk: the area stays as it was, and when there is room, the next import works."""
    homes = csv_file(
        osm.with_name("homes.csv"),
        "id,lon,lat,households",
        [(f"h{n}", (n / 50 - 100, 5), "1") for n in range(9_000)],
    )
    do_import(settings.data_path, osm, settings=settings, title="Old")
    with closing(open_database(settings)) as database:
        store = open_store(settings, database)
        before = store.describe("town")
        disk.fill()
        with pytest.raises(error, match=problem):
            do_import(settings.data_path, osm, settings=settings, title="New", households_file=homes)
        assert store.describe("town") == before
        assert store.load("town").title == "Old"
        assert len(list((settings.data_path / "areas" / "town" / "versions").iterdir())) == 1
        disk.free()
        do_import(settings.data_path, osm, settings=settings, title="New", households_file=homes)
        assert store.describe("town")[0].counts["households"] == 9_000
