"""What would change a verdict, state by state: each change that is named does change it."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.domain.standard import Standard
from app.geo.links import AccessLinks
from app.geo.verdict import COVERED, STATES
from app.schemas.explain import explanation_to_dict
from app.schemas.wire_explain import ExplainAnswer
from app.services.area_engine import AreaEngine
from app.services.assessment import SLOWEST_MPS, Assessment, assess, choose_walker
from app.services.explain import explain
from app.services.standards import get_standard


@pytest.fixture(scope="module")
def standard() -> Standard:
    return get_standard("cn-mofcom-5-8-15")


def changed(standard: Standard, service_id: str, **fields: Any) -> Standard:
    """The standard with other fields for one service."""
    services = tuple(
        replace(service, **fields) if service.id == service_id else service for service in standard.services
    )
    return replace(standard, services=services)


def assessed(engine: AreaEngine, standard: Standard, speed_mps: float | None = None) -> Assessment:
    return assess(engine, standard, choose_walker(standard, None, speed_mps))


def explained(assessment: Assessment, service_id: str, household: int) -> Any:
    """The explanation as a client reads it, its shape checked."""
    service = assessment.standard.find_service(service_id)
    assert service is not None
    answer = explanation_to_dict(explain(assessment, assessment.of(service), household))
    ExplainAnswer.model_validate_json(json.dumps(answer, allow_nan=False), strict=True, extra="forbid")
    assert answer["would_change"]["text"]
    return answer


def states_of(assessment: Assessment, service_id: str) -> list[str]:
    service = assessment.standard.find_service(service_id)
    assert service is not None
    return [STATES[state] for state in assessment.of(service).verdicts.state]


def some(assessment: Assessment, service_id: str, state: str, count: int = 4) -> list[int]:
    """A few households in a state; there must be one."""
    found = [row for row, here in enumerate(states_of(assessment, service_id)) if here == state]
    assert found, state
    return found[:: max(1, len(found) // count)]


def without_links(links: AccessLinks, nearest_m: float) -> AccessLinks:
    """Links of the same points, none of them made."""
    none = np.empty(0)
    points = links.point_count
    return AccessLinks(
        start=np.zeros(points + 1, dtype=np.int64),
        edge=np.empty(0, dtype=np.int64),
        offset_m=none,
        link_m=none,
        lon_deg=none,
        lat_deg=none,
        nearest_m=np.full(points, nearest_m),
    )


# --- one state after the other ---------------------------------------------------------------------------------


def test_covered_holds_at_the_least_speed_and_not_below(demo_engine: AreaEngine, standard: Standard) -> None:
    assessment = assessed(demo_engine, standard)
    slowest = 0
    for household in some(assessment, "pharmacy", "covered"):
        change = explained(assessment, "pharmacy", household)["would_change"]
        assert change["needs"] == "nothing"
        least_mps = change["min_speed_mps"]
        if least_mps > SLOWEST_MPS + 1e-4:
            slowest += 1
            at_least, below = (
                states_of(assessed(demo_engine, standard, speed), "pharmacy")[household]
                for speed in (least_mps, least_mps - 1e-4)
            )
            assert at_least == "covered"
            assert below != "covered"
        limit_s = assessment.services[2].service.limit_s
        assert limit_s is not None
        tighter = limit_s - change["margin_s"]
        for more_s, state in ((1e-3, True), (-1e-3, False)):
            other = changed(standard, "pharmacy", limit_s=tighter + more_s)
            assert (states_of(assessed(demo_engine, other), "pharmacy")[household] == "covered") == state
    assert slowest > 0


@pytest.mark.parametrize("min_count", [1, 3])
def test_too_far_is_covered_at_the_speed_it_needs(
    demo_engine: AreaEngine, standard: Standard, min_count: int
) -> None:
    short = changed(standard, "hair_beauty", limit_s=120.0, min_count=min_count)
    assessment = assessed(demo_engine, short)
    for household in some(assessment, "hair_beauty", "too_far"):
        answer = explained(assessment, "hair_beauty", household)
        change = answer["would_change"]
        assert change["needs"] == "shorter_walk"
        assert answer["facility"]["rank"] == min_count
        assert ("facility number 3" in change["text"]) == (min_count == 3)
        enough = assessed(demo_engine, short, change["min_speed_mps"])
        assert states_of(enough, "hair_beauty")[household] == "covered"
        walk_m = sum(term["length_m"] for term in answer["costs"])
        assert walk_m - change["shorter_m"] <= 120.0 * assessment.walker.speed_mps + 1e-6
        assert answer["runner_up"]["time_s"] >= answer["verdict"]["time_s"] - 1e-6


@pytest.mark.parametrize("limit", ["limit_m", "straight_m"])
def test_metres_name_the_metres(demo_engine: AreaEngine, standard: Standard, limit: str) -> None:
    fields = {"limit_s": None, limit: 150.0}
    assessment = assessed(demo_engine, changed(standard, "hair_beauty", **fields))
    far = some(assessment, "hair_beauty", "too_far")[0]
    answer = explained(assessment, "hair_beauty", far)
    assert answer["would_change"]["shorter_m"] == pytest.approx(answer["verdict"]["over_m"], abs=2e-6)
    assert answer["runner_up"]["distance_m"] >= answer["verdict"]["distance_m"] - 1e-6
    near = some(assessment, "hair_beauty", "covered")[0]
    answer = explained(assessment, "hair_beauty", near)
    margin_m = answer["would_change"]["margin_m"]
    assert margin_m == pytest.approx(150.0 - answer["verdict"]["distance_m"], abs=2e-6)
    is_straight = limit == "straight_m"
    for part in ("route", "costs", "links"):
        assert (answer[part] is None) == is_straight
    assert (answer["verdict"]["time_s"] is None) == (answer["runner_up"]["time_s"] is None) == is_straight
    assert ("straight line" in answer["would_change"]["text"]) == is_straight
    if not is_straight:
        micro = sum(round(term["length_m"] * 1e6) for term in answer["costs"])
        assert micro == round(answer["verdict"]["distance_m"] * 1e6)


def test_undetermined_names_the_missing_data_and_the_walk(
    demo_engine: AreaEngine, standard: Standard
) -> None:
    assessment = assessed(demo_engine, standard)
    for household in some(assessment, "market", "undetermined"):
        answer = explained(assessment, "market", household)
        change = answer["would_change"]
        assert change["needs"] == "data"
        assert change["missing_m"] == answer["verdict"]["missing_m"] > 0
        if answer["facility"] is not None:
            enough = assessed(demo_engine, standard, change["min_speed_mps"])
            assert states_of(enough, "market")[household] == "covered"


def test_no_data_asks_for_a_file(demo_engine: AreaEngine) -> None:
    assessment = assessed(demo_engine, get_standard("cn-mofcom-basic"))
    answer = explained(assessment, "housekeeping", 0)
    assert answer["verdict"] == {"state": "no_data", "time_s": None}
    assert answer["would_change"]["needs"] == "facilities"
    assert "supplied in a file" in answer["would_change"]["text"]
    assert answer["facility"] is answer["runner_up"] is answer["route"] is None


def test_no_facility_counts_what_is_missing(demo_engine: AreaEngine, standard: Standard) -> None:
    found = len(assessed(demo_engine, standard).services[2].facilities)
    for missing, words in ((1, "1 more facility of"), (2, "2 more facilities of")):
        many = changed(standard, "pharmacy", limit_s=60.0, min_count=found + missing)
        assessment = assessed(demo_engine, many)
        household = some(assessment, "pharmacy", "no_facility")[0]
        change = explained(assessment, "pharmacy", household)["would_change"]
        assert (change["needs"], change["count"]) == ("facilities", missing)
        assert words in change["text"]


def test_not_snapped_tells_how_far_the_streets_are(demo_engine: AreaEngine, standard: Standard) -> None:
    area = demo_engine.area
    engine = AreaEngine(replace(area, household_links=without_links(area.household_links, 217.25)))
    answer = explained(assessed(engine, standard), "pharmacy", 0)
    assert answer["verdict"] == {"state": "not_snapped", "time_s": None, "nearest_edge_m": 217.25}
    change = answer["would_change"]
    assert (change["needs"], change["nearest_edge_m"]) == ("street", 217.25)
    assert change["max_link_m"] == area.max_link_m
    assert "217.2 m away" in change["text"]


def test_disconnected_tells_its_part_of_the_streets(demo_engine: AreaEngine, standard: Standard) -> None:
    area = demo_engine.area
    engine = AreaEngine(replace(area, facility_links=without_links(area.facility_links, 217.25)))
    assessment = assessed(engine, changed(standard, "pharmacy", limit_s=30.0, min_count=2))
    household = some(assessment, "pharmacy", "disconnected")[0]
    answer = explained(assessment, "pharmacy", household)
    change = answer["would_change"]
    assert change["needs"] == "connection"
    assert change["component_length_m"] == answer["verdict"]["component_length_m"] > 0
    assert "2 facilities" in change["text"]
    assert answer["runner_up"] is None


# --- substitutes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["any_of", "waived_by"])
def test_a_substitute_shows_its_own_walk(demo_engine: AreaEngine, standard: Standard, field: str) -> None:
    with_other = changed(standard, "market", **{field: ("pharmacy",)})
    assessment, plain = assessed(demo_engine, with_other), assessed(demo_engine, standard)
    service = with_other.find_service("market")
    assert service is not None
    gained = np.flatnonzero(assessment.of(service).by >= 0)[:5].tolist()
    assert gained
    for household in gained:
        answer, other = explained(assessment, "market", household), explained(plain, "pharmacy", household)
        assert answer["verdict"] == other["verdict"] | {field: "pharmacy"}
        assert answer["facility"] == other["facility"]
        assert answer["facility"]["service"] == "pharmacy"
        for part in ("route", "costs", "links", "runner_up", "would_change"):
            assert answer[part] == other[part]


def test_a_straight_substitute_has_no_route(demo_engine: AreaEngine, standard: Standard) -> None:
    straight = changed(standard, "pharmacy", limit_s=None, straight_m=300.0)
    with_other = changed(straight, "market", any_of=("pharmacy",))
    assessment = assessed(demo_engine, with_other)
    service = with_other.find_service("market")
    assert service is not None
    answer = explained(assessment, "market", int(np.flatnonzero(assessment.of(service).by >= 0)[0]))
    assert answer["route"] is answer["verdict"]["time_s"] is None
    assert answer["verdict"]["distance_m"] <= 300.0
    assert answer["service"]["limit"] == {"minutes": 8.0}


def test_others_that_cover_too_are_named(demo_engine: AreaEngine, standard: Standard) -> None:
    with_other = changed(standard, "pharmacy", any_of=("hair_beauty", "market"))
    assessment = assessed(demo_engine, with_other)
    own = {
        item.service.id: item.verdicts.state == COVERED for item in assessed(demo_engine, standard).services
    }
    both = np.flatnonzero(own["pharmacy"] & own["hair_beauty"] & ~own["market"])
    change = explained(assessment, "pharmacy", int(both[0]))["would_change"]
    assert change["also_covered_by"] == ["hair_beauty"]
    assert change["text"].endswith("The household is also covered by hair_beauty.")
    neither = np.flatnonzero(~(own["pharmacy"] | own["hair_beauty"] | own["market"]))
    change = explained(assessment, "pharmacy", int(neither[0]))["would_change"]
    assert change["substitutes"] == ["hair_beauty", "market"]
    assert change["text"].endswith("Or hair_beauty or market, within its own limit.")
