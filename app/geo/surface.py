"""A walking-time surface: for every point of a regular grid, where it meets the streets.

The grid is a property of the area and not of a question: its points are the multiples of `GRID_M` in the network's
plane. What a point's link is does not change with origin, limit or speed, so it is found once, tile by tile, when a
question first comes near, and kept.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.geo.links import DEFAULT_MAX_LINK_M, TIE_M
from app.geo.network import WalkNetwork
from app.geo.units import BoolArray, FloatArray, Index32Array, IntArray

GRID_M = 10.0
TILE_SIDE = 64
"""Grid points along the side of a tile."""

POINTS_PER_TILE = TILE_SIDE * TILE_SIDE
TILE_M = GRID_M * TILE_SIDE

_BLOCK_SIDE = 8
"""Grid points along the side of a block: candidates for the nearest street are thinned out block by block."""

_BLOCKS_PER_SIDE = TILE_SIDE // _BLOCK_SIDE
_BLOCK_RADIUS_M = GRID_M * (_BLOCK_SIDE - 1) / 2 * float(np.sqrt(2.0))

_KEPT_TILES = 2048
"""About 50 kB each: at most some 100 MB, and 840 square kilometres."""

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
    offset_m: FloatArray
    link_m: FloatArray
    extra_point: Index32Array


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
        return nearest.tile()

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
        self._max_link_m = max_link_m
        steps = GRID_M * np.arange(TILE_SIDE)
        y_m, x_m = np.meshgrid(key[1] * TILE_M + steps, key[0] * TILE_M + steps, indexing="ij")
        self._x_m = _by_block(x_m)
        self._y_m = _by_block(y_m)
        self._waiting = np.ones(self._x_m.shape, dtype=bool)
        self._found: list[tuple[IntArray, IntArray, FloatArray, FloatArray]] = []

    def add(self, segment: IntArray) -> None:
        """Link the points that wait to the nearest of these segments within reach."""
        if len(segment) == 0 or not self._waiting.any():
            return
        # 1. Which segments can be nearest to a point of a block, seen from its middle.
        middle_x_m, middle_y_m = self._x_m.mean(axis=1), self._y_m.mean(axis=1)
        distance_m, _ = self._measure(middle_x_m[:, None], middle_y_m[:, None], segment[None, :])
        reach_m = np.minimum(distance_m.min(axis=1) + _BLOCK_RADIUS_M, self._max_link_m)
        block, candidate = np.nonzero(distance_m <= (reach_m + _BLOCK_RADIUS_M + TIE_M)[:, None])
        if len(block) == 0:
            return
        # 2. Distance of each of the block's points from them.
        pair_segment = segment[candidate]
        distance_m, along = self._measure(self._x_m[block], self._y_m[block], pair_segment[:, None])
        blocks, first = np.unique(block, return_index=True)
        nearest_m = np.full(self._x_m.shape, np.inf)
        nearest_m[blocks] = np.minimum.reduceat(distance_m, first, axis=0)
        linked = self._waiting & (nearest_m <= self._max_link_m + TIE_M)
        # 3. All places that are nearest, ties included.
        limit_m = np.where(linked, nearest_m + TIE_M, -np.inf)
        pair, inner = np.nonzero(distance_m <= limit_m[block])
        point = _point_number(block[pair], inner)
        self._found.append((point, pair_segment[pair], distance_m[pair, inner], along[pair, inner]))
        self._waiting &= ~linked

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
            order = order[_distinct(point[order], net.vertex_edge[vertex[order]], place_m[order])]
            point, vertex, place_m = point[order], vertex[order], place_m[order]
            distance_m = distance_m[order]
            is_first = np.ones(len(point), dtype=bool)
            is_first[1:] = point[1:] != point[:-1]
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
        return np.hypot(px_m - along * dx_m, py_m - along * dy_m), along


def _by_block(values: FloatArray) -> FloatArray:
    """A tile's values as one row for each block, shape (blocks, points of a block)."""
    cut = values.reshape(_BLOCKS_PER_SIDE, _BLOCK_SIDE, _BLOCKS_PER_SIDE, _BLOCK_SIDE)
    return cut.transpose(0, 2, 1, 3).reshape(_BLOCKS_PER_SIDE**2, _BLOCK_SIDE**2)


def _point_number(block: IntArray, inner: IntArray) -> IntArray:
    """Number in the tile of a block's point."""
    row = (block // _BLOCKS_PER_SIDE) * _BLOCK_SIDE + inner // _BLOCK_SIDE
    column = (block % _BLOCKS_PER_SIDE) * _BLOCK_SIDE + inner % _BLOCK_SIDE
    return row * TILE_SIDE + column


def _distinct(point: IntArray, edge: IntArray, place_m: FloatArray) -> BoolArray:
    """Rows that are not the same place once more: a vertex inside an edge ends two of its segments."""
    keep = np.ones(len(point), dtype=bool)
    keep[1:] = (
        (point[1:] != point[:-1]) | (edge[1:] != edge[:-1]) | (np.abs(place_m[1:] - place_m[:-1]) > TIE_M)
    )
    return keep
