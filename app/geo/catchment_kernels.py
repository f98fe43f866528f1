"""Compiled search of many small catchments. Importing this module imports Numba; `catchments` decides when.

A table of distances has a row as long as the network for every place. Here each place is searched on its own, and
what one search touched is all that is cleared for the next one: the work is that of the neighbourhoods alone.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from app.geo.units import FloatArray, Index32Array, IntArray

_compiled: Callable[..., Any] = njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def bounded_catchments(  # noqa: PLR0913, PLR0917  # compiled code takes plain arrays
    arc_start: Index32Array,
    arc_to: Index32Array,
    arc_cost: FloatArray,
    seed_start: IntArray,
    seed_node: IntArray,
    seed_cost: FloatArray,
    door_start: IntArray,
    door_household: IntArray,
    door_cost: FloatArray,
    door_link: FloatArray,
    household_count: int,
    cutoff: float,
    divisor: float,
    bound: float,
) -> tuple[IntArray, IntArray]:
    """Households of which a walk by way of a node costs at most ``bound * divisor``, for every place.

    A household's *door* at a node is the walk from it to that node: `door_cost` along the edge, `door_link` beyond.

    Returns
    -------
    starts : int array, shape (places + 1,)
    household : int array, shape (starts[-1],)
        In the order in which the search met them.
    """
    size, places = len(arc_start) - 1, len(seed_start) - 1
    cost = np.full(size, np.inf)
    touched = np.empty(size, dtype=np.int64)
    stamp = np.full(household_count, -1, dtype=np.int64)
    heap_cost, heap_node = np.empty(1024), np.empty(1024, dtype=np.int64)
    starts = np.zeros(places + 1, dtype=np.int64)
    found = np.empty(1024, dtype=np.int64)
    count = 0
    for place in range(places):
        met, filled = 0, 0
        for row in range(seed_start[place], seed_start[place + 1]):
            node, value = seed_node[row], seed_cost[row]
            if value <= cutoff and value < cost[node]:
                met = _reach(cost, touched, met, node, value)
                heap_cost, heap_node = _entered(heap_cost, heap_node, filled, value, node)
                filled += 1
        met, heap_cost, heap_node = _search(
            arc_start, arc_to, arc_cost, cost, touched, met, heap_cost, heap_node, filled, cutoff
        )
        for step in range(met):
            node = touched[step]
            value = cost[node]
            cost[node] = np.inf
            for door in range(door_start[node], door_start[node + 1]):
                household = door_household[door]
                walk = door_cost[door] + value + door_link[door]
                if stamp[household] != place and walk / divisor <= bound:
                    stamp[household] = place
                    if count == len(found):
                        found = _more_numbers(found)
                    found[count] = household
                    count += 1
        starts[place + 1] = count
    return starts, found[:count]


@_compiled
def _search(  # noqa: PLR0913, PLR0917  # as above
    arc_start: Index32Array,
    arc_to: Index32Array,
    arc_cost: FloatArray,
    cost: FloatArray,
    touched: IntArray,
    met: int,
    heap_cost: FloatArray,
    heap_node: IntArray,
    filled: int,
    cutoff: float,
) -> tuple[int, FloatArray, IntArray]:
    """Dijkstra's search from what the heap holds; `touched` names the `met` nodes that have a cost."""
    while filled > 0:
        value, node = heap_cost[0], heap_node[0]
        filled -= 1
        _pop(heap_cost, heap_node, filled)
        if value > cost[node]:
            continue
        for arc in range(arc_start[node], arc_start[node + 1]):
            there, further = np.int64(arc_to[arc]), value + arc_cost[arc]
            if further <= cutoff and further < cost[there]:
                met = _reach(cost, touched, met, there, further)
                heap_cost, heap_node = _entered(heap_cost, heap_node, filled, further, there)
                filled += 1
    return met, heap_cost, heap_node


@_compiled
def _reach(cost: FloatArray, touched: IntArray, met: int, node: int, value: float) -> int:
    """Give a node a cost; how many nodes have one then."""
    if cost[node] == np.inf:
        touched[met] = node
        met += 1
    cost[node] = value
    return met


@_compiled
def _entered(
    heap_cost: FloatArray, heap_node: IntArray, filled: int, value: float, node: int
) -> tuple[FloatArray, IntArray]:
    """The heap with one more item, doubled where it is full."""
    if filled == len(heap_cost):
        heap_cost, heap_node = _more_floats(heap_cost), _more_numbers(heap_node)
    _push(heap_cost, heap_node, filled, value, node)
    return heap_cost, heap_node


@_compiled
def _more_floats(values: FloatArray) -> FloatArray:
    more = np.empty(2 * len(values))
    more[: len(values)] = values
    return more


@_compiled
def _more_numbers(values: IntArray) -> IntArray:
    more = np.empty(2 * len(values), dtype=np.int64)
    more[: len(values)] = values
    return more


@_compiled
def _push(cost: FloatArray, node: IntArray, filled: int, new_cost: float, new_node: int) -> None:
    place = filled
    while place > 0:
        parent = (place - 1) // 2
        if cost[parent] <= new_cost:
            break
        cost[place], node[place] = cost[parent], node[parent]
        place = parent
    cost[place], node[place] = new_cost, new_node


@_compiled
def _pop(cost: FloatArray, node: IntArray, filled: int) -> None:
    """Move the last item to the top and let it sink; `filled` is the number of items left."""
    last_cost, last_node = cost[filled], node[filled]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= filled:
            break
        if child + 1 < filled and cost[child + 1] < cost[child]:
            child += 1
        if last_cost <= cost[child]:
            break
        cost[place], node[place] = cost[child], node[child]
        place = child
    cost[place], node[place] = last_cost, last_node
