"""What all rasters need: the library, which is an extra, and the part of a file that matters."""

import importlib
import math
from typing import Any

import numpy as np

from app.domain.errors import BadInputError
from app.geo.units import FloatArray


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


def mapped(affine: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Places by an affine map of shape (2, 3), stacked as two rows."""
    result: FloatArray = affine[:, :2] @ np.stack([x, y]) + affine[:, 2:]
    return result


def window_around(
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
