"""What an import is asked to do, and whether that makes sense."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.domain.area import AREA_ID_PATTERN
from app.domain.errors import BadInputError
from app.domain.place import Box
from app.domain.zone import LEVELS
from app.ingest.elevation import check_terrain_model
from app.ingest.population_grids import RASTER_ENDINGS
from app.ingest.table_columns import FIELDS, parse_columns
from app.ingest.table_rows import shown_path
from app.ingest.table_source import Near, OnError, ReadOptions
from app.services.grid_request import check_grids

PLAIN_KINDS = ("boundary", "extent", "population")
"""Files whose coordinate system has a flag of its own, and that the common one does not speak of."""


@dataclass(frozen=True)
class ImportRequest:
    """What to import.

    The streets come from `osm_file`, else from Overpass. The study area is the polygon of `place`, or `box`, or the
    file `boundary`, at most one of them; without it every household counts. `population_file` is a grid of people, and
    `population_groups` are grids of age groups. Zones come from a file, or are OpenStreetMap's boundaries of a level.

    Of each of the user's files, ``..._crs`` says its coordinate system (`crs` that of households, facilities and
    zones), ``..._columns``
    which of its columns is which (``id=编号,households=户数``), and ``..._layer`` its layer or sheet.
    `on_error` says what bad rows do: ``fail`` or ``skip``.
    """

    area_id: str
    title: str | None = None
    osm_file: Path | None = None
    place: str | None = None
    box: Box | None = None
    boundary_file: Path | None = None
    extent_file: Path | None = None
    households_file: Path | None = None
    facilities_file: Path | None = None
    facilities_only: bool = False
    dem_file: Path | None = None
    population_file: Path | None = None
    population_column: str | None = None
    population_groups: tuple[tuple[str, Path], ...] = ()
    zones_file: Path | None = None
    zones_level: int | None = None
    crs: str | None = None
    households_crs: str | None = None
    facilities_crs: str | None = None
    zones_crs: str | None = None
    boundary_crs: str | None = None
    extent_crs: str | None = None
    population_crs: str | None = None
    households_columns: str | None = None
    facilities_columns: str | None = None
    zones_columns: str | None = None
    households_layer: str | None = None
    facilities_layer: str | None = None
    zones_layer: str | None = None
    on_error: OnError = "fail"


def check_request(request: ImportRequest) -> None:
    """Refuse a request that contradicts itself, before anything is read."""
    if not AREA_ID_PATTERN.fullmatch(request.area_id):
        raise BadInputError(
            f"area name '{request.area_id}'",
            "use 1 to 63 of the characters a-z, 0-9 and -, such as 'nanjing-xuanwu'; --title takes any text",
        )
    chosen = [
        flag
        for flag, value in (
            ("--place", request.place), ("--bbox", request.box), ("--boundary", request.boundary_file)
        )
        if value is not None
    ]  # fmt: skip
    if len(chosen) > 1:
        raise BadInputError(" and ".join(chosen), "each names the study area; give one of them")
    if request.osm_file is None and not chosen:
        raise BadInputError(
            "--osm", "give an extract with --osm FILE, or download one with --place or --bbox"
        )
    if request.facilities_only and request.facilities_file is None:
        raise BadInputError(
            "--facilities-only", "leaves out the facilities of OpenStreetMap: give --facilities FILE"
        )
    if request.dem_file is not None:
        check_terrain_model(request.dem_file)
    _check_files(request)
    check_grids(request)
    _check_zones(request)
    if request.box is not None:
        _check_box(request.box)


def read_options(request: ImportRequest, kind: str, near: Near | None = None) -> ReadOptions:
    """How to read one of the user's files: ``households``, ``facilities`` or ``zones``."""
    columns = getattr(request, f"{kind}_columns")
    return ReadOptions(
        crs=getattr(request, f"{kind}_crs") or request.crs,
        columns=parse_columns(columns, FIELDS[kind], f"--{kind}-columns") if columns else {},
        on_error=request.on_error,
        layer=getattr(request, f"{kind}_layer"),
        near=near,
    )


def _check_files(request: ImportRequest) -> None:
    """Refuse options of files that are not given, and columns that make no sense."""
    for kind, fields in FIELDS.items():
        for option in ("crs", "columns", "layer"):
            if getattr(request, f"{kind}_{option}") is not None and getattr(request, f"{kind}_file") is None:
                raise BadInputError(f"--{kind}-{option}", f"speaks of a file: give it with --{kind} FILE")
        columns = getattr(request, f"{kind}_columns")
        if columns is not None:
            parse_columns(columns, fields, f"--{kind}-columns")

    for kind in ("boundary", "extent"):
        if getattr(request, f"{kind}_crs") is not None and getattr(request, f"{kind}_file") is None:
            raise BadInputError(f"--{kind}-crs", f"speaks of a file: give it with --{kind} FILE")


def unmoved_warnings(request: ImportRequest) -> tuple[str, ...]:
    """Files that stand beside tables with a named coordinate system and are read as they state themselves."""
    if request.crs is None:
        return ()
    return tuple(
        f"{file.name}: --crs {request.crs} speaks of households, facilities and zones, so this file is read as it "
        f"states itself; --{kind}-crs says its coordinate system"
        for kind in PLAIN_KINDS
        if (file := getattr(request, f"{kind}_file")) is not None
        and getattr(request, f"{kind}_crs") is None
        and file.suffix.lower() not in RASTER_ENDINGS
    )


def _check_zones(request: ImportRequest) -> None:
    if request.zones_level is None:
        return
    flag = f"--zones-level {request.zones_level}"
    if request.zones_file is not None:
        raise BadInputError(f"--zones and {flag}", "each names the zones; give one of them")
    if request.zones_level not in LEVELS:
        raise BadInputError(flag, f"OpenStreetMap's levels go from {LEVELS[0]} to {LEVELS[-1]}")
    if request.osm_file is None:
        raise BadInputError(flag, "a download holds no whole boundaries; give an extract with --osm FILE")


def _check_box(box: Box) -> None:
    west, south, east, north = box
    where = f"--bbox {west},{south},{east},{north}"
    if not np.isfinite(box).all() or abs(west) > 180 or abs(east) > 180 or abs(south) > 90 or abs(north) > 90:
        raise BadInputError(where, "give degrees as west,south,east,north, such as 24.93,60.16,24.95,60.18")
    if not (west < east and south < north):
        raise BadInputError(where, "west must be less than east, and south less than north (order: W,S,E,N)")


def files_by_name(warnings: Iterable[str], request: object) -> tuple[str, ...]:
    """Warnings in which the files of a request are named without their folders.

    Reports are kept and are shown to others, who cannot see the folders of this machine and need not know them.
    """
    given = vars(request)
    paths = [value for value in given.values() if isinstance(value, Path)]
    paths += [path for _, path in given["population_groups"]]
    told = tuple(warnings)
    for path in paths:
        told = tuple(warning.replace(shown_path(path), shown_path(Path(path.name))) for warning in told)
    return told


def source_name(request: ImportRequest) -> str:
    """Where the streets come from, as reports and messages say it."""
    if request.osm_file is not None:
        return request.osm_file.name
    if request.place is not None:
        return f"Overpass: {request.place}"
    return f"Overpass: {request.box or (request.boundary_file and request.boundary_file.name)}"
