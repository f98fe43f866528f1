"""Areas and import reports for people to read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from app.cli.text import one_line
from app.domain.area import ATTRIBUTION, AreaSummary, AreaVersion, ImportReport

_GROUPS = ("network", "households", "population", "zones", "facilities", "links", "osm")
_GROUP_NAMES = {"osm": "OpenStreetMap"}
_EXTENT_BASES = {
    "given": "as given",
    "header": "box of the file's header",
    "free_nodes": "box of the nodes that no way refers to",
    "walkable_nodes": "box of the walkable nodes",
    "download": "box of the download",
}


def import_report_parts(report: ImportReport) -> Iterable[RenderableType]:
    """What an import kept and dropped and how long it took. Its warnings were said on stderr."""
    yield Text(
        f"Imported area {report.area_id}, version {report.version}, from {one_line(report.source)}", "bold"
    )
    yield ""
    yield _counts_table(report)
    yield f"data hash  {report.data_hash}"
    yield ATTRIBUTION


def update_report_parts(report: ImportReport, *, dry_run: bool) -> Iterable[RenderableType]:
    """What new data makes, or would make, of an area. Its warnings were said on stderr."""
    done = "Nothing was stored; this would make" if dry_run else "Made"
    yield Text(
        f"{done} version {report.version} of area {report.area_id}, from {one_line(report.source)}", "bold"
    )
    yield ""
    yield _counts_table(report)
    yield f"data hash  {report.data_hash}"
    yield ATTRIBUTION


def area_parts(summary: AreaSummary, report: ImportReport) -> Iterable[RenderableType]:
    """One area: its summary, and the report of the import that made it."""
    yield Text(f"{one_line(summary.title)} ({summary.id}), version {summary.version}", "bold")
    yield f"imported from {one_line(report.source)}"
    yield ""
    totals = Table.grid(padding=(0, 2))
    totals.add_column()
    totals.add_column(justify="right")
    for name, value in summary.counts.items():
        totals.add_row(*_label_and_value(name.removeprefix("households_"), value))
    yield totals
    yield ""
    yield _counts_table(report)
    for warning in report.warnings:
        yield Text(f"warning: {one_line(warning)}", "yellow")
    yield f"data hash  {report.data_hash}"
    yield ATTRIBUTION


def area_list_parts(summaries: Sequence[AreaSummary]) -> Iterable[RenderableType]:
    """All areas, one a line."""
    if not summaries:
        yield "No area has been imported yet. Import one with: reach15 area import NAME --osm FILE"
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("title", overflow="fold")
    table.add_column("version", no_wrap=True)
    for heading in ("points", "households", "population", "facilities"):
        table.add_column(heading, justify="right", no_wrap=True)
    for summary in summaries:
        counts = summary.counts
        numbers = (counts.get(key) for key in ("households_points", "households", "population", "facilities"))
        table.add_row(
            summary.id, Text(one_line(summary.title)), summary.version, *(_count(value) for value in numbers)
        )
    yield table


def _counts_table(report: ImportReport) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(justify="right", overflow="fold")
    for group in (*_GROUPS, *(name for name in report.counts if name not in _GROUPS)):
        _add_group(table, _GROUP_NAMES.get(group, group), report.counts.get(group, {}))
    basis = str(report.extent["basis"])
    box_text = ",".join(f"{value:.5f}" for value in report.extent["bbox"])
    table.add_row("extent", _EXTENT_BASES.get(basis, basis), box_text)
    table.add_row()
    first = True
    for stage, seconds in report.stages_s.items():
        table.add_row("time" if first else "", stage.replace("_", " "), f"{seconds:.2f} s")
        first = False
    table.add_row("", "all stages", f"{sum(report.stages_s.values()):.2f} s")
    table.add_row()
    return table


def _add_group(table: Table, name: str, counts: Mapping[str, Any]) -> None:
    """What was kept first, then what was dropped, by reason."""
    dropped = {key: value for key, value in counts.items() if key.startswith("dropped_")}
    kept = {key: value for key, value in counts.items() if key == "kept"}
    rest = {key: value for key, value in counts.items() if key not in dropped and key not in kept}
    first = True
    for key, value in {**kept, **rest, **dropped}.items():
        table.add_row(name if first else "", *_label_and_value(key, value))
        first = False
    if not first:
        table.add_row()


def _label_and_value(key: str, value: float | None) -> tuple[str, str]:
    if key.endswith("length_m") and value is not None:
        return key.removesuffix("_m").replace("_", " "), f"{value / 1000:,.1f} km"
    for prefix in ("dropped_", "kept_"):
        if key.startswith(prefix):
            return f"{prefix[:-1]}: {key.removeprefix(prefix).replace('_', ' ')}", _count(value)
    return key.replace("_", " "), _count(value)


def version_list_parts(versions: Sequence[AreaVersion]) -> Iterable[RenderableType]:
    """Versions of an area, one a line."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in ("number", "version", "imported", "by", "", "points", "facilities"):
        numeric = heading in ("number", "points", "facilities")
        table.add_column(heading, justify="right" if numeric else "left", no_wrap=True)
    for version in versions:
        table.add_row(
            str(version.number),
            version.version,
            version.created_at.strftime("%Y-%m-%d %H:%M:%SZ"),
            Text(one_line(version.created_by)),
            "current" if version.current else "",
            _count(version.counts.get("households_points")),
            _count(version.counts.get("facilities")),
        )
    yield table


def _count(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.0f}"
