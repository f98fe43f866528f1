import math
from itertools import pairwise
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain.household import WEIGHTS
from app.geo.verdict import OVERALL_STATES, STATES
from app.ingest.profile_files import load_shipped_profiles
from app.routers.examples import DEMO_HOUSEHOLD
from app.schemas.weight import Weight
from app.schemas.wire import CoverageAnswer
from app.services.area_engine import AreaEngine
from app.services.standards import get_standard, list_standards
from tests.support.http import STANDARD, get_ok, get_problem

COVERAGE = "/v1/areas/helsinki/coverage"
HOUSEHOLDS = "/v1/areas/helsinki/households"


def coverage(client: TestClient, standard: str = STANDARD, **parameters: Any) -> Any:
    return get_ok(client, COVERAGE, standard=standard, **parameters)


def test_the_weights_of_a_request_are_those_of_households() -> None:
    assert Weight.__args__ == WEIGHTS


@pytest.mark.parametrize("standard", [standard.id for standard in list_standards()])
def test_states_add_up_to_everybody(client: TestClient, standard: str) -> None:
    answer = coverage(client, standard)
    assert [service["id"] for service in answer["services"]] == [
        service.id for service in get_standard(standard).services
    ]
    for states in [service["states"] for service in answer["services"]] + [answer["overall"]]:
        assert set(states) == set(STATES if len(states) == 7 else OVERALL_STATES)
        for count in ("points", "households"):
            assert sum(sums[count] for sums in states.values()) == pytest.approx(
                answer["total"][count], abs=1e-6
            )
        assert all(sums["population"] is None for sums in states.values())


def test_the_answer_names_what_made_it(client: TestClient, demo_engine: AreaEngine) -> None:
    answer = coverage(client)
    assert answer["area"]["version"] == demo_engine.area.version
    assert answer["standard"]["id"] == STANDARD
    assert answer["provenance"]["data_hash"] == demo_engine.area.data_hash
    assert answer["provenance"]["standard_version"] == get_standard(STANDARD).version
    assert answer["provenance"]["attribution"] == "© OpenStreetMap contributors"


def test_shares_are_counted_in_the_weight(client: TestClient) -> None:
    for weight in ("points", "households"):
        answer = coverage(client, weight=weight)
        assert answer["weight"] == weight
        for service in answer["services"]:
            covered = service["states"]["covered"][weight]
            assert service["share_covered"] == pytest.approx(covered / answer["total"][weight], abs=1e-6)
    assert coverage(client) == coverage(client, weight="households")


def test_population_that_nobody_told_is_a_problem(client: TestClient) -> None:
    problem = get_problem(client, COVERAGE, 422, "invalid-parameter", standard=STANDARD, weight="population")
    assert problem["errors"][0]["parameter"] == "weight"
    assert "weight=households" in problem["detail"]


def test_profiles_and_speeds(client: TestClient) -> None:
    for profile in load_shipped_profiles().values():
        answer = coverage(client, profile=profile.id)
        assert (answer["profile"], answer["speed_mps"]) == (profile.id, profile.speed_mps)
    answer = coverage(client, profile="elderly", speed_mps=1.2)
    assert (answer["profile"], answer["speed_mps"]) == ("elderly", 1.2)


def test_the_faster_never_reach_less(client: TestClient) -> None:
    shares = [
        [service["states"]["covered"]["points"] for service in coverage(client, speed_mps=speed)["services"]]
        for speed in (0.1, 0.5, 1.0, 2.0, 10.0)
    ]
    for slower, faster in pairwise(shares):
        assert all(a <= b for a, b in zip(slower, faster, strict=True))
    assert shares[0] != shares[-1]


@pytest.mark.parametrize("speed", ["nan", "inf", "-inf", "0", "-1", "0.09", "10.1", "1e999", "fast", ""])
def test_a_speed_that_nobody_walks_is_a_problem(client: TestClient, speed: str) -> None:
    problem = get_problem(client, COVERAGE, 422, "invalid-parameter", standard=STANDARD, speed_mps=speed)
    assert [error["parameter"] for error in problem["errors"]] == ["speed_mps"]


def test_an_unknown_profile_is_a_problem(client: TestClient) -> None:
    problem = get_problem(client, COVERAGE, 404, "profile-not-found", standard=STANDARD, profile="jogger")
    assert problem["profile_id"] == "jogger"
    assert "elderly" in problem["detail"]


def test_a_band_counts_the_fragile_apart_and_changes_nothing_else(client: TestClient) -> None:
    plain, banded = coverage(client), coverage(client, band=0.1)
    CoverageAnswer.model_validate_json(
        client.get(COVERAGE, params={"standard": STANDARD, "band": 0.1}).content, strict=True, extra="forbid"
    )
    fragile = [service.pop("fragile") for service in banded["services"]]
    assert banded.pop("band") == 0.1
    assert banded == plain
    assert any(sums["points"] for sums in fragile)
    for sums, service in zip(fragile, coverage(client, band=0.2)["services"], strict=True):
        assert sums["points"] <= service["fragile"]["points"]
        assert sums["population"] is None


@pytest.mark.parametrize("path", [COVERAGE, HOUSEHOLDS, f"{HOUSEHOLDS}/{DEMO_HOUSEHOLD}"])
@pytest.mark.parametrize("band", ["0", "-0.1", "0.51", "1", "nan", "inf", "-inf", "1e999", "wide", ""])
def test_a_band_that_is_none_is_a_problem(client: TestClient, path: str, band: str) -> None:
    problem = get_problem(client, path, 422, "invalid-parameter", standard=STANDARD, band=band)
    assert [error["parameter"] for error in problem["errors"]] == ["band"]


def test_the_standard_is_required(client: TestClient) -> None:
    problem = get_problem(client, COVERAGE, 422, "invalid-parameter")
    assert problem["errors"] == [
        {"parameter": "standard", "in": "query", "message": "is required; /docs describes it"}
    ]


def test_same_question_same_bytes(client: TestClient) -> None:
    first, second = (client.get(COVERAGE, params={"standard": STANDARD}) for _ in range(2))
    assert first.content == second.content


def test_no_number_is_beyond_json(client: TestClient) -> None:
    text = client.get(COVERAGE, params={"standard": STANDARD}).text
    assert "NaN" not in text
    assert "Infinity" not in text
    assert all(math.isfinite(number) for number in _numbers(coverage(client)))


def _numbers(content: Any) -> list[float]:
    if isinstance(content, dict):
        return [number for item in content.values() for number in _numbers(item)]
    if isinstance(content, list):
        return [number for item in content for number in _numbers(item)]
    return [content] if isinstance(content, float) else []
