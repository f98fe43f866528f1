"""Answers by zone: every household in one zone or outside, and nothing lost on the way."""

from collections.abc import Iterator
from typing import Any

import pytest
import shapely
from fastapi.testclient import TestClient

from app.main import create_app
from app.schemas.wire import CoverageAnswer
from app.schemas.wire_features import HouseholdsAnswer, ZonesAnswer
from app.services.standards import list_standards
from app.settings import Settings
from tests.support.http import STANDARD, all_pages, get_features, get_ok, get_problem
from tests.support.shared_data import shared_data
from tests.support.small_town import area_file, csv_file, do_import, town

PALMAS = "/v1/areas/las-palmas"
TOWN = "/v1/areas/town"

HOMES = [
    ("a", (-110.0, 5.0), "3,7.125,0.3"),
    ("b", (100.0, 5.0), "0.5,0.4,0.1"),
    ("c", (120.0, 5.0), "2,5.0004,1"),
    ("d", (200.0, 5.0), "1,2.2,0.7"),
]


@pytest.fixture(scope="module")
def zoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The service over a real city with 29 zones, and over a town with one zone and people by age."""
    folder = tmp_path_factory.mktemp("zoned")
    do_import(
        folder, shared_data("las-palmas.osm.pbf"), area_id="las-palmas",
        zones_file=shared_data("las-palmas-zones.geojson"),
    )  # fmt: skip
    do_import(
        folder, town().write(folder / "town.osm"),
        households_file=csv_file(folder / "homes.csv", "id,lon,lat,households,population,pop_60plus", HOMES),
        zones_file=area_file(folder / "zone.geojson", (50, -50), (150, 50)),
    )  # fmt: skip
    with TestClient(create_app(Settings(data_dir=folder))) as started:
        yield started


def groups_of(answer: dict[str, Any]) -> list[dict[str, dict[str, float]]]:
    """Whatever is counted in an answer or in one zone of it."""
    return [{"total": answer["total"]}, answer["overall"], *(item["states"] for item in answer["services"])]


@pytest.mark.parametrize("standard", [standard.id for standard in list_standards()])
def test_the_zones_of_a_real_city_add_up_to_it(zoned: TestClient, standard: str) -> None:
    answer = get_ok(zoned, f"{PALMAS}/coverage", standard=standard, by="zone", band=0.1)
    CoverageAnswer.model_validate(answer, extra="forbid")
    assert answer["by"] == "zone"
    assert len(answer["zones"]) == 30
    assert answer["zones"][-1]["id"] == "outside"
    whole = groups_of(answer)
    parts = [groups_of(zone) for zone in answer["zones"]]
    for position, group in enumerate(whole):
        for name, sums in group.items():
            for weight in ("points", "households"):  # whole numbers: to the last one
                assert sum(part[position][name][weight] for part in parts) == sums[weight]
    assert {key: value for key, value in answer.items() if key not in ("by", "zones")} == get_ok(
        zoned, f"{PALMAS}/coverage", standard=standard, band=0.1
    )


def test_fractions_of_people_add_up_too(zoned: TestClient) -> None:
    answer = get_ok(zoned, f"{TOWN}/coverage", standard=STANDARD, by="zone", weight="pop_60plus")
    CoverageAnswer.model_validate(answer, extra="forbid")
    assert answer["total"] == {"points": 4, "households": 6.5, "population": 14.725, "pop_60plus": 2.1}
    inside, outside = answer["zones"]
    assert inside["total"] == {"points": 2, "households": 2.5, "population": 5.4, "pop_60plus": 1.1}
    assert outside["total"] == {"points": 2, "households": 4.0, "population": 9.325, "pop_60plus": 1.0}
    for position, group in enumerate(groups_of(answer)):
        for name, sums in group.items():
            for weight, value in sums.items():
                parts = [groups_of(zone)[position][name][weight] for zone in answer["zones"]]
                assert sum(parts) == pytest.approx(value, abs=0.001)  # each rounded to three decimals
    for service in answer["services"]:
        covered = service["states"]["covered"]["pop_60plus"]
        assert service["share_covered"] == pytest.approx(covered / 2.1, abs=1e-3)


def test_zones_on_a_map(zoned: TestClient) -> None:
    asked = {"standard": STANDARD, "by": "zone", "weight": "households"}
    answer = get_ok(zoned, f"{PALMAS}/coverage", **asked)
    drawn = get_features(zoned, f"{PALMAS}/coverage", **asked, format="geojson")
    assert drawn["attribution"] == "© OpenStreetMap contributors"
    assert drawn["features"][-1]["geometry"] is None
    for feature, zone in zip(drawn["features"], answer["zones"], strict=True):
        properties = feature["properties"]
        assert (feature["id"], properties["id"], properties["name"]) == (zone["id"], zone["id"], zone["name"])
        assert properties["households"] == zone["total"]["households"]
        assert properties["served"] == zone["overall"]["served"]["households"]
        supermarket = next(item for item in zone["services"] if item["id"] == "supermarket")
        assert properties["supermarket_covered"] == supermarket["states"]["covered"]["households"]
        assert properties["supermarket_share_covered"] == supermarket["share_covered"]
        assert not any(isinstance(value, dict | list) for value in properties.values())
    moved = get_features(zoned, f"{PALMAS}/coverage", **asked, format="geojson", crs="EPSG:5635")
    west, _, east, _ = shapely.geometry.shape(moved["features"][0]["geometry"]).bounds
    assert moved["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::5635"
    assert 100 < east - west < 100_000  # metres
    assert get_features(zoned, f"{PALMAS}/zones", crs="EPSG:5635", limit=1)["crs"] == moved["crs"]
    problem = get_problem(
        zoned, f"{PALMAS}/coverage", 422, "invalid-parameter", standard=STANDARD, format="geojson"
    )
    assert "ask by=zone too" in problem["detail"]


def test_the_list_of_zones(zoned: TestClient) -> None:
    pages = all_pages(zoned, f"{PALMAS}/zones", limit=10)
    assert [page["numberReturned"] for page in pages] == [10, 10, 9]
    for page in pages:
        ZonesAnswer.model_validate(page, extra="forbid")
    features = [feature for page in pages for feature in page["features"]]
    coverage = get_ok(zoned, f"{PALMAS}/coverage", standard=STANDARD, by="zone")
    assert [feature["id"] for feature in features] == [zone["id"] for zone in coverage["zones"][:-1]]
    for feature, zone in zip(features, coverage["zones"], strict=False):
        assert {key: feature["properties"][key] for key in zone["total"]} == zone["total"]
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid
        for polygon in shapely.get_parts(shape):
            assert polygon.exterior.is_ccw
            assert not any(ring.is_ccw for ring in polygon.interiors)
    assert sum(feature["properties"]["points"] == 0 for feature in features) == 1


def test_households_of_a_zone(zoned: TestClient) -> None:
    every = get_features(zoned, f"{TOWN}/households", standard=STANDARD)
    assert {item["id"]: item["properties"]["zone"] for item in every["features"]} == {
        "a": "outside", "b": "1", "c": "1", "d": "outside",
    }  # fmt: skip
    assert every["features"][0]["properties"]["pop_60plus"] == 0.3
    for zone, ids, persons in (("1", ["b", "c"], 5.4), ("outside", ["a", "d"], 9.325)):
        answer = get_features(
            zoned, f"{TOWN}/households", standard=STANDARD, zone=zone, weight="population", limit=1
        )
        HouseholdsAnswer.model_validate(answer, extra="forbid")
        assert (answer["numberMatched"], answer["weightMatched"], answer["weight"]) == (
            2,
            persons,
            "population",
        )
        pages = all_pages(zoned, f"{TOWN}/households", standard=STANDARD, zone=zone, limit=1)
        assert [feature["id"] for page in pages for feature in page["features"]] == ids
    one = get_features(zoned, f"{TOWN}/households/b", standard=STANDARD)
    assert (one["properties"]["zone"], one["properties"]["pop_60plus"]) == ("1", 0.1)


def test_what_is_not_there(zoned: TestClient, client: TestClient) -> None:
    problem = get_problem(zoned, f"{TOWN}/households", 404, "zone-not-found", standard=STANDARD, zone="2")
    assert (problem["area_id"], problem["zone_id"]) == ("town", "2")
    demo = "/v1/areas/helsinki"
    for path, asked in (("coverage", {"by": "zone"}), ("households", {"zone": "1"})):
        problem = get_problem(client, f"{demo}/{path}", 404, "no-zones", standard=STANDARD, **asked)
        assert "--zones FILE" in problem["detail"]
    assert get_features(client, f"{demo}/zones")["features"] == []
    assert (
        "zone"
        not in get_features(client, f"{demo}/households", standard=STANDARD)["features"][0]["properties"]
    )


@pytest.mark.parametrize("path", ["coverage", "households"])
def test_weights_that_the_area_does_not_know(zoned: TestClient, path: str) -> None:
    problem = get_problem(
        zoned, f"{TOWN}/{path}", 422, "invalid-parameter", standard=STANDARD, weight="pop_0_3"
    )
    assert problem["errors"][0]["parameter"] == "weight"
    for known in ("points", "households", "population", "pop_60plus"):
        assert f"weight={known}" in problem["detail"]
    get_problem(zoned, f"{TOWN}/{path}", 422, "invalid-parameter", standard=STANDARD, weight="people")
