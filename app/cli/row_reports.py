"""What became of single rows: on stderr as numbers, in a file that the user asked for, and in the JSON answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.output import check_output, write_bytes, write_json
from app.cli.text import warn

if TYPE_CHECKING:
    from app.domain.row_report import RowReport
    from app.ingest.table_source import ReadOptions

CSV_ENDING = ".csv"


@dataclass(frozen=True)
class RowFile:
    """A file whose rows are reported on, with how it is read."""

    path: Path
    options: "ReadOptions"


def check_report(path: Path | None) -> None:
    """Refuse a report that cannot be written, before any work is done for it."""
    check_output(path)


def write_row_report(
    path: Path | None, reports: "Mapping[str, RowReport]", files: Mapping[str, RowFile]
) -> None:
    """Write the rows of every file as JSON, or the rejected ones as CSV where the path ends so.

    Of several files each has a CSV of its own: ``bad.csv`` becomes ``bad-households.csv`` and so on.
    """
    if path is None:
        return
    if path.suffix.lower() != CSV_ENDING:
        write_json(joined(reports), path)
        return
    from app.ingest.rejected_rows import rejected_rows_csv

    for kind, report in reports.items():
        target = path if len(files) == 1 else path.with_name(f"{path.stem}-{kind}{path.suffix}")
        write_bytes(rejected_rows_csv(files[kind].path, files[kind].options, report), target)


def joined(reports: "Mapping[str, RowReport]") -> dict[str, list[dict[str, Any]]]:
    """All rows in one report; of several files each row says in ``input`` which it is from."""
    result: dict[str, list[dict[str, Any]]] = {"rejected": [], "repaired": []}
    for kind, report in reports.items():
        which = {"input": kind} if len(reports) > 1 else {}
        for name, rows in report.as_json().items():
            result[name] += [{**row, **which} for row in rows]
    return result


def tell_rows(reports: "Mapping[str, RowReport]", *, listed: bool) -> None:
    """Say how many rows were left out or repaired; `listed` if a report has each."""
    for kind, report in reports.items():
        counts = [
            f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'} {what}"
            for rows, what in ((report.rejected, "left out"), (report.repaired, "repaired"))
            if rows
        ]
        if counts:
            hint = "" if listed else "; --report FILE lists each"
            warn(f"{kind}: {' and '.join(counts)}{hint}")
