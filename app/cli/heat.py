"""`reach15 heat`: what one new facility would cover, cell by cell."""

from enum import StrEnum
from typing import Annotated

import typer

from app.cli.options import (
    AreaArgument,
    CrsOption,
    IgnoreExistingOption,
    JsonOption,
    OutputOption,
    ProfileOption,
    SpeedOption,
    StandardOption,
    Weight,
    refused_input,
)
from app.cli.output import check_output, write_bytes


class HeatFormat(StrEnum):
    """How `heat` answers."""

    GEOJSON = "geojson"
    GEOTIFF = "geotiff"


def draw_heat(
    name: AreaArgument,
    *,
    standard: StandardOption,
    service: Annotated[
        list[str], typer.Option(metavar="ID", help="What the facility offers; again for several services.")
    ],
    cell_m: Annotated[float, typer.Option(metavar="M", help="Side of a cell in metres.")] = 100.0,
    ignore_existing: IgnoreExistingOption = False,
    profile: ProfileOption = None,
    speed_mps: SpeedOption = None,
    weight: Annotated[Weight, typer.Option(help="What is counted.")] = Weight.HOUSEHOLDS,
    answer: Annotated[HeatFormat, typer.Option("--format", help="How to answer.")] = HeatFormat.GEOJSON,
    crs: CrsOption = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write for every cell of a grid what one new facility there would newly cover."""
    if as_json and answer is HeatFormat.GEOTIFF:
        raise typer.BadParameter(
            "says json, and --format says geotiff; give one of them", param_hint="'--json'"
        )
    if crs is not None and answer is HeatFormat.GEOTIFF:
        raise typer.BadParameter(
            "moves polygons; a geotiff lies in the UTM zone of its cells", param_hint="'--crs'"
        )

    import orjson

    from app.cli.wiring import find_crs, find_profile, find_standard, load_settings, open_areas
    from app.schemas.crs import in_crs
    from app.schemas.heat import heat_to_geojson, heat_to_geotiff
    from app.services.assessment import choose_walker
    from app.services.siting_heat import find_heat
    from app.services.siting_question import SitingQuestion
    from app.services.standards import get_service

    areas = open_areas(load_settings())
    with refused_input():
        check_output(output)
        coordinates = find_crs(crs)
        chosen = find_standard(standard)
        walker = choose_walker(chosen, find_profile(profile), speed_mps)
        services = tuple(get_service(chosen, one) for one in service)
        question = SitingQuestion(services, weight=weight.value, ignore_existing=ignore_existing)
        engine = areas.engine(name)
        heat = find_heat(engine, chosen, walker, question, cell_m)
    if answer is HeatFormat.GEOTIFF:
        write_bytes([heat_to_geotiff(heat)], output)
    else:
        cells = in_crs(heat_to_geojson(heat, engine, chosen, walker, question), coordinates)
        write_bytes([orjson.dumps(cells), b"\n"], output)
