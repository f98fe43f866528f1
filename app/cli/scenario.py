"""`reach15 scenario`: keep proposals by name, list them, show and remove them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import (
    AreaArgument,
    CrsOfProposalOption,
    JsonOption,
    LenientOption,
    OutputOption,
    refused_input,
)
from app.cli.output import check_output, write_bytes, write_json, write_tables

if TYPE_CHECKING:
    from app.services.scenarios import ScenarioService

app = typer.Typer(no_args_is_help=False, rich_markup_mode=None)

NameArgument = Annotated[str, typer.Argument(metavar="SCENARIO", help="Name of the scenario.")]


@app.command("save")
def save(
    area: AreaArgument,
    name: NameArgument,
    file: Annotated[
        Path, typer.Argument(metavar="PROPOSAL.geojson", help="The proposal, a GeoJSON FeatureCollection.")
    ],
    *,
    lenient: LenientOption = False,
    crs: CrsOfProposalOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a proposal under a name, in place of what stood there. The area must be there as it speaks of it."""
    from app.cli.text import warn
    from app.ingest.table_rows import read_bytes, shown_path

    scenarios = _open()
    with refused_input():
        content = read_bytes(file)
        saved = scenarios.save(area, name, content, source=shown_path(file), lenient=lenient, crs=crs)
    for note in saved.notes:
        warn(note)
    if as_json:
        from app.schemas.scenarios import saved_scenario_to_dict

        write_json(saved_scenario_to_dict(saved))
        return
    number = saved.summary.changes
    what = f"{number} {'change' if number == 1 else 'changes'}"
    verb = "Stored" if saved.is_new else "Replaced"
    typer.echo(f"{verb} scenario {name} of area {area}: {what}.")


@app.command("list")
def list_(area: AreaArgument, as_json: JsonOption = False) -> None:
    """List the scenarios of an area, by name."""
    from app.schemas.scenarios import scenario_to_dict

    scenarios, _ = _open().list_scenarios(area)
    if as_json:
        write_json({"area": area, "scenarios": [scenario_to_dict(summary) for summary in scenarios]})
        return
    if not scenarios:
        typer.echo(f"Area {area} has no scenarios; keep one with: reach15 scenario save")
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("scenario", overflow="fold")
    table.add_column("changes", justify="right")
    table.add_column("stored")
    table.add_column("by", overflow="fold")
    for shown in map(scenario_to_dict, scenarios):
        table.add_row(shown["name"], str(shown["changes"]), shown["changed_at"], shown["changed_by"])
    write_tables([table])


@app.command("show")
def show(
    area: AreaArgument, name: NameArgument, *, out: OutputOption = None, as_json: JsonOption = False
) -> None:
    """Print the proposal of a scenario, as it was given."""
    del as_json  # it is JSON either way
    check_output(out)
    write_bytes([_open().get(area, name).document.encode()], out)


@app.command("remove")
def remove(area: AreaArgument, name: NameArgument, as_json: JsonOption = False) -> None:
    """Remove a scenario. It cannot be brought back."""
    _open().remove(area, name)
    if as_json:
        write_json({"area": area, "removed": name})
    else:
        typer.echo(f"Removed scenario {name} of area {area}.")


def _open() -> "ScenarioService":
    from app.cli.wiring import load_settings, open_scenarios

    return open_scenarios(load_settings())
