"""`reach15 db`: bring the database's tables up to date, say their version, check them."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from app.cli.options import JsonOption
from app.cli.output import write_json

if TYPE_CHECKING:
    from app.db.session import Database

app = typer.Typer(no_args_is_help=False, rich_markup_mode=None)


@app.command("upgrade")
def upgrade(as_json: JsonOption = False) -> None:
    """Make the database's tables, or bring them up to date; what they hold is kept."""
    from app.db.schema import current_revision, upgrade

    database = _open()
    before = current_revision(database)
    upgrade(database)
    after = current_revision(database)
    if as_json:
        write_json({"database": database.place, "before": before, "revision": after})
    elif before == after:
        typer.echo(f"Database {database.place} is up to date (revision {after}).")
    else:
        typer.echo(f"Upgraded database {database.place} from {before or 'nothing'} to revision {after}.")


@app.command("current")
def current(as_json: JsonOption = False) -> None:
    """Say which version of the tables the database has, and which one this software needs."""
    from app.db.schema import SCHEMA_REVISION, current_revision, schema_state

    database = _open()
    revision, state = current_revision(database), schema_state(database)
    if as_json:
        facts = {"database": database.place, "revision": revision, "needed": SCHEMA_REVISION}
        write_json(facts | {"state": state.value})
    else:
        typer.echo(
            f"Database {database.place}: revision {revision or 'none'}, needed {SCHEMA_REVISION} ({state.value})."
        )


@app.command("check")
def check(as_json: JsonOption = False) -> None:
    """Check the tables, and that what they say is what is there: folders, rows, indexes; else exit code 2.

    Waits for an import of an area whose folders look wrong, as they do while it writes.
    """
    from app.cli.wiring import load_settings, open_store
    from app.db.schema import SCHEMA_REVISION, check_schema
    from app.domain.errors import DatabaseError

    database = _open()
    check_schema(database)
    faults = open_store(load_settings()).faults()
    if as_json:
        facts = {"database": database.place, "revision": SCHEMA_REVISION, "state": "current"}
        write_json(facts | {"faults": [asdict(fault) for fault in faults]})
    else:
        typer.echo(f"Database {database.place} is up to date (revision {SCHEMA_REVISION}).")
        for fault in faults:
            typer.echo(f"{fault.kind}: {fault.problem}")
    if faults:
        what = "fault was" if len(faults) == 1 else "faults were"
        raise DatabaseError(
            database.place, f"{len(faults)} {what} found in what is kept; each is listed above"
        )


@app.command("reindex")
def reindex(as_json: JsonOption = False) -> None:
    """Make the indexes again by which places are found in boxes."""
    from app.db.box_index import remake_box_indexes
    from app.db.schema import check_schema

    database = _open()
    check_schema(database)
    with database.connection() as connection:
        tables = remake_box_indexes(connection)
    if as_json:
        write_json({"database": database.place, "reindexed": list(tables)})
    else:
        typer.echo(f"Made the indexes of {', '.join(tables)} again in database {database.place}.")


def _open() -> "Database":
    from app.cli.wiring import load_settings
    from app.db.session import Database

    return Database(load_settings().database_address)
