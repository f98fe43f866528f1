"""Siting over HTTP: a question becomes a job, a worker answers it, and wrong questions are refused at once."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.dependencies import build_job_service, build_standard_service
from app.main import create_app
from app.problems import explain_failure
from app.schemas.siting_job import SITING
from app.services.job_worker import Worker
from app.settings import Settings
from app.wiring import open_database
from tests.support.own_standard import OWN, as_yaml, own_standard
from tests.support.stores import area_store

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
def ask(service: TestClient, data_dir: Path) -> Ask:
    """Ask, let a worker do the job, and return it."""

    def run(**changes: Any) -> Any:
        response = service.post(URL, json=BODY | changes)
        assert response.status_code == 202, response.text
        settings = Settings(data_dir=data_dir)
        database = open_database(settings)
        jobs = build_job_service(settings, database)
        worker = Worker(
            jobs,
            area_store(settings.data_path),
            build_standard_service(database),
            settings,
            kinds={SITING.name: SITING},
            explain=explain_failure,
            stop=threading.Event(),
            abandon=lambda: None,
        )
        assert worker.run_next()
        database.close()
        return service.get(response.headers["location"]).json()

    return run


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
    assert response.status_code == 422, response.text
    problem = response.json()
    assert str(data_dir) not in problem["detail"]
    if at_fault is not None:
        assert at_fault in [error["parameter"] for error in problem["errors"]]
    else:
        assert problem["type"] == "urn:reach15:problem:bad-input"


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
