from typing import Any

from fastapi.testclient import TestClient

from app.services.area_engine import AreaEngine
from app.services.standards import get_standard, list_standards
from tests.support.http import STANDARD, all_pages, get_features, get_ok, get_problem

FACILITIES = "/v1/areas/helsinki/facilities"


def features(client: TestClient, **parameters: Any) -> list[Any]:
    pages = all_pages(client, FACILITIES, **parameters)
    found = [feature for page in pages for feature in page["features"]]
    assert {page["numberMatched"] for page in pages} == {len(found)}
    return found


def test_pages_hold_every_facility_once(client: TestClient) -> None:
    ids = [feature["id"] for feature in features(client)]
    assert ids == sorted(set(ids))
    assert [feature["id"] for feature in features(client, limit=50)] == ids


def test_every_facility_offers_something_and_can_be_entered(client: TestClient) -> None:
    known = {service.id for standard in list_standards() for service in standard.services}
    for feature in features(client):
        properties = feature["properties"]
        assert properties["services"]
        assert set(properties["services"]) <= known
        assert properties["access_points"]
        assert properties["source"] == "osm"


def test_services_agree_with_coverage(client: TestClient) -> None:
    for service in get_ok(client, "/v1/areas/helsinki/coverage", standard=STANDARD)["services"]:
        found = features(client, standard=STANDARD, service=service["id"])
        assert len(found) == service["facilities"]
        assert all(service["id"] in feature["properties"]["services"] for feature in found)


def test_a_standard_shows_its_own_services_only(client: TestClient) -> None:
    own = {service.id for service in get_standard(STANDARD).services}
    found = features(client, standard=STANDARD)
    assert found
    assert all(set(feature["properties"]["services"]) <= own for feature in found)
    page = get_features(client, FACILITIES, standard=STANDARD, limit=1)
    assert [standard["id"] for standard in page["standards"]] == [STANDARD]


def test_a_box_holds_those_inside(client: TestClient) -> None:
    west, south, east, north = box = (24.940, 60.165, 24.948, 60.172)
    found = features(client, bbox=",".join(map(str, box)))
    expected = [
        feature["id"]
        for feature in features(client)
        if west <= feature["geometry"]["coordinates"][0] <= east
        and south <= feature["geometry"]["coordinates"][1] <= north
    ]
    assert [feature["id"] for feature in found] == expected
    assert 0 < len(found) < len(features(client))


def test_an_unknown_service_is_a_problem(client: TestClient) -> None:
    for parameters in ({}, {"standard": STANDARD}):
        problem = get_problem(client, FACILITIES, 404, "service-not-found", service="heliport", **parameters)
        assert "supermarket" in problem["detail"]


def test_an_unknown_standard_is_a_problem(client: TestClient) -> None:
    get_problem(client, FACILITIES, 404, "standard-not-found", standard="none-such")


def test_a_collection_names_what_made_it(client: TestClient, demo_engine: AreaEngine) -> None:
    page = get_features(client, FACILITIES, limit=1)
    assert page["attribution"] == "© OpenStreetMap contributors"
    assert page["area"] == {"id": "helsinki", "version": demo_engine.area.version}
    assert [item["id"] for item in page["standards"]] == [standard.id for standard in list_standards()]
    assert page["provenance"]["data_hash"] == demo_engine.area.data_hash
