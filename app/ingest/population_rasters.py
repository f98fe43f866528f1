"""People per cell out of a GeoTIFF in any coordinate system. Needs the extra ``dem``."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from app.domain.errors import BadInputError
from app.domain.household import MOST_WEIGHT
from app.domain.population import PopulationGrid
from app.geo.units import FloatArray, Geometries, IntArray
from app.ingest.rasters import load_rasterio, mapped, window_around

_CELLS_AT_A_TIME = 4_000_000
"""Rasters of the world are read in strips of the area's own columns, so that they fit into memory."""

_MOST_CELLS = 5_000_000
"""Inhabited cells around one area; more is a country, which no area of ours is as wide as."""


def read_population_raster(
    path: Path, bounds_deg: tuple[float, float, float, float]
) -> tuple[PopulationGrid, tuple[str, ...]]:
    """The inhabited cells of a raster's first band around a box (west, south, east, north), and warnings.

    Raises
    ------
    BadInputError
        If the file cannot be read, does not say where it lies, lies elsewhere, or holds what cannot be people.
    """
    rasterio = load_rasterio("--population", "a population raster")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong with the file is said below
            with rasterio.open(path) as source:
                return _around(source, path, bounds_deg)
    except rasterio.errors.RasterioError as error:
        problem = f"not readable as a GeoTIFF ({' '.join(str(error).split())})"
        raise BadInputError(str(path), problem) from error


def _around(
    source: Any, path: Path, bounds_deg: tuple[float, float, float, float]
) -> tuple[PopulationGrid, tuple[str, ...]]:
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
    window = window_around(columns, rows, source.width, source.height)
    if window is None:
        raise BadInputError(str(path), "does not reach the area; take a raster that covers it")
    row, column, persons, negative = _inhabited(source, path, window)
    told: tuple[str, ...] = ()
    if negative:
        told = (f"{path.name}: {negative} cells have a negative number of people and count as empty",)
    return PopulationGrid(_cells(row, column, from_grid, to_file), persons), told


def _inhabited(
    source: Any, path: Path, window: tuple[tuple[int, int], tuple[int, int]]
) -> tuple[IntArray, IntArray, FloatArray, int]:
    """Row, column and people of the cells that have any, and how many are negative without being no data."""
    (first_row, last_row), (first_column, last_column) = window
    strip = max(1, _CELLS_AT_A_TIME // (last_column - first_column))
    parts: list[tuple[IntArray, IntArray, FloatArray]] = []
    negative = count = 0
    for top in range(first_row, last_row, strip):
        bottom = min(last_row, top + strip)
        read = source.read(1, window=((top, bottom), (first_column, last_column)), masked=True)
        people = np.ma.filled(read.astype(np.float64), np.nan) * source.scales[0] + source.offsets[0]
        negative += int((people < 0).sum())
        row, column = np.nonzero(people > 0)  # NaN compares as False
        persons = people[row, column]
        if (persons > MOST_WEIGHT).any():
            worst = f"a cell with {persons.max():g} people"
            raise BadInputError(
                str(path), f"has {worst}; state its value for no data, as with gdal_edit -a_nodata"
            )
        count += len(persons)
        if count > _MOST_CELLS:
            raise BadInputError(
                str(path), f"has more than {_MOST_CELLS:,} inhabited cells here; take a coarser one"
            )
        parts.append((row + top, column + first_column, persons))
    rows, columns, found = (np.concatenate(item) for item in zip(*parts, strict=True))
    return rows, columns, found, negative


def _cells(row: IntArray, column: IntArray, from_grid: FloatArray, to_file: Transformer) -> Geometries:
    """Cells as polygons in WGS 84; neighbours share their corners to the bit."""
    across = column[:, None] + np.array([0, 1, 1, 0, 0])
    down = row[:, None] + np.array([0, 0, 1, 1, 0])
    x, y = mapped(from_grid, across.ravel().astype(np.float64), down.ravel().astype(np.float64))
    lon_deg, lat_deg = to_file.transform(x, y, direction="INVERSE")
    corners = np.stack([lon_deg, lat_deg], axis=1).reshape(-1, 5, 2)
    cells: Geometries = np.asarray(shapely.polygons(corners), dtype=object)
    return cells
