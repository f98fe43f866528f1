"""`reach15 site`: where new facilities would serve most."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.options import (
    AreaArgument,
    IgnoreExistingOption,
    JsonOption,
    OutCrsOption,
    ProfileOption,
    SpeedOption,
    StandardOption,
    Weight,
    refused_input,
)
from app.cli.output import check_output, write_bytes, write_json, write_tables
from app.cli.text import say

if TYPE_CHECKING:
    from app.domain.standard import Service
    from app.services.area_engine import AreaEngine
    from app.services.candidates import Candidates

EXIT_INFEASIBLE = 2
EXISTING = "existing"
DEFAULT_GRID_M = 100.0


def site_facilities(
    name: AreaArgument,
    *,
    standard: StandardOption,
    service: Annotated[
        list[str], typer.Option(metavar="ID", help="What a site offers; give it again for several services.")
    ],
    sites: Annotated[
        int | None, typer.Option(metavar="P", help="Cover the most weight with at most so many sites.")
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(metavar="X", help="Cover this share, such as 0.95, with the fewest sites."),
    ] = None,
    candidates: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where a site may be: id, cost and capacity at points or areas."),
    ] = None,
    grid: Annotated[
        float | None, typer.Option(metavar="M", help="Or the middles of cells of so many metres; 100.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(metavar="B", help="Most that all sites may cost together.")
    ] = None,
    lock: Annotated[
        list[str] | None,
        typer.Option(
            metavar="existing|ID",
            help="Part of every answer: existing facilities (the default), a candidate.",
        ),
    ] = None,
    ignore_existing: IgnoreExistingOption = False,
    exclude: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Polygons in which no site may be.")
    ] = None,
    fair: Annotated[
        bool, typer.Option("--fair", help="Raise the zone with the smallest share first.")
    ] = False,
    profile: ProfileOption = None,
    speed_mps: SpeedOption = None,
    weight: Annotated[Weight, typer.Option(help="What is counted.")] = Weight.HOUSEHOLDS,
    time_limit: Annotated[
        float, typer.Option(metavar="S", help="Seconds after which the best answer so far is given.")
    ] = 60.0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Write the sites as a GeoJSON proposal to this file."
        ),
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option(
            metavar="CRS", help="Coordinate system of --candidates and --exclude, if they do not say it."
        ),
    ] = None,
    out_crs: OutCrsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose where new facilities cover the most households, or the fewest sites that cover a share."""
    from app.cli.wiring import find_crs, find_profile, find_standard, load_settings, open_areas
    from app.ingest.table_source import ReadOptions
    from app.ingest.tables import read_area_file
    from app.schemas.crs import in_crs
    from app.schemas.siting import siting_to_dict, siting_to_geojson
    from app.services.assessment import choose_walker
    from app.services.siting import InfeasibleSitingError, site
    from app.services.siting_question import SitingQuestion
    from app.services.standards import get_service

    locked = [one for one in lock or () if one != EXISTING]
    if ignore_existing and EXISTING in (lock or ()):
        raise typer.BadParameter(
            "locks existing facilities, and --ignore-existing ignores them", param_hint="--lock"
        )
    if candidates is not None and grid is not None:
        raise typer.BadParameter("is given beside --candidates; give one of them", param_hint="--grid")
    if crs is not None and candidates is None and exclude is None:
        raise typer.BadParameter("speaks of --candidates and --exclude; give one of them", param_hint="--crs")
    if (sites is None) == (target is None):
        raise typer.BadParameter("give one of --sites and --target", param_hint="--sites")
    areas = open_areas(load_settings())
    try:
        with refused_input():
            check_output(out)
            coordinates = find_crs(out_crs, "--out-crs")
            chosen = find_standard(standard)
            walker = choose_walker(chosen, find_profile(profile), speed_mps)
            question = SitingQuestion(
                services=tuple(get_service(chosen, one) for one in service),
                weight=weight.value,
                sites=sites,
                target=target,
                budget=budget,
                ignore_existing=ignore_existing,
                fair=fair,
                exclude=None
                if exclude is None
                else read_area_file(exclude, "exclusion zone", ReadOptions(crs=crs)),
                locked=tuple(locked),
                time_limit_s=time_limit,
            )
            engine = areas.engine(name)
            found = site(engine, chosen, walker, _candidates(engine, candidates, grid, crs), question)
    except InfeasibleSitingError as error:
        say(str(error))
        if as_json:
            write_json({"error": str(error), "households": error.households})
        else:
            write_tables([f"households: [{', '.join(error.households)}]"])
        raise typer.Exit(EXIT_INFEASIBLE) from error
    if out is not None:
        import orjson

        proposal = siting_to_geojson(found, chosen, walker)
        write_bytes([orjson.dumps(in_crs(proposal, coordinates)), b"\n"], out)
        _warn_of_points(question.services, proposal["features"])
    answer = siting_to_dict(found, chosen, walker)
    if as_json:
        write_json(answer)
    elif out is None or str(out) != "-":
        write_tables(_parts(answer))


def _candidates(engine: "AreaEngine", path: Path | None, grid: float | None, crs: str | None) -> "Candidates":
    from app.cli.text import warn
    from app.ingest.candidate_files import read_candidates_file
    from app.ingest.table_source import ReadOptions
    from app.services.candidates import Candidates, grid_candidates

    if path is None:
        return grid_candidates(engine.area, DEFAULT_GRID_M if grid is None else grid)
    rows = read_candidates_file(path, ReadOptions(crs=crs))
    for warning in rows.warnings:
        warn(warning)
    return Candidates(rows.places, rows.cost, rows.capacity)


def _warn_of_points(services: "tuple[Service, ...]", features: list[dict[str, Any]]) -> None:
    """Siting takes a point to be large enough; nobody else can."""
    from app.cli.text import warn

    sized = [service.id for service in services if service.min_area_m2 is not None]
    if sized and any(item["geometry"]["type"] == "Point" for item in features):
        warn(
            f"'{sized[0]}' asks for an area, and sites are points: `reach15 check` counts such a site only once its "
            "outline is drawn"
        )


def _parts(answer: dict[str, Any]) -> list[Any]:
    from rich import box
    from rich.table import Table

    from app.cli.text import made_by_line, one_line

    weight = answer["weight"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("site", overflow="fold")
    for heading in ("lon", "lat", "cost", f"{weight}\ngained"):
        table.add_column(heading, justify="right", no_wrap=True)
    for item in answer["sites"]:
        table.add_row(
            one_line(item["id"]),
            f"{item['lon']:.6f}",
            f"{item['lat']:.6f}",
            f"{item['cost']:g}",
            f"{item['gained']:g}",
        )
    best = f"no answer covers more than {answer['bound']:g} (gap {answer['gap']:.2%}, {answer['status']})"
    lines = [f"newly covered: {answer['objective']:g} {weight}; {best}"]
    lines += [
        f"{one_line(item['service'])}: {item['share_before'] or 0:.2%} covered before, "
        f"{item['share_after'] or 0:.2%} after"
        for item in answer["coverage"]
    ]
    used, agrees = answer["candidates"], answer["recheck"]["agrees"]
    lines.append(
        f"candidates: {used['considered']} of {used['given']}; a full assessment "
        f"{'agrees' if agrees else 'DIFFERS'}"
    )
    return [table, "\n".join(lines), made_by_line(answer)]
