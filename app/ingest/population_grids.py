"""Population grids: rasters such as WorldPop and GHS-POP, or files of polygons with a column of people."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from app.domain.errors import BadInputError
from app.domain.place import Box
from app.domain.population import PopulationGrid
from app.ingest import table_values
from app.ingest.polygon_files import first_known, read_polygons
from app.ingest.population_rasters import read_population_raster
from app.ingest.rasters import load_rasterio
from app.ingest.table_rows import listed
from app.ingest.table_source import ReadOptions

RASTER_ENDINGS = (".tif", ".tiff")

COLUMNS = (
    "population", "pop", "persons", "people", "inhabitants", "residents", "total_population", "pop_total",
    "常住人口", "人口", "人口数", "总人口", "asukkaita", "vaesto", "tot_p", "obs_value_t",
)  # fmt: skip
"""Where people are looked for, in this order: English, Chinese, Finnish (HSY), Eurostat's grids."""


@dataclass(frozen=True)
class GridFile:
    """A grid as it was read, and what the user must hear of it."""

    grid: PopulationGrid
    warnings: tuple[str, ...]


def check_grid_file(path: Path, flag: str) -> None:
    """Refuse, before anything else is read, a file that cannot be read as a grid.

    Raises
    ------
    BadInputError
        If there is no such file, or it is a raster and rasterio is not installed.
    """
    if not path.is_file():
        raise BadInputError(str(path), "no such file; give a GeoTIFF, or polygons with a column population")
    if is_raster(path):
        load_rasterio(flag, "a population raster")


def is_raster(path: Path) -> bool:
    """Whether the file's name says that it is a raster."""
    return path.suffix.lower() in RASTER_ENDINGS


def read_grid_file(
    path: Path,
    bounds_deg: Box,
    *,
    columns: tuple[str, ...],
    asked: bool,
    crs: str | None = None,
    what: str = "population",
) -> GridFile:
    """The cells of a grid: of a raster those around a box, of a file of polygons all.

    Parameters
    ----------
    bounds_deg : tuple of float
        West, south, east, north.
    columns : tuple of str
        Where the people stand, the first that is there: columns, or bands of a raster.
    asked : bool
        Whether the user named the column, the first of `columns` then.
    crs : str or None
        Coordinate system of polygons that the user named.
    what : str
        The input that the grid is: ``population``, or an age group.

    Raises
    ------
    RowsRejectedError, BadInputError
        If the file cannot be used, or does not reach the box.
    """
    if is_raster(path):
        return GridFile(*read_population_raster(path, bounds_deg, bands=columns, asked=asked))
    wanted = tuple(column.strip().casefold() for column in columns)
    table, places = read_polygons(path, wanted, "cell", ReadOptions(crs=crs))
    column = first_known(table, wanted)
    if column is None:
        found = listed(table.found) or "none"
        raise BadInputError(
            table.file,
            f"has no column {columns[0]} (found: {found}); name the one with the people by --population-column",
        )
    persons = table_values.weights(table, column)
    table.problems.raise_if_any(what)
    also = [name for name in wanted if name in table.columns and name != column]
    if also:
        table.warnings.append(f"{table.file}: people are taken from column {column}, not from {listed(also)}")
    # Where cells meet, the first one counts: an order that does not depend on that of the rows.
    order = np.lexsort(shapely.bounds(places).T)
    return GridFile(PopulationGrid(places[order], persons[order]), tuple(table.warnings))
