"""`reach15 snapshot`: keep assessments of an area, and see what changed since."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.options import AreaArgument, JsonOption, SpeedOption, Weight
from app.cli.output import write_json, write_tables
from app.domain.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from app.services.ports import SnapshotStore

app = typer.Typer(no_args_is_help=False, rich_markup_mode=None)

NumberArgument = Annotated[int, typer.Argument(metavar="ID", min=1, help="Number of a snapshot.")]

_NOW = "now"


@app.command("take")
def take(
    area: AreaArgument,
    *,
    standard: Annotated[str, typer.Option(metavar="ID", help="Id of a standard, shipped or added.")],
    profile: Annotated[
        str | None, typer.Option(metavar="ID", help="Who walks: the id of a shipped profile.")
    ] = None,
    speed_mps: SpeedOption = None,
    weight: Annotated[Weight, typer.Option(help="What shares are counted in.")] = Weight.HOUSEHOLDS,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is for.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Assess an area and keep the answer, with all that made it."""
    from app.cli.wiring import load_settings, open_areas, open_snapshots, open_standards
    from app.domain.snapshot import check_note
    from app.schemas.snapshots import answer_question, snapshot_to_dict
    from app.services.weights import why_not_counted
    from app.wiring import actor_here

    settings = load_settings()
    text = check_note(note)
    chosen = open_standards(settings).get(standard)
    engine = open_areas(settings).engine(area)
    problem = why_not_counted(engine.area, weight.value)
    if problem is not None:
        raise BadInputError(f"--weight {weight}", problem)
    answered = answer_question(engine, chosen, profile=profile, speed_mps=speed_mps, weight=weight.value)
    kept = open_snapshots(settings).take(answered, note=text, actor=actor_here(settings))
    if as_json:
        write_json(snapshot_to_dict(kept))
    else:
        typer.echo(f"Kept snapshot {kept.summary.id} of area {area}, standard {chosen.id}.")


@app.command("list")
def list_(area: AreaArgument, as_json: JsonOption = False) -> None:
    """List the snapshots of an area, the newest first."""
    from app.schemas.snapshots import snapshot_summary

    found, _ = _open().list_snapshots(area)
    listed = [snapshot_summary(summary) for summary in found]
    if as_json:
        write_json({"area": area, "snapshots": listed})
    elif listed:
        write_tables(_list_parts(listed))
    else:
        typer.echo(f"Area {area} has no snapshots; keep one with: reach15 snapshot take")


@app.command("show")
def show(area: AreaArgument, number: NumberArgument, as_json: JsonOption = False) -> None:
    """Show a snapshot: the coverage as it was."""
    snapshot = _open().get(area, number)
    if as_json:
        from app.schemas.snapshots import snapshot_to_dict

        write_json(snapshot_to_dict(snapshot))
        return
    from app.cli.coverage_table import coverage_parts
    from app.schemas.snapshots import snapshot_summary

    write_tables(
        [*_list_parts([snapshot_summary(snapshot.summary)]), *coverage_parts(snapshot.answered.coverage)]
    )


@app.command("compare")
def compare(
    area: AreaArgument,
    number: NumberArgument,
    *,
    to: Annotated[str, typer.Option(metavar="ID|now", help="Another snapshot, or the area as it is.")] = _NOW,
    weight: Annotated[
        Weight | None, typer.Option(help="Show this weight; that of the snapshot unless told otherwise.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what changed since a snapshot, by service. Sums do not tell who changed places."""
    from app.cli.wiring import load_settings, open_areas, open_standards
    from app.schemas.snapshots import answer_again, difference_to_dict

    snapshots = _open()
    before = snapshots.get(area, number).answered
    after_id = None if to == _NOW else _number(to)
    if after_id is None:
        settings = load_settings()
        standard = open_standards(settings).get(before.standard_id)
        after = answer_again(before, open_areas(settings).engine(area), standard)
    else:
        after = snapshots.get(area, after_id).answered
    difference = difference_to_dict(before, after, number, after_id)
    if as_json:
        write_json(difference)
    else:
        shown = before.parameters["weight"] if weight is None else weight.value
        write_tables(_difference_parts(difference, shown))


@app.command("remove")
def remove(area: AreaArgument, number: NumberArgument, as_json: JsonOption = False) -> None:
    """Remove a snapshot. It cannot be brought back."""
    from app.cli.wiring import load_settings
    from app.wiring import actor_here

    _open().remove(area, number, actor=actor_here(load_settings()))
    if as_json:
        write_json({"area": area, "removed": number})
    else:
        typer.echo(f"Removed snapshot {number} of area {area}.")


def _open() -> "SnapshotStore":
    from app.cli.wiring import load_settings, open_snapshots

    return open_snapshots(load_settings())


def _number(text: str) -> int:
    if text.isascii() and text.isdecimal() and 0 < len(text) <= 18:
        return int(text)
    raise typer.BadParameter(f"'{text}' is neither the number of a snapshot nor {_NOW}", param_hint="'--to'")


def _list_parts(listed: "list[dict[str, Any]]") -> "Iterable[RenderableType]":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from app.cli.text import one_line

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("snapshot", justify="right", no_wrap=True)
    table.add_column("taken", no_wrap=True)
    for name in ("by", "standard", "area version", "note"):
        table.add_column(name, overflow="fold")
    for one in listed:
        standard = f"{one['standard']['id']} {one['standard']['version']}"
        words = (one["taken_by"], standard, one["version"], one["note"] or "")
        table.add_row(str(one["id"]), one["taken_at"][:19] + "Z", *(Text(one_line(word)) for word in words))
    yield table


def _difference_parts(difference: "dict[str, Any]", weight: str) -> "Iterable[RenderableType]":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from app.cli.text import one_line

    until = difference["after"]["snapshot"]
    yield Text(
        f"area {difference['area']}: snapshot {difference['before']['snapshot']} and "
        + (_NOW if until is None else f"snapshot {until}")
        + f", in {weight}"
    )
    yield Text("differs: " + (", ".join(difference["differs"]) or "nothing that answers are made of"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("service", overflow="fold")
    for name in ("before", "after", "gained", "lost", "share"):
        table.add_column(name, justify="right", no_wrap=True)
    rows = [(one["id"], one["by_weight"].get(weight), "covered") for one in difference["services"]]
    rows.append(("all required", difference["overall"].get(weight), "served"))
    for name, change, good in rows:
        table.add_row(Text(one_line(name)), *(_cells(change, good) if change else ("?",) * 5))
    yield table
    for side in ("before", "after"):
        if difference[f"only_{side}"]:
            yield Text(f"only {side}: {one_line(', '.join(difference[f'only_{side}']))}")


def _cells(change: "dict[str, Any]", good: str) -> tuple[str, ...]:
    share = change[f"share_{good}"]["change"]
    counts = (change[good]["before"], change[good]["after"], change["gained"], change["lost"])
    return (*(f"{count:,.0f}" for count in counts), "" if share is None else f"{share * 100:+.1f} %")
