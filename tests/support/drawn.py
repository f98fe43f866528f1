"""Drawn networks: a tiny map typed as text, 100 m per cell, its streets listed below it.

    city = draw('''
        a . b
        H . F
    ''', "a-b")

    city.walk_m("H", "F")

Streets are lines of node names joined by ``-``, with flags behind: ``oneway`` (first to last), ``against`` (last to
first), ``restricted``. The lines ``gates b`` and ``walls b`` name restricted and impassable nodes. OSM node ids follow
the alphabet, way ids the order of the lines. Every walk is asked of the engine and of the oracle.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from types import ModuleType

import numpy as np
from pyproj import Proj

from app.geo.links import EdgeLocator
from app.geo.network import WalkNetwork
from app.geo.network_builder import WayLines, build_walk_network
from app.geo.search import build_search_graph
from app.geo.walks import walks_to_nearest
from tests.support.oracle import Answer, LonLat, OracleNetwork, OracleWay

CELL_M = 100.0
ORIGIN = (24.94, 60.17)
AGREEMENT_M = 1e-4  # engine and oracle measure links in different planes


@dataclass(frozen=True)
class Drawing:
    """A drawn city: where everything lies, and its streets."""

    place: Mapping[str, LonLat]
    ways: Sequence[OracleWay]
    walls: frozenset[int]
    gates: frozenset[int]
    node_id: Mapping[str, int]

    @property
    def network(self) -> WalkNetwork:
        return engine_network(self.ways, walls=self.walls, gates=self.gates)

    def walk_m(self, home: str, *facilities: str, k: int = 1, max_link_m: float = 150.0) -> float:
        """Walk to the k-th nearest facility, as the engine and the oracle both see it.

        Several access points of a home or of a facility stand in one text, with blanks between them.
        """
        return self.nearest(home, *facilities, k=k, max_link_m=max_link_m).distance_m

    def nearest(self, home: str, *facilities: str, k: int = 1, max_link_m: float = 150.0) -> Answer:
        """As `walk_m`, with the facility's name."""
        homes = {home: [self.place[name] for name in home.split()]}
        goals = {text: [self.place[name] for name in text.split()] for text in facilities}
        engine = engine_walks(
            self.ways, homes, goals, k=k, max_link_m=max_link_m, walls=self.walls, gates=self.gates
        )
        oracle = OracleNetwork(self.ways, walls=self.walls, gates=self.gates, max_link_m=max_link_m)
        expected = oracle.walks(homes, goals, k=k)[home]
        found = engine[home]
        assert found.distance_m == expected.distance_m or (
            abs(found.distance_m - expected.distance_m) < AGREEMENT_M
        ), f"engine {found}, oracle {expected}"
        return found


def draw(
    picture: str,
    streets: str,
    *,
    points: Mapping[str, tuple[str, float, float]] | None = None,
    origin: LonLat = ORIGIN,
) -> Drawing:
    """Read a drawing.

    ``points`` adds places that fit no cell, as (name of a place, metres east, metres north of it).
    """
    plane = Proj(proj="tmerc", lon_0=origin[0], lat_0=origin[1], k=1, ellps="WGS84")
    rows = [line.split() for line in picture.strip().splitlines()]
    at = {
        name: (CELL_M * column, -CELL_M * row)
        for row, names in enumerate(rows)
        for column, name in enumerate(names)
        if name != "."
    }
    for name, (beside, east_m, north_m) in (points or {}).items():
        at[name] = (at[beside][0] + east_m, at[beside][1] + north_m)
    place = {name: plane(*xy, inverse=True) for name, xy in at.items()}
    node_id = {name: number for number, name in enumerate(sorted(place), start=1)}
    ways: list[OracleWay] = []
    barriers: dict[str, frozenset[int]] = {"walls": frozenset(), "gates": frozenset()}
    for line in streets.strip().splitlines():
        words = line.split()
        if words[0] in barriers:
            barriers[words[0]] = frozenset(node_id[name] for name in words[1:])
            continue
        flags = set(words[1:])
        assert flags <= {"oneway", "against", "restricted"}, line
        ways.append(
            OracleWay(
                id=len(ways) + 1,
                points=tuple((node_id[name], *place[name]) for name in words[0].split("-")),
                forward="against" not in flags,
                backward="oneway" not in flags,
                restricted="restricted" in flags,
            )
        )
    return Drawing(place, ways, barriers["walls"], barriers["gates"], node_id)


def way_lines(ways: Sequence[OracleWay]) -> WayLines:
    """The oracle's ways in the engine's shape."""
    refs = [point for way in ways for point in way.points]
    return WayLines(
        way_id=np.array([way.id for way in ways], dtype=np.int64),
        name=np.array(["" for _ in ways], dtype=np.str_),
        forward=np.array([way.forward for way in ways], dtype=bool),
        backward=np.array([way.backward for way in ways], dtype=bool),
        restricted=np.array([way.restricted for way in ways], dtype=bool),
        steps=np.zeros(len(ways), dtype=bool),
        wheelchair_no=np.zeros(len(ways), dtype=bool),
        stairs=np.zeros(len(ways), dtype=bool),
        for_foot=np.zeros(len(ways), dtype=bool),
        ref_start=np.array([0, *accumulate(len(way.points) for way in ways)], dtype=np.int64),
        ref_osm_id=np.array([ref[0] for ref in refs], dtype=np.int64),
        ref_lon_deg=np.array([ref[1] for ref in refs], dtype=np.float64),
        ref_lat_deg=np.array([ref[2] for ref in refs], dtype=np.float64),
    )


def oracle_ways(lines: WayLines) -> list[OracleWay]:
    """The engine's ways in the oracle's shape."""
    refs = list(
        zip(lines.ref_osm_id.tolist(), lines.ref_lon_deg.tolist(), lines.ref_lat_deg.tolist(), strict=True)
    )
    return [
        OracleWay(
            id=int(lines.way_id[i]),
            points=tuple(refs[lines.ref_start[i] : lines.ref_start[i + 1]]),
            forward=bool(lines.forward[i]),
            backward=bool(lines.backward[i]),
            restricted=bool(lines.restricted[i]),
        )
        for i in range(len(lines.way_id))
    ]


def engine_network(
    ways: Sequence[OracleWay], *, walls: Collection[int] = (), gates: Collection[int] = ()
) -> WalkNetwork:
    """The engine's network of these ways."""
    return build_walk_network(
        way_lines(ways),
        wall_ids=np.array(sorted(walls), dtype=np.int64),
        gate_ids=np.array(sorted(gates), dtype=np.int64),
    )


def engine_walks(
    ways: Sequence[OracleWay],
    households: Mapping[str, Sequence[LonLat]],
    facilities: Mapping[str, Sequence[LonLat]],
    *,
    k: int = 1,
    max_link_m: float = 150.0,
    walls: Collection[int] = (),
    gates: Collection[int] = (),
) -> dict[str, Answer]:
    """What the engine says, in the shape of `OracleNetwork.walks`."""
    network = engine_network(ways, walls=walls, gates=gates)
    return network_walks(network, households, facilities, k=k, max_link_m=max_link_m)


def network_walks(
    network: WalkNetwork,
    households: Mapping[str, Sequence[LonLat]],
    facilities: Mapping[str, Sequence[LonLat]],
    *,
    k: int = 1,
    max_link_m: float = 150.0,
    speed_mps: float | None = None,
    kernels: ModuleType | None = None,
) -> dict[str, Answer]:
    """Walks on a network that is built already; with a speed, in seconds."""
    locator = EdgeLocator(network, max_link_m=max_link_m)
    links, starts = [], []
    for owners in (households, facilities):
        lon_lat = np.array([xy for points in owners.values() for xy in points]).reshape(-1, 2)
        links.append(locator.link(lon_lat[:, 0], lon_lat[:, 1]))
        starts.append(np.array([0, *accumulate(len(points) for points in owners.values())], dtype=np.int64))
    graph = build_search_graph(network)
    if speed_mps is not None:
        cost_s = network.edge_length_m / speed_mps
        graph = replace(build_search_graph(network, cost_s, cost_s), link_cost_per_m=1 / speed_mps)
    walks = walks_to_nearest(
        network, graph, links[0], starts[0], links[1], starts[1], nearest=k, kernels=kernels
    )
    names = [*facilities, None]
    return {
        household: Answer(float(walks.cost[i]), names[walks.facility[i]])
        for i, household in enumerate(households)
    }
