"""Square cells of a grid that is the same everywhere in a UTM zone, whatever area is looked at."""

from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from app.geo.units import FloatArray, Geometries, IntArray

_ZONE_DEG = 6.0
_NORTH, _SOUTH = 32600, 32700
"""EPSG codes of the UTM zones on WGS 84, north and south of the equator, to which the zone's number is added."""


@dataclass(frozen=True)
class CellGrid:
    """Cells of ``cell_m`` metres whose corners are multiples of it in a UTM zone: a window of rows and columns.

    Attributes
    ----------
    epsg : int
        Coordinate system of the grid.
    cell_m : float
    column, row : int
        West and south edge of the window, in cells from the zone's origin.
    columns, rows : int
        Size of the window.
    """

    epsg: int
    cell_m: float
    column: int
    row: int
    columns: int
    rows: int

    @classmethod
    def over(cls, shape: BaseGeometry, cell_m: float) -> "CellGrid":
        """The window around a shape in WGS 84, in the UTM zone of the middle of its box."""
        west, south, east, north = shapely.bounds(shape).tolist()
        zone = int(np.clip(((west + east) / 2 + 180.0) // _ZONE_DEG, 0, 59)) + 1
        epsg = (_NORTH if south + north >= 0 else _SOUTH) + zone
        rim = shapely.segmentize(shapely.box(west, south, east, north).exterior, 0.01)
        lon_deg, lat_deg = shapely.get_coordinates(rim).T
        x_m, y_m = _transformer(epsg).transform(lon_deg, lat_deg)
        low = np.floor(np.asarray([x_m.min(), y_m.min()]) / cell_m).astype(np.int64)
        high = np.ceil(np.asarray([x_m.max(), y_m.max()]) / cell_m).astype(np.int64)
        columns, rows = (high - low).tolist()
        return cls(epsg, cell_m, int(low[0]), int(low[1]), columns, rows)

    @property
    def count(self) -> int:
        return self.columns * self.rows

    @property
    def west_m(self) -> float:
        return self.column * self.cell_m

    @property
    def north_m(self) -> float:
        return (self.row + self.rows) * self.cell_m

    def centres(self) -> tuple[FloatArray, FloatArray]:
        """Longitude and latitude of every cell's middle, row by row from the south, west to east."""
        x_m = (self.column + np.arange(self.columns) + 0.5) * self.cell_m
        y_m = (self.row + np.arange(self.rows) + 0.5) * self.cell_m
        east, north = np.meshgrid(x_m, y_m)
        lon_deg, lat_deg = _transformer(self.epsg).transform(east.ravel(), north.ravel(), direction="INVERSE")
        return np.asarray(lon_deg), np.asarray(lat_deg)

    def squares(self, cells: IntArray) -> Geometries:
        """Cells as polygons in WGS 84, counted as in `centres`."""
        x_m = (self.column + cells % self.columns) * self.cell_m
        y_m = (self.row + cells // self.columns) * self.cell_m
        boxes = shapely.box(x_m, y_m, x_m + self.cell_m, y_m + self.cell_m)
        squares: Geometries = shapely.transform(boxes, self._to_degrees)
        return squares

    def names(self, cells: IntArray) -> list[str]:
        """What a cell is called, the same in every area of the zone: EPSG code, size, easting and northing index."""
        columns = (self.column + cells % self.columns).tolist()
        rows = (self.row + cells // self.columns).tolist()
        return [
            f"cell/{self.epsg}/{self.cell_m:g}/{column}/{row}"
            for column, row in zip(columns, rows, strict=True)
        ]

    def _to_degrees(self, xy: FloatArray) -> FloatArray:
        turned = _transformer(self.epsg).transform(xy[:, 0], xy[:, 1], direction="INVERSE")
        return np.column_stack(turned)


def _transformer(epsg: int) -> Transformer:
    return Transformer.from_crs("EPSG:4326", f"EPSG:{epsg}", always_xy=True)
