"""What a profile's costs add to a walk, term by term."""

import json

import numpy as np
import pytest

from app.schemas.explain import explanation_to_dict
from app.schemas.wire_explain import ExplainAnswer
from app.services.area_engine import AreaEngine
from app.services.assessment import assess, choose_walker
from app.services.explain import explain
from app.services.standards import get_standard

STANDARD = get_standard("cn-mofcom-5-8-15")


@pytest.mark.parametrize("profile_id", ["careful", "standard"])
def test_what_an_explanation_costs_adds_up(hills: AreaEngine, profile_id: str) -> None:
    assessment = assess(hills, STANDARD, choose_walker(STANDARD, profile_id, None))
    item = next(item for item in assessment.services if item.service.id == "pharmacy")
    explained, seen = 0, set()
    for household in np.flatnonzero(np.isfinite(item.time_s))[::25].tolist():
        answer = explanation_to_dict(explain(assessment, item, household))
        terms = {cost["term"]: cost["time_s"] for cost in answer["costs"]}
        micro = sum(round(value * 1e6) for value in terms.values())
        assert micro == round(float(item.time_s[household]) * 1e6)
        # What rounding leaves over is all that the streets may differ by from their length at the profile's speed.
        streets_m = answer["route"]["properties"]["length_m"]
        assert terms["streets"] == pytest.approx(streets_m / assessment.walker.speed_mps, abs=0.001)
        if answer["runner_up"] is not None:
            assert answer["runner_up"]["time_s"] >= answer["verdict"].get("time_s", 0) - 1e-6
        json.dumps(answer, allow_nan=False)
        ExplainAnswer.model_validate(answer)
        explained += 1
        seen |= {term for term, value in terms.items() if value}
    assert explained > 20
    extra = {"crossings", "signals", "slope"}  # steps are gone round by all of them
    assert seen & extra == (extra if profile_id == "careful" else set())
