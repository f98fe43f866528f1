"""Central Helsinki, as it is: the engine and the oracle walk the same metres."""

from collections.abc import Iterator, Mapping
from math import inf

import numpy as np
import pytest
import shapely

from app.domain.errors import BadInputError
from app.geo.network import WalkNetwork
from app.ingest.demo_extract import find_demo_extract
from app.ingest.osm_file import OsmExtract, read_osm_file
from tests.support.drawn import engine_network, network_walks, oracle_ways
from tests.support.oracle import LonLat, OracleNetwork

HOUSEHOLDS = 60
# The extract reaches less than 2 km from its middle; there the engine's plane is off by 5e-8, over links of 150 m
# at both ends and segments of some hundred metres by less than 1e-4 m.
ABSOLUTE_M = 1e-4

Points = dict[str, list[LonLat]]


@pytest.fixture(scope="module")
def extract() -> OsmExtract:
    try:
        return read_osm_file(find_demo_extract())
    except BadInputError as error:
        pytest.skip(f"NOT TESTED, the demo data is missing: {error}")


@pytest.fixture(scope="module")
def network(extract: OsmExtract) -> WalkNetwork:
    return engine_network(
        oracle_ways(extract.ways), walls=extract.wall_ids.tolist(), gates=extract.gate_ids.tolist()
    )


@pytest.fixture(scope="module")
def oracle(extract: OsmExtract) -> OracleNetwork:
    return OracleNetwork(
        oracle_ways(extract.ways), walls=extract.wall_ids.tolist(), gates=extract.gate_ids.tolist()
    )


@pytest.fixture(scope="module")
def households(extract: OsmExtract) -> Points:
    """Buildings drawn by lot; some of them have two doors."""
    shapes = extract.buildings.geometries()
    chosen = np.random.default_rng(2026).choice(len(shapes), HOUSEHOLDS, replace=False)
    inside = shapely.point_on_surface(shapes[chosen])
    homes = {
        extract.buildings.id[i]: [(float(point.x), float(point.y))]
        for i, point in zip(chosen.tolist(), inside.tolist(), strict=True)
    }
    for i in chosen[::7].tolist():
        corner = shapely.get_coordinates(shapes[i])[0]
        homes[extract.buildings.id[i]].append((float(corner[0]), float(corner[1])))
    return homes


def _tagged(extract: OsmExtract, key: str, value: str) -> Iterator[tuple[str, list[LonLat]]]:
    points = extract.point_places
    for i, tags in enumerate(points.tags):
        if tags.get(key) == value:
            yield points.id[i], [(points.lon_deg[i], points.lat_deg[i])]
    for name, tags, shape in zip(
        extract.places.id, extract.places.tags, extract.places.geometries(), strict=True
    ):
        if tags.get(key) == value:
            outline = shapely.get_coordinates(shape)
            every_so_many = max(1, len(outline) // 4)  # four or five points of the outline as access points
            yield name, [(float(lon), float(lat)) for lon, lat in outline[::every_so_many]]


SERVICES = {
    "pharmacy": ("amenity", "pharmacy", 1),
    "supermarket": ("shop", "supermarket", 2),
    "park": ("leisure", "park", 1),
}


@pytest.mark.parametrize("service", SERVICES)
def test_the_engine_walks_as_the_oracle_walks(
    service: str, extract: OsmExtract, network: WalkNetwork, oracle: OracleNetwork, households: Points
) -> None:
    key, value, k = SERVICES[service]
    facilities: Mapping[str, list[LonLat]] = dict(_tagged(extract, key, value))
    assert len(facilities) > k
    found = network_walks(network, households, facilities, k=k)
    expected = oracle.walks(households, facilities, k=k)
    assert sum(answer.distance_m < inf for answer in found.values()) > HOUSEHOLDS / 2
    for home, answer in found.items():
        assert answer.distance_m == pytest.approx(expected[home].distance_m, abs=ABSOLUTE_M), home
        assert answer.facility == expected[home].facility, home


def test_the_network_is_as_long_as_the_sum_of_its_segments(
    network: WalkNetwork, oracle: OracleNetwork
) -> None:
    assert network.length_m == pytest.approx(sum(s.length_m for s in oracle.segments), rel=1e-9)
    restricted_m = sum(s.length_m for s in oracle.segments if s.restricted)
    assert float(network.edge_length_m[network.edge_restricted].sum()) == pytest.approx(
        restricted_m, rel=1e-9
    )
    island_m = sum(s.length_m for s in oracle.segments if s.island)
    assert float(network.edge_length_m[network.edge_island].sum()) == pytest.approx(island_m, rel=1e-9)
