"""A second, slow reading of `method.md`, for checking the engine: nothing here is shared with `app.geo`.

Every pair of consecutive way nodes is an edge of a networkx multigraph; chains are not merged. Households and
facilities become nodes of that graph, splitting the segments they are linked to, so that walking inside an edge
needs no formula. Rule 7 is a search over states: (node, which part of the trip we are in).
"""

import heapq
import itertools
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, inf, radians

import networkx as nx
import numpy as np
import shapely
from pyproj import Geod, Proj

WGS84 = Geod(ellps="WGS84")
TIE_M = 1e-6  # method.md section 3: places equally near
ISLAND_M = 500.0  # method.md section 3: a part with less than this is an island
START, PUBLIC, END = (
    0,
    1,
    2,
)  # the parts of a trip: restricted run at the start, public, restricted run at the end

LonLat = tuple[float, float]


@dataclass(frozen=True)
class OracleWay:
    """A walkable way: its nodes in order, the directions walked, whether it is restricted."""

    id: int
    points: tuple[tuple[int, float, float], ...]
    forward: bool = True
    backward: bool = True
    restricted: bool = False


@dataclass(frozen=True)
class Place:
    """Where a point is linked: at ``share`` of the way from one end of a segment to the other."""

    segment: int
    share: float
    link_m: float


@dataclass(frozen=True)
class Answer:
    """The k-th nearest facility of a household; infinitely far, and None, where there is no walk."""

    distance_m: float
    facility: str | None


@dataclass
class Segment:
    """Two consecutive nodes of a way."""

    ends: tuple[Hashable, Hashable]
    coords: tuple[LonLat, LonLat]
    length_m: float
    forward: bool
    backward: bool
    restricted: bool
    island: bool = False


class OracleNetwork:
    """The walk network of sections 1 and 3, segment by segment."""

    def __init__(
        self,
        ways: Sequence[OracleWay],
        *,
        walls: Collection[int] = (),
        gates: Collection[int] = (),
        max_link_m: float = 150.0,
    ) -> None:
        self.max_link_m = max_link_m
        self.gates = frozenset(gates) - frozenset(walls)
        self.segments = list(_segments(ways, frozenset(walls)))
        _restrict_behind_gates(self.segments, self.gates)
        _mark_islands(self.segments)
        ends = np.array([[*s.coords[0], *s.coords[1]] for s in self.segments]).reshape(-1, 4)
        self._lon_min, self._lon_max = np.minimum(ends[:, 0], ends[:, 2]), np.maximum(ends[:, 0], ends[:, 2])
        self._lat_min, self._lat_max = np.minimum(ends[:, 1], ends[:, 3]), np.maximum(ends[:, 1], ends[:, 3])

    def places(self, point: LonLat) -> list[Place]:
        """Every place a point is linked to: the nearest, and those equally near. Empty: not snapped."""
        plane = Proj(
            proj="tmerc", lon_0=point[0], lat_0=point[1], k=1, ellps="WGS84"
        )  # the point is its origin
        near = [(self._place(i, plane), i) for i in self._segments_around(point)]
        for island in (False, True):
            linked = [
                place
                for place, i in near
                if self.segments[i].island is island and place.link_m <= self.max_link_m
            ]
            if linked:
                nearest_m = min(place.link_m for place in linked)
                return [place for place in linked if place.link_m <= nearest_m + TIE_M]
        return []

    def walks(
        self,
        households: Mapping[str, Sequence[LonLat]],
        facilities: Mapping[str, Sequence[LonLat]],
        *,
        k: int = 1,
    ) -> dict[str, Answer]:
        """The k-th smallest walking distance, links at both ends included, and its facility, per household."""
        starts = {key: [p for xy in points for p in self.places(xy)] for key, points in households.items()}
        goals = {key: [p for xy in points for p in self.places(xy)] for key, points in facilities.items()}
        graph = self._graph_with(list(itertools.chain(*starts.values(), *goals.values())))
        arrivals: dict[Hashable, list[tuple[str, float]]] = defaultdict(list)
        for key, places in goals.items():
            for place in places:
                arrivals[self._node_of(place)].append((key, place.link_m))
        answers = {}
        for key, places in starts.items():
            seeds = [(place.link_m, self._node_of(place)) for place in places]
            reached = _facilities_in_order(graph, seeds, arrivals, self.gates)
            answers[key] = next(itertools.islice(reached, k - 1, None), Answer(inf, None))
        return answers

    def _segments_around(self, point: LonLat) -> list[int]:
        """Segments whose box comes near enough; everything left out is farther than the longest link."""
        dlat = 1.1 * self.max_link_m / 110_500.0  # a degree of latitude is never shorter than 110.5 km
        dlon = dlat / max(cos(radians(abs(point[1]) + dlat)), 1e-6)
        lon, lat = point
        around = (self._lon_min <= lon + dlon) & (self._lon_max >= lon - dlon)
        around &= (self._lat_min <= lat + dlat) & (self._lat_max >= lat - dlat)
        return [int(i) for i in np.flatnonzero(around)]

    def _place(self, i: int, plane: Proj) -> Place:
        (x1, y1), (x2, y2) = (plane(*end) for end in self.segments[i].coords)
        if (x1, y1) == (x2, y2):
            return Place(i, 0.0, float(np.hypot(x1, y1)))
        line, origin = shapely.LineString([(x1, y1), (x2, y2)]), shapely.Point(0, 0)
        return Place(i, float(line.project(origin, normalized=True)), float(line.distance(origin)))

    def _node_of(self, place: Place) -> Hashable:
        if place.share == 0.0:
            return self.segments[place.segment].ends[0]
        if place.share == 1.0:
            return self.segments[place.segment].ends[1]
        return ("place", place.segment, place.share)

    def _graph_with(self, places: Sequence[Place]) -> nx.MultiDiGraph:
        """The walk graph, its segments split at the places."""
        cuts: dict[int, set[float]] = defaultdict(set)
        for place in places:
            cuts[place.segment].add(place.share)
        graph = nx.MultiDiGraph()
        for i, segment in enumerate(self.segments):
            shares = sorted({0.0, 1.0} | cuts[i])
            for a, b in itertools.pairwise(shares):
                u, v = self._node_of(Place(i, a, 0.0)), self._node_of(Place(i, b, 0.0))
                facts = {"length_m": (b - a) * segment.length_m, "restricted": segment.restricted}
                graph.add_nodes_from((u, v))
                if segment.forward:
                    graph.add_edge(u, v, **facts)
                if segment.backward:
                    graph.add_edge(v, u, **facts)
                if {a, b} != {0.0, 1.0} and facts[
                    "length_m"
                ] <= TIE_M:  # one place but for rounding: no one-way
                    graph.add_edge(u, v, **facts)
                    graph.add_edge(v, u, **facts)
        return graph


def _segments(ways: Sequence[OracleWay], walls: frozenset[int]) -> Iterator[Segment]:
    """Consecutive node pairs; a wall is a separate dead end for each of them (rule 6)."""
    dead_ends = itertools.count()

    def end(node: int) -> Hashable:
        return ("wall", node, next(dead_ends)) if node in walls else node

    for way in ways:
        for (n1, lon1, lat1), (n2, lon2, lat2) in itertools.pairwise(way.points):
            if n1 == n2:
                continue  # the same node twice in a row leads nowhere
            length_m = WGS84.inv(lon1, lat1, lon2, lat2)[2]
            coords = ((lon1, lat1), (lon2, lat2))
            yield Segment((end(n1), end(n2)), coords, length_m, way.forward, way.backward, way.restricted)


def _osm_id(end: Hashable) -> int:
    return end[1] if isinstance(end, tuple) else end  # type: ignore[return-value]


def _restrict_behind_gates(segments: Sequence[Segment], gates: frozenset[int]) -> None:
    """Rule 7: one public piece a connected part, the longest; the others count as restricted."""
    pieces = nx.MultiGraph()
    for i, segment in enumerate(segments):
        if not segment.restricted:
            u, v = (("gate", i, end) if end in gates else end for end in segment.ends)
            pieces.add_edge(u, v, segment=i)
    rank: dict[
        int, tuple[float, int]
    ] = {}  # of each public segment: its piece's (-length in mm, smallest node id)
    for nodes in nx.connected_components(pieces):
        members = [data["segment"] for _, _, data in pieces.edges(nodes, data=True)]
        length_mm = round(sum(segments[i].length_m for i in members) * 1000)
        # Pieces that share a gate may share their smallest id: the next one decides.
        ids = sorted({_osm_id(end) for i in members for end in segments[i].ends})
        rank.update(dict.fromkeys(members, (-length_mm, ids)))
    for part in _parts(segments):
        public = [i for i in part if i in rank]
        best = min((rank[i] for i in public), default=None)
        for i in public:
            segments[i].restricted = rank[i] != best


def _mark_islands(segments: Sequence[Segment]) -> None:
    for part in _parts(segments):
        island = sum(segments[i].length_m for i in part) < ISLAND_M
        for i in part:
            segments[i].island = island


def _parts(segments: Sequence[Segment]) -> list[list[int]]:
    """Connected parts of the whole network, directions ignored, restricted edges and nodes connecting."""
    whole = nx.MultiGraph()
    for i, segment in enumerate(segments):
        whole.add_edge(*segment.ends, segment=i)
    return [
        [data["segment"] for _, _, data in whole.edges(nodes, data=True)]
        for nodes in nx.connected_components(whole)
    ]


def _facilities_in_order(
    graph: nx.MultiDiGraph,
    seeds: Sequence[tuple[float, Hashable]],
    arrivals: Mapping[Hashable, Sequence[tuple[str, float]]],
    gates: frozenset[int],
) -> Iterator[Answer]:
    """Dijkstra over (node, part of the trip): each facility once, the nearest first."""
    serial = itertools.count()  # nodes of several kinds do not compare
    heap: list[tuple[float, str, int, Hashable, int]] = []
    for distance_m, node in seeds:
        heapq.heappush(heap, (distance_m, "", next(serial), node, START))
    settled: set[tuple[Hashable, int]] = set()
    found: set[str] = set()
    while heap:
        distance_m, facility, _, node, part = heapq.heappop(heap)
        if facility:
            if facility not in found:
                found.add(facility)
                yield Answer(distance_m, facility)
            continue
        if (node, part) in settled:
            continue
        settled.add((node, part))
        for key, link_m in arrivals.get(node, ()):
            heapq.heappush(heap, (distance_m + link_m, key, next(serial), None, part))
        for _, head, facts in graph.out_edges(node, data=True):
            next_part = _next_part(part, restricted=facts["restricted"], at_gate=node in gates)
            if next_part is not None:
                heapq.heappush(heap, (distance_m + facts["length_m"], "", next(serial), head, next_part))


def _next_part(part: int, *, restricted: bool, at_gate: bool) -> int | None:
    """The part of the trip an edge is walked in, or None where rule 7 forbids it."""
    if part == START:
        return START if restricted else PUBLIC
    if part == PUBLIC:
        if restricted:
            return END
        return None if at_gate else PUBLIC  # from public through a gate to public: the middle of a trip
    return END if restricted else None
