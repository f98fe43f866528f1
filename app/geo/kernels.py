"""Compiled search kernels. Importing this module imports Numba; `search` decides when.

Both kernels walk the reversed graph in compressed rows: node ``i`` is reached from
``arc_to[arc_start[i]:arc_start[i + 1]]``. Costs of a node are the smallest fixed point of
``cost[v] = min(cost[u] + arc)``, so every correct search order gives the same bits.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from app.geo.units import FloatArray, Index32Array, IntArray

_compiled: Callable[..., Any] = njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def nearest_one(  # noqa: PLR0913, PLR0917  # compiled code takes plain arrays
    arc_start: Index32Array,
    arc_to: Index32Array,
    arc_cost: FloatArray,
    seed_node: IntArray,
    seed_facility: IntArray,
    seed_cost: FloatArray,
    cutoff: float,
    buckets_per_unit: float,
    bucket_mask: int,
) -> tuple[FloatArray, Index32Array]:
    """Cost to the nearest facility and which it is, by a queue of buckets; arrays of shape (size,).

    A bucket holds entries whose cost falls into one stretch of ``1 / buckets_per_unit``. The ``bucket_mask + 1``
    buckets (a power of two) are reused in turn; together they must reach beyond the dearest arc and seed. Entries of
    one bucket are taken in any order, and a node that improves is entered again; an entry whose node was expanded
    in the meantime is stale and skipped. Of facilities equally near the one with the smallest number is named.
    """
    size = len(arc_start) - 1
    cost = np.full(size, np.inf)
    facility = np.full(size, -1, dtype=np.int32)
    is_open = np.zeros(size, dtype=np.bool_)
    head = np.full(bucket_mask + 1, -1, dtype=np.int32)
    entry_node = np.empty(size + len(seed_node) + 16, dtype=np.int32)
    entry_next = np.empty(size + len(seed_node) + 16, dtype=np.int32)
    used, waiting, current = 0, 0, 0
    free = np.int32(-1)
    for row in range(len(seed_node)):
        node, value, owner = seed_node[row], seed_cost[row], np.int32(seed_facility[row])
        if value <= cutoff and _improves(cost, facility, node, value, owner):
            cost[node], facility[node], is_open[node] = value, owner, True
            bucket = np.int64(value * buckets_per_unit) & bucket_mask
            entry_node[used], entry_next[used], head[bucket] = node, head[bucket], used
            used += 1
            waiting += 1
    while waiting > 0:
        entry = head[current]
        if entry < 0:
            current = (current + 1) & bucket_mask
            continue
        node = entry_node[entry]
        head[current], entry_next[entry], free = entry_next[entry], free, entry
        waiting -= 1
        if not is_open[node]:
            continue
        is_open[node] = False
        base, owner = cost[node], facility[node]
        if used + arc_start[node + 1] - arc_start[node] > len(entry_node):
            entry_node, entry_next = _doubled(entry_node), _doubled(entry_next)
        for arc in range(arc_start[node], arc_start[node + 1]):
            there, value = arc_to[arc], base + arc_cost[arc]
            if value <= cutoff and _improves(cost, facility, there, value, owner):
                cost[there], facility[there], is_open[there] = value, owner, True
                if free >= 0:
                    entry, free = free, entry_next[free]
                else:
                    entry = np.int32(used)
                    used += 1
                bucket = np.int64(value * buckets_per_unit) & bucket_mask
                entry_node[entry], entry_next[entry], head[bucket] = there, head[bucket], entry
                waiting += 1
    return cost, facility


@_compiled
def least_cost(  # noqa: PLR0913, PLR0917  # compiled code takes plain arrays
    arc_start: Index32Array,
    arc_to: Index32Array,
    arc_cost: FloatArray,
    seed_node: IntArray,
    seed_cost: FloatArray,
    cutoff: float,
    buckets_per_unit: float,
    bucket_mask: int,
    seeds_at_once: int,
    room: int,
    cost: FloatArray,
) -> bool:
    """Cost to the nearest seed, by the queue of `nearest_one`, into `cost`, shape (size,), filled with ``inf``.

    `seeds_at_once` seeds are searched together, then the next ones, each search lowering what those before it left.
    False if `room` entries at a time are too few: some costs are then not the least.
    """
    entry_node, entry_next = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
    entry_cost = np.empty(room)
    for first in range(0, len(seed_node), seeds_at_once):
        past = first + seeds_at_once
        if not _lower(
            arc_start,
            arc_to,
            arc_cost,
            seed_node[first:past],
            seed_cost[first:past],
            cutoff,
            buckets_per_unit,
            bucket_mask,
            entry_node,
            entry_next,
            entry_cost,
            cost,
        ):
            return False
    return True


@_compiled
def _lower(  # noqa: C901, PLR0913, PLR0917  # one loop, and a call for each part of it would cost a third of the time
    arc_start: Index32Array,
    arc_to: Index32Array,
    arc_cost: FloatArray,
    seed_node: IntArray,
    seed_cost: FloatArray,
    cutoff: float,
    buckets_per_unit: float,
    bucket_mask: int,
    entry_node: Index32Array,
    entry_next: Index32Array,
    entry_cost: FloatArray,
    cost: FloatArray,
) -> bool:
    """Lower `cost` to the cost to the nearest of some seeds; False if the arrays of entries are too short."""
    room = len(entry_node)
    head = np.full(bucket_mask + 1, -1, dtype=np.int32)
    used, free, waiting, current = 0, np.int32(-1), 0, 0
    for row in range(len(seed_node)):
        node, value = seed_node[row], seed_cost[row]
        if value <= cutoff and value < cost[node]:
            if used == room:
                return False
            cost[node] = value
            bucket = np.int64(value * buckets_per_unit) & bucket_mask
            entry_node[used], entry_cost[used] = node, value
            entry_next[used], head[bucket] = head[bucket], used
            used += 1
            waiting += 1
    while waiting > 0:
        entry = head[current]
        if entry < 0:
            current = (current + 1) & bucket_mask
            continue
        node, base = entry_node[entry], entry_cost[entry]
        head[current], entry_next[entry], free = entry_next[entry], free, entry
        waiting -= 1
        if base != cost[node]:
            continue  # stale: the node was reached for less in the meantime
        if used + arc_start[node + 1] - arc_start[node] > room:
            return False
        for arc in range(arc_start[node], arc_start[node + 1]):
            there, value = arc_to[arc], base + arc_cost[arc]
            if value < cost[there] and value <= cutoff:
                cost[there] = value
                entry = free
                if entry >= 0:
                    free = entry_next[entry]
                else:
                    entry = np.int32(used)
                    used += 1
                bucket = np.int64(value * buckets_per_unit) & bucket_mask
                entry_node[entry], entry_cost[entry] = there, value
                entry_next[entry], head[bucket] = head[bucket], entry
                waiting += 1
    return True


@_compiled
def _improves(cost: FloatArray, facility: Index32Array, node: int, value: float, owner: int) -> bool:
    if value != cost[node]:
        return bool(value < cost[node])
    return bool(owner < facility[node])


@_compiled
def _doubled(values: Index32Array) -> Index32Array:
    more = np.empty(2 * len(values), dtype=np.int32)
    more[: len(values)] = values
    return more


@_compiled
def nearest_several(
    arc_start: Index32Array,
    arc_to: Index32Array,
    arc_cost: FloatArray,
    seed_node: IntArray,
    seed_facility: IntArray,
    seed_cost: FloatArray,
    cutoff: float,
    nearest: int,
) -> tuple[FloatArray, Index32Array]:
    """Costs to the `nearest` nearest distinct facilities of every node, ascending, shape (nearest, size).

    One search for all facilities with a binary heap of (cost, node, facility): a node is settled once for each of
    its nearest facilities, and what it settles no more cannot matter beyond it either.
    """
    size = len(arc_start) - 1
    cost = np.full((nearest, size), np.inf)
    facility = np.full((nearest, size), -1, dtype=np.int32)
    settled = np.zeros(size, dtype=np.int64)
    heap_cost = np.empty(1024)
    heap_node = np.empty(1024, dtype=np.int64)
    heap_facility = np.empty(1024, dtype=np.int64)
    filled = 0
    for row in range(len(seed_node)):
        if seed_cost[row] <= cutoff:
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
    while filled > 0:
        value, node, owner = heap_cost[0], heap_node[0], heap_facility[0]
        filled -= 1
        _pop(heap_cost, heap_node, heap_facility, filled)
        rank = settled[node]
        if rank == nearest or _holds(facility, rank, node, owner):
            continue
        cost[rank, node], facility[rank, node] = value, owner
        settled[node] += 1
        for arc in range(arc_start[node], arc_start[node + 1]):
            there, further = arc_to[arc], value + arc_cost[arc]
            if (
                further > cutoff
                or settled[there] == nearest
                or _holds(facility, settled[there], there, owner)
            ):
                continue
            heap_cost, heap_node, heap_facility = _room(heap_cost, heap_node, heap_facility, filled)
            _push(heap_cost, heap_node, heap_facility, filled, further, there, owner)
            filled += 1
    return cost, facility


@_compiled
def _holds(facility: Index32Array, count: int, node: int, owner: int) -> bool:
    for rank in range(count):  # noqa: SIM110  # a generator would not compile
        if facility[rank, node] == owner:
            return True
    return False


@_compiled
def _room(
    heap_cost: FloatArray, heap_node: IntArray, heap_facility: IntArray, filled: int
) -> tuple[FloatArray, IntArray, IntArray]:
    """The heap's arrays, doubled where they are full."""
    if filled < len(heap_cost):
        return heap_cost, heap_node, heap_facility
    more_cost = np.empty(2 * filled)
    more_node = np.empty(2 * filled, dtype=np.int64)
    more_facility = np.empty(2 * filled, dtype=np.int64)
    more_cost[:filled], more_node[:filled], more_facility[:filled] = heap_cost, heap_node, heap_facility
    return more_cost, more_node, more_facility


@_compiled
def _less(cost: FloatArray, facility: IntArray, one: int, other: int) -> bool:
    """Heap order: by cost, and of facilities equally near the smaller number first."""
    if cost[one] != cost[other]:
        return bool(cost[one] < cost[other])
    return bool(facility[one] < facility[other])


@_compiled
def _swap(cost: FloatArray, node: IntArray, facility: IntArray, one: int, other: int) -> None:
    cost[one], cost[other] = cost[other], cost[one]
    node[one], node[other] = node[other], node[one]
    facility[one], facility[other] = facility[other], facility[one]


@_compiled
def _push(
    cost: FloatArray,
    node: IntArray,
    facility: IntArray,
    filled: int,
    new_cost: float,
    new_node: int,
    new_facility: int,
) -> None:
    place = filled
    cost[place], node[place], facility[place] = new_cost, new_node, new_facility
    while place > 0:
        parent = (place - 1) // 2
        if not _less(cost, facility, place, parent):
            return
        _swap(cost, node, facility, place, parent)
        place = parent


@_compiled
def _pop(cost: FloatArray, node: IntArray, facility: IntArray, filled: int) -> None:
    """Move the last item to the top and let it sink; `filled` is the number of items left."""
    cost[0], node[0], facility[0] = cost[filled], node[filled], facility[filled]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= filled:
            return
        if child + 1 < filled and _less(cost, facility, child + 1, child):
            child += 1
        if not _less(cost, facility, child, place):
            return
        _swap(cost, node, facility, place, child)
        place = child
