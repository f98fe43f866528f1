"""What became of single rows of a user's file: rejected ones and repaired ones, each with its number and reason."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.domain.errors import BadInputError

CellValue = str | int | float | bool | None
"""A value as it stood in the file, as far as JSON can say it; a list or an object stands as its text."""

RowJson = dict[str, CellValue]
RowReportJson = dict[str, list[RowJson]]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be used.

    Attributes
    ----------
    row : int
        Line of the file, the header being 1; of formats without lines the feature, counted from 1.
    column : str or None
        As the file calls it; None where the row as a whole or its geometry is bad.
    value : str, number or None
        What stood there.
    reason : str
        What is wrong, and how to put it right.
    """

    row: int
    column: str | None
    value: CellValue
    reason: str


@dataclass(frozen=True, slots=True)
class RepairedRow:
    """A row that is used although something was wrong; `reason` says what was done. Fields as in `RejectedRow`."""

    row: int
    column: str | None
    value: CellValue
    reason: str


@dataclass(frozen=True)
class RowReport:
    """Rows of one file that were rejected or repaired, in the file's order. Every other row was taken as it stood."""

    rejected: tuple[RejectedRow, ...] = ()
    repaired: tuple[RepairedRow, ...] = ()

    def as_json(self) -> RowReportJson:
        """``{"rejected": [{row, column, value, reason}], "repaired": [...]}``."""
        return {
            "rejected": [asdict(row) for row in self.rejected],
            "repaired": [asdict(row) for row in self.repaired],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "RowReport":
        """The report that `as_json` wrote."""
        return cls(
            tuple(RejectedRow(**row) for row in content["rejected"]),
            tuple(RepairedRow(**row) for row in content["repaired"]),
        )


class RowsRejectedError(BadInputError):
    """A file is refused because of its rows; ``row_report`` names every one of them.

    Parameters
    ----------
    where, problem : str
        As in `BadInputError`: the first bad row, and how many more there are.
    row_report : RowReport
    what : str
        Which input the file was: ``households``, ``facilities``, ``zones``; empty where nobody said.
    """

    def __init__(self, where: str, problem: str, row_report: RowReport, what: str = "") -> None:
        self.row_report = row_report
        self.what = what
        super().__init__(where, problem)

    @property
    def rejected(self) -> list[RowJson]:
        """Rejected rows, JSON-ready."""
        return self.row_report.as_json()["rejected"]

    @property
    def repaired(self) -> list[RowJson]:
        """Repaired rows, JSON-ready."""
        return self.row_report.as_json()["repaired"]
