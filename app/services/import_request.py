"""What an import is asked to do, and whether that makes sense."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.domain.errors import BadInputError
from app.ingest.boxes import Box
from app.ingest.elevation import check_terrain_model

AREA_ID_PATTERN = re.compile(r"[a-z0-9-]{1,63}")


@dataclass(frozen=True)
class ImportRequest:
    """What to import.

    The streets come from `osm_file`, else from Overpass. The study area is the polygon of `place`, or `box`, or the
    file `boundary`, at most one of them; without it every household counts.
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
    if request.box is not None:
        _check_box(request.box)


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
