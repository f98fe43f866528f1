"""Several proposals side by side, for a terminal and for Markdown."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from app.cli.gate.text import escape_markdown, markdown_table, text_table
from app.cli.gate.words import percent, points, side_words
from app.cli.text import made_by_line, one_line

_RANKED = ("proposal", "rank", "gained", "lost", "net", "cost", "gained per cost")
_SERVICES = ("before", "after", "difference", "gained", "lost", "gained per cost")

Row = dict[str, Any]
Cells = list[tuple[str, ...]]
Table = Callable[[Sequence[Sequence[str]]], Iterator[str]]


def text_comparison(answer: Row) -> str:
    """For a terminal, in as many columns as names need."""
    lines = _lines(answer, text_table, one_line, heading="", bullet="  ", call="! ")
    return "".join(f"{line.rstrip()}\n" for line in lines)


def markdown_comparison(answer: Row) -> str:
    """For pull requests; whatever comes from data is escaped."""

    def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
        return markdown_table(rows[0], rows[1:])

    lines = _lines(answer, table, escape_markdown, heading="## ", bullet="- ", call="- ⚠️ ")
    return "".join(f"{line}\n" for line in lines)


def _lines(
    answer: Row, table: Table, safe: Callable[[str], str], *, heading: str, bullet: str, call: str
) -> Iterator[str]:
    proposals, weight = answer["proposals"], answer["weight"]
    number = len(proposals)
    yield f"{heading}{number} {'proposal' if number == 1 else 'proposals'} side by side"
    yield ""
    yield f"Ranked by {weight} that gain any service less those that lose any."
    yield ""
    yield from table([_RANKED, *map(_ranked(weight), proposals)])
    called = [item["message"] for row in proposals for item in row["newly_uncovered"]]
    called += [f"'{row['name']}': {item['message']}" for row in proposals for item in row["callouts"]]
    called += [f"'{row['name']}': {text}" for row in proposals for text in row["warnings"]]
    if called:
        yield ""
        yield from (f"{call}{safe(text)}" for text in called)
    yield from _services(answer, table)
    for row in proposals:
        yield from _households(row, safe, bullet)
    yield ""
    yield safe(made_by_line(answer))
    yield f"Shares and numbers count {weight}. {safe(answer['provenance']['attribution'])}"


def _ranked(weight: str) -> Callable[[Row], tuple[str, ...]]:
    def cells(row: Row) -> tuple[str, ...]:
        name = f"{row['name']} (scenario)" if row["scenario"] else row["name"]
        sums = (row["gained"][weight], row["lost"][weight])
        costs = (row["cost"], row["gained_per_cost"])
        return name, str(row["rank"]), *map(_number, sums), f"{row['net']:+,.10g}", *map(_number, costs)

    return cells


def _services(answer: Row, table: Table) -> Iterator[str]:
    """Services, and those of zones, that some proposal changes: one row for each proposal."""
    unchanged = False
    parts: list[tuple[str, Cells]] = []
    for zone, sides in _parts(answer):
        rows: Cells = []
        for position, before in enumerate(sides[0][1]["services"]):
            changed = [
                _service(before, name, after["services"][position], between["services"][position], answer)
                for name, _, after, between in sides
            ]
            if any(row[4:6] != ("0", "0") for row in changed):
                rows += changed
            else:
                unchanged = True
        if rows:
            parts.append((zone, rows))
    for zone, rows in parts:
        yield ""
        yield from table([(f"{zone}service: proposal", *_SERVICES), *rows])
    if unchanged and answer["by"] == "area":
        yield ""
        yield "Services that nobody gains or loses are left out."


def _parts(answer: Row) -> Iterator[tuple[str, list[tuple[str, Row, Row, Row]]]]:
    """The area and its zones, each with name, before, after and difference of every proposal."""
    before, proposals = answer["before"], answer["proposals"]
    yield "", [(row["name"], before, row["after"], row["difference"]) for row in proposals]
    for position, zone in enumerate(before.get("zones", ())):
        yield (
            f"zone {zone['id']}, ",
            [
                (row["name"], zone, row["after"]["zones"][position], row["difference"]["zones"][position])
                for row in proposals
            ],
        )


def _service(before: Row, name: str, after: Row, between: Row, answer: Row) -> tuple[str, ...]:
    weight = answer["weight"]
    return (
        f"{before['id']}: {name}",
        percent(before["share_covered"][weight]),
        percent(after["share_covered"][weight]),
        points(between["share_covered"][weight]),
        _number(between["gained"][weight]),
        _number(between["lost"][weight]),
        _number(between["gained_per_cost"]),
    )


def _households(row: Row, safe: Callable[[str], str], bullet: str) -> Iterator[str]:
    """Who gains and who loses, where that was asked for."""
    for kind in ("gained", "lost"):
        found = [
            item["properties"]
            for item in row.get("changes", {}).get("features", ())
            if item["properties"]["change"] == kind
        ]
        if not found:
            continue
        yield ""
        yield safe(f"'{row['name']}', {kind}:")
        yield ""
        for item in found:
            walk = f"{side_words(item['before'])} -> {side_words(item['after'])}"
            yield bullet + safe(f"{item['household']}, {item['service']}: {walk}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.10g}"
