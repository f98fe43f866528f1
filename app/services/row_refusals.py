"""Files that are refused because of their rows: all of an import told at once, not one at each attempt."""

from collections.abc import Callable, Mapping
from typing import ParamSpec, Protocol, TypeVar

from app.domain.row_report import RowReport, RowsRejectedError


class WithRows(Protocol):
    """What was made of an input, and what became of the rows of its file; None where there was no file."""

    @property
    def rows(self) -> RowReport | None: ...


Asked = ParamSpec("Asked")
Done = TypeVar("Done")
Homes = TypeVar("Homes", bound=WithRows)
Places = TypeVar("Places", bound=WithRows)
Zoning = TypeVar("Zoning", bound=WithRows)


def tried(
    work: Callable[Asked, Done], *args: Asked.args, **options: Asked.kwargs
) -> Done | RowsRejectedError:
    """What the work gives, or why it refuses rows, to be raised when the other files were looked at too."""
    try:
        return work(*args, **options)
    except RowsRejectedError as refusal:
        return refusal


def all_taken(
    households: Homes | RowsRejectedError,
    facilities: Places | RowsRejectedError,
    zones: Zoning | RowsRejectedError,
) -> tuple[Homes, Places, Zoning]:
    """The same, where nothing was refused.

    Raises
    ------
    RowsRejectedError
        With the first bad row of every refused file in its message, and in its reports the rows of all files: also
        those that were left out or repaired in a file that would have been taken.
    """
    if (
        isinstance(households, RowsRejectedError)
        or isinstance(facilities, RowsRejectedError)
        or isinstance(zones, RowsRejectedError)
    ):
        raise _together({"households": households, "facilities": facilities, "zones": zones})
    return households, facilities, zones


def _together(outcomes: Mapping[str, WithRows | RowsRejectedError]) -> RowsRejectedError:
    first, *others = (outcome for outcome in outcomes.values() if isinstance(outcome, RowsRejectedError))
    reports: dict[str, RowReport] = {}
    for what, outcome in outcomes.items():
        if isinstance(outcome, RowsRejectedError):
            reports |= outcome.reports
        elif outcome.rows is not None:
            reports[what] = outcome.rows
    if sum(bool(report.rejected) for report in reports.values()) == 1:
        return first
    told = {what: report for what, report in reports.items() if report.rejected or report.repaired}
    return RowsRejectedError(first.where, "; ".join((first.problem, *map(str, others))), told)
