"""The offset check on real buildings: it names the right system, and never where nothing is wrong."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from app.geo.units import FloatArray
from app.ingest.coordinates import find_coordinates
from app.ingest.osm_file import Areas, read_osm_file
from app.services.offset_check import SYSTEMS, check_offset
from tests.support.shared_data import shared_data
from tests.support.small_town import do_import

Places = tuple[FloatArray, FloatArray]


@pytest.fixture(scope="module")
def buildings() -> Areas:
    return read_osm_file(shared_data("nanjing.osm.pbf")).buildings


@pytest.fixture(scope="module")
def homes(buildings: Areas) -> Places:
    """Places in buildings, each some metres off, as addresses are."""
    random = np.random.default_rng(11)
    at = shapely.get_coordinates(shapely.point_on_surface(buildings.geometries()))
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
    homes: Places, buildings: Areas, truth: str, read_as: str
) -> None:
    lon, lat = read_wrongly(homes, truth, read_as)
    check = check_offset(lon, lat, asked_crs=read_as, buildings=buildings)
    assert check is not None
    assert check.better == (None if truth == read_as else truth)
    assert 0.6 < check.shares[truth] < 0.95
    assert max(share for name, share in check.shares.items() if name != truth) < 0.4
    warning = check.warning("homes.csv", "--households-crs")
    assert (warning is None) == (truth == read_as)
    if warning is not None:
        assert f"--households-crs {truth}" in warning
        assert f"{check.shares[truth]:.0%}" in warning


def test_small_samples_find_it_too_and_never_cry_wolf(homes: Places, buildings: Areas) -> None:
    random = np.random.default_rng(5)
    wrongly_read = read_wrongly(homes, "gcj02", "wgs84")
    found = 0
    for _ in range(200):
        some = random.choice(len(homes[0]), 40, replace=False)
        right = check_offset(homes[0][some], homes[1][some], asked_crs=None, buildings=buildings)
        assert right is not None
        assert right.better is None
        wrong = check_offset(
            wrongly_read[0][some], wrongly_read[1][some], asked_crs=None, buildings=buildings
        )
        assert wrong is not None
        found += wrong.better == "gcj02"
    assert found > 150


def test_nothing_is_said_outside_china_or_of_few_places(homes: Places, buildings: Areas) -> None:
    lon, lat = homes
    assert check_offset(lon[:29], lat[:29], asked_crs=None, buildings=buildings) is None
    assert check_offset(lon - 100, lat + 28, asked_crs="gcj02", buildings=buildings) is None
    assert check_offset(lon, lat, asked_crs=None, buildings=Areas()) is None


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
