"""`reach15 explain`: why one household has its verdict on one service."""

from typing import Annotated

import typer

from app.cli.options import (
    AreaArgument,
    CrsOption,
    JsonOption,
    OutputOption,
    ProfileOption,
    SpeedOption,
    StandardOption,
)
from app.cli.output import check_output, write_json, write_tables


def explain_household(
    name: AreaArgument,
    household: Annotated[
        str, typer.Argument(metavar="HOUSEHOLD", help="Id of a household, such as way/123.")
    ],
    *,
    standard: StandardOption,
    service: Annotated[str, typer.Option(metavar="ID", help="Id of a service of the standard.")],
    profile: ProfileOption = None,
    speed_mps: SpeedOption = None,
    crs: CrsOption = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Explain one verdict: the walk street by street, its costs, the next facility, what would change it."""
    from app.cli.wiring import find_crs, find_profile, find_standard, load_settings, open_areas
    from app.schemas.crs import in_crs
    from app.schemas.explain import explanation_to_dict
    from app.services.assessment import assess, choose_walker
    from app.services.explain import explain
    from app.services.ids import find_household
    from app.services.standards import get_service

    check_output(output)
    coordinates = find_crs(crs)
    chosen = find_standard(standard)
    asked = get_service(chosen, service)
    walker = choose_walker(chosen, find_profile(profile), speed_mps)
    engine = open_areas(load_settings()).engine(name)
    position = find_household(engine.area, household)
    assessment = assess(engine, chosen, walker)
    explanation = explanation_to_dict(explain(assessment, assessment.of(asked), position))
    if as_json:
        write_json(in_crs(explanation, coordinates), output)
        return
    from app.cli.explain_text import explanation_parts

    write_tables(explanation_parts(explanation), output)
