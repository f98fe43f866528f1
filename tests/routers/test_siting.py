"""Siting over HTTP: a question becomes a job, a worker answers it, and wrong questions are refused at once."""

import random
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.wiring import open_database
from tests.support.http import check_problem
from tests.support.own_standard import OWN, as_yaml, own_standard
from tests.support.processes import PATIENCE_S
from tests.support.workers import make_worker

URL = "/v1/areas/helsinki/siting"
BODY = {"standard": "cn-mofcom-5-8-15", "services": ["pharmacy"], "sites": 2, "ignore_existing": True}
LOTS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"id": f"lot-{n}"},
            "geometry": {"type": "Point", "coordinates": [24.94 + n / 500, 60.17]},
        }
        for n in range(3)
    ],
}
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def data_dir(demo_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(demo_data_dir, tmp_path_factory.mktemp("siting") / "data")


@pytest.fixture(scope="module")
def service(data_dir: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(data_dir=data_dir))) as client:
        yield client


@pytest.fixture
def work(data_dir: Path) -> Iterator[Callable[[], bool]]:
    """A worker's turn: it does the oldest waiting job."""
    settings = Settings(data_dir=data_dir)
    with closing(open_database(settings)) as database:
        yield make_worker(settings, database).run_next


@pytest.fixture
def ask(service: TestClient, work: Callable[[], bool]) -> Ask:
    """Ask, let a worker do the job, and return it."""

    def run(**changes: Any) -> Any:
        response = service.post(URL, json=BODY | changes)
        assert response.status_code == 202, response.text
        assert work()
        return service.get(response.headers["location"]).json()

    return run


def hard_question() -> dict[str, Any]:
    """Three hundred lots whose cost rises with what they can serve: proving the best takes minutes."""
    draw = random.Random(15)
    capacities = [draw.randint(12, 50) for _ in range(300)]
    lots = [
        {
            "type": "Feature",
            "properties": {
                "id": f"lot-{n:03}",
                "cost": round((capacity + 10) / 20, 2),
                "capacity": capacity,
            },
            "geometry": {
                "type": "Point",
                "coordinates": [draw.uniform(24.9352, 24.9534), draw.uniform(60.1642, 60.1791)],
            },
        }
        for n, capacity in enumerate(capacities)
    ]
    return BODY | {"candidates": LOTS | {"features": lots}, "sites": 60, "budget": 60, "time_limit_s": 600}


@pytest.mark.parametrize("how", ["DELETE", "POST"])
def test_a_running_search_that_is_cancelled_ends_with_the_best_answer_so_far(
    service: TestClient, work: Callable[[], bool], how: str
) -> None:
    response = service.post(URL, json=hard_question())
    assert response.status_code == 202, response.text
    where = response.headers["location"]
    with ThreadPoolExecutor(1) as pool:
        worked = pool.submit(work)
        seen = await_job(
            service, where, worked, lambda job: job["stage"] == "solving" and job["details"].get("gap")
        )
        assert seen["status"] == "running"
        cancelled = service.request(how, where if how == "DELETE" else f"{where}/cancel")
        assert cancelled.status_code == 202
        assert worked.result(PATIENCE_S)
    job = service.get(where).json()
    assert (job["status"], job["problem"]) == ("cancelled", None)
    answer = job["report"]
    assert answer["status"] == "cancelled"
    incumbent, bound = seen["details"]["incumbent"], seen["details"]["bound"]
    assert 0 < incumbent - 1e-3 <= answer["objective"] < answer["bound"] <= bound + 1e-3
    assert answer["gap"] == pytest.approx(1 - answer["objective"] / answer["bound"], abs=1e-6)
    assert sum(site["gained"] for site in answer["sites"]) == pytest.approx(answer["objective"], abs=0.1)
    assert answer["cost"] <= 60
    assert answer["recheck"]["agrees"]


def await_job(
    service: TestClient, where: str, worked: Future[bool], is_so: Callable[[dict[str, Any]], Any]
) -> dict[str, Any]:
    """The running job once something is so; each look waits a little for its worker, which must not end before."""
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        job: dict[str, Any] = service.get(where).json()
        if is_so(job):
            return job
        done, _ = wait([worked], timeout=0.05)
        assert not done, service.get(where).json()
    raise AssertionError(f"not so within {PATIENCE_S} s: {job}")


def test_a_search_out_of_time_succeeds_with_the_best_answer_so_far(ask: Ask) -> None:
    job = ask(**hard_question() | {"time_limit_s": 4})
    assert (job["status"], job["report"]["status"]) == ("succeeded", "time_limit")
    assert 0 < job["report"]["objective"] < job["report"]["bound"]
    assert 0 < job["report"]["gap"] < 1
    assert job["report"]["recheck"]["agrees"]


def test_a_job_answers_as_the_command_does(ask: Ask) -> None:
    job = ask(candidates=LOTS)
    assert (job["status"], job["kind"], job["area"]) == ("succeeded", "siting", "helsinki"), job["problem"]
    answer = job["report"]
    assert answer["gap"] == 0
    assert answer["objective"] == answer["bound"] == sum(site["gained"] for site in answer["sites"]) > 0
    assert {site["id"] for site in answer["sites"]} <= {"lot-0", "lot-1", "lot-2"}
    assert answer["recheck"]["agrees"]
    assert ask(grid_m=200, sites=None, target=0.5)["report"]["least_sites"] >= 1


def test_a_target_out_of_reach_fails_and_names_households(ask: Ask) -> None:
    job = ask(candidates=LOTS | {"features": LOTS["features"][:1]}, sites=None, target=1.0, speed_mps=0.1)
    assert job["status"] == "failed"
    assert job["problem"]["type"] == "urn:reach15:problem:infeasible-siting"
    assert job["problem"]["households"]
    assert not job["retriable"]


@pytest.mark.parametrize(
    ("changes", "at_fault"),
    [
        ({"sites": None}, "sites"),
        ({"target": 0.5}, "sites"),
        ({"sites": 0}, "sites"),
        ({"sites": None, "target": 1.5}, "target"),
        ({"sties": 3}, "sties"),
        ({"services": []}, "services"),
        ({"grid_m": 100, "candidates": LOTS}, "grid_m"),
        ({"lock": ["existing"]}, "lock"),
        ({"budget": -1}, "budget"),
        ({"time_limit_s": 0}, "time_limit_s"),
        ({"grid_m": 1}, None),
        ({"weight": "population"}, None),
        ({"candidates": {"type": "FeatureCollection", "features": []}}, None),
        ({"candidates": {"type": "Moon"}}, None),
        ({"exclude": {"type": "Moon"}}, None),
        ({"fair": True, "sites": None, "target": 0.5}, None),
    ],
)
def test_wrong_questions_are_refused_at_once(
    service: TestClient, data_dir: Path, changes: dict[str, Any], at_fault: str | None
) -> None:
    response = service.post(URL, json=BODY | changes)
    problem = check_problem(response, 422, "bad-input" if at_fault is None else "invalid-parameter")
    assert str(data_dir) not in problem["detail"]
    if at_fault is not None:
        assert at_fault in [error["parameter"] for error in problem["errors"]]


def test_unknown_things_are_not_found(service: TestClient) -> None:
    assert service.post("/v1/areas/moon/siting", json=BODY).status_code == 404
    assert service.post(URL, json=BODY | {"services": ["moon"]}).status_code == 404
    assert service.post(URL, json=BODY | {"standard": "moon"}).status_code == 404


def test_a_worker_knows_standards_of_ones_own(ask: Ask, service: TestClient) -> None:
    kept = service.put(f"/v1/standards/{OWN}", content=as_yaml(own_standard()))
    assert kept.status_code == 201, kept.text
    job = ask(standard=OWN, services=["bread"])
    assert job["status"] == "succeeded", job
    assert job["report"]["standard"]["id"] == OWN
