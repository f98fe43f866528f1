"""How a search graph differs after a change of streets: a few rows, without building the graph anew."""

from dataclasses import dataclass, field

import numpy as np

from app.geo.search import SearchGraph, whole_edge_arcs
from app.geo.units import BoolArray, FloatArray, Index32Array, IntArray, expand_ranges, running_starts


def _no_floats() -> FloatArray:
    return np.empty(0)


def _no_ints() -> IntArray:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Rows:
    """Compressed rows that stand for those of some nodes, ascending by node."""

    node: IntArray = field(default_factory=_no_ints)
    start: Index32Array = field(default_factory=lambda: np.zeros(1, dtype=np.int32))
    to: Index32Array = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    cost: FloatArray = field(default_factory=_no_floats)


@dataclass(frozen=True)
class Arcs:
    """Arcs of the reversed graph: a label at ``here`` reaches ``there`` for ``cost``."""

    here: IntArray = field(default_factory=_no_ints)
    there: IntArray = field(default_factory=_no_ints)
    cost: FloatArray = field(default_factory=_no_floats)


@dataclass(frozen=True)
class GraphPatch:
    """What is other than in a graph. Edges that are new are numbered from the network's edge count upwards.

    Attributes
    ----------
    size : int
        Layered nodes, those of the graph and new ones behind them.
    out, back : Rows
        Rows of the graph, and of the graph turned round, that changed.
    removed, added : Arcs
    cost_forward, cost_backward, start_u, start_v, end_u, end_v : arrays
        As in `SearchGraph`, of the new edges.
    """

    size: int
    out: Rows = field(default_factory=Rows)
    back: Rows = field(default_factory=Rows)
    removed: Arcs = field(default_factory=Arcs)
    added: Arcs = field(default_factory=Arcs)
    cost_forward: FloatArray = field(default_factory=_no_floats)
    cost_backward: FloatArray = field(default_factory=_no_floats)
    start_u: IntArray = field(default_factory=_no_ints)
    start_v: IntArray = field(default_factory=_no_ints)
    end_u: IntArray = field(default_factory=_no_ints)
    end_v: IntArray = field(default_factory=_no_ints)


@dataclass(frozen=True)
class EdgeGroup:
    """Some edges, with what decides their arcs. ``number`` is the edge's own; ``gate_*`` whether an end is a gate."""

    number: IntArray
    u: IntArray
    v: IntArray
    gate_u: BoolArray
    gate_v: BoolArray
    restricted: BoolArray
    forward: FloatArray
    backward: FloatArray


@dataclass(frozen=True)
class _Keys:
    """Names of layered nodes before they have numbers: public ones, copies at gates, and the two layers."""

    node_count: int
    edge_count: int

    def ends(self, edges: EdgeGroup) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray, IntArray]:
        """Public u and v, start u and v, end u and v of each edge."""
        own = self.node_count + 2 * edges.number
        public_u = np.where(edges.gate_u, own, edges.u)
        public_v = np.where(edges.gate_v, own + 1, edges.v)
        start, end = self.start, self.end
        start_u = np.where(edges.restricted, start + edges.u, public_u)
        start_v = np.where(edges.restricted, start + edges.v, public_v)
        end_u = np.where(edges.restricted, end + edges.u, public_u)
        end_v = np.where(edges.restricted, end + edges.v, public_v)
        return public_u, public_v, start_u, start_v, end_u, end_v

    @property
    def start(self) -> int:
        return self.node_count + 2 * self.edge_count

    @property
    def end(self) -> int:
        return self.start + self.node_count

    def arcs(self, edges: EdgeGroup, dirty: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
        """From, to and cost of all arcs of edges, and of the steps between layers at `dirty` nodes."""
        public_u, public_v, start_u, start_v, end_u, end_v = self.ends(edges)
        walk_from, walk_to, cost = whole_edge_arcs(
            start_u, start_v, end_u, end_v, edges.forward, edges.backward
        )
        restricted = edges.restricted
        touched = np.unique(np.concatenate([edges.u[restricted], edges.v[restricted]]))
        touched = touched[np.isin(touched, dirty)]
        node = np.concatenate([edges.u[~restricted], edges.v[~restricted]])
        public = np.concatenate([public_u[~restricted], public_v[~restricted]])
        meets = np.isin(node, touched)
        node, public = node[meets], public[meets]
        step_from = np.concatenate([self.start + node, public, self.start + touched])
        step_to = np.concatenate([public, self.end + node, self.end + touched])
        return (
            np.concatenate([walk_from, step_from]),
            np.concatenate([walk_to, step_to]),
            np.concatenate([cost, np.zeros(len(step_from))]),
        )


def patch_graph(
    graph: SearchGraph,
    turned: SearchGraph,
    *,
    gone: EdgeGroup,
    staying: EdgeGroup,
    coming: EdgeGroup,
    dirty: IntArray,
    node_count: int,
) -> GraphPatch:
    """Rows of a graph that change when edges go and others come.

    Parameters
    ----------
    graph, turned : SearchGraph
        The graph, and the same turned round.
    gone, staying, coming : EdgeGroup
        Edges taken out, edges that stay and meet these or those, and new edges. ``gate_*`` of `staying` are the same
        before and after.
    dirty : int array
        Nodes in which any edge goes or comes.
    node_count : int
        Nodes before, and new ones behind them.
    """
    keys = _Keys(node_count, len(graph.start_u) + len(coming.number))
    before, after = _together(gone, staying), _together(staying, coming)
    numbers = _Numbers.of(keys, graph, before)
    old_from, old_to, _ = keys.arcs(before, dirty)
    old_from, old_to = numbers.take(old_from), numbers.take(old_to)
    new_from, new_to, new_cost = keys.arcs(after, dirty)
    new_from, new_to = numbers.take(new_from), numbers.take(new_to)
    ends = [numbers.take(values) for values in keys.ends(coming)[2:]]
    size = numbers.size
    row, column, cost = _cheapest(new_to, new_from, new_cost)
    old = _unique_pairs(old_to, old_from)
    out, removed = _changed_rows(graph, old, (row, column, cost), size)
    back, _ = _changed_rows(turned, old[::-1], (column, row, cost), size)
    removed, added = _really(removed, Arcs(row, column, cost))
    return GraphPatch(size, out, back, removed, added, coming.forward, coming.backward, *ends)


def _cheapest(row: IntArray, column: IntArray, cost: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Of parallel arcs the cheapest, by row; none from a node to itself."""
    order = np.lexsort((cost, column, row))
    row, column, cost = row[order], column[order], cost[order]
    keep = np.ones(len(row), dtype=bool)
    keep[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
    keep &= row != column
    return row[keep], column[keep], cost[keep]


@dataclass
class _Numbers:
    """Numbers of layered nodes by name; a name that the graph does not know gets a new one."""

    known: dict[int, int]
    size: int

    @classmethod
    def of(cls, keys: _Keys, graph: SearchGraph, edges: EdgeGroup) -> "_Numbers":
        known: dict[int, int] = {}
        _, _, *names = keys.ends(edges)
        columns = (graph.start_u, graph.start_v, graph.end_u, graph.end_v)
        for name, column in zip(names, columns, strict=True):
            known.update(zip(name.tolist(), column[edges.number].tolist(), strict=True))
        return cls(known, graph.size)

    def take(self, names: IntArray) -> IntArray:
        unique, where = np.unique(names, return_inverse=True)
        found = np.empty(len(unique), dtype=np.int64)
        for position, name in enumerate(unique.tolist()):
            number = self.known.get(name)
            if number is None:
                number = self.known[name] = self.size
                self.size += 1
            found[position] = number
        return found[where]


def _together(one: EdgeGroup, other: EdgeGroup) -> EdgeGroup:
    return EdgeGroup(
        **{name: np.concatenate([values, getattr(other, name)]) for name, values in vars(one).items()}
    )


def _unique_pairs(row: IntArray, column: IntArray) -> tuple[IntArray, IntArray]:
    pairs = np.unique(np.stack([row, column]), axis=1)
    pairs = pairs[:, pairs[0] != pairs[1]]
    return pairs[0], pairs[1]


def _changed_rows(
    graph: SearchGraph,
    old: tuple[IntArray, IntArray],
    new: tuple[IntArray, IntArray, FloatArray],
    size: int,
) -> tuple[Rows, Arcs]:
    """Rows in which old arcs are replaced by new ones, and the old arcs with their costs."""
    nodes = np.unique(np.concatenate([old[0], new[0]]))
    inside = nodes[nodes < graph.size]
    first = graph.arc_start[inside].astype(np.int64)
    counts = graph.arc_start[inside + 1] - first
    at = expand_ranges(first, counts)
    row, column, cost = np.repeat(inside, counts), graph.arc_to[at].astype(np.int64), graph.arc_cost[at]
    goes = np.isin(row * size + column, old[0] * size + old[1])
    rows = np.concatenate([row[~goes], new[0]])
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    start = running_starts(np.bincount(np.searchsorted(nodes, rows), minlength=len(nodes)))
    changed = Rows(
        nodes,
        start.astype(np.int32),
        np.concatenate([column[~goes], new[1]])[order].astype(np.int32),
        np.concatenate([cost[~goes], new[2]])[order],
    )
    return changed, Arcs(row[goes], column[goes], cost[goes])


def _really(removed: Arcs, added: Arcs) -> tuple[Arcs, Arcs]:
    """What is removed or added and not the same again."""
    kept = [
        set(zip(*(values.tolist() for values in vars(arcs).values()), strict=True))
        for arcs in (removed, added)
    ]
    same = kept[0] & kept[1]

    def without(arcs: Arcs) -> Arcs:
        triples = zip(*(values.tolist() for values in vars(arcs).values()), strict=True)
        keep = np.asarray([triple not in same for triple in triples], dtype=bool)
        return Arcs(arcs.here[keep], arcs.there[keep], arcs.cost[keep])

    return without(removed), without(added)
