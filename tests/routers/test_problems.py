import importlib
import json
import pkgutil
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import app
from app.domain.errors import BadInputError, DownloadError, Reach15Error
from app.geo.errors import GeoError, InvalidInputArrayError, InvalidSpeedError
from app.problems import METHOD_NOT_ALLOWED, NO_SUCH_PATH, PROBLEMS, TYPE_PREFIX, add_problem_handlers
from app.schemas.wire_gate import EXAMPLE_PROPOSAL
from tests.support.http import STANDARD, check_problem, get_problem

DOCS = Path(__file__).parents[2] / "docs" / "problems.md"
KINDS = {kind.name: kind for kind in (*PROBLEMS.values(), NO_SUCH_PATH, METHOD_NOT_ALLOWED)}


def error_classes() -> Iterator[type[Exception]]:
    """Every error that the service may meet; those of the command line never get there."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.startswith("app.cli"):
            importlib.import_module(module.name)
    waiting: list[type[Exception]] = [Reach15Error, GeoError]
    while waiting:
        error_class = waiting.pop()
        if not error_class.__module__.startswith(("app.cli", "tests")):
            yield error_class
        waiting.extend(error_class.__subclasses__())


def raising(error: Exception) -> TestClient:
    """A service whose only address raises an error."""
    service = FastAPI()
    add_problem_handlers(service)

    def raise_it() -> None:
        raise error

    service.add_api_route("/raise", raise_it)
    return TestClient(service)


def test_every_error_class_has_its_own_row() -> None:
    classes = set(error_classes())
    assert len(classes) > 10
    assert {error_class.__name__ for error_class in classes - set(PROBLEMS)} == set()


def test_a_type_means_one_thing() -> None:
    rows = [*PROBLEMS.values(), NO_SUCH_PATH, METHOD_NOT_ALLOWED]
    for name, kind in KINDS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert {(row.status, row.title) for row in rows if row.name == name} == {(kind.status, kind.title)}


def test_every_type_is_explained() -> None:
    explained = re.findall(rf"^## `{TYPE_PREFIX}([a-z-]+)` \((\d+)\)$", DOCS.read_text("utf-8"), re.MULTILINE)
    assert sorted(explained) == sorted((kind.name, str(kind.status)) for kind in KINDS.values())


def test_the_user_hears_of_bad_input() -> None:
    problem = get_problem(
        raising(BadInputError("households.csv", "row 3: lat 91")), "/raise", 422, "bad-input"
    )
    assert problem["detail"] == "households.csv: row 3: lat 91"


def test_facts_are_told_and_are_json() -> None:
    assert get_problem(raising(InvalidSpeedError(99.0)), "/raise", 422, "invalid-speed")["speed_mps"] == 99.0
    assert (
        get_problem(raising(InvalidSpeedError(float("nan"))), "/raise", 422, "invalid-speed")["speed_mps"]
        is None
    )


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (DownloadError("https://overpass.example", "secret"), 502, "download-failed"),
        (InvalidInputArrayError("secret", "secret"), 500, "internal-error"),
        (ZeroDivisionError("secret"), 500, "internal-error"),
        (KeyError("secret"), 500, "internal-error"),
    ],
)
def test_our_own_troubles_go_to_the_log_alone(
    error: Exception, status: int, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    problem = get_problem(raising(error), "/raise", status, name)
    assert "secret" not in str(problem)
    assert "overpass.example" not in str(problem)
    (record,) = [record for record in caplog.records if record.name == "app.problems"]
    assert "secret" in caplog.text
    assert "Traceback" in caplog.text
    assert record.levelname == "ERROR"


def test_a_page_elsewhere_may_read_problems_too(client: TestClient) -> None:
    for path in ("/v1/areas", "/nowhere", "/v1/areas/atlantis"):
        response = client.get(path, headers={"Origin": "https://map.example"})
        assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/areas", "/v1/areas/", "/v1/areas/helsinki/cover", "/京"])
def test_nothing_there(client: TestClient, path: str) -> None:
    get_problem(client, path, 404, "no-such-path")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/areas", "GET, HEAD, POST"),
        ("PATCH", "/v1/areas/helsinki", "DELETE, GET, HEAD"),
        ("POST", "/v1/areas/helsinki/coverage", "GET, HEAD"),
    ],
)
def test_methods_that_an_address_does_not_take(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)
    check_problem(response, 405, METHOD_NOT_ALLOWED.name)
    assert response.headers["allow"] == allowed


def test_head_answers_like_get(client: TestClient) -> None:
    for path in ("/health/ready", "/v1/areas", "/nowhere"):
        head, get = client.head(path), client.get(path)
        assert head.status_code == get.status_code
        assert head.content == b""
        assert head.headers["content-type"] == get.headers["content-type"]
        assert head.headers["content-length"] == str(len(get.content))


@pytest.mark.parametrize(
    "path",
    ["/v1/areas", "/v1/areas/helsinki", "/v1/standards", f"/v1/standards/{STANDARD}",
     "/v1/areas/helsinki/coverage", "/v1/areas/helsinki/households", "/v1/areas/helsinki/households/way/1",
     "/v1/areas/helsinki/households/way/1/explain",
     "/v1/areas/helsinki/facilities"],
)  # fmt: skip
def test_misspelt_parameters_are_problems(client: TestClient, path: str) -> None:
    problem = get_problem(client, path, 422, "invalid-parameter", sevice="supermarket", Standard=STANDARD)
    assert [error["parameter"] for error in problem["errors"]] == ["sevice", "Standard"]
    assert "this address takes" in problem["detail"]


def test_repeated_parameters_are_problems(client: TestClient) -> None:
    response = client.get(f"/v1/areas/helsinki/coverage?standard={STANDARD}&standard={STANDARD}")
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"parameter": "standard", "in": "query", "message": "is given more than once; give it once"}
    ]


@pytest.mark.parametrize(
    "path",
    [
        f"missing-links?standard={STANDARD}&service=pharmacy",
        f"snapshots?standard={STANDARD}",
        "siting",
        "isochrones",
        "rollback",
    ],
)
def test_bodies_that_cannot_be_read_are_problems(client: TestClient, path: str) -> None:
    address = f"/v1/areas/helsinki/{path}"
    for body in (b'"\xff"', b"[" * 5000, b'{"a": ' + b"9" * 6000 + b"}", b"[[[[[", b'{"a": NaN}'):
        answer = client.post(address, content=body, headers={"Content-Type": "application/json"})
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (422, f"{TYPE_PREFIX}bad-input"), problem
        assert problem["detail"].startswith("body, line 1, character "), problem
    answer = client.post(address, content=b"<a/>", headers={"Content-Type": "text/xml"})
    assert (answer.status_code, answer.json()["type"]) == (415, f"{TYPE_PREFIX}not-json")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"proposals/check?standard={STANDARD}", EXAMPLE_PROPOSAL),
        (f"proposals/compare?standard={STANDARD}", {"proposals": {"a": EXAMPLE_PROPOSAL}}),
        ("isochrones", {"origins": [{"lon": 24.94, "lat": 60.17}], "minutes": [5]}),
    ],
)
def test_a_byte_order_mark_before_a_body_says_nothing(client: TestClient, path: str, body: object) -> None:
    content = json.dumps(body).encode()
    plain, marked = (
        client.post(
            f"/v1/areas/helsinki/{path}", content=mark + content, headers={"Content-Type": "application/json"}
        )
        for mark in (b"", BOM_UTF8)
    )
    assert (marked.status_code, marked.content) == (200, plain.content)
