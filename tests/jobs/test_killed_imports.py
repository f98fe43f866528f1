"""Jobs that are killed at any moment: the area is as before or as after, the job says which, and the next one works."""

import multiprocessing
import random
from contextlib import closing
from pathlib import Path

import pytest

from app.domain.job import Job, JobStatus
from app.services.versioned_areas import VersionedAreas
from app.settings import Settings
from tests.jobs.conftest import Office, open_office
from tests.support.killing import Moment, arm, arm_clock
from tests.support.processes import PATIENCE_S

STAGES = {
    "import": ("study_area", "read", "network", "households_and_facilities", "hash", "store"),
    "append": ("load", "households", "hash", "store"),
    "replace": ("households", "store"),
}
STORING = (
    Moment("progress", stage="store", after=True),
    Moment("write"),
    Moment("write", after=True),
    Moment("register"),
    Moment("register", after=True),
    Moment("remove_all_but", after=True),
    Moment("prune"),
    Moment("prune", after=True),
    Moment("end_job"),
    Moment("end_job", after=True),
    Moment("remove", nth=2),  # the first is that of `remove_all_but`; from here on the new version stands
    Moment("remove", nth=2, after=True),
    Moment("finish"),
    Moment("finish", after=True),
)
RANDOM_TIMES = 3

FORK = multiprocessing.get_context("fork")


def deaths(kind: str) -> list[Moment | float]:
    chance = random.Random(15)
    by_stage = [Moment("progress", stage=stage) for stage in STAGES[kind]]
    if kind == "replace":  # as an append, but for what it does with the rows
        return [*by_stage, *STORING[1::3]]
    random_s = (chance.uniform(0.0, 0.4) for _ in range(RANDOM_TIMES))
    return [Moment("claim", after=True), *by_stage, *STORING, *random_s]


def work_once(data_dir: Path, database_url: str, deadly: Moment | float | None) -> None:
    """In a process of its own: one job, and death on the way."""
    if isinstance(deadly, Moment):
        arm(deadly)
    elif deadly is not None:
        arm_clock(deadly)
    open_office(data_dir, database_url).worker().run_next()


def homes_of(areas: VersionedAreas) -> dict[str, float]:
    """The households that answers come from, read from checked files and told by the database alike."""
    area = areas.load("town")
    summary = areas.describe("town")[0]
    assert summary.version == area.version
    homes = area.households
    assert summary.counts["households"] == homes.households.sum()
    return dict(zip(homes.id.tolist(), homes.households.tolist(), strict=True))


def submit(office: Office, kind: str, osm: Path, size: int) -> Job:
    if kind == "import":
        return office.submit_import(osm, a=size, b=1)
    return office.submit_homes(kind, **{f"h{size}": size})


def expected(kind: str, before: dict[str, float], size: int) -> dict[str, float]:
    if kind == "import":
        return {"a": size, "b": 1}
    return (before if kind == "append" else {}) | {f"h{size}": size}


def state_now(data_dir: Path, database_url: str, job_id: str) -> tuple[dict[str, float], Job]:
    """Homes and job as another process would see them, over connections of its own."""
    office = open_office(data_dir, database_url)
    with closing(office.database):
        return homes_of(office.areas), office.jobs.get(job_id)


def end(office: Office, job_id: str) -> None:
    """What the next worker does, and then a user."""
    worker = office.worker()
    worker.sweep()
    job = office.jobs.get(job_id)
    assert job.status in (JobStatus.QUEUED, JobStatus.FAILED, JobStatus.SUCCEEDED)
    if job.status is JobStatus.FAILED:
        assert job.retriable
        office.jobs.retry(job_id)
    if job.status is not JobStatus.SUCCEEDED:
        assert worker.run_next()
    assert office.jobs.get(job_id).status is JobStatus.SUCCEEDED


@pytest.mark.parametrize("kind", STAGES)
def test_killed_at_every_moment(memory_path: Path, database_url: str, osm: Path, kind: str) -> None:
    data_dir = memory_path / "data"
    seen = {"before": 0, "after": 0}
    office = open_office(data_dir, database_url)
    with closing(office.database):
        for size in (1, 2, 3):  # so many that there is something to prune from the first death on
            office.submit_import(osm, a=size)
            assert office.worker().run_next()
        before = homes_of(office.areas)
    moments = deaths(kind)
    for size, deadly in enumerate(moments, start=10):
        office = open_office(data_dir, database_url)
        with closing(office.database):
            job = submit(office, kind, osm, size)
        process = FORK.Process(target=work_once, args=(data_dir, database_url, deadly))
        process.start()
        process.join(PATIENCE_S)
        assert process.exitcode == -9 or (isinstance(deadly, float) and process.exitcode == 0), str(deadly)
        process.close()

        after = expected(kind, before, size)
        homes, told = state_now(data_dir, database_url, job.id)
        is_after = homes == after
        assert is_after or homes == before, str(deadly)
        assert (told.status is JobStatus.SUCCEEDED) is is_after, f"the job and the area differ: {deadly}"
        seen["after" if is_after else "before"] += 1

        office = open_office(data_dir, database_url)
        with closing(office.database):
            end(office, job.id)
            before = homes_of(office.areas)
            assert before == after, f"done twice, or not at all: {deadly}"
            kept = {version.key for version in office.areas.list_versions("town")}
        folders = {path.name for path in (data_dir / "areas" / "town" / "versions").iterdir()}
        # Of a version that was dropped the folder may still be there; the next import removes it.
        assert kept <= folders, str(deadly)
        assert len(folders - kept) <= is_after, str(deadly)
        assert list((data_dir / "jobs").iterdir()) == [], str(deadly)
    assert min(seen.values()) >= (2 if kind == "replace" else 4)
    assert kind == "replace" or len(moments) >= 20


def test_two_imports_of_one_area_at_once(memory_path: Path, database_url: str, osm: Path) -> None:
    data_dir = memory_path / "data"
    office = open_office(data_dir, database_url)
    with closing(office.database):
        jobs = [office.submit_import(osm, a=5 + n) for n in range(4)]
    work_at_once(data_dir, database_url, len(jobs))
    office = open_office(data_dir, database_url)
    with closing(office.database):
        assert [office.jobs.get(job.id).status for job in jobs] == [JobStatus.SUCCEEDED] * 4
        assert homes_of(office.areas)["a"] in [5 + n for n in range(4)]
        numbers = [version.number for version in office.areas.list_versions("town")]
        assert numbers == [4, 3, 2][: Settings().keep_versions]


def test_appends_at_once_all_come_in(memory_path: Path, database_url: str, osm: Path) -> None:
    data_dir = memory_path / "data"
    office = open_office(data_dir, database_url)
    with closing(office.database):
        office.submit_import(osm, a=1)
        assert office.worker().run_next()
        jobs = [office.submit_homes("append", **{f"h{n}": n}) for n in range(4)]
    work_at_once(data_dir, database_url, len(jobs))
    office = open_office(data_dir, database_url)
    with closing(office.database):
        assert [office.jobs.get(job.id).status for job in jobs] == [JobStatus.SUCCEEDED] * 4
        assert homes_of(office.areas) == {"a": 1, "h0": 0, "h1": 1, "h2": 2, "h3": 3}
        assert office.areas.list_versions("town")[0].number == 5


def work_at_once(data_dir: Path, database_url: str, count: int) -> None:
    workers = [FORK.Process(target=work_once, args=(data_dir, database_url, None)) for _ in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PATIENCE_S)
        assert worker.exitcode == 0
