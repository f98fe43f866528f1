"""Labels of a search that are kept and repaired when something changes: nearest facility of every layered node."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from app.geo.graph_patch import GraphPatch, Rows
from app.geo.search import SearchGraph, Seeds, nearest_facilities
from app.geo.units import FloatArray, Index32Array, IntArray


@dataclass(frozen=True)
class NodeLabels:
    """Cost to the nearest facility and which it is, with room behind for nodes that a change adds.

    12 bytes a layered node.
    """

    cost: FloatArray
    facility: Index32Array

    @classmethod
    def search(
        cls, graph: SearchGraph, seeds: Seeds, facility_count: int, room: int, kernels: ModuleType
    ) -> "NodeLabels":
        """Labels of a search from these seeds."""
        cost, facility = nearest_facilities(graph, seeds, facility_count=facility_count, kernels=kernels)
        return cls(
            np.concatenate([cost[0], np.full(room, np.inf)]),
            np.concatenate([facility[0], np.full(room, -1, dtype=np.int32)]),
        )


@dataclass(frozen=True)
class Touched:
    """Nodes that a repair touched; their labels are the new ones while it lasts."""

    node: IntArray
    old_cost: FloatArray
    old_facility: Index32Array


@dataclass(frozen=True)
class Workspace:
    """Arrays of a graph's size that every repair uses and leaves as they were. Not to be shared between threads.

    ``stamp``, ``row_out`` and ``row_in`` are -1 throughout; 12 bytes a layered node, and the turned graph.
    """

    graph: SearchGraph
    turned: SearchGraph
    room: int
    stamp: Index32Array
    row_out: Index32Array
    row_in: Index32Array

    @classmethod
    def of(cls, graph: SearchGraph, turned: SearchGraph) -> "Workspace":
        """Workspace of a graph; `turned` is the same graph turned round."""
        room = max(4096, graph.size // 16)
        stamp, row_out, row_in = (np.full(graph.size + room, -1, dtype=np.int32) for _ in range(3))
        return cls(graph, turned, room, stamp, row_out, row_in)

    @contextmanager
    def patched(self, patch: GraphPatch) -> Iterator[None]:
        """The graph with a patch laid over it, for as long as this lasts."""
        self._lay(self.row_out, patch.out)
        self._lay(self.row_in, patch.back)
        try:
            yield
        finally:
            self.row_out[patch.out.node] = -1
            self.row_in[patch.back.node] = -1

    @staticmethod
    def _lay(index: Index32Array, rows: Rows) -> None:
        index[rows.node] = np.arange(len(rows.node), dtype=np.int32)

    @contextmanager
    def repaired(
        self,
        labels: NodeLabels,
        patch: GraphPatch,
        before: Seeds,
        after: Seeds,
        rank: IntArray,
    ) -> Iterator[Touched]:
        """Labels brought up to date, for as long as this lasts; within `patched` of the same patch.

        Parameters
        ----------
        before, after : Seeds
            Of the same numbering of facilities.
        rank : int array
            Place of each facility among those that are there afterwards: of two equally near the first is named.
        """
        # Imported here because it brings Numba; who asks for repairs has loaded the compiled search.
        from app.geo import kernels_repair as kernels  # noqa: PLC0415

        lost = _seeds_lost(before, after)
        removed = patch.removed
        hangs = (
            (labels.facility[removed.here] >= 0)
            & (labels.facility[removed.here] == labels.facility[removed.there])
            & (labels.cost[removed.here] + removed.cost == labels.cost[removed.there])
        )
        sits = (labels.facility[before.node[lost]] == before.facility[lost]) & (
            labels.cost[before.node[lost]] == before.cost[lost]
        )
        broken = np.unique(np.concatenate([removed.there[hangs], before.node[lost][sits]]))
        graph, turned, added = self.graph, self.turned, patch.added
        journal = kernels.repair(
            *(graph.arc_start, graph.arc_to, graph.arc_cost),
            *(turned.arc_start, turned.arc_to, turned.arc_cost),
            *(self.row_out, patch.out.start, patch.out.to, patch.out.cost),
            *(self.row_in, patch.back.start, patch.back.to, patch.back.cost),
            *(labels.cost, labels.facility, self.stamp, rank, broken),
            *(after.node, after.facility, after.cost),
            *(added.here, added.there, added.cost),
        )
        try:
            yield Touched(*journal)
        finally:
            kernels.put_back(labels.cost, labels.facility, self.stamp, *journal)


def _seeds_lost(before: Seeds, after: Seeds) -> IntArray:
    """Rows of seeds that are no longer there."""
    if len(before.node) == len(after.node) and all(
        np.array_equal(getattr(before, name), getattr(after, name)) for name in ("node", "facility", "cost")
    ):
        return np.empty(0, dtype=np.int64)
    still = set(zip(after.node.tolist(), after.facility.tolist(), after.cost.tolist(), strict=True))
    rows = zip(before.node.tolist(), before.facility.tolist(), before.cost.tolist(), strict=True)
    return np.asarray([row for row, seed in enumerate(rows) if seed not in still], dtype=np.int64)
