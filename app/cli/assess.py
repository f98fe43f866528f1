"""`reach15 assess`: every household of an area against a standard."""

from typing import Annotated

import typer

from app.cli.options import (
    AreaArgument,
    CrsOption,
    Division,
    JsonOption,
    OutputOption,
    ProfileOption,
    ReportFormat,
    SpeedOption,
    StandardOption,
    Weight,
)
from app.cli.output import check_output, write_bytes, write_json, write_tables
from app.domain.errors import BadInputError


def assess_area(
    name: AreaArgument,
    *,
    standard: StandardOption,
    profile: ProfileOption = None,
    speed_mps: SpeedOption = None,
    weight: Annotated[Weight, typer.Option(help="What shares are counted in.")] = Weight.HOUSEHOLDS,
    by: Annotated[
        Division, typer.Option(help="zone: the sums of each zone instead of each service or household.")
    ] = Division.AREA,
    band: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Also say which verdicts change at 1-X and 1+X times the speed, such as 0.1."
        ),
    ] = None,
    answer: Annotated[
        ReportFormat | None, typer.Option("--format", help="How to answer; table unless told otherwise.")
    ] = None,
    crs: CrsOption = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge every household of an area against a standard."""
    wanted = _wanted(answer, as_json=as_json)

    from app.cli.wiring import find_crs, find_profile, find_standard, load_settings, open_areas
    from app.domain.zone import NoZonesError
    from app.services.assessment import assess, choose_walker
    from app.services.weights import why_not_counted

    check_output(output)
    _check_band(band)
    coordinates = find_crs(crs)
    chosen = find_standard(standard)
    walker = choose_walker(chosen, find_profile(profile), speed_mps)
    engine = open_areas(load_settings()).engine(name)
    problem = why_not_counted(engine.area, weight.value)
    if problem is not None:
        raise BadInputError(f"--weight {weight}", problem)
    if by is Division.ZONE and engine.area.zones is None:
        raise NoZonesError(name)
    assessment = assess(engine, chosen, walker, band=band)
    if by is Division.ZONE:
        from app.cli.zone_report import write_zones

        write_zones(assessment, weight.value, wanted, output, coordinates)
    elif wanted is ReportFormat.CSV:
        from app.cli.csv_rows import household_csv

        write_bytes(household_csv(assessment, coordinates), output)
    elif wanted is ReportFormat.GEOJSON:
        from app.cli.features import household_collection

        write_bytes(household_collection(assessment, coordinates), output)
    else:
        from app.schemas.coverage import coverage_to_dict

        coverage = coverage_to_dict(assessment, weight=weight.value)
        if wanted is ReportFormat.JSON:
            write_json(coverage, output)
        else:
            from app.cli.coverage_table import coverage_parts

            write_tables(coverage_parts(coverage), output)


def _check_band(band: float | None) -> None:
    from app.services.assessment import WIDEST_BAND

    if band is not None and not 0 < band <= WIDEST_BAND:  # NaN fails this too
        raise BadInputError(f"--band {band:g}", f"must be above 0 and at most {WIDEST_BAND:g}, such as 0.1")


def _wanted(answer: ReportFormat | None, *, as_json: bool) -> ReportFormat:
    if not as_json:
        return answer or ReportFormat.TABLE
    if answer not in (None, ReportFormat.JSON):
        raise typer.BadParameter(
            f"says json, and --format says {answer}; give one of them", param_hint="'--json'"
        )
    return ReportFormat.JSON
