"""`any_of`, `waived_by`, straight limits and the band of speeds, on real streets."""

from dataclasses import replace

import numpy as np
import pytest
from pyproj import Geod

from app.domain.standard import Standard
from app.geo.verdict import COVERED, DISCONNECTED, NOT_SNAPPED, TOO_FAR
from app.schemas.coverage import coverage_to_dict
from app.schemas.households import household_features
from app.services.area_engine import AreaEngine
from app.services.assessment import Assessment, assess, choose_walker
from app.services.standards import get_standard

GEOD = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def standard() -> Standard:
    return get_standard("cn-mofcom-5-8-15")


def changed(standard: Standard, service_id: str, **fields: object) -> Standard:
    """The standard with other fields for one service."""
    services = tuple(
        replace(service, **fields) if service.id == service_id else service  # type: ignore[arg-type]
        for service in standard.services
    )
    return replace(standard, services=services)


def assessed(engine: AreaEngine, standard: Standard, band: float | None = None) -> Assessment:
    return assess(engine, standard, choose_walker(standard, None, None), band=band)


@pytest.mark.parametrize("field", ["any_of", "waived_by"])
def test_another_service_covers_instead_and_is_named(
    demo_engine: AreaEngine, standard: Standard, field: str
) -> None:
    plain = assessed(demo_engine, standard)
    with_other = assessed(demo_engine, changed(standard, "market", **{field: ("supermarket",)}))
    number = [service.id for service in standard.services].index("market")
    before, after = plain.services[number], with_other.services[number]
    supermarket = next(item for item in plain.services if item.service.id == "supermarket")
    gained = (before.verdicts.state != COVERED) & (supermarket.verdicts.state == COVERED)
    assert gained.any()
    assert ((after.verdicts.state == COVERED) == ((before.verdicts.state == COVERED) | gained)).all()
    assert (after.by[gained] >= 0).all()
    assert (after.by[~gained] == -1).all()
    assert after.time_s[gained].tolist() == supermarket.time_s[gained].tolist()
    household = np.flatnonzero(gained)[:1]
    verdict = household_features(with_other, household, services=[after])[0]["properties"]["services"][
        "market"
    ]
    assert verdict["state"] == "covered"
    assert verdict[field] == "supermarket"
    assert verdict["facility"] == str(demo_engine.area.facilities.id[supermarket.facility[household[0]]])


def test_a_circle_of_substitutes_judges_each_by_its_own(demo_engine: AreaEngine, standard: Standard) -> None:
    plain = assessed(demo_engine, standard)
    circle = changed(changed(standard, "market", any_of=("pharmacy",)), "pharmacy", any_of=("market",))
    own = {item.service.id: item.verdicts.state == COVERED for item in plain.services}
    for item in assessed(demo_engine, circle).services:
        if item.service.id in ("market", "pharmacy"):
            assert ((item.verdicts.state == COVERED) == (own["market"] | own["pharmacy"])).all()


def test_straight_limits_measure_the_air_line_to_the_nearest_access_point(
    demo_engine: AreaEngine, standard: Standard
) -> None:
    limit_m = 300.0
    straight = changed(standard, "pharmacy", limit_s=None, straight_m=limit_m)
    item = next(item for item in assessed(demo_engine, straight).services if item.service.id == "pharmacy")
    homes, places = demo_engine.area.households.access, demo_engine.area.facilities.access
    for household in range(0, demo_engine.area.households.count, 9):
        shortest_m = min(
            GEOD.inv(homes.lon_deg[home], homes.lat_deg[home], places.lon_deg[place], places.lat_deg[place])[
                2
            ]
            for home in range(homes.start[household], homes.start[household + 1])
            for facility in item.facilities.tolist()
            for place in range(places.start[facility], places.start[facility + 1])
        )
        assert item.distance_m[household] == pytest.approx(shortest_m, rel=1e-3, abs=0.01)
        assert (item.verdicts.state[household] == COVERED) == (shortest_m <= limit_m)
    assert not np.isin(item.verdicts.state, [NOT_SNAPPED, DISCONNECTED]).any()
    feature = household_features(assessed(demo_engine, straight), np.asarray([0]), services=[item])[0]
    verdict = feature["properties"]["services"]["pharmacy"]
    assert verdict["time_s"] is None
    assert verdict["distance_m"] == pytest.approx(item.distance_m[0], abs=1e-5)


def test_a_straight_line_is_never_longer_than_the_walk(demo_engine: AreaEngine, standard: Standard) -> None:
    for count in (1, 3):
        walked = changed(standard, "pharmacy", min_count=count)
        straight = changed(standard, "pharmacy", min_count=count, limit_s=None, straight_m=300.0)
        one, other = (
            next(item for item in assessed(demo_engine, kind).services if item.service.id == "pharmacy")
            for kind in (walked, straight)
        )
        # The plane's scale error is below 0.1 %.
        assert (other.distance_m <= one.distance_m * 1.001).all()
        assert (other.distance_m > 0).all()


def test_the_band_finds_exactly_the_verdicts_that_other_speeds_change(
    demo_engine: AreaEngine, standard: Standard
) -> None:
    speed_mps = choose_walker(standard, None, None).speed_mps
    banded = assessed(demo_engine, standard, band=0.1)
    slower, faster = (
        assess(demo_engine, standard, choose_walker(standard, None, speed_mps * factor))
        for factor in (0.9, 1.1)
    )
    fragile = 0
    coverage = coverage_to_dict(banded, weight="points")
    for item, slow, fast, answer in zip(
        banded.services, slower.services, faster.services, coverage["services"], strict=True
    ):
        state = item.verdicts.state
        expected = (state != slow.verdicts.state) | (state != fast.verdicts.state)
        assert item.is_fragile is not None
        assert item.is_fragile.tolist() == expected.tolist()
        assert answer["fragile"]["points"] == expected.sum()
        fragile += int(expected.sum())
    assert fragile > 0
    assert coverage["band"] == 0.1


def test_metres_do_not_depend_on_the_speed(demo_engine: AreaEngine) -> None:
    for item in assessed(demo_engine, get_standard("cn-gb50180-2018"), band=0.1).services:
        assert item.is_fragile is not None
        assert not item.is_fragile.any()
        assert np.isin(item.verdicts.state, range(TOO_FAR + 1)).all()


def test_without_a_band_nothing_is_said_of_it(demo_engine: AreaEngine, standard: Standard) -> None:
    coverage = coverage_to_dict(assessed(demo_engine, standard), weight="points")
    assert "band" not in coverage
    assert all("fragile" not in service for service in coverage["services"])
