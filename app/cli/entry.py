"""The program `reach15`: its commands, and how every way of ending becomes an exit code and at most one line."""

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from app import __version__
from app.cli import (
    area,
    assess,
    audit,
    check,
    compare,
    db,
    demo,
    explain,
    facilities,
    heat,
    isochrone,
    jobs,
    links,
    scenario,
    serve,
    site,
    snapshot,
    standards,
    worker,
)
from app.cli.options import InputRefusedError, JsonOption
from app.cli.output import silence_stdout, write_json
from app.cli.text import one_line, say
from app.domain.errors import Reach15Error

EXIT_INTERNAL = 1
EXIT_BAD_INPUT = 2
EXIT_USAGE = 3
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""What a shell reports of a program that SIGPIPE ended, as it would of `cat`."""

DEBUG_VARIABLE = "REACH15_DEBUG"

# typer has no public name for this base of all usage errors; it is its own class in newer releases and click's in
# older ones.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="reach15",
    help="Which households cannot walk to which required service, why, and by how much.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: it can be piped, and rich need not be loaded for it
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(
    area.app, name="area", help="Import, list, show and delete areas, and go back to earlier versions."
)
app.command("assess")(assess.assess_area)
app.command("explain")(explain.explain_household)
app.add_typer(standards.app, name="standards", help="The service standards at hand.")
app.command("facilities")(facilities.list_facilities)
app.command("isochrone")(isochrone.draw_isochrone)
app.add_typer(db.app, name="db", help="The database's tables: bring them up to date, or check them.")
app.command("site")(site.site_facilities)
app.command("check")(check.check_proposal)
app.command("compare")(compare.compare_proposals)
app.add_typer(scenario.app, name="scenario", help="Keep proposals by name: save, list, show and remove them.")
app.command("heat")(heat.draw_heat)
app.command("links")(links.find_links)
app.command("serve")(serve.serve)
app.command("worker")(worker.work)
app.add_typer(jobs.app, name="jobs", help="List, show, cancel and retry imports and other jobs.")
app.add_typer(snapshot.app, name="snapshot", help="Keep assessments of an area, and see what changed since.")
app.command("audit")(audit.list_changes)
app.command("demo")(demo.demo)


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Which households cannot walk to which required service, why, and by how much."""
    if version:
        if as_json:
            write_json({"name": "reach15", "version": __version__})
        else:
            typer.echo(f"reach15 {__version__}")
        raise typer.Exit
    if as_json:
        raise typer.BadParameter(
            "put it after the command, as in 'reach15 area list --json'", param_hint="'--json'"
        )
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> NoReturn:
    """Run the program with the arguments it was started with."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code is returned, and whatever went wrong stands on one line of stderr."""
    _prepare_process()
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us has enough, as `head` does.
        silence_stdout()
        return EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        say("interrupted")
        return EXIT_INTERRUPTED
    except _UsageError as error:
        say(_usage_line(error))
        return EXIT_USAGE
    except InputRefusedError as error:
        say(str(error))
        silence_stdout()
        return EXIT_USAGE
    except (Reach15Error, OSError, MemoryError) as error:
        say(_line_of(error))
        silence_stdout()
        return EXIT_BAD_INPUT
    except Exception as error:  # noqa: BLE001 - whatever it is, the user gets one line and can report it
        code = _fail_unforeseen(error)
        # To whoever asks the gate, 1 means that a rule failed.
        return EXIT_BAD_INPUT if arguments[:1] == ["check"] else code
    return code


def _invoke(arguments: Sequence[str]) -> int:
    # Not `app()`: that prints errors in its own way and ends the process itself.
    command = typer.main.get_command(app)
    try:
        with command.make_context("reach15", list(arguments)) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    return 0


def _prepare_process() -> None:
    if not sys.warnoptions and not _debugging():
        warnings.simplefilter("ignore")  # of libraries, for their developers; ours are printed as such
    if sys.stdout is None:  # closed by whoever started us
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - open to the end
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Chinese shows ? and not an error


def _debugging() -> bool:
    return os.environ.get(DEBUG_VARIABLE, "") not in ("", "0")


def _usage_line(error: Exception) -> str:
    """What is wrong, and where help stands; typer spreads its lists of choices over lines."""
    message = " ".join(error.format_message().split()).replace("Value error, ", "")  # type: ignore[attr-defined]
    message = message[:1].lower() + message[1:].rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{message}; see '{context.command_path if context else 'reach15'} --help'"


def _line_of(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory; cut the extract into smaller areas"
    if isinstance(error, OSError) and not isinstance(error, Reach15Error):
        return (
            f"{error.filename or 'standard output'}: {error.strerror or error}; check the path and its disk"
        )
    return str(error)


def _fail_unforeseen(error: Exception) -> int:
    # Only now: the engine brings numpy and scipy with it.
    from app.geo.errors import GeoError

    if isinstance(error, GeoError):
        say(str(error))
        return EXIT_BAD_INPUT
    say(
        f"internal error: {type(error).__name__}: {one_line(str(error))} "
        f"(please report it; {DEBUG_VARIABLE}=1 shows where it happened)"
    )
    if _debugging():
        traceback.print_exception(error)
    return EXIT_INTERNAL
