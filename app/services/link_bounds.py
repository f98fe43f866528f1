"""Whom a street change could win at most: bounds that no exact answer exceeds, found without trying the change.

A household that is newly covered walks through what is new: through the gate, over the way, or over the link from one
end to the other. Its walk is no shorter than the shortest from the household to the one end on the streets as they are,
the new link, and the shortest from its other end to the service. (docs/decisions/ has the cases in which that is
not so, and what stands in for it.)
"""

from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np

from app.domain.standard import Service
from app.geo.catchments import Catchments, walked_catchments
from app.geo.link_ends import LinkEnds
from app.geo.links import AccessLinks
from app.geo.search import SearchGraph, nearest_facilities
from app.geo.units import BoolArray, FloatArray, IntArray, ragged_rows
from app.geo.verdict import TOLERANCE
from app.geo.walks import LinkCosts, seeds_of, walks_by_labels
from app.services.area_engine import AreaEngine, WalkingView, links_of
from app.services.assessment import Walker

SLACK = 1.0 + 1e-9
"""A little more than a limit, so that no rounding of a sum loses what a verdict would accept."""


@dataclass(frozen=True)
class ServiceBounds:
    """Walks of those who lack a service, in metres: what a street change would have to shorten.

    ``limit_m`` is the longest walk that could be within the service's limit. Where a profile's costs count, it is that
    of a walk without any: a bound still. ``by_shortening`` says whether a change wins nobody unless it shortens the
    walk to the nearest facility, in these metres.
    """

    view: WalkingView
    wanted: BoolArray
    limit_m: float
    by_shortening: bool
    facilities: IntArray
    facility_links: AccessLinks
    facility_of_link: IntArray
    node_m: FloatArray
    node_facility: IntArray
    turned: SearchGraph
    homes: AccessLinks
    home_node_m: FloatArray
    kernels: ModuleType | None

    @classmethod
    def of(
        cls,
        engine: AreaEngine,
        walker: Walker,
        service: Service,
        lacking: BoolArray,
        kernels: ModuleType | None,
        *,
        view: WalkingView,
    ) -> "ServiceBounds":
        """Bounds for the households `lacking` a service, shape (h,).

        `view` has the walker's streets, or the same with nothing restricted: such bounds hold whichever streets are
        public. `kernels` is the compiled search of catchments.
        """
        is_freed = view is not engine.view(walker.profile)
        graph, length_m = view.graph, view.network.edge_length_m
        facilities = engine.offering(service)
        links, start = links_of(view.facility_links, engine.area.facilities.access.start, facilities)
        owner = ragged_rows(start)[links.point]
        found = nearest_facilities(
            graph,
            seeds_of(graph, LinkCosts.of(length_m, links, 1.0), owner),
            facility_count=len(facilities),
            kernels=engine.find_kernels(),
        )
        limit_m = _limit_m(service, walker)
        turned = engine.reversed_graph(graph)
        homes, _ = links_of(view.household_links, view.household_start, np.flatnonzero(lacking))
        one = np.zeros(len(homes.edge), dtype=np.int64)
        from_homes, _ = nearest_facilities(
            turned,
            seeds_of(turned, LinkCosts.of(length_m, homes, 1.0), one),
            facility_count=1,
            cutoff=limit_m * SLACK,
            kernels=engine.find_kernels(),
        )
        return cls(
            view,
            lacking,
            limit_m,
            not is_freed and service.min_count == 1 and not walker.profile.costs,
            facilities,
            links,
            owner,
            found[0][0],
            found[1][0].astype(np.int64),
            turned,
            homes,
            from_homes[0],
            kernels,
        )

    def onward_m(self, places: AccessLinks) -> FloatArray:
        """From each place to the nearest facility, for a trip that starts there."""
        return self._to_service_m(self.view.graph, places)

    def onward_of_arrived_m(self, places: AccessLinks) -> FloatArray:
        """The same for a trip that has come there already, and on a restricted street must stay on such."""
        graph = self.view.graph
        return self._to_service_m(replace(graph, start_u=graph.end_u, start_v=graph.end_v), places)

    def at_ends_m(self, ends: LinkEnds) -> tuple[FloatArray, FloatArray]:
        """From each end to the nearest facility, for a trip that starts there and for one that has come there."""
        onward_m = self.onward_m(ends.places)
        arrived_m = onward_m.copy()
        restricted = np.flatnonzero(~ends.is_public)
        arrived_m[restricted] = self.onward_of_arrived_m(ends.places.take(restricted))
        return onward_m, arrived_m

    def _to_service_m(self, graph: SearchGraph, places: AccessLinks) -> FloatArray:
        return walks_by_labels(
            self.view.network.edge_length_m,
            graph,
            places,
            np.arange(places.point_count + 1),
            self.facility_links,
            self.facility_of_link,
            self.node_m,
            self.node_facility,
        ).cost

    def from_homes_m(self, places: AccessLinks) -> FloatArray:
        """To each place from the nearest household that lacks the service; ``inf`` beyond the limit."""
        return walks_by_labels(
            self.view.network.edge_length_m,
            self.turned,
            places,
            np.arange(places.point_count + 1),
            self.homes,
            np.zeros(len(self.homes.edge), dtype=np.int64),
            self.home_node_m,
            np.where(np.isfinite(self.home_node_m), 0, -1),
        ).cost

    def within_limit(self) -> IntArray:
        """Households within the limit on the streets of ``view``."""
        everything = np.asarray([0, self.facility_links.point_count])
        return self.households(self.facility_links, everything).household

    def households(self, places: AccessLinks, start: IntArray) -> Catchments:
        """Households that would be within the limit if the service were beyond these places by their ``link_m``."""
        return walked_catchments(
            self.view.network,
            self.view.graph,
            self.view.household_links,
            self.view.household_start,
            places,
            start,
            limit=self.limit_m * SLACK,
            wanted=self.wanted,
            kernels=self.kernels,
        )


def _limit_m(service: Service, walker: Walker) -> float:
    """The longest walk in metres that a verdict could find within a service's limit."""
    if service.length_limit_m is not None:
        return service.length_limit_m + TOLERANCE
    least = walker.profile.costs.least_factor
    return ((service.limit_s or 0.0) + TOLERANCE) * walker.speed_mps / least
