"""The files of an import that have rows, and their rejected rows as files to be corrected and sent again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.domain.area import ImportReport
from app.domain.row_report import RowReport, RowsRejectedError
from app.ingest.table_columns import FIELDS
from app.ingest.table_source import ReadOptions
from app.services.grid_request import GridRequest
from app.services.import_request import ImportRequest, read_options
from app.services.update_request import DataRequest, read_options_of


@dataclass(frozen=True)
class RowFile:
    """A file whose rows are reported on, with how it is read."""

    path: Path
    options: ReadOptions


def files_of_import(request: ImportRequest) -> dict[str, RowFile]:
    """Every file with rows of an import."""
    options = {kind: read_options(request, kind) for kind in FIELDS}
    options |= {kind: ReadOptions(crs=getattr(request, f"{kind}_crs")) for kind in ("boundary", "extent")}
    given = {kind: getattr(request, f"{kind}_file") for kind in options}
    files = {kind: RowFile(path, options[kind]) for kind, path in given.items() if path is not None}
    return files | _grids(request)


def files_of_update(request: DataRequest) -> dict[str, RowFile]:
    """Every file with rows of an update."""
    return {request.kind: RowFile(request.file, read_options_of(request)), **_grids(request)}


def _grids(request: GridRequest) -> dict[str, RowFile]:
    grids = (("population", request.population_file), *request.population_groups)
    options = ReadOptions(crs=request.population_crs)
    return {kind: RowFile(path, options) for kind, path in grids if path is not None}


def rejected_csv(file: RowFile, report: RowReport) -> Iterator[bytes]:
    """The rejected rows of a file, with all their columns and the reason."""
    from app.ingest.rejected_rows import rejected_rows_csv  # noqa: PLC0415 - only where there are any

    return rejected_rows_csv(file.path, file.options, report)


@dataclass(frozen=True)
class RejectedFiles:
    """Writes the rejected rows of files into a folder, as ``rejected-households.csv`` and so on."""

    folder: Path
    files: Mapping[str, RowFile]

    def keep(self, report: ImportReport) -> None:
        """Those of rows that an import left out."""
        self._keep({kind: RowReport.from_json(rows) for kind, rows in report.rows.items()})

    def _keep(self, reports: Mapping[str, RowReport]) -> None:
        for kind, report in reports.items():
            if report.rejected:
                with (self.folder / f"rejected-{kind}.csv").open("wb") as target:
                    target.writelines(rejected_csv(self.files[kind], report))

    @contextmanager
    def refusals_kept(self) -> Iterator[None]:
        """Those of files that are refused meanwhile."""
        try:
            yield
        except RowsRejectedError as refusal:
            self._keep(refusal.reports)
            raise
