"""What became of single rows: on stderr as numbers, in a file that the user asked for, and in the JSON answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.output import check_output, write_bytes, write_json
from app.cli.text import warn

if TYPE_CHECKING:
    from app.domain.row_report import RowReport
    from app.ingest.table_source import ReadOptions
    from app.services.grid_request import GridRequest
    from app.services.import_request import ImportRequest
    from app.services.update_area import DataRequest

CSV_ENDING = ".csv"


@dataclass(frozen=True)
class RowFile:
    """A file whose rows are reported on, with how it is read."""

    path: Path
    options: "ReadOptions"


def files_of_import(request: "ImportRequest") -> dict[str, RowFile]:
    """Every file with rows of an import."""
    from app.ingest.table_columns import FIELDS
    from app.ingest.table_source import ReadOptions
    from app.services.import_request import read_options

    options = {kind: read_options(request, kind) for kind in FIELDS}
    options |= {kind: ReadOptions(crs=getattr(request, f"{kind}_crs")) for kind in ("boundary", "extent")}
    given = {kind: getattr(request, f"{kind}_file") for kind in options}
    files = {kind: RowFile(path, options[kind]) for kind, path in given.items() if path is not None}
    return files | _grids(request)


def files_of_update(request: "DataRequest") -> dict[str, RowFile]:
    """Every file with rows of an update."""
    from app.services.update_area import read_options_of

    return {request.kind: RowFile(request.file, read_options_of(request)), **_grids(request)}


def _grids(request: "GridRequest") -> dict[str, RowFile]:
    from app.ingest.table_source import ReadOptions

    grids = (("population", request.population_file), *request.population_groups)
    options = ReadOptions(crs=request.population_crs)
    return {kind: RowFile(path, options) for kind, path in grids if path is not None}


def check_report(path: Path | None) -> None:
    """Refuse a report that cannot be written, before any work is done for it."""
    check_output(path)


def write_row_report(
    path: Path | None, reports: "Mapping[str, RowReport]", files: Mapping[str, RowFile]
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
    from app.ingest.rejected_rows import rejected_rows_csv
    from app.ingest.table_columns import FIELDS

    given = [kind for kind in files if kind in FIELDS]
    for kind, report in reports.items():
        target = path if given == [kind] else path.with_name(f"{path.stem}-{kind}{path.suffix}")
        write_bytes(rejected_rows_csv(files[kind].path, files[kind].options, report), target)


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
