"""Places along edges, and parts of edges as lines."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from app.geo.network import WalkNetwork
from app.geo.units import FloatArray, IntArray, expand_ranges, ragged_rows, running_starts


@dataclass(frozen=True)
class StreetLines:
    """Lines of ``p`` parts of edges: line ``i`` has the vertices ``start[i]:start[i + 1]``, at least two."""

    start: IntArray
    lon_deg: FloatArray
    lat_deg: FloatArray


def places_in_plane(
    network: WalkNetwork, edge: IntArray, offset_m: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Where places on edges lie in the network's plane; offsets are geodesic, as everywhere."""
    vertex, share = _segments_at(network, edge, offset_m)
    return _between(network.vertex_x_m, vertex, share), _between(network.vertex_y_m, vertex, share)


def cut_lines(network: WalkNetwork, edge: IntArray, from_m: FloatArray, to_m: FloatArray) -> StreetLines:
    """Parts of edges with all vertices between their ends.

    Parameters
    ----------
    edge : int array, shape (p,)
    from_m, to_m : float array, shape (p,)
        Offsets along the edge, ``0 <= from_m < to_m <= edge_length_m``.
    """
    first, first_share = _segments_at(network, edge, from_m)
    last, last_share = _segments_at(network, edge, to_m)
    # Vertices strictly between: the last segment may be the one that only begins at `to_m`.
    inner_from = first + 1
    inner_to = np.where(last_share > 0.0, last, last - 1)
    inner_from = np.where(first_share >= 1.0, first + 2, inner_from)
    counts = np.maximum(inner_to - inner_from + 1, 0)
    inner = expand_ranges(inner_from, counts)
    start = running_starts(counts + 2)
    columns = []
    for values in (network.vertex_lon_deg, network.vertex_lat_deg):
        line = np.empty(start[-1])
        line[start[:-1]] = _between(values, first, first_share)
        line[start[1:] - 1] = _between(values, last, last_share)
        line[expand_ranges(start[:-1] + 1, counts)] = values[inner]
        columns.append(line)
    return StreetLines(start, *columns)


def lines_as_coordinates(lines: StreetLines, *, decimals: int) -> list[list[list[float]]]:
    """Rounded coordinates of each line; vertices that rounding makes one are given once, lines of one are dropped."""
    table = np.round(np.column_stack([lines.lon_deg, lines.lat_deg]), decimals) + 0.0
    row = ragged_rows(lines.start)
    keep = np.ones(len(table), dtype=bool)
    keep[1:] = (row[1:] != row[:-1]) | (table[1:] != table[:-1]).any(axis=1)
    start = running_starts(np.bincount(row[keep], minlength=len(lines.start) - 1))
    coordinates = table[keep].tolist()
    ends = start.tolist()
    return [coordinates[a:b] for a, b in pairwise(ends) if b - a > 1]


def _segments_at(network: WalkNetwork, edge: IntArray, offset_m: FloatArray) -> tuple[IntArray, FloatArray]:
    """First vertex of the segment that holds each place, and how far along the segment (0 to 1) it lies."""
    first, last = network.vertex_start[edge], network.vertex_start[edge + 1] - 2
    low, high = first.copy(), last.copy()
    while True:  # the last vertex whose offset is not beyond the place, for all places at once
        open_ = low < high
        if not open_.any():
            break
        middle = (low + high + 1) // 2
        before = network.vertex_offset_m[middle] <= offset_m
        low = np.where(open_ & before, middle, low)
        high = np.where(open_ & ~before, middle - 1, high)
    begin_m = network.vertex_offset_m[low]
    span_m = network.vertex_offset_m[low + 1] - begin_m
    share = np.divide(offset_m - begin_m, span_m, out=np.zeros_like(begin_m), where=span_m > 0)
    return low, np.clip(share, 0.0, 1.0)


def _between(values: FloatArray, vertex: IntArray, share: FloatArray) -> FloatArray:
    return values[vertex] + share * (values[vertex + 1] - values[vertex])
