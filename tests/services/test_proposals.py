"""Proposals compared: the incremental answer against the changed city worked out anew, household by household."""

import os
from pathlib import Path

import numpy as np
import pytest
import shapely

from app.domain.errors import BadInputError
from app.domain.standard import Standard
from app.geo.verdict import COVERED
from app.schemas.facilities import facility_features
from app.services.area_engine import AreaEngine
from app.services.assessment import Assessment, Walker, assess, choose_walker
from app.services.changed_area import changed_area
from app.services.facilities import known_services, services_by_facility
from app.services.import_area import ImportRequest, import_area
from app.services.kernel_loader import KernelLoader
from app.services.proposals import Comparison, assess_anew, compare
from app.services.standards import get_standard
from app.settings import Settings
from tests.services.conftest import grid_files
from tests.support.proposing import feature, proposal, random_proposal
from tests.support.shared_data import shared_data
from tests.support.stores import area_store

EXTRACTS = ("helsinki", "geneva", "las-palmas", "liechtenstein", "malta", "nanjing", "porto-alegre")
ALL = int(os.environ.get("REACH15_RANDOM_PROPOSALS", "0"))
"""Random proposals for every extract, 200 to show what is promised; without it those of `SOME`."""

SOME = {"helsinki": 25, "nanjing": 200}
"""Random proposals in every run: all of them where a city is worked out anew in a few hundredths of a second."""

STANDARD = "cn-gb50180-2018"


@pytest.fixture(scope="session")
def kernels() -> KernelLoader:
    loader = KernelLoader()
    assert loader.wait() is not None
    return loader


@pytest.fixture(scope="module", params=EXTRACTS if ALL else tuple(SOME))
def city(
    request: pytest.FixtureRequest, kernels: KernelLoader, tmp_path_factory: pytest.TempPathFactory
) -> AreaEngine:
    store = area_store(tmp_path_factory.mktemp(request.param))
    source = shared_data(f"{request.param}.osm.pbf")
    # Nobody mapped its buildings: the people come from a grid.
    households = None
    if request.param == "porto-alegre":
        grid = shared_data("porto-alegre-hexgrid.csv")
        households, _ = grid_files(grid, tmp_path_factory.mktemp("grid"))
    asked = ImportRequest(request.param, osm_file=source, households_file=households)
    import_area(asked, store, Settings(), known_services=())
    return AreaEngine(store.load(request.param), kernels=kernels)


@pytest.fixture(scope="module")
def standard() -> Standard:
    return get_standard(STANDARD)


@pytest.fixture(scope="module")
def walker(standard: Standard) -> Walker:
    return choose_walker(standard, None, None)


@pytest.fixture(scope="module")
def helsinki(demo_data_dir: Path, kernels: KernelLoader) -> AreaEngine:
    return AreaEngine(area_store(demo_data_dir).load("helsinki"), kernels=kernels)


def assert_same(found: Assessment, expected: Assessment, why: object) -> None:
    """States and facilities to the last bit, times to a nanosecond."""
    assert found.area.facilities.id.tolist() == expected.area.facilities.id.tolist(), why
    assert found.overall.tolist() == expected.overall.tolist(), why
    for one, other in zip(found.services, expected.services, strict=True):
        place = (one.service.id, why)
        np.testing.assert_array_equal(one.verdicts.state, other.verdicts.state, err_msg=str(place))
        for name in ("facility", "access", "facilities", "by"):
            np.testing.assert_array_equal(
                getattr(one, name), getattr(other, name), err_msg=str((name, place))
            )
        for name in ("time_s", "distance_m"):
            np.testing.assert_allclose(
                getattr(one, name), getattr(other, name), rtol=0, atol=1e-9, err_msg=str((name, place))
            )


def test_random_proposals_equal_the_changed_city_worked_out_anew(
    city: AreaEngine, standard: Standard, walker: Walker
) -> None:
    services = [service.id for service in standard.services]
    count = ALL or SOME[city.area.id]
    changed = 0
    for seed in range(count):
        asked = random_proposal(city.area, services, seed)
        found = compare(city, standard, walker, asked)
        assert_same(found.after, assess_anew(city, standard, walker, asked), (seed, asked.changes))
        assert found.as_a_whole is None
        assert_rows_agree(found)
        changed += any(found.gained(i).any() or found.lost(i).any() for i in range(len(services)))
    assert changed > count / 20
    # Labels are repaired in place: they must be what they were.
    fresh = assess(AreaEngine(city.area, kernels=city.kernels), standard, walker)
    assert_same(
        compare(city, standard, walker, proposal(feature("open", node=nodes_of(city)[0]))).after, fresh, ""
    )


def assert_rows_agree(found: Comparison) -> None:
    """What is said of some households alone is what is said of all."""
    for number, (one, other) in enumerate(zip(found.before.services, found.after.services, strict=True)):
        before, after = one.verdicts.state == COVERED, other.verdicts.state == COVERED
        assert (found.gained(number) == (after & ~before)).all()
        assert (found.lost(number) == (before & ~after)).all()
        assert found.judged[number].time_s.tolist() == other.time_s[found.households].tolist()


def nodes_of(engine: AreaEngine) -> list[int]:
    """OSM nodes that are no barriers."""
    network = engine.area.network
    ids: list[int] = network.vertex_osm_id[network.vertex_mark == 0].tolist()
    return ids


@pytest.mark.parametrize("profile", ["careful", "wheelchair"])
def test_costs_and_streets_that_a_walker_cannot_use_change_nothing_of_that(
    helsinki: AreaEngine, standard: Standard, profile: str
) -> None:
    walker = choose_walker(standard, profile, None)
    services = [service.id for service in standard.services]
    for seed in range(6):
        asked = random_proposal(helsinki.area, services, seed)
        found = compare(helsinki, standard, walker, asked)
        assert_same(found.after, assess_anew(helsinki, standard, walker, asked), (seed, asked.changes))


class TestNothingChanges:
    def test_to_add_what_exists(self, helsinki: AreaEngine, standard: Standard, walker: Walker) -> None:
        site = feature(
            "add", {"type": "Point", "coordinates": [24.94, 60.17]}, facility="site", services=["clinic"]
        )
        with_site = AreaEngine(changed_area(helsinki.area, proposal(site)), kernels=helsinki.kernels)
        again = compare(with_site, standard, walker, proposal(site))
        assert again.notes == ("feature 1: facility site is there already",)
        assert_same(again.after, again.before, "")

    def test_to_add_what_the_service_itself_lists(
        self, helsinki: AreaEngine, standard: Standard, walker: Walker
    ) -> None:
        offered = services_by_facility(helsinki, known_services(standard))
        listed = facility_features(helsinki.area, offered)
        sites = [
            feature("add", site["geometry"], facility=site["id"], services=site["properties"]["services"])
            for site in listed
        ]
        found = compare(helsinki, standard, walker, proposal(*sites))
        assert set(found.notes) == {
            f"feature {number}: facility {site['id']} is there already"
            for number, site in enumerate(listed, start=1)
        }
        assert_same(found.after, found.before, "")

    def test_to_open_what_is_open(self, helsinki: AreaEngine, standard: Standard, walker: Walker) -> None:
        network = helsinki.area.network
        way = int(network.edge_way_id[~network.edge_restricted][0])
        found = compare(helsinki, standard, walker, proposal(feature("open", way=way)))
        assert found.notes == (f"feature 1: way {way} is open already",)
        assert_same(found.after, found.before, "")

    def test_by_the_order_of_features(self, helsinki: AreaEngine, standard: Standard, walker: Walker) -> None:
        facility = str(helsinki.area.facilities.id[5])
        items = [
            feature("close", way=int(helsinki.area.network.edge_way_id[100])),
            feature("close", facility=facility),
            feature("add", {"type": "Point", "coordinates": [24.942, 60.171]}, services=["market"]),
            feature("close", {"type": "Polygon", "coordinates": [ring(24.935, 60.165)]}),
            feature("close", node=nodes_of(helsinki)[40]),
        ]
        forth = compare(helsinki, standard, walker, proposal(*items))
        back = compare(helsinki, standard, walker, proposal(*items[::-1]))
        assert (forth.after.overall != forth.before.overall).any() or changed_times(forth)
        assert_same(forth.after, back.after, "")


def ring(west: float, south: float) -> list[list[float]]:
    east, north = west + 0.002, south + 0.001
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def changed_times(comparison: Comparison) -> bool:
    sides = zip(comparison.before.services, comparison.after.services, strict=True)
    return any(not np.array_equal(one.time_s, other.time_s) for one, other in sides)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            feature("close", facility="node/1"),
            r"feature 1, property facility: the area has no facility 'node/1'",
        ),
        (
            feature("add", shapely.Point(60.17, 24.94), services=["clinic"]),
            r"feature 1, geometry: lies far outside the extent .* \(longitude and latitude look swapped",
        ),
        (
            feature("move", shapely.Point(25.05, 60.17), facility="node/1003278927"),
            r"feature 1, geometry: lies 5\.4 km outside the extent of the area",
        ),
        (
            feature(
                "add", shapely.Point(24.9401649, 60.1703335), facility="node/1003278927", services=["clinic"]
            ),
            "the area has another facility 'node/1003278927', which does not offer 'clinic'",
        ),
        (
            feature("add", shapely.Point(24.9402, 60.1703), facility="node/1003278927", services=["clinic"]),
            "the area has another facility 'node/1003278927', which stands elsewhere",
        ),
        (feature("close", way=1), "feature 1, property way: the area has no walkable way 1"),
        (feature("open", node=1), "feature 1, property node: the area has no node 1"),
        (
            feature("open", {"type": "LineString", "coordinates": [[24.94, 60.17], [24.9412, 60.1712]]}),
            r"feature 1, geometry: the first end of the new link lies [\d.]+ m from the nearest node",
        ),
    ],
)
def test_what_the_area_does_not_hold_is_named(
    helsinki: AreaEngine, standard: Standard, walker: Walker, item: object, message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        compare(helsinki, standard, walker, proposal(item))
