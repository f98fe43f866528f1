"""A walking-time surface: for every point of a regular grid, where it meets the streets.

The grid is a property of the area and not of a question: its points are the multiples of `GRID_M` in the network's
plane. What a point's link is does not change with origin, limit or speed, so it is found once, tile by tile, when a
question first comes near, and kept.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from app.geo.links import DEFAULT_MAX_LINK_M, TIE_M
from app.geo.network import WalkNetwork
from app.geo.units import BoolArray, Float32Array, FloatArray, Index32Array, IntArray, expand_ranges

GRID_M = 10.0
TILE_SIDE = 64
"""Grid points along the side of a tile."""

POINTS_PER_TILE = TILE_SIDE * TILE_SIDE
TILE_M = GRID_M * TILE_SIDE

_SLIVER_STEP_M = 5.0
_SPLIT = 4
"""Candidates for the nearest street are thinned out in blocks, each split into this many by as many smaller ones."""

_KEPT_TILES = 2048
"""About 50 kB each: at most some 100 MB, and 840 square kilometres."""

_SPLIT_ROW, _SPLIT_COLUMN = (part.ravel() for part in np.indices((_SPLIT, _SPLIT)))
_HALF_DIAGONAL = float(np.sqrt(0.5))

TileKey = tuple[int, int]
"""Column and row of a tile: it holds the points from ``TILE_SIDE * column`` and ``TILE_SIDE * row`` on."""


@dataclass(frozen=True)
class Tile:
    """Access links of a tile's grid points, as the walking model has them (section 3).

    Row ``i`` of the first `POINTS_PER_TILE` is that of point ``i``, southernmost row first, west to east. Where several
    places are equally near, the further ones follow, and ``extra_point`` says whose they are.

    Attributes
    ----------
    edge : int32 array, shape (k,)
        Position of the edge; the number of edges where a point has no link.
    offset_m, link_m : float32 array, shape (k,)
        Place on the edge and length of the link.
    extra_point : int32 array, shape (k - POINTS_PER_TILE,)
    """

    edge: Index32Array
    offset_m: Float32Array
    link_m: Float32Array
    extra_point: Index32Array
    sliver_point: Index32Array = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    sliver_edge: Index32Array = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    sliver_offset_m: Float32Array = field(default_factory=lambda: np.empty(0, dtype=np.float32))


class Surface:
    """Links of grid points, found when they are asked for. Safe to share between threads.

    Parameters
    ----------
    network : WalkNetwork
    max_link_m : float
        Longest link that is made, inclusive.
    """

    def __init__(
        self, network: WalkNetwork, *, max_link_m: float = DEFAULT_MAX_LINK_M, keep: int = _KEPT_TILES
    ) -> None:
        self.network = network
        self.max_link_m = max_link_m
        self._keep = keep
        self._lock = threading.Lock()
        self._tiles: OrderedDict[TileKey, Tile] = OrderedDict()
        first = network.segment_vertex
        x_m, y_m = network.vertex_x_m, network.vertex_y_m
        self._x_low_m = np.minimum(x_m[first], x_m[first + 1])
        self._x_high_m = np.maximum(x_m[first], x_m[first + 1])
        self._y_low_m = np.minimum(y_m[first], y_m[first + 1])
        self._y_high_m = np.maximum(y_m[first], y_m[first + 1])
        self._on_island = network.edge_island[network.vertex_edge[first]]

    def tiles(self, keys: Sequence[TileKey]) -> list[Tile]:
        """The tiles of these keys, in their order."""
        return [self._tile(key) for key in keys]

    def _tile(self, key: TileKey) -> Tile:
        with self._lock:
            known = self._tiles.get(key)
            if known is not None:
                self._tiles.move_to_end(key)
                return known
        tile = self._make_tile(key)  # outside the lock: at worst two threads find the same
        with self._lock:
            self._tiles[key] = tile
            while len(self._tiles) > self._keep:
                self._tiles.popitem(last=False)
        return tile

    def _make_tile(self, key: TileKey) -> Tile:
        near = self._segments_near(key)
        on_island = self._on_island[near]
        nearest = _NearestPlaces(self.network, key, self.max_link_m)
        nearest.add(near[~on_island])
        nearest.add(near[on_island])  # an island's edge only where no other is in reach
        tile = nearest.tile()
        point, edge, offset_m = _slivers(self.network, key, near, tile.edge)
        return replace(
            tile,
            sliver_point=point.astype(np.int32),
            sliver_edge=edge.astype(np.int32),
            sliver_offset_m=offset_m.astype(np.float32),
        )

    def _segments_near(self, key: TileKey) -> IntArray:
        """Segments whose box lies within reach of the tile's."""
        west_m, south_m = key[0] * TILE_M, key[1] * TILE_M
        reach_m = self.max_link_m + TIE_M
        near = self._x_high_m >= west_m - reach_m
        near &= self._x_low_m <= west_m + TILE_M + reach_m
        near &= self._y_high_m >= south_m - reach_m
        near &= self._y_low_m <= south_m + TILE_M + reach_m
        return np.flatnonzero(near)


class _NearestPlaces:
    """Collects the nearest places of one tile's points."""

    def __init__(self, network: WalkNetwork, key: TileKey, max_link_m: float) -> None:
        self._net = network
        self._west_m, self._south_m = key[0] * TILE_M, key[1] * TILE_M
        self._max_link_m = max_link_m
        self._waiting = np.ones(POINTS_PER_TILE, dtype=bool)
        self._found: list[tuple[IntArray, IntArray, FloatArray, FloatArray]] = []

    def add(self, segment: IntArray) -> None:
        """Link the points that wait to the nearest of these segments within reach."""
        if len(segment) == 0:
            return
        side = TILE_SIDE
        row, column = np.zeros(len(segment), dtype=np.int64), np.zeros(len(segment), dtype=np.int64)
        while True:
            # Rows are pairs of a block and a segment that may be the nearest to one of the block's points, sorted by
            # block. Split the blocks, and keep of each smaller block those that may still be, seen from its middle.
            side //= _SPLIT
            row = row[:, None] + side * _SPLIT_ROW
            column = column[:, None] + side * _SPLIT_COLUMN
            middle_m, radius_m = GRID_M * (side - 1) / 2, GRID_M * (side - 1) * _HALF_DIAGONAL
            distance_m, along = self._measure(
                np.asarray(self._west_m + GRID_M * column + middle_m),
                np.asarray(self._south_m + GRID_M * row + middle_m),
                segment[:, None],
            )
            block = row * TILE_SIDE + column
            nearest_m = np.full(POINTS_PER_TILE, np.inf)
            first = np.flatnonzero(np.diff(block[:, 0], prepend=-1))
            nearest_m[block[first]] = np.minimum.reduceat(distance_m, first, axis=0)
            reach_m = np.minimum(nearest_m + radius_m, self._max_link_m) + radius_m + TIE_M
            if side == 1:
                reach_m[~self._waiting] = -np.inf
            pair, child = np.nonzero(distance_m <= reach_m[block])
            order = np.argsort(block[pair, child], kind="stable")
            pair, child = pair[order], child[order]
            row, column, segment = row[pair, child], column[pair, child], segment[pair]
            if len(segment) == 0:
                return
            if side == 1:
                break
        point = row * TILE_SIDE + column
        self._found.append((point, segment, distance_m[pair, child], along[pair, child]))
        self._waiting[point] = False

    def tile(self) -> Tile:
        """What was found."""
        net = self._net
        none = net.edge_count
        edge = np.full(POINTS_PER_TILE, none, dtype=np.int32)
        offset_m = np.zeros(POINTS_PER_TILE, dtype=np.float32)
        link_m = np.zeros(POINTS_PER_TILE, dtype=np.float32)
        extra = np.empty(0, dtype=np.int32)
        if self._found:
            point, segment, distance_m, along = (
                np.concatenate(column) for column in zip(*self._found, strict=True)
            )
            vertex = net.segment_vertex[segment]
            span_m = net.vertex_offset_m[vertex + 1] - net.vertex_offset_m[vertex]
            place_m = net.vertex_offset_m[vertex] + along * span_m
            order = np.lexsort((place_m, net.vertex_edge[vertex], point))
            point, vertex = point[order], vertex[order]
            place_m, distance_m = place_m[order], distance_m[order]
            is_first = _distinct(point)
            rows, more = np.flatnonzero(is_first), np.flatnonzero(~is_first)
            for into, values in (
                (edge, net.vertex_edge[vertex]),
                (offset_m, place_m),
                (link_m, distance_m),
            ):
                into[point[rows]] = values[rows]
            edge = np.concatenate([edge, net.vertex_edge[vertex[more]]]).astype(np.int32)
            offset_m = np.concatenate([offset_m, place_m[more]]).astype(np.float32)
            link_m = np.concatenate([link_m, distance_m[more]]).astype(np.float32)
            extra = point[more].astype(np.int32)
        return Tile(edge, offset_m, link_m, extra)

    def _measure(self, x_m: FloatArray, y_m: FloatArray, segment: IntArray) -> tuple[FloatArray, FloatArray]:
        """Distance of points from segments, and how far along them (0 to 1) the nearest place lies."""
        net = self._net
        a = net.segment_vertex[segment]
        from_x_m, from_y_m = net.vertex_x_m[a], net.vertex_y_m[a]
        dx_m, dy_m = net.vertex_x_m[a + 1] - from_x_m, net.vertex_y_m[a + 1] - from_y_m
        square_m2 = dx_m**2 + dy_m**2
        scale = np.divide(1.0, square_m2, out=np.zeros_like(square_m2), where=square_m2 > 0)
        px_m, py_m = x_m - from_x_m, y_m - from_y_m
        along = np.clip((px_m * dx_m + py_m * dy_m) * scale, 0.0, 1.0)
        return np.sqrt((px_m - along * dx_m) ** 2 + (py_m - along * dy_m) ** 2), along


def _slivers(
    network: WalkNetwork, key: TileKey, segment: IntArray, tile_edge: Index32Array
) -> tuple[IntArray, IntArray, FloatArray]:
    """Point, edge and offset of streets that lie too close between others for the grid to notice them.

    A passage under a square, or a footway a metre beside a road, is the nearest street of a strip that may lie between
    all grid points, however long it is. So each street is also looked at every few metres along itself; where none
    of the nine points around knows it, one of the four nearest points is given it as well.
    """
    # 1. Places along the streets.
    a = network.segment_vertex[segment]
    dx_m = network.vertex_x_m[a + 1] - network.vertex_x_m[a]
    dy_m = network.vertex_y_m[a + 1] - network.vertex_y_m[a]
    counts = np.ceil(np.hypot(dx_m, dy_m) / _SLIVER_STEP_M).astype(np.int64)
    which = np.repeat(np.arange(len(segment)), counts)
    along = (expand_ranges(np.zeros(len(segment), dtype=np.int64), counts) + 0.5) / counts[which]
    x = (network.vertex_x_m[a[which]] + along * dx_m[which] - key[0] * TILE_M) / GRID_M
    y = (network.vertex_y_m[a[which]] + along * dy_m[which] - key[1] * TILE_M) / GRID_M
    edge = network.vertex_edge[a[which]]
    # 2. Those whose street is the nearest of no point around.
    known = np.full((TILE_SIDE + 1, TILE_SIDE + 1), -1, dtype=np.int64)
    known[:-1, :-1] = tile_edge[:POINTS_PER_TILE].reshape(TILE_SIDE, TILE_SIDE)
    column, row = (np.floor(c).astype(np.int64) for c in (x, y))
    inside = np.flatnonzero((column >= 0) & (column < TILE_SIDE) & (row >= 0) & (row < TILE_SIDE))
    for step in np.ndindex(2, 2):
        around = known[row[inside] + step[0], column[inside] + step[1]]
        inside = inside[around != edge[inside]]
    x, y, edge, which, along = x[inside], y[inside], edge[inside], which[inside], along[inside]
    # 3. The grid point nearest to each; of one street's places around it the nearest one.
    column, row = (np.floor(c + 0.5).astype(np.int64) for c in (x, y))
    inside = np.flatnonzero((column < TILE_SIDE) & (row < TILE_SIDE))
    point = row[inside] * TILE_SIDE + column[inside]
    away = np.hypot(column[inside] - x[inside], row[inside] - y[inside])
    order = np.lexsort((along[inside], away, edge[inside], point))
    first = _distinct(point[order], edge[inside][order])
    point, inside, away = point[order][first], inside[order][first], away[order][first]
    order = np.lexsort((edge[inside], away, point))
    point, inside = point[order], inside[order]
    begin_m = network.vertex_offset_m[a[which[inside]]]
    span_m = network.vertex_offset_m[a[which[inside]] + 1] - begin_m
    return point, edge[inside], begin_m + along[inside] * span_m


def _distinct(*sorted_keys: IntArray) -> BoolArray:
    """The first row of every run of equal keys."""
    keep = np.ones(len(sorted_keys[0]), dtype=bool)
    keep[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in sorted_keys])
    return keep
