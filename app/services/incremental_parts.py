"""Pieces of an incremental comparison: facilities afterwards, walks by repaired labels, verdicts put in place."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from app.domain.facility import Facilities
from app.domain.standard import Service
from app.geo.edge_pieces import own_or_piece
from app.geo.graph_patch import GraphPatch
from app.geo.links import LINK_COLUMNS, AccessLinks
from app.geo.network import WalkNetwork
from app.geo.node_labels import NodeLabels
from app.geo.search import SearchGraph
from app.geo.street_patch import StreetPatch
from app.geo.units import FloatArray, IntArray
from app.geo.walks import NearestWalks, walks_by_labels
from app.services.assessment import ServiceAssessment
from app.services.merging import LinkedFacilities


@dataclass(frozen=True)
class Coming:
    """Facilities that are new, or that are entered elsewhere than before; ``out`` are positions that no longer hold."""

    out: IntArray
    facilities: Facilities
    links: AccessLinks


class Positions:
    """Where facilities stand among those of the changed city, which are sorted by id."""

    def __init__(self, before: Facilities, coming: Coming) -> None:
        self._before, self._coming = before, coming
        keep = np.ones(before.count, dtype=bool)
        keep[coming.out] = False
        self.kept = np.flatnonzero(keep)
        names = np.concatenate([before.id[self.kept], coming.facilities.id])
        self.order = np.argsort(names, kind="stable")
        position = np.empty(len(names), dtype=np.int64)
        position[self.order] = np.arange(len(names))
        self.of_coming = position[len(self.kept) :]
        self.of_old = np.full(before.count + 1, -1, dtype=np.int64)
        self.of_old[self.kept] = position[: len(self.kept)]
        again = dict(zip(coming.facilities.id.tolist(), self.of_coming.tolist(), strict=True))
        for old in coming.out.tolist():
            self.of_old[old] = again.get(str(before.id[old]), -1)

    @property
    def is_the_same(self) -> bool:
        """Whether every facility keeps its position."""
        count = len(self.of_old) - 1
        return bool((self.of_old[:count] == np.arange(count)).all())

    @cached_property
    def facilities(self) -> Facilities:
        """All facilities of the changed city."""
        return self._before.take(self.kept).then(self._coming.facilities).take(self.order)

    def links(self, before: AccessLinks, coming: AccessLinks) -> AccessLinks:
        """Links of all their access points, from those before and those of the coming."""
        old = LinkedFacilities(self._before, before).take(self.kept)
        return old.then(LinkedFacilities(self._coming.facilities, coming)).take(self.order).links


class LocalGraph:
    """A few edges of a patched graph under numbers of their own; layered nodes keep theirs."""

    def __init__(
        self,
        graph: SearchGraph,
        gpatch: GraphPatch,
        patch: StreetPatch | None,
        network: WalkNetwork,
        edges: IntArray,
    ) -> None:
        self._edges = np.unique(edges)
        pieces_m = patch.pieces.columns["edge_length_m"] if patch is not None else np.empty(0)
        self.length_m: FloatArray = own_or_piece(network.edge_length_m, pieces_m, self._edges)
        columns = {
            name: own_or_piece(getattr(graph, name), getattr(gpatch, name), self._edges)
            for name in ("cost_forward", "cost_backward", "start_u", "start_v", "end_u", "end_v")
        }
        self.graph = replace(graph, **columns)

    def relabelled(self, links: AccessLinks) -> AccessLinks:
        """Links by this graph's numbers of edges."""
        return replace(links, edge=np.searchsorted(self._edges, links.edge))

    @cached_property
    def _start_nodes(self) -> tuple[IntArray, IntArray]:
        """Nodes at which trips leave these edges, and which of them each end of an edge is: all u, then all v."""
        nodes, place = np.unique(
            np.concatenate([self.graph.start_u, self.graph.start_v]), return_inverse=True
        )
        return nodes, place

    def walks(
        self,
        home_links: AccessLinks,
        home_start: IntArray,
        facility_links: AccessLinks,
        owner: IntArray,
        labels: NodeLabels,
        rank: IntArray,
    ) -> NearestWalks:
        """Walks of households linked on these edges; facilities by rank, those of rank -1 left out."""
        nodes, place = self._start_nodes
        count = len(self._edges)
        graph = replace(self.graph, start_u=place[:count], start_v=place[count:])
        here = np.flatnonzero(np.isin(facility_links.edge, self._edges) & (owner >= 0))
        some = AccessLinks(
            start=np.arange(len(here) + 1),
            nearest_m=facility_links.link_m[here],
            **{name: getattr(facility_links, name)[here] for name in LINK_COLUMNS},
        )
        return walks_by_labels(
            self.length_m,
            graph,
            self.relabelled(home_links),
            home_start,
            self.relabelled(some),
            rank[owner[here]],
            labels.cost[nodes],
            rank[labels.facility[nodes]],
        )


@dataclass(frozen=True)
class Rows:
    """New walks of some households, ascending; ``facility`` is a rank among the service's facilities afterwards."""

    household: IntArray
    walks: NearestWalks

    @classmethod
    def none(cls) -> "Rows":
        """Nobody's."""
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, NearestWalks(np.empty(0), nothing, nothing))

    @classmethod
    def merged(cls, groups: Iterable["Rows"]) -> "Rows":
        """Those of groups without a household in common."""
        every = [cls.none(), *groups]
        household = np.concatenate([group.household for group in every])
        order = np.argsort(household, kind="stable")
        return cls(
            household[order],
            NearestWalks(
                *(
                    np.concatenate([getattr(group.walks, name) for group in every])[order]
                    for name in ("cost", "facility", "access")
                )
            ),
        )


@dataclass(frozen=True)
class Plan:
    """What becomes of one service.

    ``facilities`` are its facilities' positions afterwards, ascending; ``before`` its walks before.
    """

    service: Service
    before: NearestWalks
    facilities: IntArray
    positions: Positions
    count_before: int
    rows: Rows

    @property
    def concerns_all(self) -> bool:
        """Whether the number of facilities alone gives everybody another verdict."""
        count, least = len(self.facilities), self.service.min_count
        return (count < least) != (self.count_before < least) or (
            self.service.user_data_only and (count == 0) != (self.count_before == 0)
        )

    def walks_of(self, households: IntArray) -> NearestWalks:
        """Walks of some households afterwards, to facilities by position."""
        facility = self.positions.of_old[self.before.facility[households]]
        cost, access = self.before.cost[households], self.before.access[households]
        new = self.rows
        at = np.searchsorted(households, new.household)
        cost[at], access[at] = new.walks.cost, new.walks.access
        facility[at] = np.append(self.facilities, -1)[new.walks.facility]
        return NearestWalks(cost, facility, access)


def put(
    old: ServiceAssessment, new: ServiceAssessment, households: IntArray, positions: Positions
) -> ServiceAssessment:
    """An assessment of everybody in which some households' rows are new. What stays the same is shared."""
    same = positions.is_the_same
    facility = old.facility if same else positions.of_old[old.facility]

    def patched(before: Any, now: Any) -> Any:
        if np.array_equal(before[households], now):
            return before
        after = before.copy()
        after[households] = now
        return after

    verdicts = replace(
        old.verdicts,
        state=patched(old.verdicts.state, new.verdicts.state),
        walk=patched(old.verdicts.walk, new.verdicts.walk),
    )
    return replace(
        old,
        facilities=new.facilities,
        verdicts=verdicts,
        time_s=patched(old.time_s, new.time_s),
        distance_m=patched(old.distance_m, new.distance_m),
        facility=patched(facility, new.facility),
        access=patched(old.access, new.access),
        by=patched(old.by, new.by),
    )
