"""The same city gives the same metres wherever it stands."""

from math import atan2, degrees, hypot

import pytest
from pyproj import Geod

from tests.support.drawn import engine_walks
from tests.support.oracle import LonLat, OracleNetwork, OracleWay

GEOD = Geod(ellps="WGS84")
BLOCK_M = 130.0
ROWS = 6

PLACES = {
    "equator": (10.0, 0.0),
    "45 north": (10.0, 45.0),
    "65 north": (10.0, 65.0),
    "65 south": (10.0, -65.0),
    "across a UTM border": (12.0, 48.0),  # zones 32 and 33 meet at 12 E
    "far from any zone's middle": (14.99, 60.0),
}


def at(origin: LonLat, east_m: float, north_m: float) -> LonLat:
    """The place so many metres from the origin, by bearing and distance on the ellipsoid."""
    lon, lat, _ = GEOD.fwd(*origin, degrees(atan2(east_m, north_m)), hypot(east_m, north_m))
    return float(lon), float(lat)


def city_at(origin: LonLat) -> tuple[list[OracleWay], dict[str, list[LonLat]], dict[str, list[LonLat]]]:
    """A grid of 6 x 6 crossings with a few streets missing, centred on the origin."""
    half = BLOCK_M * (ROWS - 1) / 2

    def crossing(column: int, row: int) -> tuple[int, float, float]:
        return (1 + ROWS * row + column, *at(origin, BLOCK_M * column - half, BLOCK_M * row - half))

    lines = [[(c, r) for c in range(ROWS)] for r in range(0, ROWS, 2)]
    lines += [[(c, r) for r in range(ROWS)] for c in range(ROWS)]
    lines += [[(c, c) for c in range(ROWS)]]  # a diagonal
    ways = [OracleWay(i, tuple(crossing(*cell) for cell in line)) for i, line in enumerate(lines, start=1)]
    homes = {f"h{i}": [at(origin, 83.0 * i - 290, 61.0 * ((3 * i) % 7) - 200)] for i in range(8)}
    shops = {f"f{i}": [at(origin, 171.0 * i - 250, 97.0 * ((2 * i) % 5) - 190)] for i in range(4)}
    return ways, homes, shops


def metres_at(origin: LonLat, k: int) -> list[float]:
    ways, homes, shops = city_at(origin)
    return [answer.distance_m for answer in engine_walks(ways, homes, shops, k=k).values()]


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("k", [1, 3])
def test_the_same_city_has_the_same_metres(name: str, k: int) -> None:
    reference = metres_at((10.0, 30.0), k)
    assert 80 < min(reference) < max(reference) < 1500
    assert metres_at(PLACES[name], k) == pytest.approx(reference, rel=0.002)


@pytest.mark.parametrize("name", PLACES)
def test_the_oracle_agrees_there(name: str) -> None:
    ways, homes, shops = city_at(PLACES[name])
    found, expected = engine_walks(ways, homes, shops), OracleNetwork(ways).walks(homes, shops)
    assert {home: answer.facility for home, answer in found.items()} == {
        home: answer.facility for home, answer in expected.items()
    }
    for home, answer in found.items():
        assert answer.distance_m == pytest.approx(expected[home].distance_m, abs=1e-4)
