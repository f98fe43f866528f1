"""Geometry of tables that write it as text (WKT)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from app.geo.units import Geometries
from app.ingest.table_columns import WKT, Wanted
from app.ingest.table_rows import RowProblems, shown


def geometry_of_text(
    columns: Mapping[str, Sequence[Any]], numbers: Sequence[int], wanted: Wanted, problems: RowProblems
) -> Geometries | None:
    """Geometry of every row out of its WKT, None where it has none; None as a whole if there is no such column."""
    values = None if wanted.everything else columns.get(WKT)
    if values is None:
        return None
    texts = [value if isinstance(value, str) and value.strip() else None for value in values]
    with np.errstate(all="ignore"):  # numbers near the end of the double range
        parsed: Geometries = shapely.from_wkt(np.array(texts, dtype=object), on_invalid="ignore")
    for number, value, text, result in zip(numbers, values, texts, parsed, strict=True):
        if result is None and (text is not None or not (value is None or isinstance(value, str))):
            problems.add(
                number, WKT, f"{shown(value)} is not WKT such as POINT (118.78 32.05); correct it", value
            )
    return parsed
