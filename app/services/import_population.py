"""People of a grid, spread over the households of an area, as a step of an import."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.errors import BadInputError
from app.domain.household import Households
from app.domain.population import PopulationGrid, Sharers
from app.geo.units import BoolArray, FloatArray, IntArray
from app.ingest.population_grids import COLUMNS, RASTER_ENDINGS, read_grid_file
from app.services.grid_request import GridRequest


@dataclass(frozen=True)
class PopulationPart:
    """The households with people, what was counted, what the user must hear of, and each grid with its file's name."""

    households: Households
    counts: dict[str, float]
    warnings: tuple[str, ...]
    grids: Mapping[str, tuple[str, PopulationGrid]]


def add_population(
    request: GridRequest, households: Households, size: FloatArray, extent: BaseGeometry
) -> PopulationPart:
    """Spread the grids of a request over the households of the extract, by their size.

    This comes before the study area chooses among them: of a cell that it cuts, it so gets the share by size of the
    households inside.

    Raises
    ------
    BadInputError
        If a grid cannot be used, or people are told by it and by the households' own file.
    """
    counts: dict[str, float] = {}
    warnings: tuple[str, ...] = ()
    grids: dict[str, tuple[str, PopulationGrid]] = {}
    sharers = Sharers(households.lon_deg, households.lat_deg, size)
    for name, path in (("population", request.population_file), *request.population_groups):
        if path is None:
            continue
        if households.weights(name) is not None:
            raise BadInputError(
                path.name, f"the households file has a column {name} too; leave out one of the two"
            )
        asked = request.population_column if name == "population" else None
        columns = (asked,) if asked else COLUMNS if name == "population" else (name, *COLUMNS)
        crs = request.population_crs if path.suffix.lower() not in RASTER_ENDINGS else None
        bounds_deg = _bounds(households, extent)
        read = read_grid_file(path, bounds_deg, columns=columns, asked=asked is not None, crs=crs, what=name)
        spread = spread_grid(read.grid, sharers, extent, path.name)
        if not spread.persons.any():
            raise BadInputError(
                path.name,
                "has no people in any cell with a household of the area; take a grid that covers it, "
                "and see that it states its coordinate system rightly",
            )
        households = households.with_people(name, spread.persons)
        grids[name] = (path.name, read.grid)
        counts |= counts_of(name, spread.counts)
        warnings = (*warnings, *read.warnings, *spread.warnings)
    return PopulationPart(households, counts, warnings, grids)


def counts_of(name: str, counts: Mapping[str, float]) -> dict[str, float]:
    """Counts of a grid as reports call them: those of age groups have its name in front."""
    prefix = "" if name == "population" else f"{name}_"
    return {f"{prefix}{key}": value for key, value in counts.items()}


@dataclass(frozen=True)
class Spread:
    """People of each sharer, what was counted, and what the user must hear of."""

    persons: FloatArray
    counts: dict[str, float]
    warnings: tuple[str, ...]


def spread_grid(grid: PopulationGrid, sharers: Sharers, extent: BaseGeometry, source: str) -> Spread:
    """Spread a grid over all who have a share in its cells; `source` is its file, for warnings."""
    cell = grid.locate(sharers.lon_deg, sharers.lat_deg)
    persons = grid.spread(cell, sharers.size)
    settled = np.zeros(len(grid.persons), dtype=bool)
    settled[cell[cell >= 0]] = True
    near = _overlaps(grid, extent)
    unplaced = near & ~settled & (grid.persons > 0)
    cut = settled & (grid.persons > 0) & ~shapely.covered_by(grid.geometry, extent)
    counts = {
        "cells": len(grid.persons),
        "persons_read": _sum(grid, np.ones_like(near)),
        "persons_placed": _sum(grid, settled),
        "persons_unplaced": _sum(grid, unplaced),
        "persons_beyond_extent": _sum(grid, ~settled & ~near),
        "cells_unplaced": int(unplaced.sum()),
        "cells_cut_by_extent": int(cut.sum()),
        "persons_in_cut_cells": _sum(grid, cut),
        "households_without_cell": int((cell < 0).sum()),
    }
    return Spread(persons, counts, tuple(_warnings(counts, source, cell)))


def _warnings(counts: dict[str, float], file: str, cell: IntArray) -> list[str]:
    told = []
    if counts["cells_unplaced"]:
        told.append(
            f"{file}: {counts['persons_unplaced']:,.0f} persons live in {counts['cells_unplaced']:,} cells of the "
            "extent without any household; they are left out of every answer"
        )
    if counts["cells_cut_by_extent"]:
        told.append(
            f"{file}: {counts['cells_cut_by_extent']:,} cells reach beyond the extent; all of their "
            f"{counts['persons_in_cut_cells']:,.0f} persons are placed on the households inside"
        )
    if counts["households_without_cell"]:
        told.append(
            f"{file}: {counts['households_without_cell']:,} of {len(cell):,} households lie in no inhabited cell "
            "and have 0 persons"
        )
    return told


def kept_people(people: PopulationPart, kept: Households) -> dict[str, float]:
    """How many of those placed live in the study area, for each grid that was given."""
    counts: dict[str, float] = {}
    for name in kept.counted:
        before, after = people.households.weights(name), kept.weights(name)
        if name in people.grids and before is not None and after is not None:
            counts |= counts_of(name, kept_counts(before, after))
    return counts


def kept_counts(before: FloatArray, after: FloatArray) -> dict[str, float]:
    """Of people before and after the study area chose, how many it kept and how many live outside it."""
    kept = round(float(after.sum()), 6)
    outside = round(float(before.sum()) - kept, 6) + 0.0  # no -0.0
    return {"persons_kept": kept, "persons_outside_study_area": outside}


def _bounds(households: Households, extent: BaseGeometry) -> tuple[float, float, float, float]:
    """A box around the extent and all households, some of which may stand outside it."""
    boxes = np.array([extent.bounds])
    if households.count:
        west, east = households.lon_deg.min(), households.lon_deg.max()
        south, north = households.lat_deg.min(), households.lat_deg.max()
        boxes = np.vstack([boxes, [west, south, east, north]])
    west, south = boxes[:, :2].min(axis=0).tolist()
    east, north = boxes[:, 2:].max(axis=0).tolist()
    return west, south, east, north


def _overlaps(grid: PopulationGrid, extent: BaseGeometry) -> BoolArray:
    """Cells that the extent has a part of, more than a common border."""
    shapely.prepare(extent)
    near: BoolArray = shapely.intersects(extent, grid.geometry) & ~shapely.touches(extent, grid.geometry)
    return near


def _sum(grid: PopulationGrid, chosen: BoolArray) -> float:
    return round(float(grid.persons[chosen].sum()), 6)
