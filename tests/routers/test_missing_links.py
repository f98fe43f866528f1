"""Missing links over HTTP: asked in the query or the body, and each goes to the gate as it stands."""

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.schemas.wire_links import EXAMPLE, MissingLinksAnswer
from tests.support.http import check_problem

URL = "/v1/areas/helsinki/missing-links"
QUERY = f"{URL}?standard=cn-mofcom-5-8-15&service=pharmacy&limit=3"


def test_query_and_body_ask_the_same_and_the_gate_agrees(client: TestClient) -> None:
    answer = client.post(QUERY)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    MissingLinksAnswer.model_validate_json(answer.content, strict=True, extra="forbid")
    body = {"standard": "cn-mofcom-5-8-15", "service": "pharmacy", "limit": 3}
    assert client.post(URL, json=body).content == answer.content
    found = answer.json()
    assert found["complete"]
    assert found["features"]
    for item in found["features"]:
        proposal = {"type": "FeatureCollection", "features": [item["properties"]["proposal"]]}
        check = client.post("/v1/areas/helsinki/proposals/check?standard=cn-mofcom-5-8-15", json=proposal)
        gained = {
            change["properties"]["household"]
            for change in check.json()["changes"]["features"]
            if change["properties"]["service"] == "pharmacy" and change["properties"]["change"] == "gained"
        }
        assert gained == set(item["properties"]["households_gained"])
        assert len(gained) == item["properties"]["households"] > 0


def test_the_documented_example_works(client: TestClient) -> None:
    operation = create_app().openapi()["paths"]["/v1/areas/{area}/missing-links"]["post"]
    assert operation["summary"]
    for parameter in operation["parameters"]:
        assert parameter["description"], parameter["name"]
    answer = client.post(URL, json=EXAMPLE)
    assert answer.status_code == 200
    assert answer.json()["max_length_m"] == 100.0


@pytest.mark.parametrize(
    ("query", "body", "status", "problem"),
    [
        ("standard=cn-mofcom-5-8-15", None, 422, "invalid-parameter"),
        ("service=pharmacy", None, 422, "invalid-parameter"),
        ("standard=cn-mofcom-5-8-15&service=pharmacy", {"service": "market"}, 422, "invalid-parameter"),
        ("standard=cn-mofcom-5-8-15&service=pharmacy&max_length_m=501", None, 422, "invalid-parameter"),
        ("standard=cn-mofcom-5-8-15&service=pharmacy&max_compared=10001", None, 422, "invalid-parameter"),
        ("standard=cn-mofcom-5-8-15&service=pharmacy", {"max_compared": 0}, 422, "invalid-parameter"),
        ("standard=cn-mofcom-5-8-15&service=pharmacy&lenght=5", None, 422, "invalid-parameter"),
        ("standard=cn-mofcom-5-8-15&service=pharmacy", {"lenght": 5}, 422, "invalid-parameter"),
        ("standard=cn-mofcom-5-8-15&service=moon", None, 404, "service-not-found"),
        ("standard=moon&service=pharmacy", None, 404, "standard-not-found"),
        ("standard=cn-mofcom-5-8-15&service=pharmacy&weight=population", None, 422, "bad-input"),
    ],
)
def test_what_cannot_be_asked_is_a_problem(
    client: TestClient, query: str, body: object, status: int, problem: str
) -> None:
    answer = client.post(f"{URL}?{query}", json=body) if body else client.post(f"{URL}?{query}")
    check_problem(answer, status, problem)


def test_an_unknown_area_is_a_problem(client: TestClient) -> None:
    assert client.post(QUERY.replace("helsinki", "moon")).status_code == 404
