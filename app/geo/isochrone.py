"""Polygons of what lies within reach: contours of the walking-time surface.

Every contour depends on its own limit alone: costs enter it as their distance from the limit, cut off at a fixed
distance on both sides. Its vertices lie on the lines of the grid, at one of fifteen places between two grid points,
never at a grid point. So the contours of two limits either share a vertex or are more than 40 cm apart: neither
their validity nor that the smaller lies within the larger can be lost by rounding to 1e-7 degrees (about 1 cm).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from contourpy import FillType, contour_generator
from scipy.ndimage import find_objects, label

from app.geo.projection import LocalProjection
from app.geo.reach import Reach, StreetPlaces
from app.geo.streets import places_in_plane
from app.geo.surface import GRID_M, POINTS_PER_TILE, TILE_M, TILE_SIDE, Surface, Tile, TileKey
from app.geo.units import FloatArray, IntArray, expand_ranges
from app.geo.verdict import TOLERANCE

SLACK_M = 15.0
"""Distance from a limit up to which a cost says where the contour runs: walking and link together change by at most
14.2 m from one grid point to the next, unless the nearest street is another one."""

JUMP_M = 15.0
"""A street between others that is this much nearer or farther than they are is drawn, however narrow its strip."""

MAX_ERROR_M = 40.0
"""How far from its border a drawn polygon may be wrong. Measured (docs/decisions/0005-isochrones.md): 99 of a hundred
wrong places lie within 6 to 20 m, those in narrow strips around a street between others within 39 m. Where the surface
is level, as on the line between two streets, a place may lie farther, but its walk then misses the limit by less than
`LEVEL_M`."""

LEVEL_M = 10.0

_COST_STEPS = 64
_SLIVER_STEPS = 4
_PLACES = 16
"""Costs are told apart in steps of ``SLACK_M / 64``, vertices in steps of ``GRID_M / 16``."""

_NOISE = 1e-6
_TILES_AT_ONCE = 64
_DEGREE_DECIMALS = 7

Ring = FloatArray
"""Longitudes and latitudes, shape (v, 2), the last vertex equal to the first."""


@dataclass(frozen=True)
class Isochrone:
    """A valid multipolygon by RFC 7946: of each polygon the outer ring (anticlockwise), then its holes (clockwise)."""

    limit: float
    polygons: tuple[tuple[Ring, ...], ...]


def search_limit(reach_limit: float, cost_per_m: float) -> float:
    """How far a search must go for the contour of a limit to be the same whatever else is asked with it."""
    return reach_limit + (SLACK_M + JUMP_M) * cost_per_m + TOLERANCE


@dataclass(frozen=True)
class _Field:
    """Costs of a rectangle of grid points with a rim that is not reached.

    ``west`` and ``south`` are its first column and row in the grid. Points that stand for a street too close between
    others (`Tile`) have in ``sliver_lower`` the lower of its cost and their own, the others ``inf``. ``origin_row``
    and ``origin_column`` name the point of the rectangle south-west of each origin's place on its street, and
    ``origin_cost`` is what a walk from there costs.
    """

    west: int
    south: int
    cost: FloatArray
    sliver_lower: FloatArray
    origin_cost: FloatArray
    origin_row: IntArray
    origin_column: IntArray


def draw_isochrones(surface: Surface, reach: Reach, limits: Sequence[float]) -> list[Isochrone]:
    """One multipolygon for each limit: the places from which an origin is reached within it.

    Parameters
    ----------
    surface : Surface
        Of the network that was searched.
    reach : Reach
        Searched up to `search_limit` of the largest limit at least.
    limits : sequence of float
        In the graph's unit, >= 0.
    """
    fields = _fields(surface, reach)
    cost_per_m = reach.graph.link_cost_per_m
    found = [
        [polygon for field in fields for polygon in _contours(field, _levels(field, limit, cost_per_m))]
        for limit in limits
    ]
    polygons = _to_degrees(surface.network.projection, [polygon for some in found for polygon in some])
    ends = np.cumsum([len(some) for some in found])
    return [
        Isochrone(limit, tuple(polygons[end - len(some) : end]))
        for limit, some, end in zip(limits, found, ends.tolist(), strict=True)
    ]


def _fields(surface: Surface, reach: Reach) -> list[_Field]:
    """Costs of the grid points around all that is reached, in one rectangle for each separate part."""
    keys = _tiles_in_reach(surface, reach)
    if len(keys) == 0:
        return []
    origin_cost = reach.costs(StreetPlaces(reach.end_edge, reach.end_offset_m, np.zeros(len(reach.end_edge))))
    x_m, y_m = places_in_plane(surface.network, reach.end_edge, reach.end_offset_m)
    column, row = (np.floor(c / GRID_M).astype(np.int64) for c in (x_m, y_m))
    # Parts that do not touch, corners included, are drawn one by one: far apart they would make a huge rectangle.
    west, south = keys.min(axis=0).tolist()
    tile_map = np.zeros(keys.max(axis=0) - (west, south) + 1, dtype=bool)
    tile_map[keys[:, 0] - west, keys[:, 1] - south] = True
    part_map, _ = label(tile_map, structure=np.ones((3, 3)))
    origin_part = part_map[column // TILE_SIDE - west, row // TILE_SIDE - south]
    fields = []
    for part, (columns, rows) in enumerate(find_objects(part_map), start=1):
        first = np.asarray([west + columns.start, south + rows.start])
        tiles = np.argwhere(part_map[columns, rows] == part)
        here = np.flatnonzero(origin_part == part)
        left, bottom = (first * TILE_SIDE - 1).tolist()
        fields.append(
            _Field(
                left,
                bottom,
                *_rectangle(surface, reach, first, tiles),
                origin_cost[here],
                row[here] - bottom,
                column[here] - left,
            )
        )
    return fields


def _rectangle(
    surface: Surface, reach: Reach, first: IntArray, tiles: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Costs of tiles, given by column and row from `first` on, and a rim one point wide; ``inf`` between them."""
    columns, rows = tiles.max(axis=0) + 1
    cost = np.full((rows * TILE_SIDE + 2, columns * TILE_SIDE + 2), np.inf)
    sliver_lower = np.full(cost.shape, np.inf)
    for begin in range(0, len(tiles), _TILES_AT_ONCE):
        some = tiles[begin : begin + _TILES_AT_ONCE]
        keys: list[TileKey] = [(column, row) for column, row in (first + some).tolist()]
        for (column, row), *found in zip(some.tolist(), *_costs(reach, surface.tiles(keys)), strict=True):
            top, left = 1 + row * TILE_SIDE, 1 + column * TILE_SIDE
            for into, values in zip((cost, sliver_lower), found, strict=True):
                into[top : top + TILE_SIDE, left : left + TILE_SIDE] = values
    return cost, sliver_lower


def _costs(reach: Reach, tiles: Sequence[Tile]) -> tuple[FloatArray, FloatArray]:
    """Costs of the grid points of some tiles, shape (tiles, side, side)."""
    first, more = slice(0, POINTS_PER_TILE), slice(POINTS_PER_TILE, None)
    slivers = [tile.sliver_edge for tile in tiles], [tile.sliver_offset_m for tile in tiles]
    edges = [*(tile.edge[first] for tile in tiles), *(tile.edge[more] for tile in tiles), *slivers[0]]
    offsets = [
        *(tile.offset_m[first] for tile in tiles),
        *(tile.offset_m[more] for tile in tiles),
        *slivers[1],
    ]
    links = [*(tile.link_m[first] for tile in tiles), *(tile.link_m[more] for tile in tiles)]
    extra = np.concatenate([tile.extra_point + n * POINTS_PER_TILE for n, tile in enumerate(tiles)])
    sliver = np.concatenate([tile.sliver_point + n * POINTS_PER_TILE for n, tile in enumerate(tiles)])
    links.append(np.zeros(len(sliver), dtype=np.float32))
    cost = reach.costs(StreetPlaces(np.concatenate(edges), np.concatenate(offsets), np.concatenate(links)))
    points = len(tiles) * POINTS_PER_TILE
    values, of_extra, of_sliver = np.split(cost, [points, points + len(extra)])
    np.minimum.at(values, extra, of_extra)
    here = values[sliver]
    with np.errstate(invalid="ignore"):  # inf - inf: no jump
        jumps = np.abs(of_sliver - here) > JUMP_M * reach.graph.link_cost_per_m
    lowest = np.full(points, np.inf)
    np.minimum.at(lowest, sliver[jumps], of_sliver[jumps])
    lower = np.full(points, np.inf)
    at = sliver[jumps]
    lower[at] = np.minimum(values[at], lowest[at])
    values[at] = lowest[at]
    shape = (len(tiles), TILE_SIDE, TILE_SIDE)
    return values.reshape(shape), lower.reshape(shape)


def _tiles_in_reach(surface: Surface, reach: Reach) -> IntArray:
    """Columns and rows of all tiles in which a grid point may have a link to a reached edge, shape (t, 2)."""
    cost_per_m = reach.graph.link_cost_per_m
    link_m = min(surface.max_link_m, reach.limit / cost_per_m) + 2 * GRID_M
    edges = np.flatnonzero(reach.is_reached)
    if len(edges) == 0:
        return np.empty((0, 2), dtype=np.int64)
    net = surface.network
    start = net.vertex_start[edges]
    vertices = expand_ranges(start, net.vertex_start[edges + 1] - start)
    x_m, y_m = net.vertex_x_m[vertices], net.vertex_y_m[vertices]
    first = np.concatenate([[0], np.cumsum(net.vertex_start[edges + 1] - start)[:-1]])
    low = [np.floor((np.minimum.reduceat(c, first) - link_m) / TILE_M).astype(np.int64) for c in (x_m, y_m)]
    high = [np.floor((np.maximum.reduceat(c, first) + link_m) / TILE_M).astype(np.int64) for c in (x_m, y_m)]
    west, south = int(low[0].min()), int(low[1].min())
    width, height = high[0] - low[0] + 1, high[1] - low[1] + 1
    inner = expand_ranges(np.zeros(len(edges), dtype=np.int64), width * height)
    box = np.repeat(np.arange(len(edges)), width * height)
    column = low[0][box] - west + inner % width[box]
    row = low[1][box] - south + inner // width[box]
    touched = np.zeros((int(high[0].max()) - west + 1, int(high[1].max()) - south + 1), dtype=bool)
    touched[column, row] = True
    tiles: IntArray = np.argwhere(touched) + np.asarray([west, south])
    return tiles


# --- contours ------------------------------------------------------------------------------------------------------


def _levels(field: _Field, limit: float, cost_per_m: float) -> FloatArray:
    """Steps of each grid point's cost beyond a limit: <= 0 within it, cut off at the same distance on both sides.

    The four points around an origin's place on its street count as within the limit where that place is: however
    little of the street is left to walk, the place lies inside.
    """
    level = field.cost - (limit + TOLERANCE)
    level *= _COST_STEPS / (SLACK_M * cost_per_m)
    np.clip(level, 1 - _COST_STEPS, _COST_STEPS, out=level)
    np.ceil(level, out=level)
    # A sliver is drawn as narrow as can be. Where it and its surroundings are both far beyond the limit, how they
    # compare must not matter: a search may not have gone that far.
    sliver = field.sliver_lower <= limit + TOLERANCE + SLACK_M * cost_per_m
    level[sliver] = np.clip(level[sliver], 1 - _SLIVER_STEPS, _SLIVER_STEPS)
    inside = np.flatnonzero(field.origin_cost <= limit + TOLERANCE)
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        at = field.origin_row[inside] + row, field.origin_column[inside] + column
        level[at] = np.minimum(level[at], 0.0)
    return level


def _contours(field: _Field, level: FloatArray) -> list[tuple[FloatArray, IntArray]]:
    """Polygons around the points within a limit, as vertices in grid steps and the start of each ring."""
    inside = level <= 0
    rows = np.flatnonzero(inside.any(axis=1))
    if len(rows) == 0:
        return []
    columns = np.flatnonzero(inside[rows[0] : rows[-1] + 1].any(axis=0))
    bottom, left = rows[0] - 1, columns[0] - 1
    # Half a step off: no point lies on the contour, so every vertex lies between two points, on a line of the grid.
    heights = (level[bottom : rows[-1] + 2, left : columns[-1] + 2] - 0.5) / _COST_STEPS
    generator = contour_generator(z=heights, corner_mask=False, fill_type=FillType.OuterOffset)
    corner = np.asarray([field.west + left, field.south + bottom], dtype=np.float64)
    filled: Any = generator.filled(-2.0, 0.0)  # its shape depends on the fill type
    return [(corner + _between_points(vertices), start) for vertices, start in zip(*filled, strict=True)]


def _between_points(vertices: FloatArray) -> FloatArray:
    """Vertices moved along their grid lines to one of the places between two grid points."""
    whole = np.floor(vertices + _NOISE)
    # The noise of the contour's arithmetic must not decide: no true vertex lies so close below the middle of two.
    place = np.floor((vertices - whole) * _PLACES + 0.5 + _NOISE)
    between = vertices - whole > 2 * _NOISE
    return np.where(between, whole + np.clip(place, 1, _PLACES - 1) / _PLACES, whole)


def _to_degrees(
    projection: LocalProjection, polygons: Sequence[tuple[FloatArray, IntArray]]
) -> list[tuple[Ring, ...]]:
    """Rings of polygons in degrees, rounded as they are sent."""
    if not polygons:
        return []
    vertices = GRID_M * np.concatenate([points for points, _ in polygons])
    lon_lat = np.column_stack(projection.to_degrees(vertices[:, 0], vertices[:, 1]))
    lon_lat = np.round(lon_lat, _DEGREE_DECIMALS) + 0.0  # and no -0.0
    rings, begin = [], 0
    for points, start in polygons:
        own = lon_lat[begin : begin + len(points)]
        rings.append(tuple(own[a:b] for a, b in pairwise(start.tolist())))
        begin += len(points)
    return rings
