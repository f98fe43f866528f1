"""People per cell out of a GeoTIFF in any coordinate system. Needs the extra ``dem``."""

from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from app.domain.errors import BadInputError
from app.domain.household import MOST_WEIGHT
from app.domain.place import Box
from app.domain.population import PopulationGrid
from app.geo.units import FloatArray, Geometries, IntArray
from app.ingest.rasters import RasterPart, mapped, opened_raster, part_around
from app.ingest.table_rows import listed

_CELLS_AT_A_TIME = 4_000_000
"""Rasters of the world are read in strips of the area's own columns, so that they fit into memory."""

_MOST_CELLS = 5_000_000
"""Inhabited cells around one area; more is a country, which no area of ours is as wide as."""


def read_population_raster(
    path: Path, bounds_deg: Box, *, bands: tuple[str, ...], asked: bool
) -> tuple[PopulationGrid, tuple[str, ...]]:
    """The inhabited cells of a raster around a box (west, south, east, north), and warnings.

    Of several bands the one counts that is called like one of `bands`; where the user `asked` for it, the first of
    these may be a number too, counted from 1.

    Raises
    ------
    BadInputError
        If the file cannot be read, does not say where it lies, lies elsewhere, or holds what cannot be people.
    """
    with opened_raster(path, "--population", "a population raster") as source:
        missed = "does not reach the area; take a raster that covers it"
        part = part_around(source, path, bounds_deg, missed=missed)
        band = _band(source, path, bands, asked=asked)
        row, column, persons, negative = _inhabited(source, path, part, band)
    told: tuple[str, ...] = ()
    if negative:
        told = (f"{path.name}: {negative} cells have a negative number of people and count as empty",)
    return PopulationGrid(_cells(row, column, part.from_grid, part.to_file), persons), told


def _band(source: Any, path: Path, names: tuple[str, ...], *, asked: bool) -> int:
    """Number of the band that holds the people."""
    called = [(text or "").strip().casefold() for text in source.descriptions]
    numbers = [str(number) for number in source.indexes] if asked else []
    for name in names:
        plain = name.strip().casefold()
        if plain in numbers:
            return int(plain)
        if called.count(plain) == 1:
            return called.index(plain) + 1
    if source.count == 1 and not asked:
        return 1
    there = listed(f"{number} {text}".rstrip() for number, text in zip(source.indexes, called, strict=True))
    if asked:
        raise BadInputError(str(path), f"has no band {names[0]} (found: {there}); name one of these")
    raise BadInputError(
        str(path),
        f"has {source.count} bands ({there}) and none is called {names[0]}; name the one with the people by "
        "--population-column, or write it into a file of its own, as with gdal_translate -b",
    )


def _inhabited(
    source: Any, path: Path, part: RasterPart, band: int
) -> tuple[IntArray, IntArray, FloatArray, int]:
    """Row, column and people of the cells that have any, and how many are negative without being no data."""
    (first_row, last_row), (first_column, last_column) = part.rows, part.columns
    strip = max(1, _CELLS_AT_A_TIME // (last_column - first_column))
    parts: list[tuple[IntArray, IntArray, FloatArray]] = []
    negative = count = 0
    for top in range(first_row, last_row, strip):
        bottom = min(last_row, top + strip)
        read = source.read(band, window=((top, bottom), (first_column, last_column)), masked=True)
        people = (
            np.ma.filled(read.astype(np.float64), np.nan) * source.scales[band - 1] + source.offsets[band - 1]
        )
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
