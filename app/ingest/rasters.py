"""What all rasters need: the library, which is an extra, and the part of a file that matters."""

import importlib
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from app.domain.errors import BadInputError
from app.domain.place import Box
from app.geo.units import FloatArray


@dataclass(frozen=True)
class RasterPart:
    """The part of an open raster around a box.

    Attributes
    ----------
    from_grid, to_grid : float array, shape (2, 3)
        Affine maps from column and row of the whole file to its coordinates, and back.
    to_file : Transformer
        From WGS 84, longitude first, to the file's coordinates.
    rows, columns : pair of int
        First and past the last.
    """

    from_grid: FloatArray
    to_grid: FloatArray
    to_file: Transformer
    rows: tuple[int, int]
    columns: tuple[int, int]


def load_rasterio(where: str, what: str, *, doing: str = "reading") -> Any:
    """The module rasterio.

    Raises
    ------
    BadInputError
        If it is not installed; `where` and `what` say what asked for it.
    """
    try:
        importlib.import_module("rasterio.errors")
        return importlib.import_module("rasterio")
    except ImportError as error:
        raise BadInputError(where, f"{doing} {what} needs rasterio: pip install 'reach15[dem]'") from error


@contextmanager
def opened_raster(path: Path, where: str, what: str) -> Iterator[Any]:
    """A raster as rasterio opens it; `where` and `what` as in `load_rasterio`.

    Raises
    ------
    BadInputError
        If it cannot be read, inside the block too.
    """
    rasterio = load_rasterio(where, what)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong with the file is said below
            with rasterio.open(path) as source:
                yield source
    except rasterio.errors.RasterioError as error:
        problem = f"not readable as a GeoTIFF ({' '.join(str(error).split())})"
        raise BadInputError(str(path), problem) from error


def part_around(source: Any, path: Path, bounds_deg: Box, *, missed: str) -> RasterPart:
    """The part of an open raster around a box.

    Raises
    ------
    BadInputError
        If the raster does not say where it lies, in a way that can be used, or lies elsewhere (`missed`).
    """
    if source.crs is None:
        raise BadInputError(
            str(path), "has no coordinate system; write one into it, as with gdal_edit -a_srs"
        )
    try:
        to_file = Transformer.from_crs(CRS("EPSG:4326"), CRS.from_wkt(source.crs.to_wkt()), always_xy=True)
        left, bottom, right, top = to_file.transform_bounds(*bounds_deg)
    except ProjError as error:
        raise BadInputError(
            str(path), "its coordinate system cannot be used; reproject it to WGS 84 (EPSG:4326)"
        ) from error
    from_grid = np.array([[getattr(source.transform, name) for name in row] for row in ("abc", "def")])
    to_grid = np.linalg.inv(np.vstack([from_grid, [0.0, 0.0, 1.0]]))[:2]
    columns, rows = mapped(
        to_grid, np.array([left, left, right, right]), np.array([bottom, top, bottom, top])
    )
    window = _window_around(columns, rows, source.width, source.height)
    if window is None:
        raise BadInputError(str(path), missed)
    return RasterPart(from_grid, to_grid, to_file, *window)


def mapped(affine: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Places by an affine map of shape (2, 3), stacked as two rows."""
    result: FloatArray = affine[:, :2] @ np.stack([x, y]) + affine[:, 2:]
    return result


def _window_around(
    columns: FloatArray, rows: FloatArray, width: int, height: int
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Rows and columns around some places, with a cell to spare; None where they miss the file."""
    if not (np.isfinite(columns).all() and np.isfinite(rows).all()):
        return None
    first_row, last_row = max(0, math.floor(rows.min()) - 1), min(height, math.ceil(rows.max()) + 1)
    first_column, last_column = (
        max(0, math.floor(columns.min()) - 1),
        min(width, math.ceil(columns.max()) + 1),
    )
    if first_row >= last_row or first_column >= last_column:
        return None
    return (first_row, last_row), (first_column, last_column)
