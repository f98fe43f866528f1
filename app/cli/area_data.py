"""`reach15 area households|facilities|zones`: new data for an area that is there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.options import (
    AreaArgument,
    JsonOption,
    OnError,
    OnErrorOption,
    PopulationColumnOption,
    PopulationCrsOption,
    PopulationGroupOption,
    PopulationOption,
    ReportOption,
    parse_group,
)
from app.cli.output import write_json, write_tables
from app.cli.row_reports import check_report, tell_rows, write_row_report

if TYPE_CHECKING:
    from app.services.rejected_files import RowFile
    from app.services.update_request import Kind

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="Rows in any format of docs/data-files.md.")
]
ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="Put them in the place of those there are (unless told otherwise).")
]
AppendOption = Annotated[bool, typer.Option("--append", help="Add them to those there are.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Report what would be done, and do nothing.")]
CrsOption = Annotated[
    str | None,
    typer.Option(
        metavar="CRS", help="Coordinate system, if the file does not say it: EPSG:4547, gcj02, bd09."
    ),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(metavar="OURS=YOURS,...", help="Which columns are which, such as id=编号,households=户数."),
]
LayerOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Layer or sheet, if the file has several.")
]


_COMMANDS: "dict[Kind, str]" = {
    "households": "Bring households from a file into an area, as its next version.",
    "facilities": "Bring facilities from a file into an area, as its next version. Those of OpenStreetMap stay.",
    "zones": "Bring zones from a file into an area, as its next version.",
}


def add_data_commands(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for kind, purpose in _COMMANDS.items():
        app.command(kind, help=purpose)(_households if kind == "households" else _command(kind))


def _command(kind: "Kind") -> Callable[..., None]:
    def update(
        name: AreaArgument,
        file: FileArgument,
        *,
        replace: ReplaceOption = False,
        append: AppendOption = False,
        dry_run: DryRunOption = False,
        crs: CrsOption = None,
        columns: ColumnsOption = None,
        layer: LayerOption = None,
        on_error: OnErrorOption = OnError.FAIL,
        report: ReportOption = None,
        as_json: JsonOption = False,
    ) -> None:
        _update(
            kind,
            report,
            as_json=as_json,
            area_id=name,
            file=file,
            mode=_mode(replace=replace, append=append),
            crs=crs,
            columns=columns,
            layer=layer,
            on_error=on_error.value,
            dry_run=dry_run,
        )

    return update


def _households(
    name: AreaArgument,
    file: FileArgument,
    *,
    replace: ReplaceOption = False,
    append: AppendOption = False,
    dry_run: DryRunOption = False,
    crs: CrsOption = None,
    columns: ColumnsOption = None,
    layer: LayerOption = None,
    population: PopulationOption = None,
    population_column: PopulationColumnOption = None,
    population_crs: PopulationCrsOption = None,
    population_group: PopulationGroupOption = None,
    on_error: OnErrorOption = OnError.FAIL,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    _update(
        "households",
        report,
        as_json=as_json,
        area_id=name,
        file=file,
        mode=_mode(replace=replace, append=append),
        crs=crs,
        columns=columns,
        layer=layer,
        on_error=on_error.value,
        dry_run=dry_run,
        population_file=population,
        population_column=population_column,
        population_crs=population_crs,
        population_groups=tuple(parse_group(text) for text in population_group or ()),
    )


def _mode(*, replace: bool, append: bool) -> str:
    if replace and append:
        raise typer.BadParameter("each says what becomes of the old rows; give one", param_hint="'--append'")
    return "append" if append else "replace"


def _update(kind: "Kind", report_path: Path | None, *, as_json: bool, **options: Any) -> None:
    from app.cli.import_report import update_report_parts
    from app.cli.importing import run_update
    from app.cli.wiring import load_settings, open_store
    from app.domain.row_report import RowReport, joined_rows
    from app.services.rejected_files import files_of_update
    from app.services.update_request import DataRequest, check_data_request

    request = DataRequest(kind=kind, **options)
    check_data_request(request)
    check_report(report_path)
    settings = load_settings()
    files = files_of_update(request)
    with refusals_reported(report_path, files, as_json=as_json):
        report = run_update(request, open_store(settings), settings)
    rows = {kind: RowReport.from_json(content) for kind, content in report.rows.items()}
    write_row_report(report_path, rows, files)
    tell_rows(rows, listed=as_json or report_path is not None)
    if as_json:
        write_json(asdict(report) | joined_rows(rows) | {"dry_run": request.dry_run})
    else:
        write_tables(update_report_parts(report, dry_run=request.dry_run))


@contextmanager
def refusals_reported(
    report_path: Path | None, files: "dict[str, RowFile]", *, as_json: bool
) -> Iterator[None]:
    """Write the report of refused files' rows too, before the refusal goes its way."""
    from app.domain.row_report import RowsRejectedError, joined_rows

    try:
        yield
    except RowsRejectedError as error:
        write_row_report(report_path, error.reports, files)
        if as_json:
            write_json(joined_rows(error.reports))
        raise
