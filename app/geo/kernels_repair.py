"""Compiled repair of search labels after a change. Importing this module imports Numba.

Costs and facilities of nodes are the smallest fixed point of ``(cost, rank)`` over arcs and seeds, whatever order they
are found in; a repair that starts from labels which are still supported therefore gives the bits of a search anew.
"""

import numpy as np

from app.geo.kernels import _compiled, _pop, _push, _room
from app.geo.units import FloatArray, Index32Array, IntArray


@_compiled
def repair(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917  # one search over plain arrays
    out_start: Index32Array,
    out_to: Index32Array,
    out_cost: FloatArray,
    in_start: Index32Array,
    in_from: Index32Array,
    in_cost: FloatArray,
    row_out: Index32Array,
    new_out_start: Index32Array,
    new_out_to: Index32Array,
    new_out_cost: FloatArray,
    row_in: Index32Array,
    new_in_start: Index32Array,
    new_in_from: Index32Array,
    new_in_cost: FloatArray,
    cost: FloatArray,
    facility: Index32Array,
    stamp: Index32Array,
    rank: IntArray,
    broken: IntArray,
    seed_node: IntArray,
    seed_facility: IntArray,
    seed_cost: FloatArray,
    arc_from: IntArray,
    arc_to: IntArray,
    arc_cost: FloatArray,
) -> tuple[IntArray, FloatArray, Index32Array]:
    """Bring labels up to date, in place; the nodes touched, with what their labels were.

    Rows ``row_out[node]`` and ``row_in[node]`` of the ``new_*`` arrays stand for those of the graph where they are not
    negative. `broken` are nodes whose labels have lost an arc or a seed. Whatever is labelled through them is forgotten
    and found anew from its neighbours; `arc_*` are arcs that are new. ``stamp`` must be -1 throughout, and is the
    position of each touched node afterwards.
    """
    size = len(out_start) - 1
    touched = np.empty(1024, dtype=np.int64)
    old_cost = np.empty(1024)
    old_facility = np.empty(1024, dtype=np.int32)
    count = 0
    # 1. Forget what hangs on something broken, along the old arcs: labels that are exactly a neighbour's plus the arc.
    for node in broken:
        if stamp[node] < 0:
            touched, old_cost, old_facility = _journal(touched, old_cost, old_facility, count)
            touched[count], old_cost[count], old_facility[count] = node, cost[node], facility[node]
            stamp[node] = count
            count += 1
            cost[node], facility[node] = np.inf, -1
    position = 0
    while position < count:
        node, value, owner = touched[position], old_cost[position], old_facility[position]
        position += 1
        if node >= size or owner < 0:
            continue
        for arc in range(out_start[node], out_start[node + 1]):
            there = out_to[arc]
            if stamp[there] < 0 and facility[there] == owner and cost[there] == value + out_cost[arc]:
                touched, old_cost, old_facility = _journal(touched, old_cost, old_facility, count)
                touched[count], old_cost[count], old_facility[count] = there, cost[there], facility[there]
                stamp[there] = count
                count += 1
                cost[there], facility[there] = np.inf, -1
    forgotten = count
    # 2. What reaches the forgotten from around them, every seed, and what new arcs bring.
    heap_cost = np.empty(1024)
    heap_node = np.empty(1024, dtype=np.int64)
    heap_facility = np.empty(1024, dtype=np.int64)
    filled = 0
    for position in range(forgotten):
        node = touched[position]
        row = row_in[node]
        if row >= 0:
            begin, end = new_in_start[row], new_in_start[row + 1]
        elif node < size:
            begin, end = in_start[node], in_start[node + 1]
        else:
            begin, end = np.int32(0), np.int32(0)
        best, best_owner = np.inf, np.int32(-1)
        for arc in range(begin, end):
            here = new_in_from[arc] if row >= 0 else in_from[arc]
            if facility[here] < 0 or (stamp[here] >= 0 and stamp[here] < forgotten):
                continue
            value = cost[here] + (new_in_cost[arc] if row >= 0 else in_cost[arc])
            if _before(value, facility[here], best, best_owner, rank):
                best, best_owner = value, facility[here]
        if best_owner >= 0:
            heap_cost, heap_node, heap_facility = _room(heap_cost, heap_node, heap_facility, filled)
            _push(heap_cost, heap_node, heap_facility, filled, best, node, best_owner)
            filled += 1
    for row in range(len(seed_node)):
        if _before(
            seed_cost[row], np.int32(seed_facility[row]), cost[seed_node[row]], facility[seed_node[row]], rank
        ):
            heap_cost, heap_node, heap_facility = _room(heap_cost, heap_node, heap_facility, filled)
            _push(
                heap_cost,
                heap_node,
                heap_facility,
                filled,
                seed_cost[row],
                seed_node[row],
                seed_facility[row],
            )
            filled += 1
    for row in range(len(arc_from)):
        here = arc_from[row]
        if facility[here] >= 0:
            value = cost[here] + arc_cost[row]
            if _before(value, facility[here], cost[arc_to[row]], facility[arc_to[row]], rank):
                heap_cost, heap_node, heap_facility = _room(heap_cost, heap_node, heap_facility, filled)
                _push(heap_cost, heap_node, heap_facility, filled, value, arc_to[row], facility[here])
                filled += 1
    # 3. Spread, nearest first, as far as anything improves.
    while filled > 0:
        value, node, owner = heap_cost[0], heap_node[0], np.int32(heap_facility[0])
        filled -= 1
        _pop(heap_cost, heap_node, heap_facility, filled)
        if not _before(value, owner, cost[node], facility[node], rank):
            continue
        if stamp[node] < 0:
            touched, old_cost, old_facility = _journal(touched, old_cost, old_facility, count)
            touched[count], old_cost[count], old_facility[count] = node, cost[node], facility[node]
            stamp[node] = count
            count += 1
        cost[node], facility[node] = value, owner
        row = row_out[node]
        if row >= 0:
            begin, end = new_out_start[row], new_out_start[row + 1]
        elif node < size:
            begin, end = out_start[node], out_start[node + 1]
        else:
            begin, end = np.int32(0), np.int32(0)
        for arc in range(begin, end):
            there = new_out_to[arc] if row >= 0 else out_to[arc]
            further = value + (new_out_cost[arc] if row >= 0 else out_cost[arc])
            if _before(further, owner, cost[there], facility[there], rank):
                heap_cost, heap_node, heap_facility = _room(heap_cost, heap_node, heap_facility, filled)
                _push(heap_cost, heap_node, heap_facility, filled, further, there, owner)
                filled += 1
    return touched[:count].copy(), old_cost[:count].copy(), old_facility[:count].copy()


@_compiled
def _before(value: float, owner: int, other: float, other_owner: int, rank: IntArray) -> bool:
    if value != other:
        return bool(value < other)
    if owner < 0:
        return False
    return bool(other_owner < 0 or rank[owner] < rank[other_owner])


@_compiled
def _journal(
    touched: IntArray, old_cost: FloatArray, old_facility: Index32Array, count: int
) -> tuple[IntArray, FloatArray, Index32Array]:
    """The journal's arrays, doubled where they are full."""
    if count < len(touched):
        return touched, old_cost, old_facility
    more_touched = np.empty(2 * count, dtype=np.int64)
    more_cost = np.empty(2 * count)
    more_facility = np.empty(2 * count, dtype=np.int32)
    more_touched[:count], more_cost[:count], more_facility[:count] = touched, old_cost, old_facility
    return more_touched, more_cost, more_facility


@_compiled
def put_back(
    cost: FloatArray,
    facility: Index32Array,
    stamp: Index32Array,
    touched: IntArray,
    old_cost: FloatArray,
    old_facility: Index32Array,
) -> None:
    """Undo a repair, in place."""
    for position in range(len(touched)):
        node = touched[position]
        cost[node], facility[node], stamp[node] = old_cost[position], old_facility[position], -1
