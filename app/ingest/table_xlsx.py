"""Excel workbooks: one sheet, its first row with anything in it being the header."""

import datetime as dt
import itertools
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import openpyxl
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from app.domain.errors import BadInputError
from app.ingest import table_zip
from app.ingest.table_columns import Wanted
from app.ingest.table_csv import place_columns
from app.ingest.table_gdal import choose
from app.ingest.table_places_text import geometry_of_text
from app.ingest.table_rows import RawTable, RowProblems, listed
from app.ingest.table_source import Source

MAX_SHEET_ROWS = 1_048_576
MAX_SHEET_COLUMNS = 16_384
"""Excel's own limits."""

FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")

Cells = tuple[Any, ...]


def read_xlsx(source: Source, wanted: Wanted) -> RawTable:
    """Rows of a workbook's only sheet that holds anything, or of the one that the options name.

    A formula counts as the value that it had when the workbook was last saved, which is what its user saw. Without
    such a value its row is bad.

    Raises
    ------
    BadInputError
        If it is damaged, harmful, or has no rows or no columns of coordinates.
    """
    with table_zip.opened(source, "Excel workbook", nested=True) as (archive, _):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # openpyxl's, of styles and the like that are not read
                return _read(source, wanted, archive)
        except (BadInputError, MemoryError, zipfile.BadZipFile):
            raise
        except (
            Exception
        ) as error:  # openpyxl lets through whatever its parts raise of damage or of forbidden XML
            raise BadInputError(source.file, "is damaged or not an Excel workbook; save it again") from error


def _read(source: Source, wanted: Wanted, archive: zipfile.ZipFile) -> RawTable:
    file = source.file
    with _book(source, values=True) as book:
        name = _chosen_sheet(source, book)
        rows = _sheet_rows(book[name], file)
        header_line, header = next(rows, (0, ()))
        if not header:
            raise BadInputError(file, f"its sheet {listed([name])} is empty")
        found = tuple(_heading(value) for value in header)
        positions = place_columns(found, wanted, f"{file}, line {header_line}")
        kept: dict[str, list[Any]] = {column: [] for column in positions}
        lines: list[int] = []
        for line, row in rows:
            lines.append(line)
            for column, position in positions.items():
                kept[column].append(row[position] if position < len(row) else None)
    if not lines:
        raise BadInputError(file, "has a header but no rows; export it again")
    problems = RowProblems(file, "line")
    names = {column: found[position] for column, position in positions.items()}
    table = RawTable(
        file=file,
        numbers=np.asarray(lines, dtype=np.int64),
        found=found,
        columns=kept,
        geometry=geometry_of_text(kept, lines, wanted, problems),
        crs=None,
        problems=problems,
        names=names,
    )
    if _has_formulas(archive):
        _look_at_formulas(source, name, positions, table)
    return table


def _heading(value: object) -> str:
    """A column's name; Excel takes what is typed as 3-6 or 6-12 for a date of this year."""
    if isinstance(value, dt.date):
        return f"{value.month}-{value.day}"
    return "" if value is None else str(value).strip()


def _chosen_sheet(source: Source, book: openpyxl.Workbook) -> str:
    names = [sheet.title for sheet in book.worksheets if isinstance(sheet, ReadOnlyWorksheet)]
    if source.options.layer is None and len(names) > 1:
        # New workbooks of old Excel come with three sheets, two of them empty.
        names = [name for name in names if next(_sheet_rows(book[name], source.file), None) is not None]
    if not names:
        raise BadInputError(source.file, "has no sheet with anything in it")
    return choose(names, source, "sheet")


@contextmanager
def _book(source: Source, *, values: bool) -> Iterator[openpyxl.Workbook]:
    """The workbook, its file closed afterwards: openpyxl itself leaves it open where it fails."""
    with source.path.open("rb") as stream:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=values)
        try:
            yield book
        finally:
            book.close()


def _sheet_rows(sheet: Any, file: str) -> Iterator[tuple[int, Cells]]:
    """Rows that hold anything, each with its line."""
    sheet.reset_dimensions()  # what the file says of its size may be wrong, and rows would be filled up to it
    for line, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        if line > MAX_SHEET_ROWS or len(row) > MAX_SHEET_COLUMNS:
            raise BadInputError(file, "has rows or columns beyond those that Excel has; save it again")
        if any(value is not None and value != "" for value in row):
            yield line, row


def _has_formulas(archive: zipfile.ZipFile) -> bool:
    for info in archive.infolist():
        if info.filename.startswith("xl/worksheets/"):
            with archive.open(info) as stream:
                tail = b""
                while block := stream.read(table_zip.BLOCK_BYTES):
                    if FORMULA.search(tail + block):
                        return True
                    tail = block[-64:]
    return False


def _look_at_formulas(source: Source, name: str, positions: dict[str, int], table: RawTable) -> None:
    """Note formulas without a value as bad, and say how many others were taken by theirs."""
    row_of = {line: row for row, line in enumerate(table.numbers.tolist())}
    taken = 0
    with _book(source, values=False) as book:
        for line, cells in itertools.islice(_sheet_rows(book[name], source.file), 1, None):
            for column, position in positions.items():
                value = cells[position] if position < len(cells) else None
                if _is_formula(value):
                    taken += _takes_value(table, row_of.get(line), line, column, value)
    if taken:
        count = "1 formula counts" if taken == 1 else f"{taken:,} formulas count"
        table.warnings.append(f"{table.file}: {count} as the value when the workbook was last saved")


def _takes_value(table: RawTable, row: int | None, line: int, column: str, formula: Any) -> bool:
    """Whether a formula has a value, which stands in the table then; one without makes its row bad."""
    if row is not None and table.columns[column][row] == formula:
        return False  # text that merely looks like one
    if row is not None and table.columns[column][row] is not None:
        return True
    reason = "is a formula without a value; open the workbook in Excel and save it, or paste values"
    table.problems.add(line, table.names[column], reason, str(getattr(formula, "text", formula)))
    return False


def _is_formula(value: object) -> bool:
    return (isinstance(value, str) and value.startswith("=")) or not _is_plain(value)


def _is_plain(value: object) -> bool:
    """Whether openpyxl hands this over as a cell's own value; array formulas are objects."""
    return value is None or not hasattr(value, "ref")
