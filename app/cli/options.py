"""Options that several commands share, and choices among a few words. Imports nothing heavy."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
AreaArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of an imported area.")]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of standard output."),
]
StandardOption = Annotated[
    str,
    typer.Option(
        metavar="ID|PATH", help="Id of a standard, shipped or added, or path of your own YAML file."
    ),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        metavar="ID|PATH",
        help="Who walks: standard, brisk, careful, child, elderly, wheelchair, or your own YAML file.",
    ),
]
SpeedOption = Annotated[
    float | None,
    typer.Option(metavar="X", help="Walking speed in m/s, before that of profile and standard."),
]
LenientOption = Annotated[
    bool, typer.Option("--lenient", help="Pass over properties of the proposal that nobody knows.")
]
CrsOfProposalOption = Annotated[
    str | None,
    typer.Option(
        "--crs", metavar="CRS", help="Coordinate system of the proposal, if the file does not say it."
    ),
]
IgnoreExistingOption = Annotated[
    bool, typer.Option("--ignore-existing", help="As if no facility of the services existed.")
]


CrsOption = Annotated[
    str | None,
    typer.Option(
        "--crs",
        "--out-crs",
        metavar="CRS",
        help="Coordinate system of the answer's geometries and of a CSV's places, such as EPSG:4547, gcj02 or bd09.",
    ),
]
OutCrsOption = Annotated[
    str | None,
    typer.Option(
        "--out-crs",
        metavar="CRS",
        help="Coordinate system of the answer's geometries, such as EPSG:4547, gcj02 or bd09.",
    ),
]


class InputRefusedError(Exception):
    """What the user gave to a command whose exit codes tell malformed input (3) from missing data (2)."""


@contextmanager
def refused_input() -> Iterator[None]:
    """Such a command, where it reads what the user gave and asks with it.

    A standard, a profile or a service that nobody knows is malformed input too; an area or a scenario is missing data.
    """
    from app.domain.errors import BadInputError
    from app.domain.profile import ProfileNotFoundError
    from app.domain.standard import StandardNotFoundError
    from app.domain.zone import NoZonesError
    from app.geo.errors import InvalidSpeedError
    from app.services.standards import ServiceNotFoundError

    unusable = (
        BadInputError,
        InvalidSpeedError,
        NoZonesError,
        ProfileNotFoundError,
        ServiceNotFoundError,
        StandardNotFoundError,
    )
    try:
        yield
    except unusable as error:
        raise InputRefusedError(str(error)) from error


class OnError(StrEnum):
    """What bad rows of a file do."""

    FAIL = "fail"
    SKIP = "skip"


OnErrorOption = Annotated[
    OnError, typer.Option("--on-error", help="Bad rows refuse the whole file (fail), or are left out (skip).")
]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Write every rejected and repaired row: JSON, or as CSV the rejected ones to correct and send again.",
    ),
]


PopulationOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Grid of people (GeoTIFF, or polygons), spread over the households."),
]
PopulationColumnOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Its column (or band) of people, if not called population."),
]
PopulationCrsOption = Annotated[
    str | None,
    typer.Option(metavar="CRS", help="Coordinate system of a grid of polygons that does not say it itself."),
]
PopulationGroupOption = Annotated[
    list[str] | None,
    typer.Option(metavar="GROUP=FILE", help="Likewise for an age group, such as pop_60plus; repeatable."),
]


class ReportFormat(StrEnum):
    """How `assess` answers."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    GEOJSON = "geojson"


class PlacesFormat(StrEnum):
    """How `facilities` answers."""

    GEOJSON = "geojson"
    CSV = "csv"


class PlaceKindName(StrEnum):
    """What is kept of an area (`app.domain.place.PlaceKind`)."""

    HOUSEHOLDS = "households"
    FACILITIES = "facilities"
    ZONES = "zones"


class Weight(StrEnum):
    """What shares are counted in (`app.domain.household.WEIGHTS`, which would bring numpy with it)."""

    POINTS = "points"
    HOUSEHOLDS = "households"
    POPULATION = "population"
    POP_0_3 = "pop_0_3"
    POP_3_6 = "pop_3_6"
    POP_6_12 = "pop_6_12"
    POP_60PLUS = "pop_60plus"
    POP_65PLUS = "pop_65plus"


class Division(StrEnum):
    """What `assess` sums up by."""

    AREA = "area"
    ZONE = "zone"


def parse_group(text: str) -> tuple[str, Path]:
    """An age group and a file, joined by an equals sign; whether they are any is for the import to say."""
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise typer.BadParameter(
            f"'{text}' is not GROUP=FILE, such as pop_60plus=aged.tif", param_hint="'--population-group'"
        )
    return name.strip(), Path(path)


class JobStatusName(StrEnum):
    """Where a job stands (`app.domain.job.JobStatus`)."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


def parse_box(text: str) -> tuple[float, float, float, float]:
    """Four numbers joined by commas; whether they make a box is for the import to say."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(
            f"'{text}' is not W,S,E,N, such as 24.93,60.16,24.95,60.18", param_hint="'--bbox'"
        ) from error
    return west, south, east, north
