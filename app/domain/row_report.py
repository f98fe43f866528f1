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


def joined_rows(reports: Mapping[str, RowReport]) -> RowReportJson:
    """The rows of several inputs in one report, JSON-ready; of more than one each row says its own in ``input``."""
    result: RowReportJson = {"rejected": [], "repaired": []}
    for what, report in reports.items():
        which: RowJson = {"input": what} if len(reports) > 1 else {}
        for name, rows in report.as_json().items():
            result[name] += [{**row, **which} for row in rows]
    return result


class RowsRejectedError(BadInputError):
    """A file, or several at once, are refused because of their rows.

    Parameters
    ----------
    where, problem : str
        As in `BadInputError`: the first bad row, and how many more there are.
    reports : mapping of str to RowReport
        Every bad row of each input by its name, such as ``households``.
    """

    def __init__(self, where: str, problem: str, reports: Mapping[str, RowReport]) -> None:
        self.reports = dict(reports)
        super().__init__(where, problem)

    @property
    def rejected(self) -> list[RowJson]:
        """Rejected rows, JSON-ready; of several inputs each row says its own."""
        return joined_rows(self.reports)["rejected"]

    @property
    def repaired(self) -> list[RowJson]:
        """Repaired rows, likewise."""
        return joined_rows(self.reports)["repaired"]
