"""Isochrones over HTTP."""

from typing import Any

import pytest
import shapely
from fastapi.testclient import TestClient

from app.routers.isochrones import DEMO_FACILITY
from tests.support.http import STANDARD, check_problem, get_features, get_problem
from tests.support.pictures import check_rfc7946

PATH = "/v1/areas/helsinki/isochrones"
STATION = {"lon": 24.9414, "lat": 60.1719}
SQUARE = {"lon": 24.9480, "lat": 60.1690}


def post(client: TestClient, **question: Any) -> Any:
    response = client.post(PATH, json=question)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/geo+json"
    return response.json()


def refused(client: TestClient, parameter: str, place: str = "body", **question: Any) -> str:
    problem = check_problem(client.post(PATH, json=question), 422, "invalid-parameter")
    (error,) = problem["errors"]
    assert (error["parameter"], error["in"]) == (parameter, place)
    return str(error["message"])


def test_three_limits_are_three_nested_features(client: TestClient) -> None:
    answer = get_features(client, PATH, **STATION, minutes="15,5,10")
    assert answer["attribution"] == "© OpenStreetMap contributors"
    assert answer["area"]["id"] == "helsinki"
    assert (answer["profile"], answer["direction"], answer["shape"]) == ("standard", "towards", "polygon")
    assert [item["properties"]["minutes"] for item in answer["features"]] == [5, 10, 15]
    shapes = [check_rfc7946(item["geometry"]) for item in answer["features"]]
    assert shapely.covers(shapes[2], shapes[1])
    assert shapely.covers(shapes[1], shapes[0])
    for item in answer["features"]:
        assert 0 < item["properties"]["max_error_m"] < 50
        assert item["properties"]["link_m"] == pytest.approx(36.4, abs=0.1)
        assert item["properties"]["reason"] is None
        assert "meters" not in item["properties"]


def test_a_limit_is_drawn_the_same_alone_and_twice(client: TestClient) -> None:
    together = get_features(client, PATH, **STATION, minutes="5,10,15")["features"]
    for item in together:
        alone = get_features(client, PATH, **STATION, minutes=item["properties"]["minutes"])["features"]
        assert alone == [item]
    first, again = (client.get(PATH, params=STATION | {"minutes": "5,10,15"}).content for _ in range(2))
    assert first == again


def test_metres_are_minutes_times_speed(client: TestClient) -> None:
    metres = get_features(client, PATH, **STATION, meters=600)["features"]
    minutes = get_features(client, PATH, **STATION, minutes=10, speed_mps=1.0)["features"]
    assert metres[0]["geometry"] == minutes[0]["geometry"]
    assert metres[0]["properties"]["meters"] == 600
    assert "minutes" not in metres[0]["properties"]
    both = get_features(client, PATH, **STATION, meters=600, minutes=10, speed_mps=1.0)["features"]
    assert both == minutes + metres


def test_streets_are_lines_inside_the_polygon(client: TestClient) -> None:
    (item,) = get_features(client, PATH, **STATION, minutes=5, shape="streets")["features"]
    assert item["geometry"]["type"] == "MultiLineString"
    assert item["properties"]["max_error_m"] < 0.1
    lines = shapely.geometry.shape(item["geometry"])
    (polygon,) = get_features(client, PATH, **STATION, minutes=5)["features"]
    shape = shapely.geometry.shape(polygon["geometry"])
    assert (
        shapely.intersection(lines, shape).length > 0.8 * lines.length
    )  # lanes under others are drawn narrow
    off_deg = shapely.distance(
        shapely.boundary(shape), shapely.points(shapely.get_coordinates(lines - shape))
    )
    assert off_deg.max() * 111_000 < polygon["properties"]["max_error_m"]


def test_a_facility_and_a_service_have_catchments(client: TestClient) -> None:
    (one,) = get_features(client, PATH, facility=DEMO_FACILITY, minutes=5)["features"]
    (all_of_them,) = get_features(client, PATH, service="supermarket", standard=STANDARD, minutes=5)[
        "features"
    ]
    one_shape, whole = check_rfc7946(one["geometry"]), check_rfc7946(all_of_them["geometry"])
    assert shapely.intersection(one_shape, whole).area > 0.98 * one_shape.area
    assert whole.area > 2 * one_shape.area
    (own,) = get_features(client, PATH, service="supermarket", standard=STANDARD)["features"]
    assert own["properties"]["minutes"] == 15


def test_verify_tells_the_share_and_the_farthest(client: TestClient) -> None:
    for item in get_features(client, PATH, **STATION, minutes="5,10,15", verify=True)["features"]:
        told = item["properties"]
        assert told["households"] == 89
        assert told["share_wrong"] == pytest.approx(told["households_wrong"] / 89, abs=1e-6)
        assert told["share_wrong"] <= 0.03
        assert told["farthest_wrong_m"] <= told["max_error_m"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lon": 24.95, "lat": 60.155}, "outside_extent"),
        ({"lon": 121.5, "lat": -31.2}, "outside_extent"),
        ({"minutes": 0}, "limit_zero"),
        ({"minutes": 0.1}, "link_longer_than_limit"),
    ],
)
@pytest.mark.parametrize(("shape", "kind"), [("polygon", "MultiPolygon"), ("streets", "MultiLineString")])
def test_nothing_reached_is_an_empty_geometry_with_a_reason(
    client: TestClient, change: dict[str, float], reason: str, shape: str, kind: str
) -> None:
    asked = {**STATION, "minutes": 5, "shape": shape} | change
    (item,) = get_features(client, PATH, **asked)["features"]
    assert item["geometry"] == {"type": kind, "coordinates": []}
    assert item["properties"]["reason"] == reason


@pytest.mark.parametrize(
    "minutes", ["-1", "nan", "inf", "1e9", "1000000000", "five", "", "5,,6", "181", "1,2,3,4,5,6,7,8,9,10,11"]
)
def test_limits_that_make_no_sense_are_refused(client: TestClient, minutes: str) -> None:
    problem = get_problem(client, PATH, 422, "invalid-parameter", **STATION, minutes=minutes)
    (error,) = problem["errors"]
    assert error["parameter"] == "minutes"


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ({"minutes": 5}, "lon"),
        ({"lon": 24.94, "minutes": 5}, "lat"),
        (STATION, "minutes"),
        (STATION | {"meters": "15001"}, "meters"),
        (STATION | {"minutes": 180, "speed_mps": 9}, "minutes"),
        ({"lon": 181, "lat": 60, "minutes": 5}, "lon"),
        ({"lon": "nan", "lat": 60, "minutes": 5}, "lon"),
        ({"lon": "here", "lat": 60, "minutes": 5}, "lon"),
        (STATION | {"minutes": 5, "shape": "square"}, "shape"),
        (STATION | {"minutes": 5, "direction": "up"}, "direction"),
        (STATION | {"minutes": 5, "facility": DEMO_FACILITY}, "lon"),
        ({"service": "supermarket"}, "standard"),
        ({"service": "supermarket", "standard": STANDARD, "facility": DEMO_FACILITY}, "facility"),
        (STATION | {"minute": 5}, "minute"),
    ],
)
def test_questions_that_cannot_be_answered_name_the_parameter(
    client: TestClient, asked: dict[str, Any], parameter: str
) -> None:
    problem = get_problem(client, PATH, 422, "invalid-parameter", **asked)
    assert [error["parameter"] for error in problem["errors"]] == [parameter]


def test_unknown_names_are_not_found(client: TestClient) -> None:
    problem = get_problem(client, PATH, 404, "facility-not-found", facility="node/1", minutes=5)
    assert (problem["area_id"], problem["facility_id"]) == ("helsinki", "node/1")
    get_problem(client, PATH, 404, "service-not-found", service="moon", standard=STANDARD)
    get_problem(client, PATH, 404, "standard-not-found", **STATION, minutes=5, standard="moon")
    get_problem(client, PATH, 404, "profile-not-found", **STATION, minutes=5, profile="moon")
    get_problem(client, "/v1/areas/moon/isochrones", 404, "area-not-found", **STATION, minutes=5)


def test_posted_places_are_drawn_one_by_one_or_merged(client: TestClient) -> None:
    single = [get_features(client, PATH, **place, minutes=5)["features"][0] for place in (STATION, SQUARE)]
    each = post(client, origins=[STATION, SQUARE], minutes=[5])["features"]
    assert [item["geometry"] for item in each] == [item["geometry"] for item in single]
    assert [item["properties"]["origin"] for item in each] == [0, 1]
    (merged,) = post(client, origins=[STATION, SQUARE], minutes=[5], merge=True)["features"]
    whole = check_rfc7946(merged["geometry"])
    union = shapely.union_all([shapely.geometry.shape(item["geometry"]) for item in single])
    assert shapely.symmetric_difference(whole, union).area < 0.01 * union.area
    assert "origin" not in merged["properties"]
    one = post(client, origins=[STATION], minutes=[5], merge=True)["features"][0]
    assert one["geometry"] == single[0]["geometry"]


def test_a_thousand_places_are_answered_and_one_more_is_refused(client: TestClient) -> None:
    places = [{"lon": 24.9360 + step * 1e-5, "lat": 60.1719} for step in range(1001)]
    (merged,) = post(client, origins=places[:1000], minutes=[10], merge=True)["features"]
    assert not check_rfc7946(merged["geometry"]).is_empty
    assert "1000" in refused(client, "origins", origins=places, minutes=[10], merge=True)


def test_posted_questions_are_checked_like_others(client: TestClient) -> None:
    assert "missing" in refused(client, "minutes", origins=[STATION])
    refused(client, "origins", origins=[], minutes=[5])
    refused(client, "lat", origins=[{"lon": 24.9}], minutes=[5])
    refused(client, "0", origins=[STATION], minutes=[-1])
    refused(client, "0", origins=[STATION], meters=[1e9])
    refused(client, "minutes", origins=[STATION], minutes=[180], speed_mps=2.0)
    refused(client, "colour", origins=[STATION], minutes=[5], colour="red")
    not_finite = client.post(
        PATH,
        content=b'{"origins":[{"lon":NaN,"lat":1}],"minutes":[5]}',
        headers={"content-type": "application/json"},
    )
    assert not_finite.status_code == 422
    assert client.post(PATH, content=b"{").status_code == 422
    assert client.post(f"{PATH}?minutes=5", json={"origins": [STATION], "minutes": [5]}).status_code == 422
    assert (
        client.post("/v1/areas/moon/isochrones", json={"origins": [STATION], "minutes": [5]}).status_code
        == 404
    )
    speed = client.post(PATH, json={"origins": [STATION], "minutes": [5], "speed_mps": 99})
    assert speed.json()["type"].endswith("invalid-speed")


def test_other_methods_are_told_which_are_allowed(client: TestClient) -> None:
    response = client.put(PATH)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST"


def test_a_page_of_another_origin_may_post(client: TestClient) -> None:
    response = client.options(
        PATH,
        headers={
            "Origin": "https://maps.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert response.status_code == 200
    assert "POST" in response.headers["access-control-allow-methods"]
