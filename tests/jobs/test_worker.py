"""What a worker does with a job that ends well, badly, too late or not at all."""

import errno
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.db.repositories.jobs import DatabaseJobStore
from app.domain.area import Area
from app.domain.errors import BadInputError, DatabaseUnavailableError, DownloadError
from app.domain.job import Ending, JobStatus
from app.domain.row_report import RejectedRow, RowReport, RowsRejectedError
from app.problems import explain_failure
from app.services.job_context import JobContext, JobKind, JobResult
from app.services.job_worker import MOST_ATTEMPTS, fail_lost_jobs
from app.services.jobs import JobService, eta_s
from app.store.artifacts import ArtifactFolder
from tests.jobs.conftest import Office
from tests.support.processes import PATIENCE_S


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite is enough here."""
    return f"sqlite:///{tmp_path / 'jobs.sqlite'}"


def leftovers(office: Office) -> list[Path]:
    return list((office.settings.data_path / "jobs").iterdir())


def test_a_job_tells_its_progress_and_keeps_its_files(office: Office) -> None:
    def work(context: JobContext) -> JobResult:
        context.progress("first", 10.0, {"gap": 0.5})
        told = office.jobs.get(context.job.id)
        assert (told.stage, told.percent, told.details) == ("first", 10.0, {"gap": 0.5})
        (context.outputs / "links.geojson").write_text("{}")
        return JobResult({"is": "done"})

    job = office.run(work)
    assert (job.status, job.result) == (JobStatus.SUCCEEDED, {"is": "done"})
    assert office.jobs.folders.output_names(job.id) == ["links.geojson"]


def test_how_long_it_takes_is_told_once_there_is_a_pace(office: Office) -> None:
    told: list[float | None] = []

    def work(context: JobContext) -> JobResult:
        for percent in (5.0, 10.0, 50.0):
            context.progress(f"at {percent}", percent)
            job = office.jobs.get(context.job.id)
            assert job.started_at is not None
            told.append(eta_s(job, job.started_at + timedelta(seconds=6)))
        return JobResult({})

    office.run(work)
    assert told == [None, None, 6.0]


@pytest.mark.parametrize(
    ("error", "name", "retriable"),
    [
        (BadInputError("{folder}/osm/x.pbf", "is none"), "bad-input", False),
        (DownloadError("https://example", "down"), "download-failed", True),
        (OSError(errno.ENOSPC, "No space left"), "storage-full", True),
        (ZeroDivisionError("ours"), "internal-error", True),
        (MemoryError(), "internal-error", True),
    ],
)
def test_a_job_that_fails_says_why(office: Office, error: Exception, name: str, retriable: bool) -> None:
    def work(context: JobContext) -> JobResult:
        context.inputs.mkdir()
        if isinstance(error, BadInputError):
            raise BadInputError(f"{context.inputs}/osm/x.pbf", "is none")
        raise error

    job = office.run(work)
    assert (job.status, job.retriable) == (JobStatus.FAILED, retriable)
    assert job.problem is not None
    assert job.problem["type"] == f"urn:reach15:problem:{name}"
    assert job.problem["instance"] == f"/v1/jobs/{job.id}"
    assert str(office.settings.data_path) not in str(job.problem)
    assert bool(leftovers(office)) is retriable, "what was sent is kept for another try, and only for that"


def test_bad_rows_are_listed(office: Office) -> None:
    def work(_: JobContext) -> JobResult:
        rows = RowReport((RejectedRow(3, "lat", "91", "too far north"),))
        raise RowsRejectedError("homes.csv", "row 3", {"households": rows})

    job = office.run(work)
    assert job.problem is not None
    assert (job.problem["status"], job.problem["file"]) == (422, "households")
    rejected = [{"row": 3, "column": "lat", "value": "91", "reason": "too far north"}]
    assert job.problem["rows"] == {"rejected": rejected, "repaired": []}


def test_a_cancelled_job_stops_at_its_next_step(office: Office) -> None:
    def work(context: JobContext) -> JobResult:
        office.jobs.cancel(context.job.id)
        context.progress("next")
        raise AssertionError("went on")

    job = office.run(work)
    assert (job.status, job.result, job.problem) == (JobStatus.CANCELLED, None, None)
    assert leftovers(office) == []


def test_a_cancelled_job_may_hand_over_the_best_it_has(office: Office) -> None:
    def work(context: JobContext) -> JobResult:
        office.jobs.cancel(context.job.id)
        assert context.state.cancelled.wait(PATIENCE_S), "heard of by itself, without a step"
        assert context.is_cancelled()
        return JobResult({"sites": [1]}, complete=False)

    job = office.run(work)
    assert (job.status, job.result) == (JobStatus.CANCELLED, {"sites": [1]})


def test_a_worker_that_stops_hands_its_job_back(office: Office) -> None:
    stop = threading.Event()

    def work(context: JobContext) -> JobResult:
        stop.set()
        assert context.state.stopped.wait(PATIENCE_S)
        context.progress("next")
        raise AssertionError("went on")

    job = office.submit("any")
    office.worker({"any": JobKind("any", work)}, stop).run()
    back = office.jobs.get(job.id)
    assert (back.status, back.worker, back.stage) == (JobStatus.QUEUED, None, None)
    assert office.run(lambda _: JobResult({}), back).status is JobStatus.SUCCEEDED


def test_a_worker_that_lost_its_job_stores_nothing(office: Office) -> None:
    def work(context: JobContext) -> JobResult:
        assert context.job.worker is not None
        ending = Ending(JobStatus.FAILED, problem={}, retriable=True)
        assert office.jobs.store.fail_lost(context.job.id, context.job.worker, ending, silent_s=0.0)
        context.progress("store")
        raise AssertionError("went on")

    job = office.run(work)
    assert (job.status, job.retriable) == (JobStatus.FAILED, True)


def test_a_database_that_goes_away_is_waited_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    away = threading.Event()
    refused = []

    def guarded(name: str) -> Any:
        original = getattr(DatabaseJobStore, name)

        def call(*arguments: Any, **options: Any) -> Any:
            if away.is_set():
                refused.append(name)
                if refused.count("finish") == 2:
                    away.clear()
                raise DatabaseUnavailableError("here", "is away")
            return original(*arguments, **options)

        return call

    for name in ("beat", "finish"):
        monkeypatch.setattr(DatabaseJobStore, name, guarded(name))

    def work(context: JobContext) -> JobResult:
        away.set()
        context.progress("next")
        return JobResult({"kept": True})

    job = office.run(work)
    assert (job.status, job.result) == (JobStatus.SUCCEEDED, {"kept": True})
    assert {"beat", "finish"} <= set(refused)


def test_a_job_that_lost_the_database_begins_anew(office: Office) -> None:
    def work(_: JobContext) -> JobResult:
        raise DatabaseUnavailableError("here", "is away")

    job = office.submit("any")
    for attempt in range(1, MOST_ATTEMPTS):
        job = office.run(work, job)
        assert (job.status, job.attempt, job.problem) == (JobStatus.QUEUED, attempt, None)
    job = office.run(work, job)
    assert (job.status, job.retriable) == (JobStatus.FAILED, True)
    assert job.problem is not None
    assert job.problem["type"] == "urn:reach15:problem:database-unavailable"


def test_a_job_that_is_cancelled_while_it_stores_keeps_nothing(
    office: Office, osm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = ArtifactFolder.write
    job = office.submit_import(osm, a=3)

    def write_and_cancel(self: ArtifactFolder, area: Area) -> str:
        key = write(self, area)
        assert office.jobs.cancel(job.id).cancel_requested
        return key

    monkeypatch.setattr(ArtifactFolder, "write", write_and_cancel)
    assert office.worker().run_next()
    assert office.jobs.get(job.id).status is JobStatus.CANCELLED
    assert office.areas.list_areas() == ()
    assert list((office.settings.data_path / "areas" / "town" / "versions").iterdir()) == []


def test_what_was_saved_is_done_although_its_worker_is_silent(
    office: Office, osm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = office.submit_import(osm, a=3)
    finish = DatabaseJobStore.finish

    def sweep_first(self: DatabaseJobStore, job_id: str, worker: str, ending: Ending) -> bool:
        assert fail_lost_jobs(self, office.jobs.folders, explain_failure, lost_after_s=0.0) == []
        return finish(self, job_id, worker, ending)

    monkeypatch.setattr(DatabaseJobStore, "finish", sweep_first)
    assert office.worker().run_next()
    done = office.jobs.get(job.id)
    assert (done.status, done.percent) == (JobStatus.SUCCEEDED, 100.0)
    assert done.result == office.areas.describe("town")[1].__dict__ | {"warnings": []}
    assert leftovers(office) == []


def test_what_a_killed_server_left_is_removed(office: Office) -> None:
    folders = office.jobs.folders
    (folders.inputs("orphan") / "osm").mkdir(parents=True)
    kept = office.submit("any")
    folders.inputs(kept.id).mkdir(parents=True)
    with folders.receive("arriving"):
        office.worker().sweep()
        assert {path.name for path in leftovers(office)} == {kept.id, "arriving"}
    office.worker().sweep()
    assert [path.name for path in leftovers(office)] == [kept.id]


def test_an_import_as_a_job(office: Office, osm: Path) -> None:
    job = office.submit_import(osm, a=3, b=4)
    office.worker().run_next()
    done = JobService.get(office.jobs, job.id)
    assert done.status is JobStatus.SUCCEEDED, done.problem
    assert done.result is not None
    assert done.result["source"] == "town.osm.pbf"
    assert office.areas.describe("town")[0].counts["households"] == 7
    assert leftovers(office) == []
