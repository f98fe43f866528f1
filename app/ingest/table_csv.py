"""CSV files, read so that every row knows its line."""

import csv
import io
from pathlib import Path

import numpy as np

from app.domain.errors import BadInputError
from app.ingest.table_rows import (
    RawTable,
    RowProblems,
    decode_utf8,
    find_columns,
    listed,
    read_bytes,
    shown_path,
)

COORDINATES = ("lon", "lat")


def read_csv(path: Path, wanted: tuple[str, ...]) -> RawTable:
    """Rows of a CSV file as text, blanks around the values dropped.

    Parameters
    ----------
    path : Path
    wanted : tuple of str
        Columns to keep besides lon and lat, which every file must have.

    Raises
    ------
    BadInputError
        If it is not CSV in UTF-8, has no lon or lat column or no rows.
    """
    file = shown_path(path)
    text = decode_utf8(read_bytes(path), file, "CSV")
    if text.lstrip()[:1] in ("{", "["):
        raise BadInputError(file, "is named as CSV but looks like JSON: give it the ending .geojson")
    lines, rows = _split(text, file)
    found, header_line = tuple(name.strip() for name in rows[0]), lines[0]
    positions = _positions(found, wanted, f"{file}, line {header_line}")
    if len(rows) == 1:
        raise BadInputError(file, "has a header but no rows; export it again")
    problems = RowProblems(file, "line")
    width = len(found)
    for line, row in zip(lines[1:], rows[1:], strict=True):
        if len(row) != width:
            _fit(row, width, line, problems)
    columns = {
        name: [row[position].strip() for row in rows[1:]] for name, position in sorted(positions.items())
    }
    numbers = np.asarray(lines[1:], dtype=np.int64)
    return RawTable(file, numbers, found, columns, None, None, problems)


def _split(text: str, file: str) -> tuple[list[int], list[list[str]]]:
    """Rows that hold anything, with the line on which each begins."""
    # strict: otherwise a quote left open would swallow the rest of the file in silence.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[int] = []
    rows: list[list[str]] = []
    begins = 1
    try:
        for row in reader:
            # Spreadsheets end their exports with rows of bare commas.
            if "".join(row).strip():
                lines.append(begins)
                rows.append(row)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise BadInputError(
            f"{file}, line {begins}", f'cannot be read as CSV ({error}); look for a stray or open quote (")'
        ) from error
    if not rows:
        raise BadInputError(file, "is empty; export it again")
    return lines, rows


def _positions(found: tuple[str, ...], wanted: tuple[str, ...], where: str) -> dict[str, int]:
    positions = find_columns(found, (*COORDINATES, *wanted), where)
    missing = [name for name in COORDINATES if name not in positions]
    if missing:
        for separator, name in ((";", "semicolons"), ("\t", "tabs")):
            if any(separator in column for column in found):
                raise BadInputError(where, f"columns are separated by {name}; save the file with commas")
        raise BadInputError(
            where,
            f"has no column {' and no column '.join(missing)} (found: {listed(found)}); the first line must name "
            "the columns, lon and lat being WGS 84 degrees",
        )
    return positions


def _fit(row: list[str], width: int, line: int, problems: RowProblems) -> None:
    """Give a row as many values as there are columns, and note it as bad if any was lost or made up."""
    count = len(row)
    if any(value.strip() for value in row[width:]) or count < width:
        reason = f"has {count} values under {width} columns; put values that hold a comma in double quotes"
        problems.add(line, None, reason)
    row[width:] = []
    row.extend([""] * (width - count))
