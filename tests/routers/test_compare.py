"""`POST .../proposals/compare`: several proposals and scenarios side by side."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.schemas.wire_gate import EXAMPLE_PROPOSAL, EXAMPLE_SCENARIO
from app.schemas.wire_side_by_side import SideBySideAnswer
from app.services.side_by_side import MOST_COMPARED
from tests.support.http import PREFIX, STANDARD
from tests.support.proposing import collection, feature

PATH = "/v1/areas/helsinki/proposals/compare"
CLOSE = collection(feature("close", facility="node/349041876"))
BOTH = {"proposals": {"b": EXAMPLE_PROPOSAL, "关": CLOSE}, "scenarios": [EXAMPLE_SCENARIO]}


def post(client: TestClient, body: Any, status: int = 200, path: str = PATH, **query: Any) -> Any:
    response = client.post(path, json=body, params={"standard": STANDARD, **query})
    assert response.status_code == status, response.text
    if status == 200:
        SideBySideAnswer.model_validate_json(response.content, strict=True, extra="forbid")
    return response.json()


def test_the_documented_examples_work_and_have_their_shape(client: TestClient) -> None:
    operation = create_app().openapi()["paths"]["/v1/areas/{area}/proposals/compare"]["post"]
    for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
        post(client, example["value"])
    for parameter in operation["parameters"]:
        assert parameter["description"]
        for value in parameter["schema"].get("examples", []):
            post(client, {"proposals": {"a": EXAMPLE_PROPOSAL}}, **{parameter["name"]: value})
    for status, answer in operation["responses"].items():
        kind = "application/json" if status == "200" else "application/problem+json"
        assert list(answer["content"]) == [kind]


def test_each_is_what_a_check_of_it_alone_says(client: TestClient) -> None:
    answer = post(client, BOTH, households="true")
    assert [row["rank"] for row in answer["proposals"]] == [1, 2, 3]
    rows = {row["name"]: row for row in answer["proposals"]}
    assert set(rows) == {"b", "关", EXAMPLE_SCENARIO}
    assert rows["b"]["net"] == rows[EXAMPLE_SCENARIO]["net"]
    assert [row["name"] for row in answer["proposals"]][-1] == "关"
    for name, document in (("b", EXAMPLE_PROPOSAL), (EXAMPLE_SCENARIO, EXAMPLE_PROPOSAL), ("关", CLOSE)):
        alone = client.post(PATH.replace("compare", "check"), json=document, params={"standard": STANDARD})
        check = alone.json()
        assert rows[name]["changes"] == check["changes"]
        assert (answer["before"], rows[name]["after"]) == (check["before"], check["after"])
        assert rows[name]["difference"]["changes"] == check["difference"]["changes"]
        assert rows[name]["lost"] == check["difference"]["lost_any"]
    assert post(client, {"proposals": {"b": EXAMPLE_PROPOSAL}})["proposals"][0]["rank"] == 1


@pytest.mark.parametrize(
    ("body", "status", "name", "says"),
    [
        ([], 422, "bad-input", "is no object"),
        ({}, 422, "bad-input", "are 0"),
        ({"proposal": CLOSE}, 422, "bad-input", "unknown member 'proposal'"),
        ({"proposals": [CLOSE]}, 422, "bad-input", "body, proposals"),
        ({"proposals": {"": CLOSE}}, 422, "bad-input", "body, proposals"),
        ({"scenarios": "a"}, 422, "bad-input", "body, scenarios"),
        ({"scenarios": [EXAMPLE_SCENARIO] * 2}, 422, "bad-input", "twice"),
        ({"scenarios": ["none"]}, 404, "scenario-not-found", "'none'"),
        (
            {"proposals": {EXAMPLE_SCENARIO: CLOSE}, "scenarios": [EXAMPLE_SCENARIO]},
            422,
            "bad-input",
            "another name",
        ),
        ({"proposals": {"a": {}}}, 422, "bad-input", "proposal 'a'"),
        (
            {"proposals": {"a": collection(feature("close", facility="x"))}},
            422,
            "bad-input",
            "proposal 'a', feature 1, property facility",
        ),
        (
            {"proposals": {str(n): CLOSE for n in range(MOST_COMPARED + 1)}},
            422,
            "bad-input",
            f"1 to {MOST_COMPARED}",
        ),
    ],
)
def test_malformed_questions_name_their_place(
    client: TestClient, body: Any, status: int, name: str, says: str
) -> None:
    problem = post(client, body, status)
    assert problem["type"] == PREFIX + name
    assert says in problem["detail"]


def test_other_refusals(client: TestClient) -> None:
    assert post(client, BOTH, 404, PATH.replace("helsinki", "x"))["type"] == PREFIX + "area-not-found"
    assert post(client, BOTH, 404, by="zone")["type"] == PREFIX + "no-zones"
    assert post(client, BOTH, 422, weight="population")["type"] == PREFIX + "invalid-parameter"
    assert post(client, BOTH, 422, weigth="points")["type"] == PREFIX + "invalid-parameter"
    assert client.post(PATH, data={"a": "b"}, params={"standard": STANDARD}).status_code == 415
