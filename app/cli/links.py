"""`reach15 links`: which single street change would cover the most of those who lack a service."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.options import (
    AreaArgument,
    CrsOption,
    JsonOption,
    ProfileOption,
    SpeedOption,
    StandardOption,
    Weight,
    refused_input,
)
from app.cli.output import check_output, write_bytes, write_tables
from app.cli.text import warn


class LinksFormat(StrEnum):
    """How `links` answers."""

    GEOJSON = "geojson"
    TABLE = "table"


def find_links(
    name: AreaArgument,
    *,
    standard: StandardOption,
    service: Annotated[str, typer.Option(metavar="ID", help="What should be reached.")],
    max_length: Annotated[
        float, typer.Option("--max-length", metavar="L", help="Longest new link in metres.")
    ] = 100.0,
    limit: Annotated[int, typer.Option(metavar="N", help="How many changes are named.")] = 10,
    max_compared: Annotated[
        int | None,
        typer.Option(
            "--max-compared",
            metavar="N",
            help="How many changes are compared at most; 400, or 20 where each takes seconds.",
        ),
    ] = None,
    profile: ProfileOption = None,
    speed_mps: SpeedOption = None,
    weight: Annotated[Weight, typer.Option(help="What is counted.")] = Weight.HOUSEHOLDS,
    answer: Annotated[LinksFormat, typer.Option("--format", help="How to answer.")] = LinksFormat.GEOJSON,
    crs: CrsOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "--output", "-o", metavar="FILE", help="Write to this file instead of standard output."
        ),
    ] = None,
    proposal: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the best change to this file, for reach15 check."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Rank single street changes by the households that they newly cover.

    A gate unlocked, a restricted way made public, or a new link that crosses no building and no water.
    """
    if as_json and answer is LinksFormat.TABLE:
        raise typer.BadParameter(
            "says json, and --format says table; give one of them", param_hint="'--json'"
        )

    import orjson

    from app.cli.wiring import find_crs, find_profile, find_standard, load_settings, open_areas
    from app.schemas.crs import in_crs
    from app.schemas.missing_links import links_to_geojson, links_to_proposal
    from app.services.assessment import choose_walker
    from app.services.kernel_loader import KernelLoader
    from app.services.missing_links import LinksQuestion, find_missing_links
    from app.services.standards import get_service

    areas = open_areas(load_settings(), KernelLoader())
    with refused_input():
        check_output(out)
        check_output(proposal)
        coordinates = find_crs(crs)
        chosen = find_standard(standard)
        walker = choose_walker(chosen, find_profile(profile), speed_mps)
        question = LinksQuestion(get_service(chosen, service), weight.value, max_length, limit, max_compared)
        found = find_missing_links(areas.engine(name), chosen, walker, question)
    document = links_to_geojson(found)
    for note in document["notes"]:
        warn(note)
    if proposal is not None:
        if found.found:
            write_bytes([orjson.dumps(links_to_proposal(found)), b"\n"], proposal)
        else:
            warn(f"no street change covers anybody, so {proposal} is not written")
    if answer is LinksFormat.TABLE:
        write_tables(_parts(document), out)
    else:
        write_bytes([orjson.dumps(in_crs(document, coordinates)), b"\n"], out)


def _parts(answer: dict[str, Any]) -> list[Any]:
    from rich import box
    from rich.table import Table

    from app.cli.text import made_by_line

    weight = answer["weight"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in ("", "change"):
        table.add_column(heading, overflow="fold")
    for heading in ("metres", f"{weight}\ngained", "lost", "hours\nsaved"):
        table.add_column(heading, justify="right", no_wrap=True)
    for item in answer["features"]:
        values = item["properties"]
        table.add_row(
            str(values["rank"]),
            item["id"],
            f"{values['length_m']:.0f}",
            f"{values['gained']:g}",
            f"{values['lost']:g}",
            f"{values['time_saved_s'] / 3600:.1f}",
        )
    looked_at = answer["candidates"]
    looks = f"{looked_at['gate']} gates, {looked_at['way']} restricted ways and {looked_at['link']} new links"
    lines = [
        f"{answer['uncovered']:g} {weight} lack {answer['service']}",
        f"looked at {looks}; {answer['compared']} compared exactly",
        _certainty(answer),
    ]
    return [*([table] if answer["features"] else []), "\n".join(lines), made_by_line(answer)]


def _certainty(answer: dict[str, Any]) -> str:
    bound = "an unknown number of" if answer["bound"] is None else f"{answer['bound']:g}"
    others = "no other place wins more than" if answer["features"] else "no change wins more than"
    proven = "proven" if answer["complete"] else "NOT PROVEN: raise --max-compared to compare more"
    return f"{others} {bound} {answer['weight']} ({proven})"
