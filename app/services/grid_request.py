"""Grids of people that an import, or new households of an area, are to be given."""

from pathlib import Path
from typing import Protocol

from app.domain.errors import BadInputError
from app.domain.household import AGE_GROUPS
from app.ingest.population_grids import check_grid_file


class GridRequest(Protocol):
    """A grid of people with its column (or band) and coordinate system, and grids of age groups."""

    @property
    def population_file(self) -> Path | None: ...
    @property
    def population_column(self) -> str | None: ...
    @property
    def population_crs(self) -> str | None: ...
    @property
    def population_groups(self) -> tuple[tuple[str, Path], ...]: ...


def has_grids(request: GridRequest) -> bool:
    """Whether there is any."""
    return request.population_file is not None or bool(request.population_groups)


def check_grids(request: GridRequest) -> None:
    """Refuse, before anything is read, what contradicts itself, is not there or needs what is not installed.

    Raises
    ------
    BadInputError
    """
    for option, value in (("column", request.population_column), ("crs", request.population_crs)):
        if value is not None and request.population_file is None:
            raise BadInputError(f"--population-{option}", "speaks of a grid: give it with --population FILE")
    if request.population_file is not None:
        check_grid_file(request.population_file, "--population")
    names = [name for name, _ in request.population_groups]
    for name, path in request.population_groups:
        flag = f"--population-group {name}"
        if name not in AGE_GROUPS:
            raise BadInputError(
                flag, f"is no age group; give one of {', '.join(AGE_GROUPS)}, as in pop_60plus=FILE"
            )
        if names.count(name) > 1:
            raise BadInputError(flag, "is given more than once; give each group one file")
        check_grid_file(path, flag)
