"""One loaded area, ready to be asked: links per way of walking, and walks that are found once and kept."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from app.domain.access import AccessPoints
from app.domain.area import Area
from app.domain.profile import Profile
from app.domain.standard import Service
from app.geo.impedance import ExtraCosts, edge_times
from app.geo.links import AccessLinks, EdgeLocator
from app.geo.network import WalkNetwork
from app.geo.network_builder import without_edges
from app.geo.reversed import reversed_graph
from app.geo.search import SearchGraph, build_search_graph
from app.geo.straight import straight_to_nearest
from app.geo.surface import Surface
from app.geo.units import BoolArray, FloatArray, IntArray, expand_ranges, ragged_rows, running_starts
from app.geo.walks import NearestWalks, walks_to_nearest
from app.services.kernel_loader import KernelLoader

_KEPT_WALKS = 256
"""Walks of this many services and profiles are kept; each takes 24 bytes a household."""

_KEPT_SERVICES = 1024
"""Facilities of this many services are kept: a standard of one's own that is replaced leaves its services behind."""

_KEPT_GRAPHS = 4
"""Search graphs in seconds of this many profiles with costs, each at its speed, are kept."""


@dataclass(frozen=True)
class WalkingView:
    """The network as one kind of walker sees it, with everybody's links to it."""

    network: WalkNetwork
    graph: SearchGraph
    household_links: AccessLinks
    facility_links: AccessLinks
    household_start: IntArray

    @cached_property
    def household_is_linked(self) -> BoolArray:
        """Whether a household has a link at any of its access points, shape (h,)."""
        return any_of(self.household_links.is_linked, self.household_start)

    @cached_property
    def household_nearest_m(self) -> FloatArray:
        """Distance of each household to the nearest edge of all, linked or not, shape (h,)."""
        if len(self.household_start) == 1:
            return np.empty(0)
        return np.minimum.reduceat(self.household_links.nearest_m, self.household_start[:-1])

    @cached_property
    def household_link(self) -> IntArray:
        """Shortest link of each household over its access points, shape (h,); -1 where there is none."""
        links = self.household_links
        household = ragged_rows(self.household_start)[links.point]
        order = np.lexsort((np.arange(len(household)), links.link_m, household))
        which, first = np.unique(household[order], return_index=True)
        shortest = np.full(len(self.household_start) - 1, -1, dtype=np.int64)
        shortest[which] = order[first]
        return shortest

    def household_part(self, household: int) -> tuple[int, float]:
        """Connected part of the network that a linked household stands on, and its length of streets."""
        edge = self.household_links.edge[self.household_link[household]]
        part = int(self.network.edge_part[edge])
        return part, float(self.network.part_length_m[part])


@dataclass(frozen=True)
class Ground:
    """What places that are no household and no facility are linked with, one by one or by the grid."""

    locator: EdgeLocator
    surface: Surface


class AreaEngine:
    """Answers questions about one version of an area. Safe to share between threads.

    Walks are kept in metres, so that another speed, limit or weight costs no new search. Only where a profile has
    costs of its own do times need a search for each speed.
    """

    def __init__(self, area: Area, *, kernels: KernelLoader | None = None) -> None:
        self.area = area
        self._kernels = kernels
        self._lock = threading.RLock()
        self._views: dict[bool, WalkingView] = {}
        self._grounds: dict[bool, Ground] = {}
        self._reversed: OrderedDict[int, tuple[SearchGraph, SearchGraph]] = OrderedDict()
        self._offering: OrderedDict[int, tuple[Service, IntArray]] = OrderedDict()
        self._walks: OrderedDict[tuple[Any, ...], NearestWalks] = OrderedDict()
        self._timed_graphs: OrderedDict[tuple[bool, ExtraCosts, float], SearchGraph] = OrderedDict()
        self.comparing = threading.RLock()
        """Held while a proposal is compared: labels are repaired in place and put back."""
        self.kept_for_comparing: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    def view(self, profile: Profile) -> WalkingView:
        """The network for a profile."""
        with self._lock:
            if profile.avoids_steps not in self._views:
                self._views[profile.avoids_steps] = self._make_view(avoids_steps=profile.avoids_steps)
            return self._views[profile.avoids_steps]

    def ground(self, profile: Profile) -> Ground:
        """Links of any place for a profile; made when first asked for, its surface tile by tile."""
        network = self.view(profile).network
        with self._lock:
            if profile.avoids_steps not in self._grounds:
                reach_m = self.area.max_link_m
                self._grounds[profile.avoids_steps] = Ground(
                    EdgeLocator(network, max_link_m=reach_m), Surface(network, max_link_m=reach_m)
                )
            return self._grounds[profile.avoids_steps]

    def reversed_graph(self, graph: SearchGraph) -> SearchGraph:
        """One of this engine's graphs, walked the other way round."""
        with self._lock:
            known = self._reversed.get(id(graph))
        # The graph is kept with its reverse, so that its identity is not given to another one.
        turned = known or (graph, reversed_graph(graph))
        with self._lock:
            self._reversed[id(graph)] = turned
            self._reversed.move_to_end(id(graph))
            while len(self._reversed) > _KEPT_GRAPHS:
                self._reversed.popitem(last=False)
        return turned[1]

    @property
    def kernels(self) -> KernelLoader | None:
        """What loads the compiled searches, for another engine."""
        return self._kernels

    def find_kernels(self) -> ModuleType | None:
        """The compiled searches, if they are ready."""
        return None if self._kernels is None else self._kernels.find()

    def offering(self, service: Service) -> IntArray:
        """Positions of the facilities that offer a service."""
        with self._lock:
            known = self._offering.get(id(service))
            if known is None:
                # The service is kept with its answer, so that its identity is not given to another one.
                known = self._offering[id(service)] = (service, self.area.facilities.offering(service))
                while len(self._offering) > _KEPT_SERVICES:
                    self._offering.popitem(last=False)
            return known[1]

    def timed_graph(self, profile: Profile, speed_mps: float) -> SearchGraph:
        """The search graph in seconds for a profile with costs."""
        key = (profile.avoids_steps, profile.costs, speed_mps)
        with self._lock:
            if key in self._timed_graphs:
                self._timed_graphs.move_to_end(key)
                return self._timed_graphs[key]
        network = self.view(profile).network
        times = edge_times(network, profile.costs, speed_mps)
        graph = build_search_graph(network, times.forward_s, times.backward_s)
        graph = replace(graph, link_cost_per_m=1.0 / speed_mps)
        with self._lock:
            self._timed_graphs[key] = graph
            while len(self._timed_graphs) > _KEPT_GRAPHS:
                self._timed_graphs.popitem(last=False)
        return graph

    def timed_walks(self, service: Service, profile: Profile, speed_mps: float) -> NearestWalks:
        """As `walks`, in seconds and with the profile's costs; for limits that are times."""
        facilities = self.offering(service)
        key = (profile.avoids_steps, profile.costs, speed_mps, service.min_count, facilities.tobytes())
        with self._lock:
            if key in self._walks:
                self._walks.move_to_end(key)
                return self._walks[key]
        graph = self.timed_graph(profile, speed_mps)
        walks = self._find_walks(self.view(profile), graph, facilities, service.min_count)
        self._keep(key, walks)
        return walks

    def walks(self, service: Service, profile: Profile) -> NearestWalks:
        """Walk of every household to the ``min_count``-th nearest facility of a service, in metres.

        A straight line where the service's limit is one. The facility is a position among all facilities of the area.
        """
        facilities = self.offering(service)
        is_straight = service.straight_m is not None
        key = (profile.avoids_steps, is_straight, service.min_count, facilities.tobytes())
        with self._lock:
            if key in self._walks:
                self._walks.move_to_end(key)
                return self._walks[key]
        if is_straight:
            homes, places = self.area.households.access, self.area.facilities.access.of(facilities)
            found = straight_walks(self.area, homes, places, service.min_count)
            walks = _among_all(found, facilities)
        else:
            view = self.view(profile)
            walks = self._find_walks(view, view.graph, facilities, service.min_count)
        self._keep(key, walks)
        return walks

    def _keep(self, key: tuple[Any, ...], walks: NearestWalks) -> None:
        with self._lock:
            self._walks[key] = walks
            while len(self._walks) > _KEPT_WALKS:
                self._walks.popitem(last=False)

    def _find_walks(
        self, view: WalkingView, graph: SearchGraph, facilities: IntArray, nearest: int
    ) -> NearestWalks:
        links, start = links_of(view.facility_links, self.area.facilities.access.start, facilities)
        walks = walks_to_nearest(
            view.network,
            graph,
            view.household_links,
            view.household_start,
            links,
            start,
            nearest=nearest,
            kernels=self.find_kernels(),
        )
        return _among_all(walks, facilities)

    def _make_view(self, *, avoids_steps: bool) -> WalkingView:
        area = self.area
        start = area.households.access.start
        closed = area.network.edge_closed_to_wheels
        if not avoids_steps or not closed.any():
            graph = build_search_graph(area.network)
            return WalkingView(area.network, graph, area.household_links, area.facility_links, start)
        network = without_edges(area.network, closed)
        locator = EdgeLocator(network, max_link_m=area.max_link_m)
        homes, places = area.households.access, area.facilities.access
        return WalkingView(
            network,
            build_search_graph(network),
            locator.link(homes.lon_deg, homes.lat_deg),
            locator.link(places.lon_deg, places.lat_deg),
            start,
        )


def straight_walks(area: Area, homes: AccessPoints, places: AccessPoints, nearest: int) -> NearestWalks:
    """Straight lines from households to the ``nearest``-th of some facilities, in metres."""
    return straight_to_nearest(
        area.network.projection,
        (homes.lon_deg, homes.lat_deg),
        homes.start,
        (places.lon_deg, places.lat_deg),
        places.start,
        nearest=nearest,
    )


def _among_all(walks: NearestWalks, facilities: IntArray) -> NearestWalks:
    """Walks whose facilities, counted among some, are counted among all."""
    named = np.where(walks.facility >= 0, np.append(facilities, -1)[walks.facility], -1)
    return NearestWalks(walks.cost, named, walks.access)


def links_of(links: AccessLinks, owner_start: IntArray, owners: IntArray) -> tuple[AccessLinks, IntArray]:
    """Links of some owners' access points alone, and where each owner's access points start among them."""
    access_counts = owner_start[owners + 1] - owner_start[owners]
    access = expand_ranges(owner_start[owners], access_counts)
    return links.take(access), running_starts(access_counts)


def any_of(values: BoolArray, start: IntArray) -> BoolArray:
    """Whether any value of each owner holds, shape (o,).

    Owner ``i`` has ``values[start[i]:start[i + 1]]``, one value at least.
    """
    if len(start) == 1:
        return np.empty(0, dtype=bool)
    found: BoolArray = np.logical_or.reduceat(values, start[:-1])
    return found
