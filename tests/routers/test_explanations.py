"""`GET .../households/{id}/explain`, and which household an address means."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.routers.examples import DEMO_HOUSEHOLD
from app.routers.explain import HOUSEHOLD_PARAMETERS
from app.services.area_engine import AreaEngine
from app.services.standards import get_standard
from tests.support.http import STANDARD, get_features, get_ok, get_problem

HOUSEHOLDS = "/v1/areas/helsinki/households"
ADDRESS = f"{HOUSEHOLDS}/{DEMO_HOUSEHOLD}/explain"
ASKED = {"standard": STANDARD, "service": "pharmacy"}


def test_the_explained_verdict_is_that_of_the_household(client: TestClient) -> None:
    household = get_features(client, f"{HOUSEHOLDS}/{DEMO_HOUSEHOLD}", standard=STANDARD)
    for service in get_standard(STANDARD).services:
        answer = get_ok(client, ADDRESS, standard=STANDARD, service=service.id)
        assert answer["household"] == DEMO_HOUSEHOLD
        assert answer["service"]["id"] == service.id
        assert answer["verdict"] == household["properties"]["services"][service.id]
        assert {key: answer[key] for key in ("area", "standard", "profile", "speed_mps", "provenance")} == {
            key: household[key] for key in ("area", "standard", "profile", "speed_mps", "provenance")
        }
        assert (
            "facility" not in answer["verdict"] or answer["facility"]["id"] == answer["verdict"]["facility"]
        )


def test_costs_and_route_agree_with_the_verdict(client: TestClient) -> None:
    answer = get_ok(client, ADDRESS, **ASKED)
    costs = {cost["term"]: cost for cost in answer["costs"]}
    assert list(costs) == ["household_link", "streets", "facility_link"]
    assert sum(round(cost["time_s"] * 1e6) for cost in costs.values()) == round(
        answer["verdict"]["time_s"] * 1e6
    )
    assert all(cost["time_s"] >= 0 for cost in costs.values())
    for end in ("household", "facility"):
        assert costs[f"{end}_link"]["length_m"] == pytest.approx(answer["links"][end]["link_m"], abs=1e-3)
    route = answer["route"]
    assert route["type"] == "Feature"
    assert route["geometry"]["type"] == "LineString"
    steps = route["properties"]["steps"]
    assert route["properties"]["names"] == [step["name"] for step in steps if step["name"]]
    assert sum(step["length_m"] for step in steps) == pytest.approx(costs["streets"]["length_m"], abs=0.05)
    assert answer["runner_up"]["time_s"] >= answer["verdict"]["time_s"]


def test_profile_and_speed_reach_the_explanation(client: TestClient) -> None:
    answer = get_ok(client, ADDRESS, **ASKED, profile="wheelchair", speed_mps=0.5)
    assert (answer["profile"], answer["speed_mps"]) == ("wheelchair", 0.5)
    street = next(cost for cost in answer["costs"] if cost["term"] == "streets")
    assert street["time_s"] == pytest.approx(street["length_m"] / 0.5, abs=1e-5)


def test_substitutes_are_found_in_the_whole_standard(client: TestClient) -> None:
    answer = get_ok(client, ADDRESS, standard="un-sdg11", service="low_capacity_transit")
    assert answer["verdict"]["state"] == "covered"


def test_what_does_not_exist_is_a_problem(client: TestClient) -> None:
    problem = get_problem(client, f"{HOUSEHOLDS}/way/1/explain", 404, "household-not-found", **ASKED)
    assert problem["household_id"] == "way/1"
    problem = get_problem(client, ADDRESS, 404, "service-not-found", standard=STANDARD, service="heliport")
    assert problem["service_id"] == "heliport"
    assert "pharmacy" in problem["detail"]
    get_problem(client, ADDRESS, 404, "standard-not-found", standard="none", service="pharmacy")
    get_problem(client, ADDRESS, 404, "profile-not-found", **ASKED, profile="runner")
    get_problem(client, ADDRESS.replace("helsinki", "atlantis"), 404, "area-not-found", **ASKED)


@pytest.mark.parametrize("household", ["", "/", "explain", "way/1/explain", "a" * 5000, "京", "way/1\0"])
def test_strange_ids_are_not_found(client: TestClient, household: str) -> None:
    address = f"{HOUSEHOLDS}/{household}/explain"
    response = client.get(address.replace("\0", "%00"), params=ASKED)
    assert response.status_code == 404
    assert response.json()["household_id"] == household


@pytest.mark.parametrize("parameters", [{"standard": STANDARD}, {"standard": STANDARD, "band": 0.1}])
def test_a_missing_service_is_asked_for(client: TestClient, parameters: dict[str, Any]) -> None:
    problem = get_problem(client, ADDRESS, 422, "invalid-parameter", **parameters)
    assert [error["parameter"] for error in problem["errors"]] == ["service"]
    assert DEMO_HOUSEHOLD in problem["detail"]


def test_misspelt_parameters_are_told_what_this_address_takes(client: TestClient) -> None:
    problem = get_problem(client, ADDRESS, 422, "invalid-parameter", standard=STANDARD, sevice="pharmacy")
    assert {error["parameter"] for error in problem["errors"]} <= {"sevice", "service"}
    assert "service" in problem["detail"]
    get_problem(client, ADDRESS, 422, "invalid-parameter", **ASKED, band=0.1)


def test_same_question_same_bytes(client: TestClient) -> None:
    first, second = (client.get(ADDRESS, params=ASKED) for _ in range(2))
    assert first.content == second.content
    assert b"NaN" not in first.content
    assert b"Infinity" not in first.content


# --- ids that end in /explain ----------------------------------------------------------------------------------


def test_the_parameters_that_tell_the_two_addresses_apart_are_the_households(client: TestClient) -> None:
    document = get_ok(client, "/openapi.json")
    operation = document["paths"]["/v1/areas/{area}/households/{household_id}"]["get"]
    assert {item["name"] for item in operation["parameters"] if item["in"] == "query"} == HOUSEHOLD_PARAMETERS


@pytest.fixture
def odd_client(client: TestClient, demo_engine: AreaEngine, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The demo area, whose first households have ids that end like the address of an explanation."""
    households = demo_engine.area.households
    rest = [f"z{name}" for name in households.id[3:].tolist()]
    ids = np.asarray(["a", "a/explain", "a/explain/explain", *rest])
    engine = AreaEngine(replace(demo_engine.area, households=replace(households, id=ids)))
    monkeypatch.setattr("app.services.areas.AreaService.engine", lambda *_: engine)
    return client


@pytest.mark.parametrize("household", ["a", "a/explain", "a/explain/explain"])
def test_an_id_that_ends_in_explain_keeps_both_of_its_addresses(
    odd_client: TestClient, household: str
) -> None:
    address = f"{HOUSEHOLDS}/{household}"
    for query in ({}, {"band": 0.1}, {"profile": "elderly", "speed_mps": 1.0}):
        assert get_features(odd_client, address, standard=STANDARD, **query)["id"] == household
    assert get_ok(odd_client, f"{address}/explain", **ASKED)["household"] == household
