"""CSV files, read so that every row knows its line."""

import csv
import io
import re
from collections.abc import Iterator

import numpy as np

from app.domain.errors import BadInputError
from app.ingest.table_columns import LAT, LON, WKT, Wanted
from app.ingest.table_places_text import geometry_of_text
from app.ingest.table_rows import RawTable, RowProblems, listed
from app.ingest.table_source import Source
from app.ingest.table_text import decode_text

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}

_QUOTED = re.compile(r'"[^"]*"')


def read_csv(source: Source, wanted: Wanted) -> RawTable:
    """Rows of a CSV file as text.

    Parameters
    ----------
    source : Source
        Separated by commas, semicolons or tabs, whichever the header has most of.
    wanted : Wanted
        Columns to keep besides those that say where a row is.

    Raises
    ------
    BadInputError
        If it is no text or no CSV, or has no rows or no columns of coordinates.
    """
    file = source.file
    text, encoding = decode_text(source.content(), file)
    if text.lstrip()[:1] in ("{", "["):
        raise BadInputError(file, "is named as CSV but looks like JSON: give it the ending .geojson")
    separator = _separator(text, source.ending)
    rows = _rows(text, separator, file)
    header_line, header = next(rows, (0, []))
    if not header:
        raise BadInputError(file, "is empty; export it again")
    found = tuple(name.strip() for name in header)
    positions = place_columns(found, wanted, f"{file}, line {header_line}")
    problems = RowProblems(file, "line")
    kept: dict[str, list[str]] = {name: [] for name in positions}
    pairs = [(kept[name], position) for name, position in positions.items()]
    lines: list[int] = []
    for line, row in rows:
        if len(row) != len(found):
            _fit(row, len(found), line, separator, problems)
        lines.append(line)
        for values, position in pairs:
            values.append(row[position])
    if not lines:
        raise BadInputError(file, "has a header but no rows; export it again")
    table = RawTable(
        file=file,
        numbers=np.asarray(lines, dtype=np.int64),
        found=found,
        columns=kept,
        geometry=geometry_of_text(kept, lines, wanted, problems),
        crs=None,
        problems=problems,
        names={name: found[position] for name, position in positions.items()},
    )
    if encoding != "UTF-8":
        table.warnings.append(f"{file}: read as {encoding} text")
    if separator == ";":
        table.warnings.append(f"{file}: read with semicolons between the columns")
    return table


def place_columns(found: tuple[str, ...], wanted: Wanted, where: str) -> dict[str, int]:
    """Positions of the wanted columns of a table, of which some must say where each row is."""
    positions = wanted.with_places().find(found, where)
    if wanted.everything:
        return positions
    if LON in positions and LAT in positions:
        positions.pop(WKT, None)
        return positions
    if WKT in positions:
        return {name: position for name, position in positions.items() if name not in (LON, LAT)}
    missing = [WKT] if wanted.polygons else [name for name in (LON, LAT) if name not in positions]
    raise BadInputError(
        where,
        f"has no column {' and no column '.join(missing)} (found: {listed(found)}); the first line must name "
        + (
            "the columns, wkt being polygons as WKT"
            if wanted.polygons
            else "the columns, lon and lat being WGS 84 degrees"
        ),
    )


def _separator(text: str, ending: str) -> str:
    """What stands most often between the names in the first line that holds anything."""
    start = len(text) - len(text.lstrip("\r\n \ufeff"))
    end = re.compile(r"[\r\n]").search(text, start)
    header = _QUOTED.sub("", text[start : end.start() if end else None])
    counts = {separator: header.count(separator) for separator in SEPARATORS}
    best = max(counts, key=counts.__getitem__)
    if counts[best]:
        return best
    return "\t" if ending == ".tsv" else ","


def _rows(text: str, separator: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold anything, each with the line on which it begins."""
    # strict: otherwise a quote left open would swallow the rest of the file in silence.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    begins = 1
    try:
        for row in reader:
            # Spreadsheets end their exports with rows of bare commas.
            if "".join(row).strip():
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        raise BadInputError(
            f"{file}, line {begins}", f'cannot be read as CSV ({error}); look for a stray or open quote (")'
        ) from error


def _fit(row: list[str], width: int, line: int, separator: str, problems: RowProblems) -> None:
    """Give a row as many values as there are columns, and note it as bad if any was lost or made up."""
    count = len(row)
    if any(value.strip() for value in row[width:]) or count < width:
        name = SEPARATORS[separator]
        reason = f"has {count} values under {width} columns; put values that hold a {name} in double quotes"
        problems.add(line, None, reason, separator.join(row))
    row[width:] = []
    row.extend([""] * (width - count))
