"""What an import is asked to do, and whether that makes sense."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.domain.area import AREA_ID_PATTERN
from app.domain.errors import BadInputError
from app.domain.household import AGE_GROUPS
from app.ingest.boxes import Box
from app.ingest.elevation import check_terrain_model
from app.ingest.osm_zones import LEVELS
from app.ingest.population_grids import check_grid_file
from app.ingest.table_columns import FIELDS, parse_columns
from app.ingest.table_source import Near, OnError, ReadOptions


@dataclass(frozen=True)
class ImportRequest:
    """What to import.

    The streets come from `osm_file`, else from Overpass. The study area is the polygon of `place`, or `box`, or the
    file `boundary`, at most one of them; without it every household counts. `population_file` is a grid of people, and
    `population_groups` are grids of age groups. Zones come from a file, or are OpenStreetMap's boundaries of a level.

    Of each of the user's files, ``..._crs`` says its coordinate system (`crs` that of all of them), ``..._columns``
    which of its columns is which (``id=编号,households=户数``), ``..._layer`` its layer or sheet, and ``..._name`` its
    name where it is stored under another. `on_error` says what bad rows do: ``fail`` or ``skip``.
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
    households_columns: str | None = None
    facilities_columns: str | None = None
    zones_columns: str | None = None
    households_layer: str | None = None
    facilities_layer: str | None = None
    zones_layer: str | None = None
    households_name: str | None = None
    facilities_name: str | None = None
    zones_name: str | None = None
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
    _check_population(request)
    _check_zones(request)
    if request.box is not None:
        _check_box(request.box)


def read_options(request: ImportRequest, kind: str, near: Near | None = None) -> ReadOptions:
    """How to read one of the user's files: ``households``, ``facilities`` or ``zones``."""
    columns = getattr(request, f"{kind}_columns")
    return ReadOptions(
        source_name=getattr(request, f"{kind}_name"),
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


def _check_population(request: ImportRequest) -> None:
    if request.population_column is not None and request.population_file is None:
        raise BadInputError("--population-column", "names a column of a grid: give it with --population FILE")
    if request.population_file is not None:
        check_grid_file(request.population_file, "--population")
    names = [name for name, _ in request.population_groups]
    for name, path in request.population_groups:
        flag = f"--population-group {name}"
        if name not in AGE_GROUPS:
            raise BadInputError(
                flag, f"is no age group; give one of {', '.join(AGE_GROUPS)}, as in pop_60plus=FILE"
            )
        if names.count(name) > 1:
            raise BadInputError(flag, "is given more than once; give each group one file")
        check_grid_file(path, flag)


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


def source_name(request: ImportRequest) -> str:
    """Where the streets come from, as reports and messages say it."""
    if request.osm_file is not None:
        return request.osm_file.name
    if request.place is not None:
        return f"Overpass: {request.place}"
    return f"Overpass: {request.box or (request.boundary_file and request.boundary_file.name)}"
