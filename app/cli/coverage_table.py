"""The coverage answer as a table for a terminal of 80 columns or more."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from app.cli.text import both_names, limit_words, made_by_line, one_line

_HEADINGS = {
    "covered": "covered",
    "too_far": "too\nfar",
    "no_facility": "no\nfacility",
    "disconnected": "discon-\nnected",
    "not_snapped": "not\nsnapped",
    "undetermined": "undeter-\nmined",
    "no_data": "no\ndata",
    "fragile": "fragile",
}
"""States in the order of the columns: what planners look for first, what nobody can know last. Then those whose
state the band of speeds changes, who are in one of the others too."""

_LEAST_NAME_COLUMNS = 16
"""Narrower than this, names of services fall apart, and a list reads better than a table."""


class CoverageTable:
    """Rows of services and columns of the states that occur; a list where the terminal is too narrow for it."""

    def __init__(self, coverage: dict[str, Any]) -> None:
        self._weight = str(coverage["weight"])
        self._services: list[dict[str, Any]] = coverage["services"]
        self._states = [state for state in _HEADINGS if state == "covered" or self._occurs(state)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = [self._cells(service) for service in self._services]
        headings = ["limit", "facil-\nities", *(_HEADINGS[state] for state in self._states)]
        cells = [[heading, *(row[column] for row in rows)] for column, heading in enumerate(headings)]
        taken = sum(max(map(_width, column)) for column in cells)
        for gap in (2, 1):
            if options.max_width - taken - gap * len(cells) >= _LEAST_NAME_COLUMNS:
                yield self._table(headings, rows, gap)
                return
        yield from (self._listed(service) for service in self._services)

    def _table(self, headings: list[str], rows: list[list[str]], gap: int) -> Table:
        # The box itself puts one blank between columns.
        table = Table(box=box.SIMPLE_HEAD, padding=(0, gap - 1, 0, 0), pad_edge=False, show_edge=False)
        table.add_column("service", overflow="fold")
        table.add_column(headings[0], no_wrap=True)
        for heading in headings[1:]:
            table.add_column(heading, justify="right", no_wrap=True)
        for service, row in zip(self._services, rows, strict=True):
            table.add_row(Text(_names(service, "\n")), *row)
        return table

    def _occurs(self, state: str) -> bool:
        if state == "fragile":  # asked for, so that nobody being fragile is an answer too
            return any(state in service for service in self._services)
        return any(service["states"][state]["points"] for service in self._services)

    def _cells(self, service: dict[str, Any]) -> list[str]:
        ask = "\n".join(_ask(service))
        return [ask, f"{service['facilities']:,}", *(self._cell(service, state) for state in self._states)]

    def _sums(self, service: dict[str, Any], state: str) -> tuple[str, str]:
        """Weight and share of one state."""
        total = sum(sums[self._weight] or 0.0 for sums in service["states"].values())
        value = _counted(service, state)[self._weight] or 0.0
        return f"{value:,.0f}", _percent(value, total)

    def _cell(self, service: dict[str, Any], state: str) -> str:
        """As above; where nobody is in a state, nothing distracts from those who are."""
        if state != "covered" and not _counted(service, state)["points"]:
            return "-"
        return "\n".join(self._sums(service, state))

    def _listed(self, service: dict[str, Any]) -> RenderableType:
        asked = ", ".join([*_ask(service), f"{service['facilities']:,} facilities"])
        shares = []
        for state in self._states:
            if state != "covered" and not _counted(service, state)["points"]:
                continue
            value, share = self._sums(service, state)
            shares.append(f"{state.replace('_', ' ')} {value} ({share})")
        return Text(f"{_names(service, ' ')} ({asked})\n  {', '.join(shares)}\n")


def coverage_parts(coverage: dict[str, Any]) -> Iterable[RenderableType]:
    """Title, table, the line over all services, and what made the answer."""
    area, standard, weight = coverage["area"], coverage["standard"], coverage["weight"]
    yield Text(one_line(area["title"]), "bold")
    yield Text(both_names(standard["title"], " "), "bold")
    total = coverage["total"]
    counts = ", ".join(
        f"{total[key]:,.0f} {key}" if total[key] is not None else f"{key} unknown" for key in total
    )
    yield Text(f"{counts}; shares count {weight}")
    yield ""
    yield CoverageTable(coverage)
    yield ""
    yield _overall(coverage["overall"], weight)
    if "band" in coverage:
        band = coverage["band"]
        yield Text(f"fragile: another state at {1 - band:.4g} or {1 + band:.4g} times the speed")
    yield Text(made_by_line(coverage), "dim")
    yield Text(coverage["provenance"]["attribution"], "dim")


def _counted(service: dict[str, Any], state: str) -> dict[str, float | None]:
    sums: dict[str, float | None] = service[state] if state == "fragile" else service["states"][state]
    return sums


def _overall(overall: dict[str, dict[str, float | None]], weight: str) -> Text:
    total = sum(sums[weight] or 0.0 for sums in overall.values())
    parts = [
        f"{state} {sums[weight] or 0.0:,.0f} ({_percent(sums[weight] or 0.0, total)})"
        for state, sums in overall.items()
    ]
    return Text(f"All required services: {', '.join(parts)}", "bold")


def _ask(service: dict[str, Any]) -> list[str]:
    """Limit, obligation and how many facilities, as the standard asks."""
    limit = service["limit"]
    straight = ["straight"] if limit.get("straight") else []
    several = [f"{service['min_count']} needed"] if service["min_count"] > 1 else []
    return [limit_words(limit), *straight, str(service["obligation"]), *several]


def _names(service: dict[str, Any], between: str) -> str:
    return both_names(service["name"], between)


def _percent(part: float, whole: float) -> str:
    return f"{100.0 * part / whole:.1f}%" if whole > 0 else "-"


def _width(cell: str) -> int:
    lines: Sequence[str] = cell.splitlines() or [""]
    return max(cell_len(line) for line in lines)
