"""What became of single rows: on stderr as numbers, in a file that the user asked for, and in the JSON answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.output import check_output, write_bytes, write_json
from app.cli.text import warn

if TYPE_CHECKING:
    from app.domain.row_report import RowReport
    from app.services.rejected_files import RowFile

CSV_ENDING = ".csv"


def check_report(path: Path | None) -> None:
    """Refuse a report that cannot be written, before any work is done for it."""
    check_output(path)


def write_row_report(
    path: Path | None, reports: "Mapping[str, RowReport]", files: "Mapping[str, RowFile]"
) -> None:
    """Write the rows of every file as JSON, or the rejected ones as CSV where the path ends so.

    Of several files each has a CSV of its own: ``bad.csv`` becomes ``bad-households.csv`` and so on. So have the
    polygons of a boundary, an extent or a grid.
    """
    if path is None:
        return
    from app.domain.row_report import joined_rows

    if path.suffix.lower() != CSV_ENDING:
        write_json(joined_rows(reports), path)
        return
    from app.ingest.table_columns import FIELDS
    from app.services.rejected_files import rejected_csv

    given = [kind for kind in files if kind in FIELDS]
    for kind, report in reports.items():
        target = path if given == [kind] else path.with_name(f"{path.stem}-{kind}{path.suffix}")
        write_bytes(rejected_csv(files[kind], report), target)


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
