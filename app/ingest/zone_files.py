"""Zones that users bring in files of polygons."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from app.domain.zone import OUTSIDE_ID, Zones
from app.ingest import table_values
from app.ingest.polygon_files import first_known, read_polygons
from app.ingest.table_rows import RawTable, shown

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


def read_zones_file(path: Path) -> tuple[Zones, tuple[str, ...]]:
    """Zones of a file of polygons in any CRS that it states, sorted by id, and warnings for the user.

    Raises
    ------
    BadInputError
        If anything in the file cannot be used; names the first such row.
    """
    table, places = read_polygons(path, (*ID_COLUMNS, *NAME_COLUMNS), "zone")
    table = _called(table)
    ids, names = table_values.ids(table), table_values.names(table)
    for row in np.flatnonzero(ids == OUTSIDE_ID).tolist():
        table.add_problem(
            row, "id", f"{shown(OUTSIDE_ID)} stands for all places that lie in no zone; use another id"
        )
    table.problems.raise_if_any()
    order = np.argsort(ids, kind="stable")
    return Zones(ids[order], names[order], places[order]), tuple(table.warnings)


def _called(table: RawTable) -> RawTable:
    """The table with its columns of ids and names under these names."""
    found = {"id": first_known(table, ID_COLUMNS), "name": first_known(table, NAME_COLUMNS)}
    return replace(
        table, columns={name: table.columns[column] for name, column in found.items() if column is not None}
    )
