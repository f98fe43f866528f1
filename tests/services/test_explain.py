"""Explanations of real verdicts: each agrees with the verdict that it explains."""

import json

import numpy as np
import pytest

from app.domain.access import AccessPoints
from app.schemas.explain import explanation_to_dict
from app.services.area_engine import AreaEngine
from app.services.assessment import Assessment, assess, choose_walker
from app.services.explain import explain
from app.services.standards import get_standard


@pytest.fixture(scope="module")
def assessment(demo_engine: AreaEngine) -> Assessment:
    standard = get_standard("cn-mofcom-5-8-15")
    return assess(demo_engine, standard, choose_walker(standard, None, None))


def test_costs_add_up_to_the_time_and_the_runner_up_is_no_nearer(assessment: Assessment) -> None:
    explained = 0
    for item in assessment.services:
        for household in range(0, assessment.area.households.count, 7):
            answer = explanation_to_dict(explain(assessment, item, household))
            json.dumps(answer, allow_nan=False)
            if answer["costs"] is None:
                assert np.isinf(item.time_s[household])
                continue
            explained += 1
            micro = sum(round(term["time_s"] * 1e6) for term in answer["costs"])
            assert micro == round(float(item.time_s[household]) * 1e6)
            length_m = sum(term["length_m"] for term in answer["costs"])
            assert length_m == pytest.approx(item.distance_m[household], abs=0.002)
            if answer["runner_up"] is not None and item.service.min_count == 1:
                assert answer["runner_up"]["time_s"] >= answer["verdict"].get("time_s", 0) - 1e-6
                assert answer["runner_up"]["facility"] != answer["facility"]["id"]
    assert explained > 20


def test_the_route_begins_at_the_household_and_ends_at_the_facility(assessment: Assessment) -> None:
    item = next(item for item in assessment.services if item.service.id == "pharmacy")
    household = int(np.argmin(item.time_s))
    answer = explanation_to_dict(explain(assessment, item, household))
    line = answer["route"]["geometry"]["coordinates"]
    facilities = assessment.area.facilities
    facility = int(np.flatnonzero(facilities.id == answer["facility"]["id"])[0])
    assert line[0] in ways_in(assessment.area.households.access, household)
    assert line[-1] in ways_in(facilities.access, facility)
    assert answer["route"]["properties"]["way_ids"]


def ways_in(access: AccessPoints, place: int) -> list[list[float]]:
    rows = slice(access.start[place], access.start[place + 1])
    return np.column_stack([access.lon_deg[rows], access.lat_deg[rows]]).round(7).tolist()
