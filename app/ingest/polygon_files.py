"""Files of polygons that each carry values: zones, cells of a population grid."""

from pathlib import Path

import shapely

from app.domain.errors import BadInputError
from app.geo.units import Geometries
from app.ingest import table_places
from app.ingest.table_rows import RawTable, shown_path
from app.ingest.table_vector import read_vector
from app.ingest.tables import MAX_EDGE_M, VECTOR_ENDINGS


def read_polygons(path: Path, wanted: tuple[str, ...], what: str) -> tuple[RawTable, Geometries]:
    """Rows of a file and their polygons, in WGS 84 and valid; whatever is no polygon is noted as a bad row.

    Parameters
    ----------
    wanted : tuple of str
        Columns to keep, in lower case.
    what : str
        What a row is to be, for messages: ``zone`` or ``cell``.

    Raises
    ------
    BadInputError
        If the file cannot be read, or its CRS is not known. Bad rows are noted in the table, not raised.
    """
    ending = path.suffix.lower()
    if ending not in VECTOR_ENDINGS:
        given = f"files ending in {ending!r} are" if ending else "a file without an ending is"
        raise BadInputError(
            shown_path(path),
            f"{given} not read here; give {', '.join(VECTOR_ENDINGS[:-1])} or {VECTOR_ENDINGS[-1]}",
        )
    table = read_vector(path, wanted)
    places = table_places.places(table, max_edge_m=MAX_EDGE_M)
    bad = table.bad_rows()
    for row, kind in enumerate(shapely.get_type_id(places).tolist()):
        if kind == table_places.POINT and row not in bad:
            table.add_problem(row, None, f"is a point; draw the {what} as a polygon")
    return table, places


def first_known(table: RawTable, names: tuple[str, ...]) -> str | None:
    """The first of some columns that the file has."""
    return next((name for name in names if name in table.columns), None)
