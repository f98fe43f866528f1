"""Shipped standards say what their sources say."""

import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from app.domain.standard import OBLIGATIONS, SELECTOR_KEYS
from app.ingest.profile_files import load_shipped_profiles
from app.ingest.standard_files import (
    UNSURE_MARKS,
    get_shipped_standard,
    load_shipped_standards,
    load_standard_file,
    shipped_standard_ids,
)
from app.ingest.standard_problems import load_schema
from app.schemas.standards import standard_content, standard_summaries
from app.services.standards import ListedStandard

STANDARDS = Path(__file__).resolve().parents[2] / "app" / "standards"
SHIPPED = ("cn-beijing-8", "cn-gb50180-2018", "cn-mofcom-5-8-15", "cn-mofcom-basic", "un-sdg11")

LIMITS = {
    "cn-mofcom-5-8-15": {
        5: "convenience",
        8: "breakfast pharmacy laundry hair_beauty market",
        15: "supermarket community_service repair fitness",
    },
    "cn-mofcom-basic": {
        15: "convenience supermarket market fresh_food breakfast laundry hair_beauty photo_print housekeeping "
        "repair pharmacy parcel recycling elder_care"
    },
    "cn-beijing-8": {15: "vegetables convenience breakfast housekeeping hair_beauty parcel repair laundry"},
    "cn-gb50180-2018": {
        1000: "junior_secondary sports_large health_centre culture_centre service_centre",
        500: "mall bus_stop primary_school sports_medium food_market culture_station",
        400: "waste_station",
        300: "service_station sports_small fitness_outdoor kindergarten elder_daycare",
    },
    "un-sdg11": {500: "low_capacity_transit", 1000: "high_capacity_transit", 400: "open_space"},
}
NOT_REQUIRED = {
    "cn-mofcom-5-8-15": {"fitness"},
    "cn-mofcom-basic": {"recycling"},
    "un-sdg11": {"high_capacity_transit"},
}
BY_TIME = {"cn-beijing-8", "cn-mofcom-5-8-15", "cn-mofcom-basic"}
READ_IN_SECONDARY_TEXT = {"primary_school", "health_centre", "kindergarten", "elder_daycare"}


def test_these_standards_ship_in_order() -> None:
    assert shipped_standard_ids() == SHIPPED
    assert tuple(load_shipped_standards()) == SHIPPED
    assert tuple(standard.id for standard in load_shipped_standards().values()) == SHIPPED


@pytest.mark.parametrize("standard_id", SHIPPED)
def test_a_shipped_standard_passes_as_a_users_file(standard_id: str) -> None:
    assert load_standard_file(STANDARDS / f"{standard_id}.yaml") == get_shipped_standard(standard_id)


@pytest.mark.parametrize("standard_id", SHIPPED)
def test_limits_are_those_of_the_source(standard_id: str) -> None:
    found: dict[float, set[str]] = {}
    for service in get_shipped_standard(standard_id).services:
        assert (service.limit_m is None) == (standard_id in BY_TIME)
        limit = service.limit_m if service.limit_s is None else service.limit_s / 60
        assert limit is not None
        found.setdefault(limit, set()).add(service.id)
    assert found == {limit: set(ids.split()) for limit, ids in LIMITS[standard_id].items()}


@pytest.mark.parametrize("standard_id", SHIPPED)
def test_what_does_not_have_to_be_reached(standard_id: str) -> None:
    services = get_shipped_standard(standard_id).services
    relaxed = {service.id for service in services if service.obligation != "must"}
    assert relaxed == NOT_REQUIRED.get(standard_id, set())


@pytest.mark.parametrize("standard_id", SHIPPED)
def test_every_value_has_a_source_and_only_read_ones_stand_unchecked(standard_id: str) -> None:
    standard = get_shipped_standard(standard_id)
    for source in (standard.source, *(service.source for service in standard.services)):
        assert source.mark in {"R", "R2", "C", "O"}
        assert source.verify or source.mark not in UNSURE_MARKS
    assert standard.speed_mps is None
    assert standard.speed_basis is not None
    assert "default profile" in standard.speed_basis


def test_tiers_and_marks_of_gb50180() -> None:
    standard = get_shipped_standard("cn-gb50180-2018")
    assert {service.tier for service in standard.services} == {"15", "10", "5"}
    marks = {service.id: service.source.mark for service in standard.services}
    assert {service_id for service_id, mark in marks.items() if mark == "R2"} == READ_IN_SECONDARY_TEXT
    assert {mark for mark in marks.values() if mark != "R2"} == {"O"}
    assert all(service.source.verify for service in standard.services)
    assert "along the network" in (standard.note or "").replace("\n", " ")


def test_a_service_means_the_same_in_every_standard() -> None:
    meanings: dict[str, set[object]] = {}
    for standard in load_shipped_standards().values():
        for service in standard.services:
            meaning = (repr(service.selectors), service.user_data_only, service.min_area_m2, service.name)
            meanings.setdefault(service.id, set()).add(str(meaning))
    assert len(meanings) > 35
    assert {service_id for service_id, found in meanings.items() if len(found) > 1} == set()


def test_the_schema_is_one_and_knows_what_the_code_knows() -> None:
    schema = load_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    definitions = schema["$defs"]
    assert definitions["selector"]["properties"]["key"]["enum"] == sorted(SELECTOR_KEYS)
    assert schema["properties"]["profile"]["enum"] == list(load_shipped_profiles())
    assert definitions["service"]["properties"]["obligation"]["enum"] == list(OBLIGATIONS)
    for part in (schema, *(definitions[name] for name in ("names", "source", "selector", "service"))):
        assert part["additionalProperties"] is False
        assert [name for name, field in part["properties"].items() if "description" not in field] == []


def test_listing_standards_does_not_wait_for_heavy_libraries() -> None:
    code = (
        "import sys; from app.ingest.standard_files import load_shipped_standards as load; assert len(load()) == 5; "
        "print(*({'jsonschema', 'numpy', 'scipy', 'shapely'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("standard_id", SHIPPED)
def test_a_standard_as_the_api_shows_it(standard_id: str) -> None:
    standard = get_shipped_standard(standard_id)
    answer = standard_content(standard)
    assert answer["id"] == standard_id
    assert answer["title"] == {"zh": standard.title.zh, "en": standard.title.en}
    for service in answer["services"]:
        ((unit, limit),) = service["limit"].items()
        assert unit == ("minutes" if standard_id in BY_TIME else "meters")
        assert service["id"] in LIMITS[standard_id][limit].split()
        assert bool(service["osm"]) != service["user_data_only"]
    (summary,) = standard_summaries([ListedStandard(standard, "shipped")])
    assert summary["services"] == len(standard.services)


def test_what_osm_cannot_show_is_documented() -> None:
    text = (STANDARDS.parents[1] / "docs" / "standards.md").read_text(encoding="utf-8")
    services = [service for standard in load_shipped_standards().values() for service in standard.services]
    unseen = {service.id for service in services if service.user_data_only}
    assert unseen == {"housekeeping", "waste_station"}
    assert [name for name in (*SHIPPED, *unseen) if f"`{name}`" not in text] == []
