"""What an engine keeps so that proposals can be compared quickly; everything is made when first needed.

For a graph of ``s`` layered nodes: 12 ``s`` bytes of labels for each service, 12 ``s`` of workspace, and the graph once
more turned round. For the streets: two numbers an edge, and trees of all access points.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
import shapely

from app.domain.access import CROSSING, ENTRANCE, NEAREST
from app.domain.standard import Service, Standard
from app.geo.links import AccessLinks
from app.geo.local_links import Shapes
from app.geo.node_labels import NodeLabels, Workspace
from app.geo.search import SearchGraph, Seeds
from app.geo.street_patch import StreetIndex
from app.geo.units import Geometries, IntArray, expand_ranges, ragged_rows
from app.geo.walks import LinkCosts, seeds_of
from app.services.area_engine import AreaEngine, WalkingView, links_of
from app.services.assessment import Assessment, Walker, assess

_KEPT = 96
"""Things of all kinds that are kept for comparing; labels of a service are one each."""

Kept = TypeVar("Kept")


def keep(
    engine: AreaEngine, key: tuple[Any, ...], make: Callable[[], Kept], *, of: object | None = None
) -> Kept:
    """What is kept under a key, made where it is not there yet; the caller holds ``engine.comparing``.

    What belongs to an object (`of`) is kept with it, so that its identity is not given to another one.
    """
    known, key = engine.kept_for_comparing, (*key, id(of))
    if key not in known:
        known[key] = of, make()
    known.move_to_end(key)
    while len(known) > _KEPT:
        known.popitem(last=False)
    found: Kept = known[key][1]
    return found


def assessment_before(engine: AreaEngine, standard: Standard, walker: Walker) -> Assessment:
    """The area as it is; kept, since many proposals are compared with it."""
    return keep(engine, ("before", walker), lambda: assess(engine, standard, walker), of=standard)


class HouseholdIndex:
    """Which households are linked by way of which nodes of a graph, and on which edges."""

    def __init__(self, view: WalkingView, graph: SearchGraph) -> None:
        links = view.household_links
        self._household = ragged_rows(view.household_start)[links.point]
        ends = np.concatenate([graph.start_u[links.edge], graph.start_v[links.edge]])
        self._by_node = np.argsort(ends, kind="stable")
        self._nodes = ends[self._by_node]
        self._by_edge = np.argsort(links.edge, kind="stable")
        self._edges = links.edge[self._by_edge]

    def at_nodes(self, nodes: IntArray) -> IntArray:
        """Households, ascending."""
        rows = self._by_node[_ranges(self._nodes, nodes)]
        return np.unique(self._household[rows % max(len(self._household), 1)])

    def at_edges(self, edges: IntArray) -> IntArray:
        """Households, ascending."""
        return np.unique(self._household[self._by_edge[_ranges(self._edges, edges)]])


def _ranges(ascending: IntArray, wanted: IntArray) -> IntArray:
    first = np.searchsorted(ascending, wanted, side="left")
    return expand_ranges(first, np.searchsorted(ascending, wanted, side="right") - first)


@dataclass(frozen=True)
class ServiceLabels:
    """Labels of a search for one service, its seeds, and the links that they come from.

    ``facility_of_link`` counts the facilities of the service.
    """

    labels: NodeLabels
    seeds: Seeds
    links: AccessLinks
    facility_of_link: IntArray


def household_index(engine: AreaEngine, view: WalkingView, graph: SearchGraph) -> HouseholdIndex:
    """Index of a view's households in one of its graphs."""
    return keep(engine, ("households",), lambda: HouseholdIndex(view, graph), of=graph)


def workspace(engine: AreaEngine, graph: SearchGraph) -> Workspace:
    """Workspace of one of the engine's graphs."""
    return keep(engine, ("workspace",), lambda: Workspace.of(graph, engine.reversed_graph(graph)), of=graph)


def service_labels(
    engine: AreaEngine, view: WalkingView, graph: SearchGraph, service: Service, kernels: ModuleType
) -> ServiceLabels:
    """Labels of the nearest facilities of a service."""
    offering = engine.offering(service)

    def make() -> ServiceLabels:
        links, start = links_of(view.facility_links, engine.area.facilities.access.start, offering)
        owner = ragged_rows(start)[links.point]
        seeds = seeds_of(graph, LinkCosts.of(view.network.edge_length_m, links, graph.link_cost_per_m), owner)
        room = workspace(engine, graph).room
        labels = NodeLabels.search(graph, seeds, len(offering), room, kernels)
        return ServiceLabels(labels, seeds, links, owner)

    return keep(engine, ("labels", offering.tobytes()), make, of=graph)


def street_index(engine: AreaEngine) -> StreetIndex:
    """Index of the area's streets."""
    return keep(engine, ("streets",), lambda: StreetIndex(engine.area.network))


def household_shapes(engine: AreaEngine) -> Shapes:
    """Access points of all households, in the plane."""
    area = engine.area
    return keep(
        engine,
        ("household shapes",),
        lambda: _point_shapes(
            engine, area.households.access.lon_deg, area.households.access.lat_deg, area.household_links
        ),
    )


def facility_shapes(engine: AreaEngine) -> Shapes:
    """Access points of all facilities, in the plane."""
    area = engine.area
    return keep(
        engine,
        ("facility shapes",),
        lambda: _point_shapes(
            engine, area.facilities.access.lon_deg, area.facilities.access.lat_deg, area.facility_links
        ),
    )


def outline_shapes(engine: AreaEngine) -> tuple[Shapes, IntArray]:
    """Outlines of facilities mapped as areas, in the plane, and which facilities they are."""
    return keep(engine, ("outlines",), lambda: _outline_shapes(engine))


def _point_shapes(engine: AreaEngine, lon_deg: Any, lat_deg: Any, links: AccessLinks) -> Shapes:
    area = engine.area
    points = np.asarray(shapely.points(*area.network.projection.to_plane(lon_deg, lat_deg)), dtype=object)
    return Shapes.of(points, links.nearest_m, links.is_on_main(area.network), area.max_link_m)


def _outline_shapes(engine: AreaEngine) -> tuple[Shapes, IntArray]:
    area = engine.area
    facilities = area.facilities
    which = np.flatnonzero(np.asarray([shape is not None for shape in facilities.outline], dtype=bool))
    outlines: Geometries = shapely.boundary(
        area.network.projection.shapes_to_plane(facilities.outline[which])
    )
    first = facilities.access.start[which]
    kind = facilities.access.kind[first]
    nearest_m = np.where(kind == NEAREST, area.facility_links.nearest_m[first], 0.0)
    # Where streets cross an outline, or doors stand on it, only what touches it matters.
    decided = np.isin(kind, (CROSSING, ENTRANCE)) | area.facility_links.is_on_main(area.network)[first]
    return Shapes.of(outlines, nearest_m, decided, area.max_link_m), which
