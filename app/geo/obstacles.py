"""What a new street cannot lead through: buildings and water."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.errors import InvalidInputArrayError
from app.geo.units import BoolArray, FloatArray, Geometries, IntArray, expand_ranges, running_starts

_E7 = 1e7
_BATCH = 20_000
"""Segments asked at once: each may meet the boxes of many shapes."""


@dataclass(frozen=True)
class Obstacles:
    """Polygons with holes, and lines, as ragged arrays; shapes are only built when somebody asks.

    Attributes
    ----------
    xy_e7 : int32 array, shape (v, 2)
        Lon and lat of all corners, in ten-millionths of a degree as OpenStreetMap keeps them.
    ring_start : int array, shape (r + 1,)
        Ring or line ``i`` has the corners ``ring_start[i]`` to ``ring_start[i + 1]``.
    polygon_start : int array, shape (p + 1,)
        Polygon ``i`` has the rings ``polygon_start[i]`` to ``polygon_start[i + 1]``, its outline first. The rings
        after the last polygon's are lines.
    """

    xy_e7: NDArray[np.int32]
    ring_start: IntArray
    polygon_start: IntArray

    @classmethod
    def of(cls, polygons: Geometries, lines: Geometries) -> "Obstacles":
        """Out of (multi)polygons and lines in degrees, in their order."""
        parts = shapely.get_parts(polygons)
        rings, polygon_of_ring = shapely.get_rings(parts, return_index=True)
        rings = np.concatenate([rings, lines])
        corners_deg = shapely.get_coordinates(rings)
        return cls(
            np.rint(corners_deg * _E7).astype(np.int32),
            running_starts(shapely.get_num_coordinates(rings).astype(np.int64)),
            running_starts(np.bincount(polygon_of_ring, minlength=len(parts))),
        )

    @staticmethod
    def array_names() -> tuple[str, ...]:
        """Names of the arrays that make one."""
        return ("xy_e7", "ring_start", "polygon_start")

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        return {name: getattr(self, name) for name in self.array_names()}

    @property
    def polygon_count(self) -> int:
        """How many polygons there are."""
        return len(self.polygon_start) - 1

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return len(self.ring_start) - 1 - int(self.polygon_start[-1])

    def within(self, box: tuple[float, float, float, float]) -> "Obstacles":
        """Those whose own boxes meet this one: west, south, east, north."""
        if len(self.xy_e7) == 0:
            return self
        west, south, east, north = np.rint(np.asarray(box) * _E7)
        low = np.minimum.reduceat(self.xy_e7, self.ring_start[:-1])
        high = np.maximum.reduceat(self.xy_e7, self.ring_start[:-1])
        meets: BoolArray = np.all((low <= [east, north]) & (high >= [west, south]), axis=1)
        rings = int(self.polygon_start[-1])
        ring_counts = np.diff(self.polygon_start)
        polygon = meets[:rings][self.polygon_start[:-1]]  # its outline says where it is
        kept = np.flatnonzero(np.concatenate([np.repeat(polygon, ring_counts), meets[rings:]]))
        sizes = np.diff(self.ring_start)[kept]
        return Obstacles(
            self.xy_e7[expand_ranges(self.ring_start[kept], sizes)],
            running_starts(sizes),
            running_starts(ring_counts[polygon]),
        )

    def crossed(self, segments_lonlat: FloatArray) -> BoolArray:
        """Whether each straight segment leads through the inside of a polygon, or over a line.

        Passing along an outline or touching a corner is not through. A segment may begin and end on a line.

        Parameters
        ----------
        segments_lonlat : float array, shape (n, 2, 2)
            Lon and lat of both ends of each segment, in degrees and finite.

        Returns
        -------
        bool array, shape (n,)

        Raises
        ------
        InvalidInputArrayError
            If that is not what they are.

        Examples
        --------
        >>> house = Obstacles.of(np.array([shapely.box(0, 0, 1, 1)]), np.array([]))
        >>> house.crossed(np.array([[[-1, 0.5], [2, 0.5]], [[-1, 0], [2, 0]], [[-1, 2], [2, 2]]])).tolist()
        [True, False, False]
        """
        segments = np.asarray(segments_lonlat, dtype=np.float64)
        if segments.ndim != 3 or segments.shape[1:] != (2, 2):
            raise InvalidInputArrayError("segments_lonlat", f"shape {segments.shape} is not (n, 2, 2)")
        if not np.isfinite(segments).all():
            raise InvalidInputArrayError("segments_lonlat", "holds NaN or infinity")
        crossed = np.zeros(len(segments), dtype=bool)
        for first in range(0, len(segments), _BATCH):
            batch = slice(first, first + _BATCH)
            crossed[batch] = self._crossed(np.asarray(shapely.linestrings(segments[batch])))
        return crossed

    def _crossed(self, lines: Geometries) -> BoolArray:
        tree, shapes = self._index, self._index.geometries
        line, shape = tree.query(lines)
        met = shapely.intersects(shapes[shape], lines[line])
        line, shape = line[met], shape[met]
        is_polygon = shape < self.polygon_count
        through = np.empty(len(line), dtype=bool)
        # Where they meet and do not merely touch, the inside of one meets that of the other.
        through[is_polygon] = ~shapely.touches(shapes[shape[is_polygon]], lines[line[is_polygon]])
        # The segment without its ends meets neither the water line nor its ends.
        apart = shapely.relate_pattern(lines[line[~is_polygon]], shapes[shape[~is_polygon]], "FF*******")
        through[~is_polygon] = ~apart
        crossed = np.zeros(len(lines), dtype=bool)
        crossed[line[through]] = True
        return crossed

    def polygons(self) -> Geometries:
        """The polygons in degrees."""
        rings = int(self.polygon_start[-1])
        made: Geometries = shapely.from_ragged_array(
            shapely.GeometryType.POLYGON,
            self.xy_e7[: int(self.ring_start[rings])] / _E7,
            (np.asarray(self.ring_start[: rings + 1]), np.asarray(self.polygon_start)),
        )
        return made

    @cached_property
    def _index(self) -> STRtree:
        """The polygons, then the lines."""
        rings = int(self.polygon_start[-1])
        polygon_corners = int(self.ring_start[rings])
        lines = shapely.from_ragged_array(
            shapely.GeometryType.LINESTRING,
            self.xy_e7[polygon_corners:] / _E7,
            (np.asarray(self.ring_start[rings:]) - polygon_corners,),
        )
        return STRtree(np.concatenate([self.polygons(), lines]))
