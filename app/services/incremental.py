"""A proposal compared by searching only where something changes; the same answer as working all of it out anew."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import shapely

from app.domain.area import Area
from app.domain.standard import Service
from app.geo.graph_patch import GraphPatch
from app.geo.impedance import edge_times
from app.geo.links import AccessLinks
from app.geo.local_links import LocalLocator, changed_segments
from app.geo.network import WalkNetwork
from app.geo.search import SearchGraph, Seeds
from app.geo.street_changes import StreetChanges
from app.geo.street_patch import StreetPatch
from app.geo.units import (
    BoolArray,
    FloatArray,
    Geometries,
    IntArray,
    expand_ranges,
    ragged_rows,
    running_starts,
)
from app.geo.verdict import judge_overall
from app.geo.walks import LinkCosts, NearestWalks, seeds_of
from app.services.area_engine import AreaEngine, WalkingView, any_of, links_of, straight_walks
from app.services.assessment import (
    Assessment,
    ServiceAssessment,
    Walker,
    judge_service,
    uses_costs,
    with_substitutes,
)
from app.services.changed_area import FacilityChanges, change_doors, changes_anything, places_of
from app.services.comparing_cache import (
    ServiceLabels,
    facility_shapes,
    household_index,
    household_shapes,
    outline_shapes,
    service_labels,
    street_index,
    workspace,
)
from app.services.facility_access import join_places, locate_facilities
from app.services.incremental_parts import (
    Coming,
    LocalGraph,
    Plan,
    Positions,
    Rows,
    put,
)
from app.services.later_assessment import LaterAssessment, LaterService
from app.services.profiles import get_profile

_CLOSE_M = 40.0
"""How far around those who are linked anew streets are looked at first; hardly anybody has none so near."""


class NotIncrementalError(Exception):
    """A proposal has to be compared by working the changed city out anew; the message says why."""


@dataclass(frozen=True)
class Found:
    """The assessment afterwards, the households that it may be another for, and their verdicts."""

    after: Assessment
    households: IntArray
    judged: tuple[ServiceAssessment, ...]


class IncrementalComparison:
    """One comparison; the caller holds ``engine.comparing``."""

    def __init__(
        self,
        engine: AreaEngine,
        before: Assessment,
        streets: StreetChanges,
        facility_changes: FacilityChanges,
    ) -> None:
        kernels = engine.find_kernels()
        if kernels is None:
            raise NotIncrementalError("the compiled search is not there")
        self._engine, self._before, self._kernels = engine, before, kernels
        self._area, self._view = engine.area, before.view
        self._walker: Walker = before.walker
        self._streets = streets
        self._patch: StreetPatch | None = None
        if changes_anything(streets):
            if self._view.network is not self._area.network:
                raise NotIncrementalError("streets change for a walker who cannot use all of them")
            self._patch = StreetPatch.of(street_index(engine), streets)
        self._locator = engine.ground(get_profile("standard")).locator
        # Households linked anew, and the links of their access points.
        self._relinked: IntArray = np.empty(0, dtype=np.int64)
        self._links: AccessLinks | None = None
        self._coming = self._find_coming(facility_changes)
        self._graph_patches: dict[int, GraphPatch] = {}
        self._local_graphs: dict[int, LocalGraph] = {}

    def run(self, make_area: Callable[[], tuple[Area, WalkingView]]) -> "Found":
        """The assessment of the changed city; `make_area` works it out where somebody asks for its streets."""
        before, area = self._before, self._area
        positions = Positions(area.facilities, self._coming)
        plans = [self._plan(service, positions) for service in before.standard.services]
        households = self._relinked
        for plan in plans:
            households = np.union1d(households, plan.rows.household)
        if any(plan.concerns_all for plan in plans):
            households = np.arange(area.households.count)
        linked = self._linked(households)
        judged = with_substitutes(
            [
                judge_service(
                    plan.service,
                    self._walker,
                    plan.walks_of(households),
                    plan.facilities,
                    linked=linked,
                    border_m=area.household_border_m[households],
                )
                for plan in plans
            ]
        )
        if self._patch is None:
            make_area = self._with_same_streets(positions)
        services = tuple(
            LaterService(
                partial(put, old, new, households, positions), facilities=new.facilities, service=new.service
            )
            for old, new in zip(before.services, judged, strict=True)
        )
        required = [item.verdicts.state for item in judged if item.service.obligation == "must"]
        overall = judge_overall(required, len(households))
        after = LaterAssessment(
            before,
            services,
            make_area,
            partial(_with_rows, before.overall, households, overall),
            same_streets=self._patch is None,
        )
        return Found(after, households, tuple(judged))

    # --- who is linked anew ------------------------------------------------------------------------------------

    def _find_coming(self, changes: FacilityChanges) -> Coming:
        if self._patch is None:
            places = locate_facilities(changes.new, self._locator)
            view_locator = self._engine.ground(self._walker.profile).locator
            links = view_locator.link(places.access.lon_deg, places.access.lat_deg)
            return Coming(changes.gone, places, links)
        households, moved = self._concerned(self._patch, changes.gone)
        homes = self._area.households.access.of(households)
        old = places_of(self._area.facilities, moved)
        doors = change_doors(self._area, self._streets, old)
        joined = join_places([replace(old, entrances=doors), changes.new])
        home_points = self._points(homes.lon_deg, homes.lat_deg)
        outlines = np.atleast_1d(self._area.network.projection.shapes_to_plane(joined.geometry))
        for local in self._widening(self._patch, np.concatenate([home_points, outlines])):
            home_links = local.find(homes.lon_deg, homes.lat_deg)
            if home_links is None:
                continue
            places = locate_facilities(joined, local.locator)
            found = local.find(places.access.lon_deg, places.access.lat_deg)
            if found is not None:
                self._relinked, self._links = households, home_links
                return Coming(np.union1d(changes.gone, moved), places, found)
        raise NotIncrementalError("no street is near")

    def _points(self, lon_deg: FloatArray, lat_deg: FloatArray) -> Geometries:
        x_m, y_m = self._area.network.projection.to_plane(lon_deg, lat_deg)
        return np.asarray(shapely.points(x_m, y_m), dtype=object)

    def _widening(self, patch: StreetPatch, shapes: Geometries) -> Iterator[LocalLocator]:
        for margin_m in (_CLOSE_M, self._area.max_link_m + 5, 10 * self._area.max_link_m, np.inf):
            yield LocalLocator.around(patch, self._locator, shapes, margin_m)

    def _concerned(self, patch: StreetPatch, gone: IntArray) -> tuple[IntArray, IntArray]:
        """Households to link anew, and facilities to locate anew; those that are gone are left out."""
        engine, reach_m = self._engine, self._area.max_link_m
        segments = changed_segments(patch)
        access = household_shapes(engine).within_reach(segments, reach_m)
        entered = facility_shapes(engine).within_reach(segments, reach_m)
        outlines, which = outline_shapes(engine)
        moved = np.union1d(
            _owners(self._area.facilities.access.start, entered),
            which[outlines.within_reach(segments, reach_m)],
        )
        return _owners(self._view.household_start, access), np.setdiff1d(moved, gone)

    # --- searches ----------------------------------------------------------------------------------------------

    def _search(self, service: Service, stays: BoolArray, coming: IntArray, rank: IntArray) -> Rows:
        """New walks to a service for all households that may have one.

        `stays` says which of the service's facilities stay as they are; `coming` are positions among those that come.
        """
        graph = self._graph(service)
        known = service_labels(self._engine, self._view, graph, service, self._kernels)
        gpatch, space = self._graph_patch(graph, service), workspace(self._engine, graph)
        if gpatch.size > graph.size + space.room:
            raise NotIncrementalError("too many streets change")
        links, start = links_of(self._coming.links, self._coming.facilities.access.start, coming)
        owner = len(self._engine.offering(service)) + ragged_rows(start)[links.point]
        seeds = self._seeds(graph, gpatch, known, stays, (links, owner))
        lost = ~stays[known.facility_of_link]
        along = np.concatenate([known.links.edge[lost], links.edge])
        every_link = known.links.then(links)
        every_owner = np.concatenate([np.where(lost, -1, known.facility_of_link), owner])
        with (
            space.patched(gpatch),
            space.repaired(known.labels, gpatch, known.seeds, seeds, rank) as touched,
        ):
            differs = (known.labels.cost[touched.node] != touched.old_cost) | (
                known.labels.facility[touched.node] != touched.old_facility
            )
            found = []
            for group, home_links in self._groups(graph, touched.node[differs], np.unique(along)):
                local = self._local(graph, gpatch, home_links)
                start = self._view.household_start
                counts = start[group + 1] - start[group]
                home_start = running_starts(counts)
                walks = local.walks(home_links, home_start, every_link, every_owner, known.labels, rank)
                access = np.append(expand_ranges(start[group], counts), -1)
                found.append(Rows(group, replace(walks, access=access[walks.access])))
        return Rows.merged(found)

    def _local(self, graph: SearchGraph, gpatch: GraphPatch, home_links: AccessLinks) -> LocalGraph:
        """The edges of these households' links; those of who is linked anew are the same for every service."""
        if home_links is not self._links:
            return LocalGraph(graph, gpatch, self._patch, self._view.network, home_links.edge)
        if id(graph) not in self._local_graphs:
            self._local_graphs[id(graph)] = LocalGraph(
                graph, gpatch, self._patch, self._view.network, home_links.edge
            )
        return self._local_graphs[id(graph)]

    def _groups(
        self, graph: SearchGraph, nodes: IntArray, edges: IntArray
    ) -> Iterator[tuple[IntArray, AccessLinks]]:
        """Households with other labels at their nodes or facilities on their edge, and those linked anew."""
        view = self._view
        index = household_index(self._engine, view, graph)
        households = np.union1d(index.at_nodes(nodes), index.at_edges(edges))
        households = np.setdiff1d(households, self._relinked)
        if len(households):
            yield households, links_of(view.household_links, view.household_start, households)[0]
        if len(self._relinked) and self._links is not None:
            yield self._relinked, self._links

    def _seeds(
        self,
        graph: SearchGraph,
        gpatch: GraphPatch,
        known: ServiceLabels,
        stays: BoolArray,
        coming: tuple[AccessLinks, IntArray],
    ) -> Seeds:
        links, owner = coming
        local = LocalGraph(graph, gpatch, self._patch, self._view.network, links.edge)
        ends = LinkCosts.of(local.length_m, local.relabelled(links), graph.link_cost_per_m)
        new = seeds_of(local.graph, ends, owner)
        kept = stays[known.seeds.facility]
        return Seeds(
            np.concatenate([known.seeds.node[kept], new.node]),
            np.concatenate([known.seeds.facility[kept], new.facility]),
            np.concatenate([known.seeds.cost[kept], new.cost]),
        )

    def _graph(self, service: Service) -> SearchGraph:
        if uses_costs(service, self._walker):
            return self._engine.timed_graph(self._walker.profile, self._walker.speed_mps)
        return self._view.graph

    def _graph_patch(self, graph: SearchGraph, service: Service) -> GraphPatch:
        if self._patch is None:
            return GraphPatch(graph.size)
        if id(graph) not in self._graph_patches:
            costs = self._times if uses_costs(service, self._walker) else _lengths
            turned = self._engine.reversed_graph(graph)
            self._graph_patches[id(graph)] = self._patch.graph_patch(graph, turned, costs)
        return self._graph_patches[id(graph)]

    def _times(self, columns: dict[str, Any]) -> tuple[FloatArray, FloatArray]:
        like_network = cast("WalkNetwork", SimpleNamespace(**columns))
        times = edge_times(like_network, self._walker.profile.costs, self._walker.speed_mps)
        return times.forward_s, times.backward_s

    # --- services ----------------------------------------------------------------------------------------------

    def _plan(self, service: Service, positions: Positions) -> Plan:
        offering = self._engine.offering(service)
        stays = ~np.isin(offering, self._coming.out)
        coming = self._coming.facilities.offering(service)
        names = np.concatenate([self._area.facilities.id[offering], self._coming.facilities.id[coming]])
        alive = np.concatenate([np.flatnonzero(stays), len(offering) + np.arange(len(coming))])
        order = alive[np.argsort(names[alive], kind="stable")]
        rank = np.full(len(names) + 1, -1, dtype=np.int64)
        rank[order] = np.arange(len(order))
        afterwards = np.concatenate([positions.of_old[offering], positions.of_coming[coming]])[order]
        plan = Plan(service, self._walks_before(service), afterwards, positions, len(offering), Rows.none())
        is_straight = service.straight_m is not None
        if stays.all() and len(coming) == 0 and (self._patch is None or is_straight):
            return plan
        if is_straight:
            return replace(plan, rows=self._straight(plan, offering[stays], coming))
        if service.min_count > 1:
            raise NotIncrementalError(f"service {service.id} asks for several facilities")
        return replace(plan, rows=self._search(service, stays, coming, rank))

    def _walks_before(self, service: Service) -> NearestWalks:
        if uses_costs(service, self._walker):
            return self._engine.timed_walks(service, self._walker.profile, self._walker.speed_mps)
        return self._engine.walks(service, self._walker.profile)

    def _straight(self, plan: Plan, kept: IntArray, coming: IntArray) -> Rows:
        """Straight lines, drawn for everybody: that is quick."""
        area = self._area
        access = area.facilities.access.of(kept).then(self._coming.facilities.access.of(coming))
        place = np.concatenate([plan.positions.of_old[kept], plan.positions.of_coming[coming]])
        ordered = access.of(np.argsort(place, kind="stable"))
        walks = straight_walks(area, area.households.access, ordered, plan.service.min_count)
        return Rows(np.arange(area.households.count), walks)

    def _linked(self, households: IntArray) -> BoolArray:
        linked = self._view.household_is_linked[households]
        if self._links is not None and len(self._relinked):
            start = self._view.household_start
            counts = start[self._relinked + 1] - start[self._relinked]
            linked = linked.copy()
            linked[np.searchsorted(households, self._relinked)] = any_of(
                self._links.is_linked, running_starts(counts)
            )
        return linked

    def _with_same_streets(self, positions: Positions) -> Callable[[], tuple[Area, WalkingView]]:
        area, view, coming, locator = self._area, self._view, self._coming, self._locator

        def make() -> tuple[Area, WalkingView]:
            links = positions.links(view.facility_links, coming.links)
            own = links
            if view.network is not area.network:
                access = coming.facilities.access
                own = positions.links(area.facility_links, locator.link(access.lon_deg, access.lat_deg))
            changed = replace(area, facilities=positions.facilities, facility_links=own)
            return changed, replace(view, facility_links=links)

        return make


def _with_rows(values: Any, rows: IntArray, new: Any) -> Any:
    changed = values.copy()
    changed[rows] = new
    return changed


def _lengths(columns: dict[str, Any]) -> tuple[FloatArray, FloatArray]:
    return columns["edge_length_m"], columns["edge_length_m"]


def _owners(start: IntArray, access: IntArray) -> IntArray:
    """Whose these access points are, ascending."""
    return np.unique(np.searchsorted(start, access, side="right") - 1)
