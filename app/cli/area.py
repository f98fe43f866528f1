"""`reach15 area`: import, list, show and delete areas, and their versions."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli.area_data import add_data_commands, refusals_reported
from app.cli.area_places import write_places
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
    parse_box,
    parse_group,
)
from app.cli.output import write_json, write_tables
from app.cli.row_reports import check_report, tell_rows, write_row_report

app = typer.Typer(no_args_is_help=False, rich_markup_mode=None)

add_data_commands(app)
app.command("places")(write_places)

_File = Path | None
_Crs = Annotated[
    str | None,
    typer.Option(metavar="CRS", help="Coordinate system of this file, if it does not say it itself."),
]
_Columns = Annotated[
    str | None,
    typer.Option(metavar="OURS=YOURS,...", help="Which columns of this file are which, such as id=编号."),
]
_Layer = Annotated[
    str | None, typer.Option(metavar="NAME", help="Layer or sheet of this file, if it has several.")
]


@app.command("import")
def import_(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name for the area: a-z, 0-9 and -, at most 63.")
    ],
    *,
    osm: Annotated[
        _File, typer.Option(metavar="FILE", help="OpenStreetMap extract: .osm.pbf, .osm and the like.")
    ] = None,
    place: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="Study area by name; without --osm its surroundings are downloaded."
        ),
    ] = None,
    bbox: Annotated[
        str | None,
        typer.Option(metavar="W,S,E,N", help="Study area in degrees; without --osm likewise downloaded."),
    ] = None,
    boundary: Annotated[
        _File, typer.Option(metavar="FILE", help="Study area as polygons (GeoJSON, GeoPackage).")
    ] = None,
    extent: Annotated[
        _File, typer.Option(metavar="FILE", help="Where the extract is complete, if its header does not say.")
    ] = None,
    households: Annotated[
        _File, typer.Option(metavar="FILE", help="Households, instead of those estimated from buildings.")
    ] = None,
    facilities: Annotated[
        _File, typer.Option(metavar="FILE", help="Facilities, in addition to OpenStreetMap's.")
    ] = None,
    facilities_only: Annotated[
        bool, typer.Option("--facilities-only", help="Leave out OpenStreetMap's facilities.")
    ] = False,
    dem: Annotated[
        _File,
        typer.Option(metavar="FILE", help="Terrain model (GeoTIFF), for profiles to which slope matters."),
    ] = None,
    population: PopulationOption = None,
    population_column: PopulationColumnOption = None,
    population_group: PopulationGroupOption = None,
    zones: Annotated[
        _File, typer.Option(metavar="FILE", help="Zones as polygons with id and name, to sum answers up by.")
    ] = None,
    zones_level: Annotated[
        int | None,
        typer.Option(metavar="N", help="Zones from OpenStreetMap's administrative boundaries of this level."),
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option(
            metavar="CRS",
            help="Coordinate system of households, facilities and zones: EPSG:4547, gcj02, bd09.",
        ),
    ] = None,
    households_crs: _Crs = None,
    facilities_crs: _Crs = None,
    zones_crs: _Crs = None,
    boundary_crs: _Crs = None,
    extent_crs: _Crs = None,
    population_crs: PopulationCrsOption = None,
    households_columns: _Columns = None,
    facilities_columns: _Columns = None,
    zones_columns: _Columns = None,
    households_layer: _Layer = None,
    facilities_layer: _Layer = None,
    zones_layer: _Layer = None,
    on_error: OnErrorOption = OnError.FAIL,
    report: ReportOption = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Title in any language.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Import an area from an OpenStreetMap file, or download it. An area of this name is replaced."""
    box = parse_box(bbox) if bbox is not None else None
    groups = tuple(parse_group(text) for text in population_group or ())

    from app.cli.importing import run_import
    from app.cli.wiring import load_settings, open_store
    from app.domain.row_report import RowReport, joined_rows
    from app.services.import_area import ImportRequest
    from app.services.import_request import check_request
    from app.services.rejected_files import files_of_import

    request = ImportRequest(
        area_id=name,
        title=title,
        osm_file=osm,
        place=place,
        box=box,
        boundary_file=boundary,
        extent_file=extent,
        households_file=households,
        facilities_file=facilities,
        facilities_only=facilities_only,
        dem_file=dem,
        population_file=population,
        population_column=population_column,
        population_groups=groups,
        zones_file=zones,
        zones_level=zones_level,
        crs=crs,
        households_crs=households_crs,
        facilities_crs=facilities_crs,
        zones_crs=zones_crs,
        boundary_crs=boundary_crs,
        extent_crs=extent_crs,
        population_crs=population_crs,
        households_columns=households_columns,
        facilities_columns=facilities_columns,
        zones_columns=zones_columns,
        households_layer=households_layer,
        facilities_layer=facilities_layer,
        zones_layer=zones_layer,
        on_error=on_error.value,
    )
    check_report(report)
    check_request(request)
    settings = load_settings()
    files = files_of_import(request)
    with refusals_reported(report, files, as_json=as_json):
        done = run_import(request, open_store(settings), settings)
    rows = {kind: RowReport.from_json(content) for kind, content in done.rows.items()}
    write_row_report(report, rows, files)
    tell_rows(rows, listed=as_json or report is not None)
    if as_json:
        write_json(asdict(done) | joined_rows(rows))
        return
    from app.cli.import_report import import_report_parts

    write_tables(import_report_parts(done))


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """List the imported areas."""
    from app.cli.wiring import load_settings, open_store

    summaries = open_store(load_settings()).list_areas()
    if as_json:
        from app.domain.area import ATTRIBUTION

        write_json({"areas": [asdict(summary) for summary in summaries], "attribution": ATTRIBUTION})
        return
    from app.cli.import_report import area_list_parts

    write_tables(area_list_parts(summaries))


@app.command("show")
def show(name: AreaArgument, as_json: JsonOption = False) -> None:
    """Show an area and the report of its import."""
    from app.cli.wiring import load_settings, open_store

    summary, report = open_store(load_settings()).describe(name)
    if as_json:
        write_json(asdict(summary) | {"import_report": asdict(report)})
        return
    from app.cli.import_report import area_parts

    write_tables(area_parts(summary, report))


@app.command("delete")
def delete(name: AreaArgument, as_json: JsonOption = False) -> None:
    """Delete an area. It cannot be brought back except by importing it again."""
    from app.cli.wiring import load_settings, open_store

    open_store(load_settings()).delete(name)
    if as_json:
        write_json({"deleted": name})
    else:
        typer.echo(f"Deleted area {name}.")


@app.command("versions")
def versions(name: AreaArgument, as_json: JsonOption = False) -> None:
    """List the versions of an area that are kept, newest first."""
    from app.cli.wiring import load_settings, open_store

    listed = open_store(load_settings()).list_versions(name)
    if as_json:
        from app.schemas.versions import versions_to_dict

        write_json(versions_to_dict(name, listed))
        return
    from app.cli.import_report import version_list_parts

    write_tables(version_list_parts(listed))


@app.command("rollback")
def rollback(
    name: AreaArgument,
    version: Annotated[
        str | None,
        typer.Argument(
            metavar="[VERSION]", help="Its number or its version; by default the one before the current one."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Answer from an earlier version of an area again. `reach15 area versions` lists them."""
    from app.cli.wiring import load_settings, open_store

    chosen = open_store(load_settings()).roll_back(name, version)
    if as_json:
        from app.schemas.versions import version_to_dict

        write_json({"area": name} | version_to_dict(chosen))
    else:
        typer.echo(f"Area {name} answers from number {chosen.number}, version {chosen.version}.")


@app.command("prune")
def prune(
    name: AreaArgument,
    keep: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Versions to keep, the current one included; REACH15_KEEP_VERSIONS by default.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Drop older versions of an area, and what killed imports left. They cannot be brought back."""
    from app.cli.wiring import load_settings, open_store

    settings = load_settings()
    store = open_store(settings)
    dropped = store.prune(name, keep or settings.keep_versions)
    if as_json:
        from app.schemas.versions import version_to_dict, versions_to_dict

        answer = versions_to_dict(name, store.list_versions(name))
        write_json(answer | {"dropped": [version_to_dict(version) for version in dropped]})
    else:
        numbers = ", ".join(str(version.number) for version in reversed(dropped))
        typer.echo(f"Dropped {numbers} of area {name}." if dropped else f"Nothing to drop of area {name}.")
