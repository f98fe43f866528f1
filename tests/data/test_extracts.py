"""Every real extract against every shipped standard: nothing is lost, nothing is invented, twice the same."""

import math
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.domain.household import WEIGHTS
from app.geo.verdict import STATES
from app.schemas.coverage import coverage_to_dict
from app.schemas.households import household_features, matching_households
from app.services.area_engine import AreaEngine
from app.services.assessment import Assessment, assess, choose_walker
from app.services.facilities import distinct_services
from app.services.import_area import ImportRequest, import_area
from app.services.standards import list_standards
from app.settings import Settings
from tests.support.shared_data import shared_data
from tests.support.stores import area_store

EXTRACTS = ("helsinki", "geneva", "nanjing", "malta", "liechtenstein", "las-palmas", "porto-alegre")
PAIRS_TOLERANCE = 0.01  # sums of weights rounded to three decimals


def engine_of(name: str, folder: Path) -> AreaEngine:
    households = shared_data("porto-alegre-hexgrid.csv") if name == "porto-alegre" else None
    request = ImportRequest(name, osm_file=shared_data(f"{name}.osm.pbf"), households_file=households)
    store = area_store(folder)
    import_area(request, store, Settings(data_dir=folder), known_services=distinct_services(list_standards()))
    return AreaEngine(store.load(name))


def answers(assessment: Assessment) -> bytes:
    """Coverage and all households, as they leave the house; NaN and infinity do not pass orjson as numbers."""
    every = matching_households(assessment, services=assessment.services)
    features = household_features(assessment, every, services=assessment.services)
    return orjson.dumps([coverage_to_dict(assessment, weight="households"), features])


def numbers_in(answer: Any) -> list[float]:
    if isinstance(answer, dict):
        return [number for value in answer.values() for number in numbers_in(value)]
    if isinstance(answer, list):
        return [number for value in answer for number in numbers_in(value)]
    return [answer] if isinstance(answer, float) else []


@pytest.mark.parametrize("name", EXTRACTS)
def test_an_extract_gives_whole_and_repeatable_answers(name: str, tmp_path: Path) -> None:
    engine = engine_of(name, tmp_path / "first")
    again = engine_of(name, tmp_path / "second")
    assert engine.area.data_hash == again.area.data_hash
    total = engine.area.households
    for standard in list_standards():
        walker = choose_walker(standard, None, None)
        assessment = assess(engine, standard, walker)
        coverage = coverage_to_dict(assessment, weight="households")
        assert all(math.isfinite(number) for number in numbers_in(coverage))
        for groups in [service["states"] for service in coverage["services"]] + [coverage["overall"]]:
            assert sum(group["points"] for group in groups.values()) == total.count
            for weight in WEIGHTS[1:]:
                values = total.weights(weight)
                if values is not None:
                    assert sum(group[weight] for group in groups.values()) == pytest.approx(
                        values.sum(), abs=PAIRS_TOLERANCE
                    )
        first = answers(assessment)
        assert b"NaN" not in first
        assert b"Infinity" not in first
        assert first == answers(assess(again, standard, walker))
        assert set(coverage["services"][0]["states"]) == set(STATES)
