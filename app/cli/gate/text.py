"""The gate's report for a terminal and for Markdown."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import cell_len

from app.cli.gate.words import (
    about_line,
    changes_line,
    headline,
    households_of,
    service_rows,
    zone_rows,
)
from app.cli.text import one_line

_LABELS = {
    "passed": "passed",
    "failed": "FAILED",
    "warned": "warning",
    "waived": "waived",
    "not_evaluated": "NOT EVALUATED",
}
_ICONS = {
    "passed": "✅ passed",
    "failed": "❌ failed",
    "warned": "⚠️ warning",
    "waived": "⏸️ waived",
    "not_evaluated": "❔ not evaluated",
}
_HEAD = ("service", "before", "after", "difference", "gained", "lost")


def text_report(report: dict[str, Any]) -> str:
    """For a terminal, in as many columns as names need."""
    return "".join(f"{line.rstrip()}\n" for line in _text_lines(report))


def _text_lines(report: dict[str, Any]) -> Iterator[str]:
    yield headline(report)
    yield one_line(about_line(report))
    yield ""
    width = max(len(_LABELS[rule["status"]]) for rule in report["rules"])
    for rule in report["rules"]:
        yield f"{_LABELS[rule['status']]:<{width}}  {one_line(rule['id'])}: {one_line(rule['message'])}"
        for line in households_of(report, rule):
            yield f"{'':<{width}}    {one_line(line)}"
    yield ""
    for call in report["callouts"]:
        yield f"! {one_line(call['message'])}"
    for warning in report["warnings"]:
        yield f"warning: {one_line(warning)}"
    if report["callouts"] or report["warnings"]:
        yield ""
    yield f"Household-service pairs that change: {changes_line(report)}"
    yield from text_table([_HEAD, *service_rows(report)])
    zones = zone_rows(report)
    if zones:
        yield ""
        yield from text_table([("zone: service", *_HEAD[1:]), *zones])
    yield ""
    yield "Shares and numbers count households. " + one_line(report["provenance"]["attribution"])


def text_table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of a table, its head the first row: the first column to the left, numbers to the right."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(cell_len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        first = row[0] + " " * (widths[0] - cell_len(row[0]))
        yield "  ".join(
            [first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )


def markdown_report(report: dict[str, Any]) -> str:
    """For pull requests and step summaries; whatever comes from data is escaped."""
    return "".join(f"{line}\n" for line in _markdown_lines(report))


def _markdown_lines(report: dict[str, Any]) -> Iterator[str]:
    yield f"## {headline(report)}"
    yield ""
    yield escape_markdown(about_line(report))
    yield ""
    yield "| result | rule | severity | what was asked, and what was found |"
    yield "|---|---|---|---|"
    for rule in report["rules"]:
        yield (
            f"| {_ICONS[rule['status']]} | {escape_markdown(rule['id'])} | {rule['severity']} "
            f"| {escape_markdown(rule['message'])} |"
        )
    for rule in report["rules"]:
        if rule["households"]:
            yield from ("", f"**{escape_markdown(rule['id'])}**: who makes it fail", "")
            yield from (f"- {escape_markdown(line)}" for line in households_of(report, rule))
    notes = [call["message"] for call in report["callouts"]] + report["warnings"]
    if notes:
        yield from ("", "### Worth knowing", "")
        yield from (f"- {escape_markdown(note)}" for note in notes)
    yield from ("", "### What changes", "", f"Household-service pairs: {changes_line(report)}.", "")
    yield from markdown_table(_HEAD, service_rows(report))
    zones = zone_rows(report)
    if zones:
        yield ""
        yield from markdown_table(("zone: service", *_HEAD[1:]), zones)
    yield ""
    yield f"Shares and numbers count households. {escape_markdown(report['provenance']['attribution'])}"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The same in Markdown."""
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'---:|' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(escape_markdown(cell) for cell in row)} |"


_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}


def escape_markdown(text: str) -> str:
    """Text that stays text: no table cell, tag, link, heading or mention begins in it."""
    escaped = "".join(
        _ENTITIES.get(character, f"\\{character}" if character in "\\`*_[]|~#!$" else character)
        for character in one_line(text)
    )
    # A bare address would become a link.
    return escaped.replace("://", "&#58;//").replace("www.", "www&#46;")
