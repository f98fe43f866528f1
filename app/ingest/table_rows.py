"""Rows of a user's file as they were read, and what is wrong with them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.errors import BadInputError
from app.domain.row_report import CellValue, RejectedRow, RepairedRow, RowReport, RowsRejectedError
from app.geo.units import Geometries, IntArray

SHOWN_CHARACTERS = 40
SHOWN_NAMES = 12

MAX_CELL_CHARACTERS = 200
"""Of a value in a report: enough to find it; a broken quote can make one cell of half a file."""

WGS84_FIX = "reproject it to WGS 84 (EPSG:4326) and save it again"

MAX_JSON_INTEGER = 2**63

FOREIGN_CONTENT = (
    (
        b"<!doctype html",
        "an HTML page (perhaps an error or login page), not the data: download the file again",
    ),
    (b"<html", "an HTML page (perhaps an error or login page), not the data: download the file again"),
    (b"<", "XML or HTML text, not the data: download the file again"),
    (b"pk\x03\x04", "a ZIP archive or an Excel workbook: give it the ending .zip or .xlsx"),
    (b"fgb\x03", "a FlatGeobuf: give it the ending .fgb"),
    (b"par1", "a Parquet file: give it the ending .parquet"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as 'CSV UTF-8'"),
    (b"sqlite format 3\0", "a GeoPackage or another SQLite database: give it the ending .gpkg"),
    (b"\x1f\x8b", "compressed with gzip: unpack it"),
    (b"%pdf", "a PDF document, not data"),
    (b"\xff\xfe", "UTF-16 text: save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text: save it as UTF-8"),
)
"""First bytes, lower case, of what people send by mistake; the ZIP row also matches every .xlsx."""

UTF8_MARK = b"\xef\xbb\xbf"


def shown(value: object) -> str:
    """A value as it can stand in a message: on one line and short; a date or the like as its text."""
    text = repr(value if value is None or isinstance(value, str | int | float | list | dict) else str(value))
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def listed(names: Iterable[str]) -> str:
    """Names joined by commas, the first few of many."""
    every = [name if name.isprintable() and len(name) <= SHOWN_CHARACTERS else shown(name) for name in names]
    rest = len(every) - SHOWN_NAMES
    return ", ".join(every[:SHOWN_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def cell(value: object) -> CellValue:
    """A value as reports tell it: what JSON has as it is, anything else as its text, long text cut."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, bool | int):
        # orjson, which writes the reports, knows no longer integers.
        return value if value is None or abs(value) < MAX_JSON_INTEGER else str(value)
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= MAX_CELL_CHARACTERS else f"{text[:MAX_CELL_CHARACTERS]}..."


@dataclass
class RowProblems:
    """Collects bad rows, the first problem of each, so that the whole file is seen before it is refused.

    Parameters
    ----------
    file : str
        The file as the user named it.
    unit : str
        What a row's number counts: ``line`` or ``feature``.
    """

    file: str
    unit: str
    by_row: dict[int, RejectedRow] = field(default_factory=dict)
    repaired: list[RepairedRow] = field(default_factory=list)

    def add(self, number: int, column: str | None, reason: str, value: object = None) -> None:
        """Note that a row cannot be used; what was noted of it before stays."""
        if number not in self.by_row:
            self.by_row[number] = RejectedRow(number, column, cell(value), reason)

    def add_repaired(self, number: int, column: str | None, reason: str, value: object = None) -> None:
        """Note what was done so that a row can be used."""
        self.repaired.append(RepairedRow(number, column, cell(value), reason))

    def report(self) -> RowReport:
        """Everything noted, in the file's order; a rejected row is not told as repaired as well."""
        rejected = tuple(self.by_row[number] for number in sorted(self.by_row))
        repaired = sorted(
            (row for row in self.repaired if row.row not in self.by_row), key=lambda item: item.row
        )
        return RowReport(rejected, tuple(repaired))

    def raise_if_any(self, what: str) -> None:
        """Refuse the file if any row is bad; `what` is the input that it was given as, such as ``households``.

        Raises
        ------
        RowsRejectedError
            Names the first bad row and how many more there are, and has the report of all.
        """
        if not self.by_row:
            return
        first = self.by_row[min(self.by_row)]
        others = len(self.by_row) - 1
        place = f"{self.file}, {self.unit} {first.row}"
        if first.column is not None:
            place += f", column {first.column}"
        more = {0: "", 1: " (1 more row has errors)"}.get(others, f" ({others} more rows have errors)")
        raise RowsRejectedError(place, first.reason + more, {what: self.report()})


@dataclass(frozen=True)
class RawTable:
    """Rows of a file before their values are understood, ``n`` of them.

    Attributes
    ----------
    file : str
        The file as the user named it.
    numbers : int array, shape (n,)
        By which the user finds each row: the line with the header as 1, or the feature, counted from 1.
    found : tuple of str
        Every column name in the file.
    columns : mapping of str to n values
        Those of the wanted columns that are there, by their wanted name.
    geometry : object array of Shapely geometries, shape (n,), or None
        In `crs`; None where a row has none. None as a whole for tables whose place is in lon and lat columns.
    crs : str or None
        What the file states, as pyproj understands it; None where it states nothing (degrees, then).
    problems : RowProblems
        Filled while reading and checking.
    warnings : list of str
        What the user should hear of although the file can be used.
    names : mapping of str to str
        What the file calls each of `columns`.
    asked_crs : str or None
        Coordinate system that the user says the file is in.
    """

    file: str
    numbers: IntArray
    found: tuple[str, ...]
    columns: Mapping[str, Sequence[Any]]
    geometry: Geometries | None
    crs: str | None
    problems: RowProblems
    warnings: list[str] = field(default_factory=list)
    names: Mapping[str, str] = field(default_factory=dict)
    asked_crs: str | None = None

    @property
    def count(self) -> int:
        return len(self.numbers)

    def add_problem(self, row: int, column: str | None, reason: str) -> None:
        """Note that the row at this position cannot be used, with what stands in that column."""
        self.problems.add(int(self.numbers[row]), self._named(column), reason, self._value(row, column))

    def add_repaired(self, row: int, column: str | None, reason: str) -> None:
        """Note what was done to the row at this position so that it can be used."""
        self.problems.add_repaired(
            int(self.numbers[row]), self._named(column), reason, self._value(row, column)
        )

    def add_place_problem(self, row: int, reason: str, place: str) -> None:
        """Note that the row at this position cannot be used because of where it is."""
        self.problems.add(int(self.numbers[row]), None, reason, place)

    def _named(self, column: str | None) -> str | None:
        return None if column is None else self.names.get(column, column)

    def _value(self, row: int, column: str | None) -> object:
        if column is None:
            return None if self.geometry is None else shape_text(self.geometry[row])
        values = self.columns.get(column)
        return None if values is None else values[row]

    def good_rows(self) -> IntArray:
        """Positions of the rows that are not known to be bad, ascending."""
        return np.flatnonzero(~np.isin(self.numbers, list(self.problems.by_row)))


def shape_text(shape: BaseGeometry | None) -> str | None:
    """A geometry as reports tell it, in its file's own coordinates: the beginning of its WKT."""
    if shape is None:
        return None
    text: str = shapely.to_wkt(shape, rounding_precision=7)
    return text if len(text) <= MAX_CELL_CHARACTERS else f"{text[:MAX_CELL_CHARACTERS]}..."


def shown_path(path: Path) -> str:
    """A file's name for messages, on one line whatever it holds."""
    text = str(path)
    return text if text.isprintable() else repr(text)


def read_bytes(path: Path, size: int = -1, file: str | None = None) -> bytes:
    """Whole content of a file, or its first `size` bytes; `file` is its name for messages.

    Raises
    ------
    BadInputError
        If there is no such file, it cannot be read, or it is empty.
    """
    file = file or shown_path(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(size)
    except FileNotFoundError as error:
        raise BadInputError(file, "no such file; check the path") from error
    except IsADirectoryError as error:
        raise BadInputError(file, "is a directory; name the file inside it") from error
    except OSError as error:
        raise BadInputError(file, f"cannot be read ({error.strerror}); check its permissions") from error
    if not content.removeprefix(UTF8_MARK).strip():
        raise BadInputError(file, "is empty; export it again")
    return content


def foreign_content(content: bytes) -> str | None:
    """What a file is that is not what its name says, with the way out; None if nothing known."""
    head = content[:64].removeprefix(UTF8_MARK).lstrip().lower()
    return next((what for start, what in FOREIGN_CONTENT if head.startswith(start)), None)


def decode_utf8(content: bytes, file: str, format_name: str) -> str:
    """Text of a CSV or GeoJSON file, without its byte order mark.

    Raises
    ------
    BadInputError
        If it is something else under a wrong name, not UTF-8, or holds NUL bytes.
    """
    foreign = foreign_content(content)
    if foreign is not None:
        raise BadInputError(file, f"is named as {format_name} but is {foreign}")
    content = content.removeprefix(UTF8_MARK)
    nul = content.find(b"\0")
    if nul >= 0:
        line = content.count(b"\n", 0, nul) + 1
        raise BadInputError(
            f"{file}, line {line}", "holds a NUL byte: damaged or not UTF-8 text; save it again as UTF-8"
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInputError(
            f"{file}, line {line}", "is not UTF-8 text; save the file as UTF-8 (in Excel: 'CSV UTF-8')"
        ) from error
