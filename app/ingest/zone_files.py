"""Zones that users bring in files of polygons."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from app.domain.zone import OUTSIDE_ID, Zones
from app.ingest import table_values
from app.ingest.polygon_files import first_known, read_polygons
from app.ingest.table_columns import tell_mapping
from app.ingest.table_near import reject_far
from app.ingest.table_rows import RawTable, shown
from app.ingest.table_source import Reading, ReadOptions
from app.ingest.tables import AS_IT_STANDS, keep_good

ID_COLUMNS = ("id", "zone_id", "zone", "code", "codigo", "区划代码", "代码", "编码", "编号")
NAME_COLUMNS = (
    "name",
    "zone_name",
    "label",
    "名称",
    "名字",
    "社区",
    "街道",
    "nombre",
    "denominacion",
    "denominaci",
)
"""Columns in which ids and names are looked for, in this order; GDAL cuts names to ten characters in shapefiles."""


def read_zones_file(path: Path, options: ReadOptions = AS_IT_STANDS) -> Reading[Zones]:
    """Zones of a file of polygons in any format of `app.ingest.table_formats`, sorted by id.

    Raises
    ------
    RowsRejectedError
        If rows cannot be used and were not to be skipped, or none can be used.
    BadInputError
        If the file cannot be used as a whole.
    """
    table, places = read_polygons(path, (*ID_COLUMNS, *NAME_COLUMNS), "zone", options)
    table = _called(table)
    tell_mapping(table)
    ids, names = table_values.ids(table, options.taken_ids), table_values.names(table)
    for row in np.flatnonzero(ids == OUTSIDE_ID).tolist():
        table.add_problem(
            row, "id", f"{shown(OUTSIDE_ID)} stands for all places that lie in no zone; use another id"
        )
    reject_far(table, places, options.near)
    order = keep_good(table, ids, options, "zones")
    zones = Zones(ids[order], names[order], places[order])
    return Reading(zones, tuple(table.warnings), table.problems.report())


def _called(table: RawTable) -> RawTable:
    """The table with its columns of ids and names under these names."""
    found = {"id": first_known(table, ID_COLUMNS), "name": first_known(table, NAME_COLUMNS)}
    known = {name: column for name, column in found.items() if column is not None}
    return replace(
        table,
        columns={name: table.columns[column] for name, column in known.items()},
        names={name: table.names.get(column, column) for name, column in known.items()},
    )
