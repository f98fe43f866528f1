"""The offset check on real buildings: it names the right system, and never where nothing is wrong."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import shapely

from app.geo.links import EdgeLocator
from app.geo.network_builder import build_walk_network
from app.geo.units import FloatArray
from app.ingest.coordinates import find_coordinates
from app.ingest.osm_file import OsmExtract, read_osm_file
from app.services.offset_check import SYSTEMS, Surroundings, check_offset
from app.services.update_area import update_area
from app.services.update_request import DataRequest
from tests.support.shared_data import shared_data
from tests.support.small_town import SERVICES, do_import
from tests.support.stores import area_store

Places = tuple[FloatArray, FloatArray]


@pytest.fixture(scope="module")
def extract() -> OsmExtract:
    return read_osm_file(shared_data("nanjing.osm.pbf"))


@pytest.fixture(scope="module")
def around(extract: OsmExtract) -> Surroundings:
    network = build_walk_network(
        extract.ways,
        wall_ids=extract.wall_ids,
        gate_ids=extract.gate_ids,
        crossing_ids=extract.crossing_ids,
        signal_ids=extract.signal_ids,
    )
    return Surroundings(extract.buildings.geometries, EdgeLocator(network))


@pytest.fixture(scope="module")
def homes(extract: OsmExtract) -> Places:
    """Places in buildings, each some metres off, as addresses are."""
    random = np.random.default_rng(11)
    at = shapely.get_coordinates(shapely.point_on_surface(extract.buildings.geometries()))
    west, south, east, north = 118.765, 32.0375, 118.794, 32.0505
    at = at[(at[:, 0] > west) & (at[:, 0] < east) & (at[:, 1] > south) & (at[:, 1] < north)]
    at += random.normal(0, 5e-5, at.shape)
    return at[:, 0], at[:, 1]


def read_wrongly(places: Places, truth: str, read_as: str) -> Places:
    """Places as they come out when a file of one system is read as another."""
    return find_coordinates(read_as, "").to_wgs84(*find_coordinates(truth, "").from_wgs84(*places))


@pytest.mark.parametrize("truth", SYSTEMS)
@pytest.mark.parametrize("read_as", SYSTEMS)
def test_the_true_system_is_named_wherever_another_was(
    homes: Places, around: Surroundings, truth: str, read_as: str
) -> None:
    lon, lat = read_wrongly(homes, truth, read_as)
    check = check_offset(lon, lat, asked_crs=read_as, around=around)
    assert check is not None
    assert check.better == (None if truth == read_as else truth)
    assert 0.6 < check.in_buildings[truth] < 0.95
    assert max(share for name, share in check.in_buildings.items() if name != truth) < 0.4
    warning = check.warning("homes.csv", "--households-crs")
    assert (warning is None) == (truth == read_as)
    if warning is not None:
        assert f"--households-crs {truth}" in warning
        assert f"{check.in_buildings[truth]:.0%}" in warning


def test_small_samples_find_it_too_and_never_cry_wolf(homes: Places, around: Surroundings) -> None:
    random = np.random.default_rng(5)
    wrongly_read = read_wrongly(homes, "gcj02", "wgs84")
    found = 0
    for _ in range(200):
        some = random.choice(len(homes[0]), 40, replace=False)
        right = check_offset(homes[0][some], homes[1][some], asked_crs=None, around=around)
        assert right is not None
        assert right.better is None
        wrong = check_offset(wrongly_read[0][some], wrongly_read[1][some], asked_crs=None, around=around)
        assert wrong is not None
        found += wrong.better == "gcj02"
    assert found > 150


def test_nothing_is_said_outside_china_or_of_few_places(homes: Places, around: Surroundings) -> None:
    lon, lat = homes
    assert check_offset(lon[:29], lat[:29], asked_crs=None, around=around) is None
    assert check_offset(lon - 100, lat + 28, asked_crs="gcj02", around=around) is None


def test_without_buildings_places_on_streets_tell_it_and_places_in_blocks_never_cry_wolf(
    homes: Places, around: Surroundings
) -> None:
    bare = Surroundings(lambda: np.empty(0, dtype=object), around.locator)
    links = around.locator.link(*homes)
    addresses = links.lon_deg, links.lat_deg
    for truth, read_as in itertools.product(SYSTEMS, SYSTEMS):
        on_streets = check_offset(*read_wrongly(addresses, truth, read_as), asked_crs=read_as, around=bare)
        assert on_streets is not None
        assert on_streets.better == (None if truth == read_as else truth)
        assert on_streets.on_streets[truth] > 0.95
        in_blocks = check_offset(*read_wrongly(homes, truth, read_as), asked_crs=read_as, around=bare)
        assert in_blocks is not None
        assert in_blocks.better is None


def test_an_import_warns_with_the_flag_that_would_fix_it(homes: Places, tmp_path: Path) -> None:
    file = tmp_path / "homes.csv"
    shifted = np.column_stack(find_coordinates("gcj02", "").from_wgs84(*homes))
    rows = "".join(f"h{number},{lon!r},{lat!r}\n" for number, (lon, lat) in enumerate(shifted.tolist()))
    file.write_text("id,lon,lat\n" + rows, encoding="utf-8")
    osm = shared_data("nanjing.osm.pbf")
    wrong, _ = do_import(tmp_path / "wrong", osm, households_file=file)
    assert any("--households-crs gcj02" in warning for warning in wrong.warnings)
    right, _ = do_import(tmp_path / "right", osm, households_file=file, households_crs="gcj02")
    assert not any("--households-crs" in warning for warning in right.warnings)
    assert right.counts["households"]["share_in_buildings_gcj02"] > 0.6
    assert wrong.counts["households"]["share_in_buildings_wgs84"] < 0.4


def test_new_households_and_facilities_of_an_area_are_compared_too(homes: Places, tmp_path: Path) -> None:
    do_import(tmp_path, shared_data("nanjing.osm.pbf"))
    file = tmp_path / "homes.csv"
    for truth in ("wgs84", "gcj02"):
        shifted = np.column_stack(find_coordinates(truth, "").from_wgs84(*homes))
        rows = "".join(
            f"n{number},{lon!r},{lat!r},clinic\n" for number, (lon, lat) in enumerate(shifted.tolist())
        )
        file.write_text("id,lon,lat,services\n" + rows, encoding="utf-8")
        for kind, mode in itertools.product(("households", "facilities"), ("replace", "append")):
            request = DataRequest("town", kind, file, mode, dry_run=True)
            report = update_area(request, area_store(tmp_path), known_services=SERVICES)
            assert any("say so with --crs gcj02" in told for told in report.warnings) == (truth == "gcj02")
            assert report.counts[kind][f"share_in_buildings_{truth}"] > 0.6
            assert report.counts[kind]["places_compared"] == len(homes[0])
            named = DataRequest("town", kind, file, mode, crs=truth, dry_run=True)
            right = update_area(named, area_store(tmp_path), known_services=SERVICES)
            assert not any("say so with --crs" in told for told in right.warnings)
