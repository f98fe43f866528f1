"""Jobs in both databases: each goes to one worker, and nobody changes what is no longer theirs."""

import itertools
import threading
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain.job import Ending, JobConflictError, JobNotFoundError, JobStatus
from app.main import create_app
from app.problems import explain_failure
from app.services.job_worker import fail_lost_jobs, worker_name
from tests.jobs.conftest import Office
from tests.support.http import get_ok

DONE = Ending(JobStatus.SUCCEEDED, result={"数": [1, None, 2.5]})


def test_workers_share_the_jobs_oldest_first_and_none_twice(office: Office) -> None:
    jobs = [office.submit("any").id for _ in range(24)]
    taken: dict[str, list[str]] = {f"w{n}": [] for n in range(4)}
    ready = threading.Barrier(len(taken))

    def take_all(worker: str) -> None:
        ready.wait()
        while (job := office.jobs.store.claim(worker)) is not None:
            assert (job.status, job.worker, job.attempt) == (JobStatus.RUNNING, worker, 1)
            taken[worker].append(job.id)

    threads = [threading.Thread(target=take_all, args=(worker,)) for worker in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(itertools.chain(*taken.values())) == sorted(jobs)
    assert all(mine == sorted(mine, key=jobs.index) for mine in taken.values())


def test_a_job_from_its_beginning_to_its_end(office: Office) -> None:
    store = office.jobs.store
    job = office.submit("any")
    assert (job.status, job.attempt, job.percent, job.started_at) == (JobStatus.QUEUED, 0, None, None)
    assert store.claim("me") is not None
    assert store.beat(job.id, "me", stage="read", percent=12.5, details={"count": 7}).is_mine
    assert not store.beat(job.id, "you", stage="other", percent=99, details={}).is_mine
    told = store.get(job.id)
    assert (told.stage, told.percent, told.details) == ("read", 12.5, {"count": 7})
    assert not store.finish(job.id, "you", Ending(JobStatus.FAILED))
    assert store.finish(job.id, "me", DONE)
    ended = store.get(job.id)
    assert (ended.status, ended.result, ended.percent) == (JobStatus.SUCCEEDED, DONE.result, 100.0)
    assert (
        ended.created_at <= (ended.started_at or ended.created_at) <= (ended.finished_at or ended.created_at)
    )
    assert not store.beat(job.id, "me", stage=None, percent=None, details={}).is_mine
    for change in (store.request_cancel, store.retry):
        with pytest.raises(JobConflictError, match="succeeded"):
            change(job.id)


def test_cancelling(office: Office) -> None:
    store = office.jobs.store
    waiting, running = office.submit("any"), office.submit("any")
    assert store.request_cancel(waiting.id).status is JobStatus.CANCELLED
    taken = store.claim("me")
    assert taken is not None
    assert taken.id == running.id
    assert store.request_cancel(running.id).cancel_requested
    assert store.beat(running.id, "me", stage=None, percent=None, details={}).cancel_requested
    assert not store.hand_back(running.id, "me"), "who was asked to stop does not queue it again"
    with pytest.raises(JobNotFoundError):
        store.request_cancel("none")


def test_a_service_that_starts_knows_whose_workers_were_killed(office: Office) -> None:
    job = office.submit("any")
    office.jobs.store.claim(worker_name().replace(":", ":999999", 1))
    with TestClient(create_app(office.settings)) as client:
        told = get_ok(client, f"/v1/jobs/{job.id}")
    assert (told["status"], told["retriable"]) == ("failed", True)


@pytest.mark.parametrize(
    "worker", [worker_name().replace(":", ":999999", 1), "elsewhere:1:abc"], ids=["here", "elsewhere"]
)
def test_the_job_of_a_dead_worker_fails_and_can_be_tried_again(office: Office, worker: str) -> None:
    def sweep(lost_after_s: float) -> Any:
        return fail_lost_jobs(
            office.jobs.store, office.jobs.folders, explain_failure, lost_after_s=lost_after_s
        )

    store = office.jobs.store
    job = office.submit("any")
    store.claim(worker)
    if worker.startswith("elsewhere"):
        assert sweep(60.0) == []
        assert sweep(0.0) == [job.id]
    else:
        assert sweep(60.0) == [job.id], "its process is gone: nobody needs to wait"
    lost = store.get(job.id)
    assert (lost.status, lost.retriable) == (JobStatus.FAILED, True)
    assert lost.problem is not None
    assert lost.problem["type"] == "urn:reach15:problem:worker-died"
    assert not store.finish(job.id, worker, DONE), "it was taken from it"
    again = store.retry(job.id)
    assert (again.status, again.problem, again.retriable, again.worker) == (
        JobStatus.QUEUED,
        None,
        False,
        None,
    )
    retaken = store.claim("other")
    assert retaken is not None
    assert retaken.attempt == 2
    assert not store.finish(job.id, worker, DONE)


def test_old_input_is_let_go_of(office: Office) -> None:
    store = office.jobs.store
    job = office.submit("any")
    store.claim("me")
    store.finish(job.id, "me", Ending(JobStatus.FAILED, problem={}, retriable=True))
    assert store.expire(older_than_s=60) == []
    assert store.expire(older_than_s=-1) == [job.id]
    with pytest.raises(JobConflictError, match="send it again"):
        store.retry(job.id)


def test_lists_come_newest_first_in_pages(office: Office) -> None:
    ids = [office.submit("any").id for _ in range(5)]
    office.jobs.cancel(ids[2])
    first, matched = office.jobs.list_jobs(limit=3)
    rest, _ = office.jobs.list_jobs(limit=3, before=first[-1].id)
    assert [job.id for job in first + rest] == ids[::-1]
    assert matched == 5
    found, matched = office.jobs.list_jobs(status=JobStatus.CANCELLED)
    assert ([job.id for job in found], matched) == ([ids[2]], 1)
    assert office.jobs.list_jobs(area_id="nowhere") == ([], 0)
