"""Street changes that might win somebody, each with a bound: gates, restricted ways, and new links."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
import shapely

from app.domain.area import Area
from app.domain.proposal import Change
from app.geo.link_ends import LinkEnds, Pairs, PublicPieces, joins_an_island, places_at
from app.geo.network import GATE, WALL, WalkNetwork
from app.geo.street_patch import StreetIndex
from app.geo.units import BoolArray, FloatArray, IntArray, ragged_starts
from app.services.area_engine import WalkingView
from app.services.changed_area import corners_of, place_key
from app.services.link_bounds import ServiceBounds
from app.services.link_freedom import winners_by_parts
from app.services.link_surroundings import Gains, Surroundings

Kind = Literal["gate", "way", "link"]
KINDS: tuple[Kind, ...] = ("gate", "way", "link")
"""In the order in which they are named where they win the same: a key costs less than a street."""

DETOUR = 2.0
"""How many times the length of a new link one of its ends must be farther from the service than the other."""

SPACING_M = 25.0
"""Between crossings, one OSM node on every so many metres of street is tried as an end of a new link."""


class Obstacles(Protocol):
    """What no new link may cross."""

    def crossed(self, segments_lonlat: FloatArray) -> BoolArray:
        """Whether each of these segments, shape (n, 2, 2), crosses a building or water."""
        ...


@dataclass(frozen=True)
class Candidate:
    """One street change, and the most weight that it could win.

    ``ids`` are the node, the way, or both ends; ``line`` is where it is, in degrees. ``bound`` is ``inf`` where none
    can be told before it is tried.
    """

    kind: Kind
    ids: tuple[int, ...]
    length_m: float
    bound: float
    line: FloatArray = field(repr=False)

    @property
    def order(self) -> tuple[int, float, tuple[int, ...]]:
        """Which of two that win the same comes first: a gate, a way, the shorter link, the smaller ids."""
        return KINDS.index(self.kind), round(self.length_m, 3), self.ids

    @property
    def change(self) -> Change:
        """As a feature of a proposal."""
        if self.kind == "link":
            return Change(1, "open", geometry=shapely.LineString(self.line))
        if self.kind == "way":
            return Change(1, "open", way=self.ids[0])
        return Change(1, "open", node=self.ids[0])


@dataclass(frozen=True)
class NewLinks:
    """New links that could win anybody, and how many pairs of places were looked at.

    ``crossing`` lead across a building or water.
    """

    found: tuple[Candidate, ...]
    looked_at: int
    crossing: int


@dataclass(frozen=True)
class _Group:
    """Pairs of ends whose bounds are found alike, by walks on the same streets.

    ``anyway`` names some of the pairs, by position, with the households that each of these could win without being
    walked over.
    """

    pairs: Pairs
    ends: LinkEnds
    bounds: Sequence[ServiceBounds]
    walks_m: Sequence[tuple[FloatArray, FloatArray]]
    anyway: Sequence[tuple[IntArray, IntArray]] = ()


class CandidateSearch:
    """Finds candidates for some services that one of a standard is covered by.

    `make_freed` makes the same bounds on streets where nothing is restricted, if any candidate asks for them.
    """

    def __init__(
        self,
        area: Area,
        view: WalkingView,
        index: StreetIndex,
        bounds: Sequence[ServiceBounds],
        make_freed: Callable[[], Sequence[ServiceBounds]],
        weight: FloatArray,
        *,
        has_costs: bool,
    ) -> None:
        self._area, self._view, self._network = area, view, view.network
        self._index, self._bounds, self._weight = index, bounds, weight
        self._make_freed = make_freed
        self._has_costs = has_costs
        self._pieces = PublicPieces(area.network)

    @cached_property
    def ends(self) -> LinkEnds:
        """Where new links may begin."""
        return self._ends_on(self._network)

    def _ends_on(self, network: WalkNetwork) -> LinkEnds:
        # Where costs of crossings are spread over edges, cutting an edge would move them.
        return LinkEnds.of(network, np.inf if self._has_costs else SPACING_M)

    @cached_property
    def _walks_m(self) -> list[tuple[FloatArray, FloatArray]]:
        return [one.at_ends_m(self.ends) for one in self._bounds]

    def gates(self) -> list[Candidate]:
        """Barrier nodes that stop walkers."""
        network = self._network
        rows = np.flatnonzero(network.vertex_mark & (WALL | GATE))
        rows = rows[np.argsort(network.vertex_osm_id[rows], kind="stable")]
        osm_id, gate = np.unique(network.vertex_osm_id[rows], return_inverse=True)
        start = ragged_starts(gate, len(osm_id))
        gains = Gains(len(osm_id), self._weight)
        for bounds in self._bounds:
            # Through a gate a walk comes on one street and leaves on another.
            onward_m = bounds.onward_m(places_at(network, rows, np.arange(len(rows) + 1)))
            beyond_m = _least_of_others(onward_m, gate, len(osm_id))
            gains.take(bounds, places_at(network, rows, start), beyond_m)
        bound = gains.bounds().tolist()
        facilities = np.unique(np.concatenate([bounds.facilities for bounds in self._bounds]))
        corners = corners_of(self._area.facilities, facilities)
        own = self._area.network
        every = np.flatnonzero(np.isin(own.vertex_osm_id, osm_id))
        every = every[np.argsort(own.vertex_osm_id[every], kind="stable")]
        first = ragged_starts(np.searchsorted(osm_id, own.vertex_osm_id[every]), len(osm_id))
        found = []
        for position, node in enumerate(osm_id.tolist()):
            at = rows[start[position] : start[position + 1]]
            edges = np.unique(own.vertex_edge[every[first[position] : first[position + 1]]])
            place = place_key(network.vertex_lon_deg[at[0]], network.vertex_lat_deg[at[0]])
            certain = (
                self._pieces.is_plain(edges, 0.0) and not joins_an_island(own, edges) and place not in corners
            )
            line = _through(network, at)
            found.append(Candidate("gate", (node,), 0.0, bound[position] if certain else np.inf, line))
        return found

    def ways(self) -> list[Candidate]:
        """Ways that are restricted by their own tags."""
        network = self._network
        edges = np.flatnonzero(network.edge_private)
        edges = edges[np.argsort(network.edge_way_id[edges], kind="stable")]
        way_id, way = np.unique(network.edge_way_id[edges], return_inverse=True)
        rows = np.stack([network.vertex_start[edges], network.vertex_start[edges + 1] - 1], axis=1).ravel()
        start = ragged_starts(np.repeat(way, 2), len(way_id))
        gains = Gains(len(way_id), self._weight)
        for bounds in self._bounds:
            onward_m = bounds.onward_m(places_at(network, rows, np.arange(len(rows) + 1)))
            gains.take(bounds, places_at(network, rows, start), onward_m)
        bound, edge_start = gains.bounds().tolist(), ragged_starts(way, len(way_id))
        private = np.flatnonzero(self._area.network.edge_private)
        private = private[np.argsort(self._area.network.edge_way_id[private], kind="stable")]
        private_way = self._area.network.edge_way_id[private]
        first, last = (np.searchsorted(private_way, way_id, side) for side in ("left", "right"))
        found = []
        for position, name in enumerate(way_id.tolist()):
            own = edges[edge_start[position] : edge_start[position + 1]]
            length_m = float(network.edge_length_m[own].sum())
            certain = self._way_is_plain(private[first[position] : last[position]], length_m)
            found.append(
                Candidate(
                    "way", (name,), length_m, bound[position] if certain else np.inf, _along(network, own)
                )
            )
        return found

    def _way_is_plain(self, own: IntArray, length_m: float) -> bool:
        network = self._area.network
        nodes = np.unique(np.concatenate([network.edge_u[own], network.edge_v[own]]))
        if network.node_gate[nodes].any():
            return False  # what is joined on one side of the gate is not joined on the other
        return self._pieces.is_plain(self._index.edges_at(nodes), length_m)

    def links(self, max_length_m: float, obstacles: Obstacles) -> NewLinks:
        """New links between ends near in the air and far on foot, by what they could win."""
        pairs = self.pairs(max_length_m)
        edge = self._area_edge(self.ends.edge)
        losing = self._pieces.losing_by_pair(edge[pairs.one], edge[pairs.other], pairs.length_m)
        is_plain: BoolArray = losing.max(axis=1, initial=-1) < 0
        plain = _Group(pairs.take(np.flatnonzero(is_plain)), self.ends, self._bounds, self._walks_m)
        found, crossing = self._winning(plain, obstacles)
        if not is_plain.all():
            more, more_crossing = self._winning(self._turning(pairs, losing, ~is_plain), obstacles)
            found, crossing = found + more, crossing + more_crossing
        return NewLinks(tuple(found), pairs.count, crossing)

    def _turning(self, pairs: Pairs, losing: IntArray, chosen: BoolArray) -> "_Group":
        """Those of the pairs that change which other streets are public."""
        bounds = self._make_freed()
        ends = self._ends_on(bounds[0].view.network)
        parts = self._area.network.edge_part[self._area_edge(np.arange(self._network.edge_count))]
        return _Group(
            pairs.take(np.flatnonzero(chosen)),
            ends,
            bounds,
            [one.at_ends_m(ends) for one in bounds],
            winners_by_parts(bounds, parts, losing[chosen]),
        )

    def _winning(self, group: "_Group", obstacles: Obstacles) -> tuple[list[Candidate], int]:
        """Pairs that could win anybody, and how many more would if they crossed nothing."""
        pairs, ends, bounds, anyway = group.pairs, group.ends, group.bounds, group.anyway
        near = Surroundings.of(self._area, self._view, ends, pairs)
        tables = [near.winnable(one, *walks) for one, walks in zip(bounds, group.walks_m, strict=True)]
        winning = [chosen for chosen, households in anyway if len(households)]
        possible = np.unique(
            np.concatenate([np.empty(0, dtype=np.int64), *(table.pairs for table in tables), *winning])
        )
        lines = pairs.take(possible).lines(ends, self._network)
        free = ~obstacles.crossed(lines) if len(lines) else np.zeros(0, dtype=bool)
        kept = possible[free]
        gains = Gains(len(kept), self._weight)
        for one, table in zip(bounds, tables, strict=True):
            table.give(one, ends, kept, gains)
        for chosen, households in anyway:
            gains.add_all(np.flatnonzero(np.isin(kept, chosen)), households)
        chosen_pairs = pairs.take(kept)
        ids = np.stack([ends.osm_id[chosen_pairs.one], ends.osm_id[chosen_pairs.other]], axis=1)
        columns = np.sort(ids).tolist(), chosen_pairs.length_m.tolist(), gains.bounds().tolist(), lines[free]
        found = [Candidate("link", tuple(names), *values) for names, *values in zip(*columns, strict=True)]
        return found, int((~free).sum())

    def pairs(self, max_length_m: float) -> Pairs:
        """Pairs of ends near in the air and far on foot."""
        return self._far_on_foot(Pairs.within(self._network, self.ends, max_length_m))

    def _far_on_foot(self, pairs: Pairs) -> Pairs:
        far = np.zeros(pairs.count, dtype=bool)
        least_m = DETOUR * pairs.length_m
        for onward_m, arrived_m in self._walks_m:
            with np.errstate(invalid="ignore"):  # neither end reaches the service: inf - inf
                far |= arrived_m[pairs.one] - onward_m[pairs.other] >= least_m
                far |= arrived_m[pairs.other] - onward_m[pairs.one] >= least_m
        return pairs.take(np.flatnonzero(far))

    def _area_edge(self, edges: IntArray) -> IntArray:
        """Edges of the walker's network among the area's own."""
        own = self._area.network
        if self._network is own:
            return edges
        return np.flatnonzero(~own.edge_closed_to_wheels)[edges]


def _least_of_others(values: FloatArray, group: IntArray, count: int) -> FloatArray:
    """For each value the least of the others in its group; ``inf`` where it is alone."""
    order = np.lexsort((values, group))
    start = ragged_starts(group, count)
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values)) - start[group[order]]
    sorted_values = np.append(values[order], np.inf)
    second = np.where(np.diff(start) > 1, sorted_values[np.minimum(start[:-1] + 1, len(values))], np.inf)
    first = sorted_values[np.minimum(start[:-1], len(values))]
    return np.where(rank == 0, second[group], first[group])


def _through(network: WalkNetwork, rows: IntArray) -> FloatArray:
    """A line over a barrier: from the node before it to the one behind."""
    beside = np.where(np.isin(rows, network.vertex_start[:-1]), rows + 1, rows - 1)
    line = [beside[0], rows[0]] + ([beside[1]] if len(rows) > 1 else [])
    return np.stack([network.vertex_lon_deg[line], network.vertex_lat_deg[line]], axis=1)


def _along(network: WalkNetwork, edges: IntArray) -> FloatArray:
    """The runs of some edges joined to one line where they follow one another; rows of NaN part those that do not."""
    parts: list[FloatArray] = []
    for edge in edges.tolist():
        rows = slice(network.vertex_start[edge], network.vertex_start[edge + 1])
        line = np.stack([network.vertex_lon_deg[rows], network.vertex_lat_deg[rows]], axis=1)
        if parts and np.array_equal(parts[-1][-1], line[0]):
            line = line[1:]
        elif parts:
            line = np.concatenate([np.full((1, 2), np.nan), line])
        parts.append(line)
    return np.concatenate(parts)
