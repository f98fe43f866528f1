"""`POST .../proposals/check`: answers 200 with a verdict, or says what is wrong with the question."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.routers.json_body import MOST_BODY_MB
from app.schemas.wire_gate import EXAMPLE_POLICY, EXAMPLE_PROPOSAL, CheckAnswer
from tests.support.bad_proposals import every_bad_file
from tests.support.http import PREFIX, STANDARD, check_problem
from tests.support.proposing import collection, feature

PATH = "/v1/areas/helsinki/proposals/check"
ADD = EXAMPLE_PROPOSAL
LOSSES = collection(feature("close", facility="node/349041876"))


def post(client: TestClient, body: Any, status: int = 200, path: str = PATH, **query: Any) -> Any:
    response = client.post(path, json=body, params={"standard": STANDARD, **query})
    assert response.status_code == status, response.text
    return response.json()


def test_the_documented_examples_work_and_have_their_shape(client: TestClient) -> None:
    operation = create_app().openapi()["paths"]["/v1/areas/{area}/proposals/check"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    assert operation["summary"]
    for example in content["examples"].values():
        response = client.post(PATH, json=example["value"], params={"standard": STANDARD})
        assert response.status_code == 200, response.text
        CheckAnswer.model_validate_json(response.content, strict=True, extra="forbid")
    for parameter in operation["parameters"]:
        assert parameter["description"]
        for value in parameter["schema"].get("examples", []):
            post(client, ADD, **{parameter["name"]: value})
    for status, answer in operation["responses"].items():
        kind = "application/json" if status == "200" else "application/problem+json"
        assert list(answer["content"]) == [kind]


def test_the_verdict_is_inside_the_answer(client: TestClient) -> None:
    passes = post(client, {"proposal": ADD, "policy": EXAMPLE_POLICY})
    assert (passes["verdict"], passes["exit_code"]) == ("passed", 0)
    policy = {"rules": [{"id": "g", "kind": "min_gained", "value": 1e9, "service": "supermarket"}]}
    fails = post(client, {"proposal": ADD, "policy": policy})
    assert (fails["verdict"], fails["exit_code"]) == ("failed", 1)
    # In so small an extract most households are undetermined for something.
    unknown = post(client, ADD)
    assert (unknown["verdict"], unknown["exit_code"]) == ("not_evaluated", 2)
    assert "undetermined" in unknown["rules"][0]["message"]


def test_of_the_corpus_none_is_taken(client: TestClient) -> None:
    kinds = set()
    for name, content in every_bad_file().items():
        response = client.post(
            PATH,
            content=content,
            params={"standard": STANDARD},
            headers={"Content-Type": "application/geo+json"},
        )
        assert response.status_code == 422, (name, response.text)
        assert response.headers["content-type"] == "application/problem+json"
        kinds.add(response.json()["type"])
    assert kinds == {"urn:reach15:problem:bad-input"}


def test_a_closed_supermarket_changes_households(client: TestClient) -> None:
    report = post(client, LOSSES)
    assert report["changes"]["features"]
    for item in report["changes"]["features"]:
        assert item["properties"]["service"] in {"supermarket", "market", "convenience"}
        assert item["properties"]["change"] in {"lost", "slower"}


def test_a_baseline_goes_with_the_policy(client: TestClient) -> None:
    baseline = {
        "format": "reach15-baseline",
        "version": 1,
        "area": "helsinki",
        "standard": STANDARD,
        "rules": {},
    }
    assert post(client, {"proposal": ADD, "policy": EXAMPLE_POLICY, "baseline": baseline})["exit_code"] == 0
    wrong = post(client, {"proposal": ADD, "baseline": baseline | {"area": "x"}}, 422)
    assert wrong["type"] == PREFIX + "malformed-policy"


@pytest.mark.parametrize(
    ("body", "name", "says"),
    [
        (None, "bad-input", "proposal"),
        ([], "bad-input", "proposal"),
        ({}, "bad-input", "proposal"),
        ({"proposal": ADD, "polcy": {}}, "bad-input", "unknown member 'polcy'"),
        (collection(feature("add", None, services=["x"])), "bad-input", "proposal, feature 1"),
        (collection(feature("close", facility="a", colour=1)), "bad-input", "property colour"),
        (collection(feature("close", facility="nowhere")), "bad-input", "nowhere"),
        ({"proposal": ADD, "policy": {"rules": []}}, "malformed-policy", "policy, rules"),
        (
            {
                "proposal": ADD,
                "policy": {"rules": [{"id": "a", "kind": "max_lost", "value": 0, "service": "x"}]},
            },
            "malformed-policy",
            "no service 'x'",
        ),
    ],
)
def test_malformed_questions_name_their_place(client: TestClient, body: Any, name: str, says: str) -> None:
    problem = post(client, body, 422)
    assert problem["type"] == PREFIX + name
    assert says in problem["detail"]


def test_lenient_passes_over_unknown_properties(client: TestClient) -> None:
    odd = collection(feature("close", facility="node/349041876", colour="red"))
    post(client, odd, 422)
    assert post(client, odd, lenient="true")["warnings"]


def test_other_refusals(client: TestClient) -> None:
    assert post(client, ADD, 404, "/v1/areas/atlantis/proposals/check")["type"] == PREFIX + "area-not-found"
    assert post(client, ADD, 404, standard="atlantis")["type"] == PREFIX + "standard-not-found"
    assert post(client, ADD, 422, spped=1)["type"] == PREFIX + "invalid-parameter"
    query = {"standard": STANDARD}
    broken = client.post(PATH, content=b"{\n", params=query, headers={"Content-Type": "application/json"})
    assert "line 2" in check_problem(broken, 422, "bad-input")["detail"]
    check_problem(client.post(PATH, data={"a": "b"}, params=query), 415, "not-json")
    geojson = {"Content-Type": "application/geo+json; charset=utf-8"}
    assert client.post(PATH, content=json.dumps(ADD), params=query, headers=geojson).status_code == 200
    large = client.post(PATH, content=b" " * (MOST_BODY_MB * 1_000_000 + 1), params=query, headers=geojson)
    check_problem(large, 413, "body-too-large")

    def endless() -> Any:
        for _ in range(MOST_BODY_MB + 1):
            yield b" " * 1_000_000

    chunked = client.post(PATH, content=endless(), params=query, headers=geojson)
    check_problem(chunked, 413, "body-too-large")
    check_problem(client.get(PATH, params=query), 405, "method-not-allowed")
