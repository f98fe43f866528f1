from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.geo.verdict import STATES
from app.routers.households import State
from app.schemas.households import UNCOVERED
from app.schemas.wire_features import HouseholdAnswer
from app.services.area_engine import AreaEngine
from app.services.standards import get_standard, list_standards
from tests.support.http import STANDARD, all_pages, get_features, get_ok, get_problem

HOUSEHOLDS = "/v1/areas/helsinki/households"
COVERAGE = "/v1/areas/helsinki/coverage"
SERVICE = "supermarket"


def features(client: TestClient, **parameters: Any) -> list[Any]:
    pages = all_pages(client, HOUSEHOLDS, **({"standard": STANDARD} | parameters))
    found = [feature for page in pages for feature in page["features"]]
    assert {page["numberMatched"] for page in pages} == {len(found)}
    return found


def test_the_states_of_a_request_are_those_of_the_engine() -> None:
    assert State.__args__ == (*STATES, UNCOVERED)


@pytest.mark.parametrize("limit", [1, 7, 10_000])
def test_pages_hold_every_household_once(client: TestClient, demo_engine: AreaEngine, limit: int) -> None:
    ids = [feature["id"] for feature in features(client, limit=limit)]
    assert ids == demo_engine.area.households.id.tolist()
    assert ids == sorted(ids)


def test_a_last_page_that_is_full_has_no_next(client: TestClient, demo_engine: AreaEngine) -> None:
    page = get_features(client, HOUSEHOLDS, standard=STANDARD, limit=demo_engine.area.households.count)
    assert page["links"] == []


@pytest.mark.parametrize("standard", [standard.id for standard in list_standards()])
def test_states_agree_with_coverage(client: TestClient, standard: str) -> None:
    for service in get_ok(client, COVERAGE, standard=standard)["services"]:
        for state, sums in service["states"].items():
            found = features(client, standard=standard, service=service["id"], state=state)
            assert len(found) == sums["points"]
            assert sum(item["properties"]["households"] for item in found) == pytest.approx(
                sums["households"]
            )
            for feature in found:
                assert list(feature["properties"]["services"]) == [service["id"]]
                assert feature["properties"]["services"][service["id"]]["state"] == state
        covered = service["states"]["covered"]["points"]
        uncovered = features(client, standard=standard, service=service["id"], state="uncovered")
        assert len(uncovered) == len(features(client)) - covered


def test_without_a_service_any_service_may_have_the_state(client: TestClient) -> None:
    everybody = features(client)
    wanted = [service.id for service in get_standard(STANDARD).services]
    for state in STATES:
        expected = [
            feature["id"]
            for feature in everybody
            if state in {verdict["state"] for verdict in feature["properties"]["services"].values()}
        ]
        found = features(client, state=state)
        assert [feature["id"] for feature in found] == expected
        assert all(list(feature["properties"]["services"]) == wanted for feature in found)


def test_a_box_holds_those_inside(client: TestClient) -> None:
    west, south, east, north = box = (24.940, 60.165, 24.948, 60.172)
    found = features(client, bbox=",".join(map(str, box)))
    assert 0 < len(found) < len(features(client))
    expected = [
        feature["id"]
        for feature in features(client)
        if west <= feature["geometry"]["coordinates"][0] <= east
        and south <= feature["geometry"]["coordinates"][1] <= north
    ]
    assert [feature["id"] for feature in found] == expected


@pytest.mark.parametrize(
    "bbox",
    ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "24.95,60.16,24.93,60.18", "24.93,60.18,24.95,60.16",
     "nan,60,25,61", "24,60,inf,61", "-181,0,0,1", "0,-91,1,1"],
)  # fmt: skip
def test_a_box_that_is_none_is_a_problem(client: TestClient, bbox: str) -> None:
    problem = get_problem(client, HOUSEHOLDS, 422, "invalid-parameter", standard=STANDARD, bbox=bbox)
    assert problem["errors"][0]["parameter"] == "bbox"
    assert "west,south,east,north" in problem["detail"]


@pytest.mark.parametrize("cursor", ["", "x", "!!!!", "bm9kZS8x=", "bm9kZS8x==", "_____w", "bm9k ZS8x", "京"])
def test_a_cursor_that_is_none_is_a_problem(client: TestClient, cursor: str) -> None:
    problem = get_problem(client, HOUSEHOLDS, 422, "invalid-parameter", standard=STANDARD, cursor=cursor)
    assert problem["errors"][0]["parameter"] == "cursor"


@pytest.mark.parametrize(
    ("name", "value"), [("limit", "0"), ("limit", "10001"), ("limit", "many"), ("state", "lost")]
)
def test_values_out_of_range_are_problems(client: TestClient, name: str, value: str) -> None:
    problem = get_problem(client, HOUSEHOLDS, 422, "invalid-parameter", standard=STANDARD, **{name: value})
    assert problem["errors"][0]["parameter"] == name


def test_an_unknown_service_is_a_problem_that_names_the_others(client: TestClient) -> None:
    problem = get_problem(client, HOUSEHOLDS, 404, "service-not-found", standard=STANDARD, service="heliport")
    assert problem["service_id"] == "heliport"
    assert SERVICE in problem["detail"]


def test_a_household_has_an_address_of_its_own(client: TestClient) -> None:
    for feature in features(client)[:5]:
        one = get_features(client, f"{HOUSEHOLDS}/{feature['id']}", standard=STANDARD)
        assert {name: one[name] for name in feature} == feature
        assert one["attribution"] == "© OpenStreetMap contributors"


def test_one_service_alone_keeps_what_stands_in_for_it(client: TestClient) -> None:
    asked = {"standard": "un-sdg11", "service": "low_capacity_transit"}
    alone = features(client, **asked)
    together = features(client, standard="un-sdg11")
    assert [item["properties"]["services"] for item in alone] == [
        {asked["service"]: item["properties"]["services"][asked["service"]]} for item in together
    ]


def test_a_band_says_of_every_verdict_whether_it_holds(client: TestClient) -> None:
    plain, banded = features(client), features(client, band=0.1)
    coverage = get_ok(client, COVERAGE, standard=STANDARD, band=0.1)
    fragile = dict.fromkeys((service["id"] for service in coverage["services"]), 0)
    for feature in banded:
        one = get_features(client, f"{HOUSEHOLDS}/{feature['id']}", standard=STANDARD, band=0.1)
        HouseholdAnswer.model_validate(one, strict=False, extra="forbid")
        assert one["band"] == 0.1
        assert one["properties"] == feature["properties"]
        for service, verdict in feature["properties"]["services"].items():
            holds = verdict.pop("holds")
            assert set(holds) == {"slower", "faster"}
            fragile[service] += not all(holds.values())
    assert banded == plain
    assert fragile == {service["id"]: service["fragile"]["points"] for service in coverage["services"]}
    page = get_features(client, HOUSEHOLDS, standard=STANDARD, band=0.1, limit=1)
    assert page["band"] == 0.1
    assert "band=0.1" in page["links"][0]["href"]


@pytest.mark.parametrize("household_id", ["way/1", "way", "way/1/2", "zzz", "京", "a" * 5000])
def test_an_unknown_household_is_a_problem(client: TestClient, household_id: str) -> None:
    path = f"{HOUSEHOLDS}/{household_id}"
    problem = get_problem(client, path, 404, "household-not-found", standard=STANDARD)
    assert problem["household_id"] == household_id


def test_a_collection_names_what_made_it(client: TestClient, demo_engine: AreaEngine) -> None:
    page = get_features(client, HOUSEHOLDS, standard=STANDARD, limit=1, profile="elderly")
    assert page["type"] == "FeatureCollection"
    assert page["attribution"] == "© OpenStreetMap contributors"
    assert page["area"] == {"id": "helsinki", "version": demo_engine.area.version}
    assert (page["standard"]["id"], page["profile"], page["speed_mps"]) == (STANDARD, "elderly", 0.8)
    assert page["provenance"]["data_hash"] == demo_engine.area.data_hash


def test_same_question_same_bytes(client: TestClient) -> None:
    first, second = (client.get(HOUSEHOLDS, params={"standard": STANDARD}) for _ in range(2))
    assert first.content == second.content
    assert b"NaN" not in first.content
    assert b"Infinity" not in first.content


def test_large_answers_are_packed_for_those_who_want_it(client: TestClient) -> None:
    parameters = {"standard": STANDARD}
    packed = client.get(HOUSEHOLDS, params=parameters, headers={"Accept-Encoding": "gzip"})
    plain = client.get(HOUSEHOLDS, params=parameters, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
