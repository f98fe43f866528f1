"""Where the gate's reports go: ``--format text``, or several at once, ``junit=out.xml,markdown=summary.md``."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import typer

from app.cli.gate.words import ProposalPlace
from app.cli.output import check_output, write_bytes
from app.domain.errors import BadInputError

FORMATS = ("text", "json", "junit", "sarif", "markdown", "github")
_MIX_ON_STDOUT = frozenset({"text", "github"})
"""Formats of separate lines; any other is a document that nothing may stand beside."""

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True)
class Output:
    """One report: its format, and its file, or None for standard output."""

    format: str
    path: Path | None = None


def parse_outputs(asked: Sequence[str]) -> tuple[Output, ...]:
    """The reports that ``--format`` asks for; text without it.

    Raises
    ------
    typer.BadParameter
        If a format does not exist, or two reports would go to the same place.
    BadInputError
        If a file cannot be written.
    """
    parts = [part for text in asked for part in text.split(",")]
    outputs = tuple(_output(part) for part in parts) or (Output("text"),)
    on_stdout = [output.format for output in outputs if output.path is None]
    if len(on_stdout) > 1 and (len(set(on_stdout)) < len(on_stdout) or not set(on_stdout) <= _MIX_ON_STDOUT):
        _refuse(f"{' and '.join(on_stdout)} would mix on standard output; give a file, as in junit=out.xml")
    paths = [output.path.absolute() for output in outputs if output.path is not None]
    if len(set(paths)) < len(paths):
        _refuse("two reports would go to one file; give each its own")
    for output in outputs:
        check_output(output.path)
    return outputs


def _output(text: str) -> Output:
    name, equals, path = text.strip().partition("=")
    if name not in FORMATS:
        _refuse(f"'{name}' is not one of {', '.join(FORMATS)}")
    if equals and not path:
        _refuse(f"'{text}' names no file; write {name}=FILE, or {name} alone for standard output")
    return Output(name, Path(path) if path and path != "-" else None)


def _refuse(problem: str) -> None:
    raise typer.BadParameter(problem, param_hint="'--format'")


def write_reports(outputs: Sequence[Output], report: dict[str, Any], proposal: ProposalPlace) -> None:
    """Write every report that was asked for; files first, so that what is said of them on stdout is true."""
    for output in sorted(outputs, key=lambda output: output.path is None):
        write_bytes([render(output.format, report, proposal)], output.path)
        if output.format == "github":
            _append_summary(report)


def render(name: str, report: dict[str, Any], proposal: ProposalPlace) -> bytes:
    """A report in one of `FORMATS`."""
    if name == "json":
        return _json(report)
    if name == "junit":
        from app.cli.gate.junit import junit_report

        return junit_report(report)
    if name == "sarif":
        from app.cli.gate.sarif import sarif_report

        return _json(sarif_report(report, proposal))
    if name == "github":
        from app.cli.gate.github import github_report

        return github_report(report, proposal).encode()
    from app.cli.gate.text import markdown_report, text_report

    return (text_report if name == "text" else markdown_report)(report).encode()


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _append_summary(report: dict[str, Any]) -> None:
    """GitHub shows the file of this variable below the step; other steps may have written to it already."""
    from app.cli.gate.text import markdown_report

    path = os.environ.get(SUMMARY_VARIABLE)
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(markdown_report(report))
    except OSError as error:
        raise BadInputError(
            f"{SUMMARY_VARIABLE}={path}", f"cannot be written ({error.strerror or error})"
        ) from error
