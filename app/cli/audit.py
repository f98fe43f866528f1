"""`reach15 audit`: who changed what, and when."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import JsonOption
from app.cli.output import write_json, write_tables

if TYPE_CHECKING:
    from datetime import datetime

    from rich.table import Table

    from app.domain.audit import AuditEntry


def list_changes(
    area: Annotated[str | None, typer.Option(metavar="NAME", help="Only changes of this area.")] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only changes since, such as 2026-11-24 or 2026-11-24T08:00:00Z."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="At most so many.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List who changed what, the newest change first."""
    from app.cli.wiring import load_settings, open_audit_log
    from app.domain.audit import area_subject
    from app.schemas.audit import entry_to_dict

    found, matched = open_audit_log(load_settings()).list_entries(
        subject=None if area is None else area_subject(area),
        since=None if since is None else _moment(since),
        before=None,
        limit=limit,
    )
    if as_json:
        write_json({"entries": [entry_to_dict(entry) for entry in found], "numberMatched": matched})
    elif found:
        write_tables([_table(found)])
    else:
        typer.echo("Nothing was changed.")


def _moment(text: str) -> "datetime":
    from app.domain.audit import parse_moment

    try:
        return parse_moment(text)
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' {error}", param_hint="'--since'") from error


def _table(entries: "list[AuditEntry]") -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from app.cli.text import one_line
    from app.schemas.moments import utc_text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("when", "who", "what", "of", "details"):
        table.add_column(name, overflow="fold", no_wrap=name == "when")
    for entry in entries:
        details = ", ".join(f"{name} {value}" for name, value in entry.details.items())
        words = (entry.actor, entry.action, entry.subject, details)
        table.add_row(utc_text(entry.at), *(Text(one_line(word)) for word in words))
    return table
