"""GCJ-02 and BD-09: known places, and there and back again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from app.geo.china_offset import (
    BOX_DEG,
    bd09_to_wgs84,
    gcj02_to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

GEOD = Geod(ellps="WGS84")
MOST_M = 0.001
PAIRS = [(wgs84_to_gcj02, gcj02_to_wgs84), (wgs84_to_bd09, bd09_to_wgs84)]


def distance_m(lon: np.ndarray, lat: np.ndarray, other: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return np.asarray(GEOD.inv(lon, lat, *other)[2])


# Published values of the public formulas on a sphere; ours uses the ellipsoid's radii, hence the centimetres.
@pytest.mark.parametrize(
    ("wgs84", "gcj02", "bd09"),
    [
        ((116.4, 39.9), (116.40624289, 39.90140355), (116.41262814, 39.90773380)),
        ((121.5, 31.2), (121.50442873, 31.19796665), (121.51101776, 31.20361137)),
        ((113.3, 23.1), (113.30537299, 23.09735149), (113.31185907, 23.10343359)),
    ],
    ids=["Beijing", "Shanghai", "Guangzhou"],
)
def test_known_places(
    wgs84: tuple[float, float], gcj02: tuple[float, float], bd09: tuple[float, float]
) -> None:
    lon, lat = np.array([wgs84[0]]), np.array([wgs84[1]])
    for shift, expected in ((wgs84_to_gcj02, gcj02), (wgs84_to_bd09, bd09)):
        assert distance_m(np.array([expected[0]]), np.array([expected[1]]), shift(lon, lat))[0] < 0.05


@pytest.mark.parametrize(("there", "back"), PAIRS, ids=["gcj02", "bd09"])
def test_there_and_back_is_within_a_millimetre_all_over_the_box(there: object, back: object) -> None:
    west, south, east, north = BOX_DEG
    lon, lat = (
        part.ravel() for part in np.meshgrid(np.linspace(west, east, 400), np.linspace(south, north, 400))
    )
    shifted = there(lon, lat)  # type: ignore[operator]
    assert distance_m(lon, lat, back(*shifted)).max() < MOST_M  # type: ignore[operator]
    moved_m = distance_m(lon, lat, shifted)
    assert moved_m.min() > 1.0
    assert moved_m.max() < 1600.0


@given(st.floats(74.0, 134.0), st.floats(4.0, 53.0))
def test_there_and_back_from_the_shifted_side(lon: float, lat: float) -> None:
    at = np.array([lon]), np.array([lat])
    for there, back in PAIRS:
        assert distance_m(*at, there(*back(*at)))[0] < MOST_M


def test_outside_china_nothing_moves_unless_asked() -> None:
    lon, lat = np.array([24.94, -15.4, 144.9]), np.array([60.17, 28.1, -37.8])
    for there, back in PAIRS:
        for shift in (there, back):
            assert shift(lon, lat)[0].tolist() == lon.tolist()
            assert shift(lon, lat)[1].tolist() == lat.tolist()
            assert (distance_m(lon, lat, shift(lon, lat, everywhere=True)) > 1.0).all()
