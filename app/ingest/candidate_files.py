"""Where facilities could be built, from files that users bring."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.domain.errors import BadInputError
from app.domain.facility import FacilityPlaces
from app.geo.units import FloatArray
from app.ingest import table_places, table_values
from app.ingest.table_columns import Wanted, tell_mapping
from app.ingest.table_formats import read_raw
from app.ingest.table_source import ReadOptions
from app.ingest.tables import AS_IT_STANDS

CANDIDATE_FIELDS = ("id", "cost", "capacity", "services", "name")


@dataclass(frozen=True)
class CandidateRows:
    """Candidates of a file, sorted by id, with their cost and capacity."""

    places: FacilityPlaces
    cost: FloatArray
    capacity: FloatArray
    warnings: tuple[str, ...]


def read_candidates_file(path: Path, options: ReadOptions = AS_IT_STANDS) -> CandidateRows:
    """Candidates of a file: its ``id``, ``cost``, ``capacity``, ``services`` and ``name``, at points or as areas.

    Parameters
    ----------
    path : Path
        Any format in which facilities are read. Only the places are needed: without ``cost`` a candidate costs 1,
        without ``capacity`` it serves everybody in reach, without ``services`` it offers what is asked for.
    options : ReadOptions

    Raises
    ------
    BadInputError
        If anything in the file cannot be used; names the first such row.
    """
    table = table_values.clean(read_raw(path, options, Wanted(CANDIDATE_FIELDS)))
    tell_mapping(table)
    ids, geometry, names = table_values.ids(table), table_places.places(table), table_values.names(table)
    cost = table_values.optional_weights(table, "cost")
    capacity = table_values.optional_weights(table, "capacity")
    services: tuple[tuple[str, ...], ...] = ((),) * table.count
    if "services" in table.columns:
        services = table_values.services(table)
    table.problems.raise_if_any("candidates")
    if table.count == 0:
        raise BadInputError(table.file, "has no rows; give at least one candidate")
    order = np.argsort(ids, kind="stable")
    places = FacilityPlaces(
        id=ids[order],
        name=names[order],
        source=np.full(table.count, "supplied"),
        tags=({},) * table.count,
        services=tuple(services[row] for row in order),
        geometry=geometry[order],
        entrances=((),) * table.count,
    )
    cost, capacity = np.where(np.isnan(cost), 1.0, cost), np.where(np.isnan(capacity), np.inf, capacity)
    return CandidateRows(places, cost[order], capacity[order], tuple(table.warnings))
