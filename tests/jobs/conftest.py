"""Jobs over a database of each kind, with a town to import."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.db.ready import ReadyDatabase
from app.domain.job import Job
from app.schemas.job_kinds import JOB_KINDS
from app.services.import_area import ImportRequest
from app.services.import_job import IMPORT_KIND, UPDATE_KIND, import_input, update_input
from app.services.job_context import JobContext, JobKind, JobResult
from app.services.job_worker import Worker
from app.services.jobs import JobService
from app.services.update_request import DataRequest, Mode
from app.services.versioned_areas import VersionedAreas
from app.settings import Settings
from app.wiring import open_database, open_jobs, open_store
from tests.support.small_town import csv_file, town
from tests.support.workers import make_worker


@dataclass(frozen=True)
class Office:
    """A data directory with its database, jobs and areas."""

    settings: Settings
    database: ReadyDatabase
    jobs: JobService
    areas: VersionedAreas

    def worker(self, kinds: Mapping[str, JobKind] = JOB_KINDS, stop: threading.Event | None = None) -> Worker:
        return make_worker(self.settings, self.database, kinds=kinds, stop=stop)

    def submit(self, kind: str) -> Job:
        return self.jobs.submit(kind, {}, area_id=None, job_id=self.jobs.new_id())

    def run(self, work: Callable[[JobContext], JobResult], job: Job | None = None) -> Job:
        """A job that does this, to its end."""
        job = job or self.submit("any")
        assert self.worker({"any": JobKind("any", work)}).run_next()
        return self.jobs.get(job.id)

    def submit_import(self, osm: Path, **households: int) -> Job:
        """Queue an import of a town whose homes are said."""
        job_id = self.jobs.new_id()
        with self.jobs.folders.receive(job_id) as folder:
            target = folder / "osm" / osm.name
            target.parent.mkdir()
            target.write_bytes(osm.read_bytes())
            homes = homes_file(folder / "households", households)
            request = ImportRequest("town", osm_file=target, households_file=homes)
            return self.jobs.submit(IMPORT_KIND, import_input(request, folder), area_id="town", job_id=job_id)

    def submit_homes(self, mode: Mode, **households: int) -> Job:
        """Queue an update of the town's homes."""
        job_id = self.jobs.new_id()
        with self.jobs.folders.receive(job_id) as folder:
            request = DataRequest("town", "households", homes_file(folder / "file", households), mode)
            return self.jobs.submit(UPDATE_KIND, update_input(request, folder), area_id="town", job_id=job_id)


def homes_file(folder: Path, households: Mapping[str, int]) -> Path:
    folder.mkdir()
    rows = [(name, (-200 + 50 * n, 5), str(count)) for n, (name, count) in enumerate(households.items())]
    return csv_file(folder / "homes.csv", "id,lon,lat,households", rows)


def open_office(data_dir: Path, database_url: str) -> Office:
    settings = Settings(data_dir=data_dir, database_url=database_url)
    database = open_database(settings)
    jobs = open_jobs(settings, database, actor="asker")
    return Office(settings, database, jobs, open_store(settings, database, actor="test"))


@pytest.fixture
def office(tmp_path: Path, database_url: str) -> Iterator[Office]:
    made = open_office(tmp_path / "data", database_url)
    with closing(made.database):
        yield made


@pytest.fixture(scope="session")
def osm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return town().write(tmp_path_factory.mktemp("osm") / "town.osm.pbf")
