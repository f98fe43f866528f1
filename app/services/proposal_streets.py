"""From what a proposal says of streets to the edges it means."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.errors import BadInputError
from app.domain.proposal import Change, Proposal
from app.geo.network import GATE, WALL, WalkNetwork
from app.geo.projection import geodesic_lengths_m
from app.geo.street_changes import NewLink, StreetChanges
from app.geo.units import IntArray

SNAP_M = 1.0
"""How near an end of a new link must lie to the OSM node it joins: editors keep seven decimals, about a centimetre."""


@dataclass(frozen=True)
class ResolvedStreets:
    """Street changes of a proposal, and what the user should hear of them."""

    changes: StreetChanges
    notes: tuple[str, ...]


@dataclass
class _Found:
    """What was found so far."""

    network: WalkNetwork
    source: str
    notes: list[str] = field(default_factory=list)
    segments: list[IntArray] = field(default_factory=list)
    closed_nodes: set[int] = field(default_factory=set)
    opened_nodes: set[int] = field(default_factory=set)
    opened_ways: set[int] = field(default_factory=set)
    links: list[NewLink] = field(default_factory=list)

    def take(self, change: Change) -> None:
        if change.way is not None:
            self._take_way(change, change.way)
        elif change.node is not None:
            self._take_node(change, change.node)
        elif change.action == "close" and change.geometry is not None:
            touched = touched_segments(self.network, change.geometry)
            if len(touched) == 0:
                self.note(change, "the polygon touches no street")
            self.segments.append(touched)
        else:
            self.links.append(_link(self.network, change, -1 - len(self.links), self.source))

    def note(self, change: Change, text: str) -> None:
        self.notes.append(f"feature {change.number}: {text}")

    def _take_way(self, change: Change, way: int) -> None:
        edges = _edges_of(self.network, change, self.source)
        if change.action == "close":
            self.segments.append(_segments_of(self.network, edges))
        elif self.network.edge_private[edges].any():
            self.opened_ways.add(way)
        elif self.network.edge_restricted[edges].any():
            self.note(change, f"way {way} is not restricted itself, it lies behind a gate: open that")
        else:
            self.note(change, f"way {way} is open already")

    def _take_node(self, change: Change, node: int) -> None:
        marks = self.network.vertex_mark[_vertices_of(self.network, change, self.source)]
        if change.action == "close":
            if (marks & WALL).any():
                self.note(change, f"node {node} is a wall already")
            else:
                self.closed_nodes.add(node)
        elif (marks & (WALL | GATE)).any():
            self.opened_nodes.add(node)
        else:
            self.note(change, f"node {node} is open already")


def resolve_streets(network: WalkNetwork, proposal: Proposal) -> ResolvedStreets:
    """Find what a proposal opens and closes.

    Raises
    ------
    BadInputError
        If it names a way or node that the area does not hold, or a new link that joins no nodes.
    """
    streets = sorted((change for change in proposal.changes if not change.is_about_a_facility), key=_order)
    found = _Found(network, proposal.source)
    for change in streets:
        found.take(change)
    _check_ends_stay(streets, found.links, found.closed_nodes, proposal.source)
    changes = StreetChanges(
        np.unique(np.concatenate([np.empty(0, dtype=np.int64), *found.segments])),
        np.asarray(sorted(found.closed_nodes), dtype=np.int64),
        np.asarray(sorted(found.opened_nodes), dtype=np.int64),
        np.asarray(sorted(found.opened_ways), dtype=np.int64),
        tuple(found.links),
    )
    return ResolvedStreets(changes, tuple(found.notes))


def touched_segments(network: WalkNetwork, polygon: BaseGeometry) -> IntArray:
    """First vertices of all segments that cross a polygon (WGS 84), lie inside it, or touch its border."""
    west, south, east, north = polygon.bounds
    lon_deg, lat_deg = network.vertex_lon_deg, network.vertex_lat_deg
    first = network.segment_vertex
    one, two = lon_deg[first], lon_deg[first + 1]
    near = first[(np.maximum(one, two) >= west) & (np.minimum(one, two) <= east)]
    one, two = lat_deg[near], lat_deg[near + 1]
    near = near[(np.maximum(one, two) >= south) & (np.minimum(one, two) <= north)]
    lines = shapely.linestrings(
        np.stack(
            [
                np.stack([lon_deg[near], lat_deg[near]], axis=1),
                np.stack([lon_deg[near + 1], lat_deg[near + 1]], axis=1),
            ],
            axis=1,
        )
    )
    shapely.prepare(polygon)
    touched: IntArray = near[shapely.intersects(polygon, lines)]
    return touched


def _order(change: Change) -> tuple[str, int, int, bytes]:
    shape = b"" if change.geometry is None else change.geometry.wkb
    return change.action, change.way or 0, change.node or 0, shape


def _edges_of(network: WalkNetwork, change: Change, source: str) -> IntArray:
    edges = np.flatnonzero(network.edge_way_id == change.way)
    if len(edges) == 0:
        raise BadInputError(
            f"{source}, feature {change.number}, property way",
            f"the area has no walkable way {change.way}; what is closed to walkers in OpenStreetMap was not imported: "
            "draw a new link instead",
        )
    return edges


def _segments_of(network: WalkNetwork, edges: IntArray) -> IntArray:
    return np.concatenate(
        [np.arange(network.vertex_start[edge], network.vertex_start[edge + 1] - 1) for edge in edges.tolist()]
    )


def _vertices_of(network: WalkNetwork, change: Change, source: str) -> IntArray:
    vertices = np.flatnonzero(network.vertex_osm_id == change.node)
    if len(vertices) == 0:
        raise BadInputError(
            f"{source}, feature {change.number}, property node",
            f"the area has no node {change.node} on a walkable way; check the id",
        )
    return vertices


def _link(network: WalkNetwork, change: Change, way_id: int, source: str) -> NewLink:
    lon_lat = shapely.get_coordinates(change.geometry)
    ends = []
    for position, name in ((0, "first"), (-1, "last")):
        vertex, away_m = _nearest_vertex(network, *lon_lat[position].tolist())
        if away_m > SNAP_M:
            raise BadInputError(
                f"{source}, feature {change.number}, geometry",
                f"the {name} end of the new link lies {away_m:.1f} m from the nearest node of a street (node "
                f"{network.vertex_osm_id[vertex]}); a link joins existing nodes, at most {SNAP_M:g} m away",
            )
        lon_lat[position] = network.vertex_lon_deg[vertex], network.vertex_lat_deg[vertex]
        ends.append(int(network.vertex_osm_id[vertex]))
    if ends[0] == ends[1]:
        raise BadInputError(
            f"{source}, feature {change.number}, geometry", f"both ends of the new link join node {ends[0]}"
        )
    return NewLink(way_id, change.name, ends[0], ends[1], lon_lat[:, 0].copy(), lon_lat[:, 1].copy())


def _nearest_vertex(network: WalkNetwork, lon_deg: float, lat_deg: float) -> tuple[int, float]:
    """The vertex nearest to a place; of several at one place that of the smallest id."""
    x_m, y_m = network.projection.to_plane(np.asarray([lon_deg]), np.asarray([lat_deg]))
    square_m2 = (network.vertex_x_m - x_m) ** 2 + (network.vertex_y_m - y_m) ** 2
    nearest = np.flatnonzero(square_m2 <= square_m2.min() + 1e-12)
    vertex = int(nearest[np.argmin(network.vertex_osm_id[nearest])])
    away_m = geodesic_lengths_m(
        np.asarray([lon_deg]),
        np.asarray([lat_deg]),
        network.vertex_lon_deg[[vertex]],
        network.vertex_lat_deg[[vertex]],
    )
    return vertex, float(away_m[0])


def _check_ends_stay(
    streets: list[Change], links: list[NewLink], closed_nodes: set[int], source: str
) -> None:
    """A new link cannot join a node that the same proposal closes."""
    drawn = [c for c in streets if c.action == "open" and c.geometry is not None]
    for change, link in zip(drawn, links, strict=True):
        for osm_id in (link.from_osm_id, link.to_osm_id):
            if osm_id in closed_nodes:
                closing = next(c for c in streets if c.action == "close" and c.node == osm_id)
                numbers = sorted((closing.number, change.number))
                raise BadInputError(
                    f"{source}, features {numbers[0]} and {numbers[1]}",
                    f"contradict each other: node {osm_id} is closed and joined by a new link; keep one of them",
                )


def places_of_nodes(network: WalkNetwork, osm_ids: IntArray) -> frozenset[tuple[int, int]]:
    """Places of nodes, in ten-millionths of a degree."""
    at = np.flatnonzero(np.isin(network.vertex_osm_id, osm_ids))
    lon_lat = np.rint(np.stack([network.vertex_lon_deg[at], network.vertex_lat_deg[at]], axis=1) * 1e7)
    return frozenset((int(lon), int(lat)) for lon, lat in lon_lat.tolist())
