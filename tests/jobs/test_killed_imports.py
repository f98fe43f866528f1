"""An import that is killed at any moment: the area is as before or as after, and the next import works."""

import multiprocessing
import random
from contextlib import closing
from pathlib import Path

from app.domain.job import JobStatus
from app.services.job_worker import Worker
from app.services.versioned_areas import VersionedAreas
from tests.jobs.conftest import Office, open_office
from tests.support.killing import Moment, arm, arm_clock

STAGES = ("study_area", "read", "network", "extent", "zones", "households_and_facilities", "hash", "store")
MOMENTS = [
    Moment("claim", after=True),
    *(Moment("progress", stage=stage) for stage in STAGES),
    Moment("progress", stage="store", after=True),
    Moment("write"),
    Moment("write", after=True),
    Moment("register"),
    Moment("register", after=True),
    Moment("remove_all_but"),
    Moment("remove_all_but", after=True),
    Moment("prune"),
    Moment("prune", after=True),
    Moment("remove", nth=2),  # the first is that of `remove_all_but`; from here on the new version stands
    Moment("remove", nth=2, after=True),
    Moment("finish"),
    Moment("finish", after=True),
]
RANDOM_TIMES = 4

FORK = multiprocessing.get_context("fork")


def work_once(data_dir: Path, database_url: str, deadly: Moment | float | None) -> None:
    """In a process of its own: one job, and death on the way."""
    if isinstance(deadly, Moment):
        arm(deadly)
    elif deadly is not None:
        arm_clock(deadly)
    open_office(data_dir, database_url).worker().run_next()


def state(areas: VersionedAreas) -> tuple[str, list[str], list[float]]:
    """What the area answers from, read from its checked files and told by the database alike."""
    area = areas.load("town")
    summary = areas.get_summary("town")
    assert summary.version == area.version
    homes = area.households
    assert summary.counts["households"] == homes.households.sum()
    return area.data_hash, homes.id.tolist(), homes.households.tolist()


def sweep_and_retry(office: Office, job_id: str) -> None:
    """What the next worker does, and then a user."""
    worker: Worker = office.worker()
    worker.sweep()
    job = office.jobs.get(job_id)
    assert job.status in (JobStatus.QUEUED, JobStatus.FAILED, JobStatus.SUCCEEDED)
    if job.status is JobStatus.FAILED:
        assert job.retriable
        office.jobs.retry(job_id)
    if job.status is not JobStatus.SUCCEEDED:
        assert worker.run_next()
    assert office.jobs.get(job_id).status is JobStatus.SUCCEEDED


def test_killed_at_every_moment(tmp_path: Path, database_url: str, osm: Path) -> None:
    data_dir = tmp_path / "data"
    chance = random.Random(15)
    deaths: list[Moment | float] = [*MOMENTS, *(chance.uniform(0.0, 0.4) for _ in range(RANDOM_TIMES))]
    assert len(deaths) >= 20
    seen = {"before": 0, "after": 0}
    office = open_office(data_dir, database_url)
    with closing(office.jobs.store._database):
        for size in (1, 2, 3):  # so many that there is something to prune from the first death on
            office.submit_import(osm, a=size)
            assert office.worker().run_next()
    before = state_now(data_dir, database_url)
    for size, deadly in enumerate(deaths, start=10):
        office = open_office(data_dir, database_url)
        with closing(office.jobs.store._database):
            job = office.submit_import(osm, a=size, b=1)
        process = FORK.Process(target=work_once, args=(data_dir, database_url, deadly))
        process.start()
        process.join(60)
        assert process.exitcode == -9 or (isinstance(deadly, float) and process.exitcode == 0), str(deadly)
        process.close()

        answers = state_now(data_dir, database_url)
        is_after = answers[1:] == (["a", "b"], [size, 1])
        assert is_after or answers == before, str(deadly)
        seen["after" if is_after else "before"] += 1

        office = open_office(data_dir, database_url)
        with closing(office.jobs.store._database):
            sweep_and_retry(office, job.id)
            before = state(office.areas)
            assert before[1:] == (["a", "b"], [size, 1]), str(deadly)
            kept = {version.key for version in office.areas.list_versions("town")}
        folders = {path.name for path in (data_dir / "areas" / "town" / "versions").iterdir()}
        assert folders == kept, f"nothing is left of what was killed {deadly}"
        assert list((data_dir / "jobs").iterdir()) == [], str(deadly)
    assert seen["before"] >= 15
    assert seen["after"] >= 4


def state_now(data_dir: Path, database_url: str) -> tuple[str, list[str], list[float]]:
    """The state as another process would see it, over connections of its own."""
    office = open_office(data_dir, database_url)
    with closing(office.jobs.store._database):
        return state(office.areas)


def test_two_imports_of_one_area_at_once(tmp_path: Path, database_url: str, osm: Path) -> None:
    data_dir = tmp_path / "data"
    office = open_office(data_dir, database_url)
    with closing(office.jobs.store._database):
        jobs = [office.submit_import(osm, a=5 + n) for n in range(4)]
    workers = [FORK.Process(target=work_once, args=(data_dir, database_url, None)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    office = open_office(data_dir, database_url)
    with closing(office.jobs.store._database):
        assert [office.jobs.get(job.id).status for job in jobs] == [JobStatus.SUCCEEDED] * 4
        assert state(office.areas)[2][0] in [5 + n for n in range(4)]
        assert len(office.areas.list_versions("town")) == office.settings.keep_versions
