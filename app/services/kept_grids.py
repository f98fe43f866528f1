"""Population grids that an area keeps, so that people are spread anew when its households change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.area import Area
from app.domain.errors import BadInputError
from app.domain.household import Households
from app.domain.population import KeptGrid, PopulationGrid, Sharers, Spreading
from app.geo.units import BoolArray, FloatArray
from app.ingest.boxes import buffered_box
from app.ingest.table_near import MAX_OUTSIDE_M
from app.services.import_population import PopulationPart, counts_of, kept_counts, spread_grid


def keep_grids(
    people: PopulationPart, extent: BaseGeometry, study_area: BaseGeometry | None
) -> dict[str, KeptGrid]:
    """Of grids that were read, the cells in which a household of the area can lie, now or later."""
    around = shapely.box(*buffered_box(extent, MAX_OUTSIDE_M))
    kept = {}
    for name, (source, grid) in people.grids.items():
        here = shapely.intersects(around, grid.geometry)
        if study_area is not None:
            shapely.prepare(study_area)
            here &= shapely.intersects(study_area, grid.geometry)
        kept[name] = KeptGrid.of(source, grid, np.flatnonzero(here))
    return kept


@dataclass(frozen=True)
class Continued:
    """Grids that tell people of an area's next households; of those in `again` the households know nothing yet."""

    grids: dict[str, KeptGrid]
    again: tuple[str, ...]
    warnings: tuple[str, ...]

    def awaited(self, households: Households) -> Households:
        """The households with nobody where people are to be spread again, so that they know the weight."""
        for name in self.again:
            households = households.with_people(name, np.zeros(households.count))
        return households


def continue_grids(area: Area, people: PopulationPart, file: str, *, appends: bool) -> Continued:
    """What becomes of an area's grids where households of a file are put in the place of others, or added.

    A grid ends where a new one was given, or the file tells people itself.

    Raises
    ------
    BadInputError
        If households with people of their own were to be added to others that share those of a grid.
    """
    old = {} if area.spreading is None else area.spreading.grids
    told = [name for name in old if name not in people.grids and people.households.weights(name) is not None]
    if appends and told:
        raise BadInputError(
            file,
            f"has a column {told[0]}, but the area's households share the people of {old[told[0]].source}; "
            "remove the column, and they are spread over the new ones too, or replace all households",
        )
    warnings = tuple(
        f"{file}: tells {name} itself, so the grid {old[name].source} is no longer kept" for name in told
    )
    again = tuple(name for name in old if name not in told and name not in people.grids)
    grids = {name: old[name] for name in again}
    return Continued(grids | keep_grids(people, area.extent.polygon, area.study_area), again, warnings)


def share_in(
    grids: Mapping[str, KeptGrid],
    households: Households,
    size: FloatArray,
    study_area: BaseGeometry | None,
    *,
    size_per_dwelling: float,
) -> Spreading:
    """How people come to the households of a study area: by their size, shared with those outside it.

    Parameters
    ----------
    grids : mapping of str to KeptGrid
    households : Households
        Those outside the study area too, ``n`` of them.
    size : float array, shape (n,)
    size_per_dwelling : float
        As in `Spreading`.
    """
    sharers = Sharers(households.lon_deg, households.lat_deg, size)
    inside = _inside(households, study_area)
    outside = sharers.take(~inside)
    return Spreading(
        grids,
        size[inside],
        size_per_dwelling,
        outside.take(_in_any([grid.grid() for grid in grids.values()], outside)),
    )


def spread_over_next(
    area: Area, kept: Continued, found: Households, households: Households, *, appends: bool
) -> tuple[Spreading | None, PopulationPart]:
    """The next households of an area with people out of the grids that go on, and how these are shared.

    `found` are those of the file, outside the study area too, `households` all that the area will have.
    """
    if not kept.grids:
        return None, PopulationPart(households, {}, (), {})
    if appends and area.spreading is not None:
        spreading = _share_with_old(area, area.spreading, found)
    else:
        spreading = share_in(kept.grids, found, found.households, area.study_area, size_per_dwelling=1.0)
    return spreading, _spread_again(spreading, households, kept.again, area.extent.polygon)


def _share_with_old(area: Area, old: Spreading, added: Households) -> Spreading:
    """How people come to an area's households and those that are added, which count by their dwellings.

    `added` may lie outside the study area too. The households are taken in the order of their ids.
    """
    per_dwelling = old.size_per_dwelling
    size = added.households * per_dwelling
    new = share_in(old.grids, added, size, area.study_area, size_per_dwelling=per_dwelling)
    ids = np.concatenate([area.households.id, added.id[_inside(added, area.study_area)]])
    sizes = np.concatenate([old.size, new.size])
    return replace(new, size=sizes[np.argsort(ids, kind="stable")], outside=old.outside.then(new.outside))


def _spread_again(
    spreading: Spreading, households: Households, names: Collection[str], extent: BaseGeometry
) -> PopulationPart:
    """The households of an area with the people of those of its grids that are named, spread as an import does."""
    own = Sharers(households.lon_deg, households.lat_deg, spreading.size)
    sharers = own.then(spreading.outside)
    counts: dict[str, float] = {}
    warnings: tuple[str, ...] = ()
    for name in names:
        kept = spreading.grids[name]
        spread = spread_grid(kept.grid(), sharers, extent, kept.source)
        persons = spread.persons[: households.count]
        households = households.with_people(name, persons)
        counts |= counts_of(name, spread.counts | kept_counts(spread.persons, persons))
        warnings = (*warnings, *spread.warnings)
    return PopulationPart(households, counts, warnings, {})


def _inside(households: Households, study_area: BaseGeometry | None) -> BoolArray:
    if study_area is None:
        return np.ones(households.count, dtype=bool)
    inside: BoolArray = shapely.intersects_xy(study_area, households.lon_deg, households.lat_deg)
    return inside


def _in_any(grids: Collection[PopulationGrid], places: Sharers) -> BoolArray:
    """Which places lie in a cell of any of the grids."""
    found = np.zeros(len(places.size), dtype=bool)
    for grid in grids:
        found |= grid.locate(places.lon_deg, places.lat_deg) >= 0
    return found
