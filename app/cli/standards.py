"""`reach15 standards`: which standards there are, what they ask, and your own ones in the database."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import JsonOption
from app.cli.output import write_json, write_tables

if TYPE_CHECKING:
    from rich.console import RenderableType

    from app.domain.standard import Service, Standard
    from app.services.standards import ListedStandard

app = typer.Typer(rich_markup_mode=None)


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """List all standards: the shipped ones, and those that were added."""
    from app.cli.wiring import load_settings, open_standards
    from app.schemas.standards import standard_summaries

    standards = open_standards(load_settings()).list_standards()
    if as_json:
        write_json({"standards": standard_summaries(standards)})
    else:
        write_tables(_list_parts(standards))


@app.command("show")
def show(
    standard: Annotated[
        str,
        typer.Argument(metavar="ID|PATH", help="Id of a standard, or path of your own YAML file."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Show a standard: its services, their limits, and where each value comes from."""
    from app.cli.wiring import find_listed_standard

    chosen = find_listed_standard(standard)
    if as_json:
        from app.schemas.standards import standard_to_dict

        write_json(standard_to_dict(chosen))
    else:
        write_tables(_show_parts(chosen.standard))


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Your standard as YAML or JSON.")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Keep it whatever is kept under its id already.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Keep a standard of your own in the database: `--standard ID` knows it from then on, as HTTP does."""
    from app.cli.wiring import load_settings, open_standards
    from app.ingest.standard_files import read_standard_file
    from app.wiring import actor_here

    document = read_standard_file(file)
    settings = load_settings()
    standards = open_standards(settings)
    keep = standards.replace if replace else standards.add
    kept, is_new = keep(document, actor=actor_here(settings))
    if as_json:
        from app.schemas.standards import standard_to_dict

        write_json(standard_to_dict(kept))
    else:
        done = "added" if is_new else "replaced" if replace else "is kept already, word for word"
        typer.echo(f"standard {kept.standard.id} version {kept.standard.version}: {done}")


@app.command("remove")
def remove(
    standard: Annotated[str, typer.Argument(metavar="ID", help="Id of a standard that was added.")],
) -> None:
    """Remove a standard of your own from the database; snapshots that were taken with it keep it."""
    from app.cli.wiring import load_settings, open_standards
    from app.wiring import actor_here

    settings = load_settings()
    open_standards(settings).remove(standard, actor=actor_here(settings))
    typer.echo(f"standard {standard}: removed")


def _list_parts(standards: "Iterable[ListedStandard]") -> "Iterable[RenderableType]":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("standard", no_wrap=True)
    table.add_column("version", no_wrap=True)
    table.add_column("services", justify="right", no_wrap=True)
    table.add_column("origin", no_wrap=True)
    table.add_column("title", overflow="fold")
    for listed in standards:
        standard = listed.standard
        title = Text(f"{standard.title.zh}\n{standard.title.en}")
        count = str(len(standard.services))
        table.add_row(standard.id, standard.version, count, listed.origin, title)
    yield table


def _show_parts(standard: "Standard") -> "Iterable[RenderableType]":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from app.cli.text import one_line

    yield Text(f"{one_line(standard.title.zh)} {one_line(standard.title.en)}", "bold")
    yield Text(
        f"{one_line(standard.id)}, version {one_line(standard.version)}; {one_line(_source(standard))}"
    )
    if standard.note:
        yield Text(" ".join(standard.note.split()))
    yield ""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("service", overflow="fold")
    table.add_column("id", no_wrap=True)
    table.add_column("limit", no_wrap=True)
    table.add_column("obligation", no_wrap=True)
    table.add_column("source", overflow="fold")
    for service in standard.services:
        names = Text(f"{one_line(service.name.zh)}\n{one_line(service.name.en)}")
        source = Text(one_line(_source(service)))
        table.add_row(names, Text(one_line(service.id)), _limit(service), service.obligation, source)
    yield table


def _source(described: "Standard | Service") -> str:
    source = described.source
    parts = [source.document, source.clause, source.date, f"[{source.mark}]"]
    if source.verify:
        parts.append("to be verified")
    return ", ".join(part for part in parts if part)


def _limit(service: "Service") -> str:
    from app.cli.text import limit_words
    from app.schemas.names import limit_to_dict

    limit = limit_to_dict(service)
    shown = limit_words(limit) + ("\nstraight" if limit.get("straight") else "")
    least = f"\nat least {service.min_count}" if service.min_count > 1 else ""
    others = [
        *(f"\nor {other}" for other in service.any_of),
        *(f"\nwaived by {other}" for other in service.waived_by),
    ]
    return shown + least + "".join(others) + ("\nown data only" if service.user_data_only else "")
