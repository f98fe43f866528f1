"""The OpenAPI document is true: its examples work, and answers have the shapes that it tells."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from app.main import create_app
from app.schemas import (
    wire,
    wire_audit,
    wire_explain,
    wire_features,
    wire_isochrones,
    wire_jobs,
    wire_scenarios,
    wire_siting,
    wire_snapshots,
    wire_versions,
)

DOCUMENT = create_app().openapi()
NOT_JSON = ("/v1/jobs/{job_id}/report.csv", "/v1/jobs/{job_id}/files/{name}")
PATHS = [path for path, methods in DOCUMENT["paths"].items() if "get" in methods and path not in NOT_JSON]
MODELS = {
    "/health/live": wire.LiveAnswer,
    "/health/ready": wire.ReadyAnswer,
    "/v1/areas": wire.AreasAnswer,
    "/v1/areas/{area}": wire.AreaAnswer,
    "/v1/audit": wire_audit.AuditAnswer,
    "/v1/jobs": wire_jobs.JobsAnswer,
    "/v1/jobs/{job_id}": wire_jobs.JobAnswer,
    "/v1/standards": wire.StandardsAnswer,
    "/v1/standards/{standard}": wire.StandardAnswer,
    "/v1/areas/{area}/coverage": wire.CoverageAnswer,
    "/v1/areas/{area}/households": wire_features.HouseholdsAnswer,
    "/v1/areas/{area}/households/{household_id}": wire_features.HouseholdAnswer,
    "/v1/areas/{area}/households/{household_id}/explain": wire_explain.ExplainAnswer,
    "/v1/areas/{area}/facilities": wire_features.FacilitiesAnswer,
    "/v1/areas/{area}/isochrones": wire_isochrones.IsochronesAnswer,
    "/v1/areas/{area}/versions": wire_versions.VersionsAnswer,
    "/v1/areas/{area}/scenarios": wire_scenarios.ScenariosAnswer,
    "/v1/areas/{area}/scenarios/{name}": wire_scenarios.ScenarioDocument,
    "/v1/areas/{area}/siting/heat": wire_siting.HeatAnswer,
    "/v1/areas/{area}/snapshots": wire_snapshots.SnapshotsAnswer,
    "/v1/areas/{area}/snapshots/{snapshot_id}": wire_snapshots.SnapshotAnswer,
    "/v1/areas/{area}/snapshots/{snapshot_id}/difference": wire_snapshots.SnapshotDifference,
    "/v1/areas/{area}/zones": wire_features.ZonesAnswer,
}
INSTEAD: dict[str, dict[str, tuple[str, ...]]] = {
    "/v1/areas/{area}/isochrones": {"facility": ("lon", "lat"), "service": ("lon", "lat")}
}
"""Parameters that stand instead of others; the others are taken for required."""


def parameters(path: str) -> list[Any]:
    return DOCUMENT["paths"][path]["get"].get("parameters", [])


def examples(parameter: dict[str, Any]) -> list[Any]:
    named = [example["value"] for example in parameter.get("examples", {}).values()]
    return named + parameter["schema"].get("examples", [])


def ask(client: TestClient, path: str, chosen: dict[str, Any]) -> Any:
    inside = {item["name"] for item in parameters(path) if item["in"] == "path"}
    address = path.format_map({name: quote(str(chosen[name])) for name in inside})
    query = {name: value for name, value in chosen.items() if name not in inside}
    return client.get(address, params=query)


def required(path: str) -> dict[str, Any]:
    known = {item["name"]: examples(item)[0] for item in parameters(path)}
    needed = {item["name"] for item in parameters(path) if item["required"]}
    if path in INSTEAD:
        needed |= {"lon", "lat", "minutes"}
    return {name: value for name, value in known.items() if name in needed}


def with_value(path: str, chosen: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    left_out = INSTEAD.get(path, {}).get(name, ())
    more = {"standard": "cn-mofcom-5-8-15"} if left_out and name == "service" else {}
    return {key: old for key, old in chosen.items() if key not in left_out} | more | {name: value}


def test_every_address_is_documented() -> None:
    assert set(MODELS) == set(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_every_parameter_is_described_and_has_an_example(path: str) -> None:
    assert DOCUMENT["paths"][path]["get"]["summary"]
    for parameter in parameters(path):
        assert parameter["description"]
        assert examples(parameter), parameter["name"]


@pytest.mark.parametrize("path", PATHS)
def test_every_example_works(client: TestClient, path: str) -> None:
    assert ask(client, path, required(path)).status_code == 200
    for parameter in parameters(path):
        for value in examples(parameter):
            response = ask(client, path, with_value(path, required(path), parameter["name"], value))
            assert response.status_code == 200, response.text
    all_at_once = {
        parameter["name"]: examples(parameter)[0]
        for parameter in parameters(path)
        if parameter["name"] not in INSTEAD.get(path, {})
    }
    assert ask(client, path, all_at_once).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_answers_have_their_documented_shape(client: TestClient, path: str) -> None:
    response = ask(client, path, required(path))
    documented = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]
    assert response.headers["content-type"] in documented
    model: type[BaseModel] = MODELS[path]
    model.model_validate_json(response.content, strict=True, extra="forbid")
    content = documented[response.headers["content-type"]]
    assert content["schema"] == {"$ref": f"#/components/schemas/{model.__name__}"}


@pytest.mark.parametrize("path", [path for path in PATHS if path.startswith("/v1")])
def test_example_answers_look_like_real_ones(client: TestClient, path: str) -> None:
    contents = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"].values()
    (content,) = [content for content in contents if "example" in content]
    MODELS[path].model_validate(content["example"], extra="forbid")
    assert set(content["example"]) == set(ask(client, path, required(path)).json())


@pytest.mark.parametrize("path", PATHS)
def test_problems_are_documented(path: str) -> None:
    for status, response in DOCUMENT["paths"][path]["get"]["responses"].items():
        if status != "200":
            assert list(response["content"]) == ["application/problem+json"]
            assert response["description"]
    expected = {"422"} if path.startswith("/v1") else set()
    assert expected <= set(DOCUMENT["paths"][path]["get"]["responses"])


def test_the_document_is_served(client: TestClient) -> None:
    served = client.get("/openapi.json").json()
    assert served["paths"].keys() == DOCUMENT["paths"].keys()
    page = client.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    addresses = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page.text)
    assert "docs/files/swagger-ui-bundle.js" in addresses
    assert "//" not in "".join(addresses), "everything comes from here: a site may have no internet"
    for address in addresses:
        assert len(client.get(f"/{address}").content) > 1_000
    assert "url: 'openapi.json'" in page.text
    assert client.get("/docs/files/nothing.js").headers["content-type"] == "application/problem+json"
