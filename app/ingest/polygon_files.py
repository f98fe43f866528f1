"""Files of polygons that each carry values: zones, cells of a population grid."""

from pathlib import Path

import shapely

from app.geo.units import Geometries
from app.ingest import table_places, table_values
from app.ingest.table_columns import Wanted
from app.ingest.table_formats import read_raw
from app.ingest.table_rows import RawTable
from app.ingest.table_source import ReadOptions
from app.ingest.tables import AS_IT_STANDS, MAX_EDGE_M


def read_polygons(
    path: Path, wanted: tuple[str, ...], what: str, options: ReadOptions = AS_IT_STANDS
) -> tuple[RawTable, Geometries]:
    """Rows of a file and their polygons, in WGS 84 and valid; whatever is no polygon is noted as a bad row.

    Parameters
    ----------
    path : Path
    wanted : tuple of str
        Columns to keep, in lower case.
    what : str
        What a row is to be, for messages: ``zone`` or ``cell``.
    options : ReadOptions

    Raises
    ------
    BadInputError
        If the file cannot be read, or its CRS is not known. Bad rows are noted in the table, not raised.
    """
    raw = read_raw(path, options, Wanted(wanted, options.columns, polygons=True, guess=False))
    table = table_values.clean(raw)
    places = table_places.places(table, max_edge_m=MAX_EDGE_M)
    good = table.good_rows()
    for row in good[shapely.get_type_id(places[good]) == table_places.POINT].tolist():
        table.add_problem(row, None, f"is a point; draw the {what} as a polygon")
    return table, places


def first_known(table: RawTable, names: tuple[str, ...]) -> str | None:
    """The first of some columns that the file has."""
    return next((name for name in names if name in table.columns), None)
