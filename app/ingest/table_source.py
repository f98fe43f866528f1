"""Which file of a user's is to be read, and how."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, NamedTuple, TypeVar

from shapely.geometry.base import BaseGeometry

from app.domain.errors import BadInputError
from app.domain.row_report import RowReport
from app.geo.projection import LocalProjection
from app.ingest.table_rows import foreign_content, read_bytes, shown_path

OnError = Literal["fail", "skip"]

MAX_ROWS = 20_000_000
"""More than any city has buildings; a file that claims more is damaged or means harm."""

MAX_UNPACKED_BYTES = 2**30
"""Of an archive or a workbook: Excel's largest sheet, a million rows of ten columns, takes about half of it."""

_Data = TypeVar("_Data")


@dataclass(frozen=True)
class Near:
    """The extent that rows may not lie far from, in WGS 84, and the plane in which that is measured."""

    extent: BaseGeometry
    projection: LocalProjection


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file.

    Attributes
    ----------
    crs : str or None
        Coordinate system that the user says the file is in.
    columns : mapping of str to str
        The file's column for each of ours that the user named.
    on_error : {'fail', 'skip'}
        Whether bad rows refuse the file, or are left out.
    layer : str or None
        Layer of a GeoPackage or an archive of shapefiles, or sheet of a workbook.
    near : Near or None
        Rows farther than 5 km from this are bad.
    taken_ids : set of str
        Ids that other rows have already.
    """

    crs: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    on_error: OnError = "fail"
    layer: str | None = None
    near: Near | None = None
    taken_ids: AbstractSet[str] = frozenset()


class Reading(NamedTuple, Generic[_Data]):
    """What was read from a file: the data, warnings for the user (one line each), and what became of single rows."""

    data: _Data
    warnings: tuple[str, ...]
    rows: RowReport


@dataclass(frozen=True)
class Source:
    """A file with its name for messages and the ending that says its format."""

    path: Path
    file: str
    ending: str
    options: ReadOptions

    @classmethod
    def of(cls, path: Path, options: ReadOptions) -> "Source":
        """The source at a path."""
        return cls(path, shown_path(path), path.suffix.lower(), options)

    def content(self, size: int = -1) -> bytes:
        """The whole content, or its first `size` bytes; `BadInputError` if there is none."""
        return read_bytes(self.path, size, self.file)

    def must_begin_with(self, magic: bytes, format_name: str) -> None:
        """Refuse a file of another format than its name says."""
        head = self.content(4096)
        if not head.startswith(magic):
            foreign = foreign_content(head) or "something else: export it again"
            raise BadInputError(self.file, f"is named as {format_name} but is {foreign}")
