"""Heights out of a terrain model: a GeoTIFF in any coordinate system. Needs the extra ``dem``."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyproj import Transformer

from app.domain.errors import BadInputError
from app.domain.place import Box
from app.geo.projection import geodesic_lengths_m
from app.geo.units import FloatArray
from app.ingest.rasters import load_rasterio, mapped, opened_raster, part_around

_METRES = {
    "ft": 0.3048,
    "foot": 0.3048,
    "feet": 0.3048,
    "us-ft": 0.3048006096,
    "us survey foot": 0.3048006096,
}
"""Units of height that are not metres; a file that names none is in metres."""


@dataclass(frozen=True)
class TerrainModel:
    """The part of a terrain model around some place.

    Attributes
    ----------
    height_m : float array, shape (rows, columns)
        Height at the middle of each cell; NaN where there is none.
    to_grid : float array, shape (2, 3)
        Affine map from the file's coordinates to column and row, counted from the corner of `height_m`.
    to_file : Transformer
        From WGS 84 to the file's coordinates.
    cell_m : float
        Width of a cell on the ground.
    """

    height_m: FloatArray
    to_grid: FloatArray
    to_file: Transformer
    cell_m: float

    def heights_m(self, lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
        """Heights between the middles of the four cells around each place (bilinear).

        NaN outside the model and where one of the four has no height. The outermost half cell repeats its border.
        """
        rows, columns = self.height_m.shape
        x, y = self.to_file.transform(lon_deg, lat_deg)
        column, row = mapped(self.to_grid, np.asarray(x), np.asarray(y))
        inside = (column >= 0) & (column <= columns) & (row >= 0) & (row <= rows)  # False for inf and NaN
        column = np.clip(np.where(inside, column, 0.0) - 0.5, 0, columns - 1)
        row = np.clip(np.where(inside, row, 0.0) - 0.5, 0, rows - 1)
        left, top = np.floor(column).astype(np.int64), np.floor(row).astype(np.int64)
        across, down = column - left, row - top
        right, bottom = (
            left + (across > 0),
            top + (down > 0),
        )  # a neighbour that weighs nothing may be unknown
        above = (1 - across) * self.height_m[top, left] + across * self.height_m[top, right]
        below = (1 - across) * self.height_m[bottom, left] + across * self.height_m[bottom, right]
        height_m: FloatArray = np.where(inside, (1 - down) * above + down * below, np.nan)
        return height_m


def check_terrain_model(path: Path) -> None:
    """Refuse, before anything else is read, a file that cannot be a terrain model.

    Raises
    ------
    BadInputError
        If there is no such file, or rasterio is not installed.
    """
    if not path.is_file():
        raise BadInputError(str(path), "no such file; give the terrain model as a GeoTIFF")
    load_rasterio("--dem", "a terrain model")


def read_terrain_model(path: Path, bounds_deg: Box) -> TerrainModel:
    """The first band of a GeoTIFF around a box (west, south, east, north).

    Raises
    ------
    BadInputError
        If the file cannot be read, does not say where it lies, or lies elsewhere.
    """
    with opened_raster(path, "--dem", "a terrain model") as source:
        missed = "does not reach the area's streets; take a terrain model that covers them"
        part = part_around(source, path, bounds_deg, missed=missed)
        values = source.read(1, window=(part.rows, part.columns), masked=True)
        unit_m = _METRES.get((source.units[0] or "").strip().lower(), 1.0)
        scale, offset = source.scales[0], source.offsets[0]
    height_m = np.ma.filled(values.astype(np.float64), np.nan)
    height_m[~np.isfinite(height_m)] = np.nan
    height_m = (height_m * scale + offset) * unit_m
    to_grid = part.to_grid.copy()
    to_grid[:, 2] -= (part.columns[0], part.rows[0])
    middle = (sum(part.columns) / 2, sum(part.rows) / 2)
    return TerrainModel(height_m, to_grid, part.to_file, _cell_m(part.from_grid, part.to_file, middle))


def _cell_m(from_grid: FloatArray, to_file: Transformer, middle: tuple[float, float]) -> float:
    """Mean of a cell's two widths on the ground."""
    column, row = middle
    x, y = mapped(from_grid, np.array([column, column + 1, column]), np.array([row, row, row + 1]))
    lon_deg, lat_deg = to_file.transform(x, y, direction="INVERSE")
    widths_m = geodesic_lengths_m(lon_deg[[0, 0]], lat_deg[[0, 0]], lon_deg[1:], lat_deg[1:])
    return float(widths_m.mean())
