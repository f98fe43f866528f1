"""Rejected rows as a CSV that can be corrected and sent again: all that stood in them, and why they were rejected."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from app.domain.row_report import RowReport
from app.geo.units import IntArray
from app.ingest.table_columns import LAT, LON, WKT, Wanted
from app.ingest.table_formats import read_raw
from app.ingest.table_rows import UTF8_MARK, RawTable
from app.ingest.table_source import ReadOptions

REASON = "reason"
PIECE_ROWS = 10_000

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def rejected_rows_csv(path: Path, options: ReadOptions, report: RowReport) -> Iterator[bytes]:
    """A header and every rejected row of a file, which is read once more for them.

    Parameters
    ----------
    path : Path
    options : ReadOptions
        As the file was read with.
    report : RowReport
        What became of its rows.

    Yields
    ------
    bytes
        UTF-8 with a byte order mark, without which Excel garbles Chinese. Columns are the file's own, of drawn
        features with ``lon`` and ``lat`` or, where any is no point, ``wkt`` in the file's own coordinates, then
        ``reason``.
    """
    reasons = {row.row: row.reason for row in report.rejected}
    table = read_raw(path, options, Wanted((), everything=True))
    rows: IntArray = np.flatnonzero(np.isin(table.numbers, list(reasons)))
    columns = {name: values for name, values in table.columns.items() if name.casefold() != REASON}
    places = _places(table, rows)
    yield UTF8_MARK + _lines([[*columns, *places, REASON]])
    for start in range(0, len(rows), PIECE_ROWS):
        piece = rows[start : start + PIECE_ROWS].tolist()
        yield _lines(
            [
                *(_cell(values[row]) for values in columns.values()),
                *(values[start + offset] for values in places.values()),
                reasons[int(table.numbers[row])],
            ]
            for offset, row in enumerate(piece)
        )


def _places(table: RawTable, rows: IntArray) -> Mapping[str, list[Any]]:
    """Where the rows are, if the file says it in geometry."""
    if table.geometry is None:
        return {}
    shapes = table.geometry[rows]
    is_point = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    if (is_point | shapely.is_missing(shapes)).all():
        return {
            LON: [shape.x if shape is not None and not shape.is_empty else "" for shape in shapes],
            LAT: [shape.y if shape is not None and not shape.is_empty else "" for shape in shapes],
        }
    return {WKT: ["" if text is None else text for text in shapely.to_wkt(shapes, rounding_precision=-1)]}


def _cell(value: Any) -> Any:
    """A value as CSV; text that a spreadsheet would run gets a blank in front, which reading drops again."""
    if value is None or value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return ""
    if isinstance(value, list):
        return ";".join(str(item) for item in value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not _PLAIN_NUMBER.fullmatch(value):
        return f" {value}"
    return value


def _lines(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode(errors="replace")
