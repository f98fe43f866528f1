"""Runs an import with a progress bar and its warnings on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.cli.text import warn
from app.cli.wiring import open_standards
from app.domain.area import ImportReport
from app.services.import_area import ImportRequest, import_area
from app.services.ports import AreaStore
from app.services.update_area import update_area
from app.services.update_request import DataRequest
from app.settings import Settings

STAGES = {
    "load": "loading the area",
    "study_area": "finding the study area",
    "download": "downloading",
    "read": "reading OpenStreetMap data",
    "network": "building the walk network",
    "slope": "reading heights",
    "extent": "finding the extent",
    "zones": "reading zones",
    "households": "reading and linking households",
    "facilities": "reading and linking facilities",
    "households_and_facilities": "finding and linking households and facilities",
    "hash": "computing the data hash",
    "store": "storing",
}
"""The stages of imports and updates in their order, in the user's words."""


def run_import(request: ImportRequest, store: AreaStore, settings: Settings) -> ImportReport:
    """Import an area; the warnings of its report are said on stderr."""
    with _progress_bar() as progress:
        known = open_standards(settings).service_ids()
        report = import_area(request, store, settings, known_services=known, progress=progress)
    for warning in report.warnings:
        warn(warning)
    return report


def run_update(request: DataRequest, store: AreaStore, settings: Settings) -> ImportReport:
    """Bring new data into an area; the warnings of its report are said on stderr."""
    with _progress_bar() as progress:
        known = open_standards(settings).service_ids()
        report = update_area(request, store, known_services=known, progress=progress)
    for warning in report.warnings:
        warn(warning)
    return report


@contextmanager
def _progress_bar() -> Iterator[Callable[[str, int], None] | None]:
    """A bar that moves with each stage and counts within it; nothing where stderr is no terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    order = list(STAGES)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=len(order), count="")

        def tell(stage: str, count: int) -> None:
            bar.update(
                task,
                description=STAGES.get(stage, stage),
                completed=order.index(stage) if stage in STAGES else None,
                count=f"{count:,}" if count else "",
            )

        yield tell
