"""Service coverage by zone: as a table, JSON, CSV or GeoJSON."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from app.cli.csv_rows import csv_lines, plain_number, safe_text
from app.cli.features import zone_collection
from app.cli.options import ReportFormat
from app.cli.output import write_bytes, write_json, write_tables
from app.cli.text import both_names, made_by_line, one_line
from app.ingest.coordinates import Coordinates
from app.schemas.zones import coverage_by_zone, flat_zone
from app.services.assessment import Assessment


def write_zones(
    assessment: Assessment,
    weight: str,
    wanted: ReportFormat,
    output: Path | None,
    coordinates: Coordinates | None,
) -> None:
    """Write the coverage of every zone, and of what lies outside of them; shapes in a coordinate system."""
    coverage = coverage_by_zone(assessment, weight=weight)
    if wanted is ReportFormat.JSON:
        write_json(coverage, output)
    elif wanted is ReportFormat.CSV:
        write_bytes(_zone_csv(coverage), output)
    elif wanted is ReportFormat.GEOJSON:
        write_bytes(zone_collection(assessment, coverage, coordinates), output)
    else:
        write_tables(_zone_parts(coverage), output)


def _zone_csv(coverage: dict[str, Any]) -> Iterator[bytes]:
    """A header, and one row for each zone in the order of their ids; `outside` comes last."""
    rows = [flat_zone(entry, coverage["weight"]) for entry in coverage["zones"]]
    yield csv_lines([rows[0]])
    for row in rows:
        texts = {key: safe_text(" ".join((row[key] or "").split())) for key in ("id", "name")}
        yield csv_lines([[plain_number(value) for value in (row | texts).values()]])


def _zone_parts(coverage: dict[str, Any]) -> Iterable[RenderableType]:
    """Title, one line a zone, and what made the answer."""
    weight = coverage["weight"]
    yield Text(one_line(coverage["area"]["title"]), "bold")
    yield Text(both_names(coverage["standard"]["title"], " "), "bold")
    yield Text(f"by zone; shares count {weight}")
    yield ""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("zone", overflow="fold")
    for heading in (weight, "served", "under-\nserved", "undeter-\nmined", "least covered service"):
        table.add_column(heading, justify="left" if "service" in heading else "right", overflow="fold")
    for entry in [*coverage["zones"], coverage | {"id": "all", "name": None}]:
        total = entry["total"][weight] or 0.0
        shares = [_percent(sums[weight] or 0.0, total) for sums in entry["overall"].values()]
        name = one_line(f"{entry['name']} ({entry['id']})" if entry["name"] else entry["id"])
        table.add_row(Text(name), f"{total:,.0f}", *shares, _least_covered(entry))
    yield table
    yield ""
    yield Text(made_by_line(coverage), "dim")
    yield Text(coverage["provenance"]["attribution"], "dim")


def _least_covered(entry: dict[str, Any]) -> str:
    known = [service for service in entry["services"] if service["share_covered_of_determined"] is not None]
    if not known:
        return "-"
    least = min(known, key=lambda service: service["share_covered_of_determined"])
    return f"{least['id']} {100 * least['share_covered_of_determined']:.1f}%"


def _percent(part: float, whole: float) -> str:
    return f"{100.0 * part / whole:.1f}%" if whole > 0 else "-"
