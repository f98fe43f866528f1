"""Isochrones against the walking times of households, on real streets, and answers for odd questions."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Geod

from app.domain.errors import BadInputError, FacilityNotFoundError
from app.geo.isochrone import LEVEL_M, MAX_ERROR_M
from app.geo.walks import walks_to_nearest
from app.services.area_engine import AreaEngine
from app.services.facilities import distinct_services
from app.services.import_area import ImportRequest, import_area
from app.services.isochrone_check import HouseholdCheck
from app.services.isochrone_limits import Limit, check_limits, choose_limits, parse_limits
from app.services.isochrone_origins import (
    choose_free_walker,
    choose_origins,
    facility_origin,
    place_origins,
    service_origins,
)
from app.services.isochrones import Drawn, draw
from app.services.kernel_loader import KernelLoader
from app.services.standards import get_service, get_standard, list_standards
from app.settings import Settings
from tests.support.pictures import multipolygon
from tests.support.shared_data import shared_data
from tests.support.stores import area_store

EXTRACTS = ("geneva", "helsinki", "las-palmas", "liechtenstein", "malta", "nanjing", "porto-alegre")
STATION = (24.9414, 60.1719)
LIMITS = [Limit(value, "minutes") for value in (5.0, 10.0, 15.0)]
WALKER = choose_free_walker(None, None, None)


def at(engine: AreaEngine, *places: tuple[float, float], limits: list[Limit] = LIMITS) -> list[Drawn]:
    lon, lat = np.array(places).T
    return draw(engine, WALKER, place_origins(engine, WALKER, lon, lat), limits)


def shape_of(picture: Drawn) -> shapely.MultiPolygon:
    return multipolygon(picture.polygons or ())


# --- against walking times -----------------------------------------------------------------------------------------


def check_against_times(engine: AreaEngine, *, origins: int, places: int) -> None:
    """Every household, and places at random, are on the right side of almost every border, and never far from it."""
    view = engine.view(WALKER.profile)
    net, locator = view.network, engine.ground(WALKER.profile).locator
    homes = engine.area.households.access
    random = np.random.default_rng(15)
    right = np.zeros(2)
    for _ in range(origins):
        vertex = random.integers(len(net.vertex_x_m))
        x_m = net.vertex_x_m[vertex] + random.uniform(-1200, 1200, places)
        y_m = net.vertex_y_m[vertex] + random.uniform(-1200, 1200, places)
        lon, lat = net.projection.to_degrees(x_m, y_m)
        lon, lat = np.concatenate([homes.lon_deg, lon]), np.concatenate([homes.lat_deg, lat])
        origin = place_origins(
            engine, WALKER, net.vertex_lon_deg[vertex : vertex + 1], net.vertex_lat_deg[vertex : vertex + 1]
        )
        links = locator.link(lon, lat)
        walk_m = walks_to_nearest(
            net, view.graph, links, np.arange(len(lon) + 1), origin.links, origin.start
        ).cost
        previous = None
        for picture in draw(engine, WALKER, origin, LIMITS):
            shape = shape_of(picture)
            assert shapely.is_valid(shape)
            assert previous is None or previous.is_empty or shapely.covers(shape, previous)
            previous = shape
            beyond_m = walk_m - picture.limit.value * 60 * WALKER.speed_mps
            wrong = np.flatnonzero(shapely.intersects_xy(shape, lon, lat) != (beyond_m <= 0))
            right += [len(lon) - len(wrong), len(lon)]
            border = net.projection.shapes_to_plane(np.asarray([shapely.boundary(shape)]))[0]
            off_m = shapely.distance(border, shapely.points(*net.projection.to_plane(lon[wrong], lat[wrong])))
            level = np.abs(beyond_m[wrong]) <= LEVEL_M
            assert (off_m[~level] <= picture.max_error_m).all()
    assert right[0] / right[1] >= 0.99


def test_polygons_agree_with_times_in_helsinki(demo_engine: AreaEngine) -> None:
    check_against_times(demo_engine, origins=12, places=4000)


def test_on_real_streets_a_limit_is_drawn_the_same_alone(demo_engine: AreaEngine) -> None:
    net = demo_engine.area.network
    for vertex in range(0, len(net.vertex_lon_deg), len(net.vertex_lon_deg) // 12):
        place = float(net.vertex_lon_deg[vertex]), float(net.vertex_lat_deg[vertex])
        limits = [
            Limit(value, "meters") for value in (100.0, 130.0, 140.0, 150.0, 400.0, 420.0, 435.0, 1000.0)
        ]
        together = at(demo_engine, place, limits=limits)
        alone = [at(demo_engine, place, limits=[limit])[0] for limit in limits]
        assert [shape_of(one).wkb for one in together] == [shape_of(one).wkb for one in alone]
        for small, large in pairwise(together):
            assert small.is_empty or shapely.covers(shape_of(large), shape_of(small))


@pytest.mark.parametrize("name", EXTRACTS)
def test_polygons_agree_with_times_everywhere(name: str, tmp_path: Path) -> None:
    store = area_store(tmp_path)
    extract = shared_data(f"{name}.osm.pbf")
    import_area(
        ImportRequest(name, osm_file=extract),
        store,
        Settings(data_dir=tmp_path),
        known_services=distinct_services(list_standards()),
    )
    kernels = KernelLoader()
    kernels.wait()
    check_against_times(AreaEngine(store.load(name), kernels=kernels), origins=8, places=4000)


def test_verify_counts_what_is_wrong(demo_engine: AreaEngine) -> None:
    lon, lat = np.array([STATION]).T
    origins = place_origins(demo_engine, WALKER, lon, lat)
    area = demo_engine.area
    view = demo_engine.view(WALKER.profile)
    walk_m = walks_to_nearest(
        view.network, view.graph, view.household_links, view.household_start, origins.links, origins.start
    ).cost
    for picture in draw(demo_engine, WALKER, origins, LIMITS, verify=True):
        assert picture.wrong_sides is not None
        shape = shape_of(picture)
        homes = area.households.access
        inside = np.logical_or.reduceat(
            shapely.intersects_xy(shape, homes.lon_deg, homes.lat_deg), homes.start[:-1]
        )
        reached = walk_m <= picture.limit.value * 60 * WALKER.speed_mps
        assert picture.wrong_sides.wrong == (inside != reached).sum()
        assert picture.wrong_sides.households == area.households.count
        assert picture.wrong_sides.share == picture.wrong_sides.wrong / area.households.count
        assert (picture.wrong_sides.farthest_m > 0) == (picture.wrong_sides.wrong > 0)
        assert picture.wrong_sides.farthest_m <= MAX_ERROR_M


def test_a_wrong_picture_is_noticed(demo_engine: AreaEngine) -> None:
    # The check sees a polygon of 5 minutes that is said to be one of 15.
    lon, lat = np.array([STATION]).T
    origins = place_origins(demo_engine, WALKER, lon, lat)
    view = demo_engine.view(WALKER.profile)
    check = HouseholdCheck(
        view,
        demo_engine.area.households.access,
        view.graph,
        origins.links,
        origins.start,
        nearest=1,
        kernels=None,
    )
    small = at(demo_engine, STATION, limits=LIMITS[:1])[0]
    found = check.count(small.polygons or (), 1000.0)
    assert found.share > 0.1
    assert found.farthest_m > 300


# --- services and facilities ---------------------------------------------------------------------------------------


def test_a_catchment_of_one_is_the_union_of_its_facilities(demo_engine: AreaEngine) -> None:
    standard = get_standard("cn-mofcom-5-8-15")
    service = get_service(standard, "supermarket")
    origins = service_origins(demo_engine, WALKER, service)
    (catchment,) = draw(demo_engine, WALKER, origins, LIMITS[:1])
    ids = demo_engine.area.facilities.id[demo_engine.offering(service)]
    singles = [
        shape_of(draw(demo_engine, WALKER, facility_origin(demo_engine, WALKER, str(item)), LIMITS[:1])[0])
        for item in ids
    ]
    plane = demo_engine.area.network.projection.shapes_to_plane(
        np.asarray([shape_of(catchment), shapely.union_all(singles)])
    )
    assert shapely.area(shapely.symmetric_difference(*plane)) < 0.01 * shapely.area(plane[0])


def test_a_catchment_of_two_holds_whom_two_reach(demo_engine: AreaEngine) -> None:
    service = replace(get_service(get_standard("cn-mofcom-5-8-15"), "supermarket"), min_count=3)
    origins = service_origins(demo_engine, WALKER, service)
    (picture,) = draw(demo_engine, WALKER, origins, LIMITS[:1], verify=True)
    assert picture.wrong_sides is not None
    reached = demo_engine.walks(service, WALKER.profile).cost <= 5 * 60 * WALKER.speed_mps
    assert 0 < reached.sum() < len(reached)
    assert picture.wrong_sides.share <= 0.03  # 89 households
    assert picture.wrong_sides.farthest_m <= MAX_ERROR_M
    wanting = replace(service, min_count=10_000)
    (nothing,) = draw(demo_engine, WALKER, service_origins(demo_engine, WALKER, wanting), LIMITS[:1])
    assert (nothing.polygons, nothing.reason) == ((), "no_facility")


def test_a_service_walks_at_its_standards_speed() -> None:
    slow = replace(get_standard("un-sdg11"), speed_mps=0.5, profile=None)
    assert choose_free_walker(slow, None, None).speed_mps == 0.5
    assert choose_free_walker(slow, "elderly", None).speed_mps == 0.8
    assert choose_free_walker(slow, "elderly", 1.5).speed_mps == 1.5
    assert choose_free_walker(None, None, None).speed_mps == pytest.approx(1000 / 900)


def test_a_profile_with_costs_of_its_own_reaches_less(demo_engine: AreaEngine) -> None:
    lon, lat = np.array([STATION]).T
    careful = choose_free_walker(None, "careful", None)
    (plain,) = at(demo_engine, STATION, limits=LIMITS[2:])
    (slow,) = draw(
        demo_engine, careful, place_origins(demo_engine, careful, lon, lat), LIMITS[2:], verify=True
    )
    assert shape_of(slow).area < 0.99 * shape_of(plain).area
    assert slow.wrong_sides is not None
    assert slow.wrong_sides.farthest_m <= MAX_ERROR_M
    metres = [Limit(600.0, "meters")]
    one = draw(demo_engine, careful, place_origins(demo_engine, careful, lon, lat), metres)[0]
    assert shape_of(one) == shape_of(at(demo_engine, STATION, limits=metres)[0])


# --- odd questions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ((24.9500, 60.1600), "outside_extent"),
        ((25.2, 60.0), "outside_extent"),
        ((-170.0, -80.0), "outside_extent"),
    ],
)
def test_an_origin_without_a_street_draws_nothing(
    demo_engine: AreaEngine, place: tuple[float, float], reason: str
) -> None:
    for picture in at(demo_engine, place):
        assert (picture.polygons, picture.reason) == ((), reason)
    lon, lat = np.array([place]).T
    origins = place_origins(demo_engine, WALKER, lon, lat)
    (streets,) = draw(demo_engine, WALKER, origins, LIMITS[:1], shape="streets")
    assert streets.is_empty
    assert streets.reason == reason


def test_a_picture_that_may_reach_beyond_the_data_is_marked(demo_engine: AreaEngine) -> None:
    west, _, _, _ = demo_engine.area.extent.polygon.bounds
    lat = STATION[1]
    border_m = Geod(ellps="WGS84").line_length([west, STATION[0]], [lat, lat])  # the west side is the nearest
    limits = [Limit(border_m - 2, "meters"), Limit(border_m + 2, "meters")]
    assert [picture.is_complete for picture in at(demo_engine, STATION, limits=limits)] == [True, False]
    assert not at(demo_engine, (25.2, 60.0))[0].is_complete  # nothing is known there


def test_off_the_streets_inside_the_area_draws_nothing(demo_engine: AreaEngine) -> None:
    west, south, east, north = demo_engine.area.extent.polygon.bounds
    lon, lat = (
        part.ravel() for part in np.meshgrid(np.linspace(west, east, 60), np.linspace(south, north, 60))
    )
    locator = demo_engine.ground(WALKER.profile).locator
    far = np.flatnonzero(~locator.link(lon, lat).is_linked)
    if len(far) == 0:
        pytest.skip("every place of the demo area lies within 150 m of a street")
    (picture, *_) = at(demo_engine, (float(lon[far[0]]), float(lat[far[0]])))
    assert (picture.polygons, picture.reason) == ((), "off_network")


def test_a_limit_of_zero_or_shorter_than_the_link_draws_nothing(demo_engine: AreaEngine) -> None:
    zero, short, enough = at(
        demo_engine, STATION, limits=[Limit(0.0, "meters"), Limit(30.0, "meters"), Limit(40.0, "meters")]
    )
    assert (zero.polygons, zero.reason) == ((), "limit_zero")
    assert (short.polygons, short.reason) == ((), "link_longer_than_limit")
    assert enough.reason is None
    assert not shape_of(enough).is_empty


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "1e9", "x", "", "5,,10", "180.1", "5;10"])
def test_limits_that_cannot_be_used_are_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="minutes"):
        choose_limits(text, None, None, 1.0)


def test_limits_are_sorted_and_given_once() -> None:
    assert choose_limits("15,5,5.0", "800", None, 1.0) == [
        Limit(5.0, "minutes"),
        Limit(15.0, "minutes"),
        Limit(800.0, "meters"),
    ]
    assert check_limits([Limit(180.0, "minutes")], 5 / 3.6) == [Limit(180.0, "minutes")]
    with pytest.raises(BadInputError, match="15000 m"):
        check_limits([Limit(180.0, "minutes")], 1.5)
    with pytest.raises(BadInputError, match="15000"):
        check_limits([Limit(15_001.0, "meters")], 1.0)
    with pytest.raises(BadInputError, match="too many"):
        check_limits(parse_limits(",".join(str(value) for value in range(11)), "minutes"), 1.0)


def test_a_service_brings_its_own_limit() -> None:
    standard = get_standard("cn-mofcom-5-8-15")
    assert choose_limits(None, None, get_service(standard, "pharmacy"), 1.0) == [
        Limit((get_service(standard, "pharmacy").limit_s or 0) / 60, "minutes")
    ]
    straight = [item for known in list_standards() for item in known.services if item.straight_m is not None]
    for service in straight:
        with pytest.raises(BadInputError, match="straight line"):
            choose_limits(None, None, service, 1.0)


def test_exactly_one_thing_is_asked_for(demo_engine: AreaEngine) -> None:
    service = get_service(get_standard("cn-mofcom-5-8-15"), "pharmacy")
    for lon, lat, facility, wanted in (
        (None, None, None, None),
        (24.94, None, None, None),
        (24.94, 60.17, "node/1", None),
        (24.94, 60.17, None, service),
        (None, None, "node/1", service),
    ):
        with pytest.raises(BadInputError):
            choose_origins(
                demo_engine, WALKER, lon_deg=lon, lat_deg=lat, facility_id=facility, service=wanted
            )
    with pytest.raises(FacilityNotFoundError):
        facility_origin(demo_engine, WALKER, "node/1")
