"""Households, facilities, zones and areas that users bring in files of any common format.

The order of a file's rows changes nothing.
"""

import logging
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from app.domain.access import GIVEN, INSIDE, AccessPoints
from app.domain.errors import BadInputError
from app.domain.facility import FacilityPlaces
from app.domain.household import AGE_GROUPS, Households
from app.geo.units import Geometries, IntArray
from app.ingest import table_places, table_values
from app.ingest.table_columns import (
    FACILITY_FIELDS,
    HOUSEHOLD_FIELDS,
    Wanted,
    tell_mapping,
)
from app.ingest.table_formats import read_raw
from app.ingest.table_near import reject_far
from app.ingest.table_rows import RawTable, listed
from app.ingest.table_source import Reading, ReadOptions

__all__ = [
    "ReadOptions",
    "Reading",
    "read_area_file",
    "read_facilities_file",
    "read_households_file",
]

logger = logging.getLogger(__name__)

NO_AREA = (-1, shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT)
LINES = (
    shapely.GeometryType.LINESTRING,
    shapely.GeometryType.LINEARRING,
    shapely.GeometryType.MULTILINESTRING,
)

MAX_EDGE_M = 1000.0
"""A straight line of this length in a projected plane strays about 2 cm from one in degrees (s**2 / 8R)."""

AS_IT_STANDS = ReadOptions()


def read_households_file(path: Path, options: ReadOptions = AS_IT_STANDS) -> Reading[Households]:
    """Households of a file: its ``id``, ``households``, ``population`` and age groups, at points or inside polygons.

    Parameters
    ----------
    path : Path
        In any format of `app.ingest.table_formats`.
    options : ReadOptions

    Returns
    -------
    Reading of Households
        Sorted by id. A row counts as one household where the file has no such column; ``population`` is None
        where it has none.

    Raises
    ------
    RowsRejectedError
        If rows cannot be used and were not to be skipped, or none can be used.
    BadInputError
        If the file cannot be used as a whole.
    """
    table = _read(path, options, Wanted(HOUSEHOLD_FIELDS, options.columns))
    ids, geometry = table_values.ids(table, options.taken_ids), table_places.places(table)
    households = np.ones(table.count)
    if "households" in table.columns:
        households = table_values.weights(table, "households")
    else:
        table.warnings.append(f"{table.file}: has no column households; every row counts as one household")
    told = [name for name in ("population", *AGE_GROUPS) if name in table.columns]
    persons = {name: table_values.weights(table, name) for name in told}
    reject_far(table, geometry, options.near)
    order = keep_good(table, ids, options, "households")

    geometry = geometry[order]
    is_point = shapely.get_type_id(geometry) == shapely.GeometryType.POINT
    geometry[~is_point] = shapely.point_on_surface(geometry[~is_point])
    lon_deg, lat_deg = shapely.get_x(geometry), shapely.get_y(geometry)
    kind = np.where(is_point, GIVEN, INSIDE)
    kept = {name: values[order] for name, values in persons.items()}
    result = Households(
        id=ids[order],
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        households=households[order],
        population=kept.pop("population", None),
        estimated=np.zeros(len(order), dtype=np.bool_),
        access=AccessPoints(np.arange(len(order) + 1, dtype=np.int64), lon_deg, lat_deg, kind),
        groups=kept,
    )
    return Reading(result, tuple(table.warnings), table.problems.report())


def read_facilities_file(
    path: Path, known_services: Collection[str], options: ReadOptions = AS_IT_STANDS
) -> Reading[FacilityPlaces]:
    """Facilities of a file: its ``id``, ``services`` and ``name``, at points or as areas.

    Parameters
    ----------
    path : Path
        In any format of `app.ingest.table_formats`. Service ids are joined by ``;``, or a list in GeoJSON.
        ``area_m2`` says how large a place is that is given as a point.
    known_services : collection of str
        Service ids of the standards at hand. Others are kept, with a warning.
    options : ReadOptions

    Returns
    -------
    Reading of FacilityPlaces
        Sorted by id, of source ``supplied``, without tags or entrances.

    Raises
    ------
    RowsRejectedError, BadInputError
        As `read_households_file` does.
    """
    table = _read(path, options, Wanted(FACILITY_FIELDS, options.columns))
    if "services" not in table.columns:
        found = listed(table.found) or "none"
        raise BadInputError(
            table.file, f"has no column services (found: {found}); add service ids, joined by ';'"
        )
    ids, geometry = table_values.ids(table, options.taken_ids), table_places.places(table)
    names, services = table_values.names(table), table_values.services(table)
    area_m2 = table_values.optional_weights(table, "area_m2")
    reject_far(table, geometry, options.near)
    order = keep_good(table, ids, options, "facilities")
    unknown = sorted({service for row in order for service in services[row]}.difference(known_services))
    if unknown:
        table.warnings.append(
            f"{table.file}: no standard here asks for {listed(unknown)}; kept, but check the spelling"
        )
    result = FacilityPlaces(
        id=ids[order],
        name=names[order],
        source=np.full(len(order), "supplied"),
        tags=({},) * len(order),
        services=tuple(services[row] for row in order),
        geometry=geometry[order],
        entrances=((),) * len(order),
        area_m2=area_m2[order],
    )
    return Reading(result, tuple(table.warnings), table.problems.report())


def read_area_file(path: Path, what: str, options: ReadOptions = AS_IT_STANDS) -> Polygon | MultiPolygon:
    """One area out of all polygons of a file, in WGS 84 and valid; points among them are passed over.

    Parameters
    ----------
    path : Path
        In any format of `app.ingest.table_formats`.
    what : str
        What the area is to be, for messages: ``boundary`` or ``extent``.
    options : ReadOptions

    Raises
    ------
    BadInputError
        If the file cannot be used or has no polygon.
    """
    table = _only_areas(read_raw(path, options, Wanted((), options.columns, polygons=True)), what)
    places = table_places.places(table, max_edge_m=MAX_EDGE_M)
    table.problems.raise_if_any(what)
    for warning in table.warnings:
        logger.info("%s", warning)
    polygons = places[np.isin(shapely.get_type_id(places), table_places.POLYGONS)]
    # Normalised, so that the order of the features does not show in the order of the vertices.
    area = shapely.normalize(shapely.union_all(polygons))
    if not isinstance(area, Polygon | MultiPolygon) or area.is_empty:
        raise BadInputError(table.file, f"has no polygon to be the {what}; draw or export one")
    return area


def _read(path: Path, options: ReadOptions, wanted: Wanted) -> RawTable:
    table = table_values.clean(read_raw(path, options, wanted))
    tell_mapping(table)
    return table


def keep_good(table: RawTable, ids: NDArray[np.str_], options: ReadOptions, what: str) -> IntArray:
    """Positions of the rows to keep, by id; refuses the file where bad rows are not to be skipped."""
    good = table.good_rows()
    if options.on_error == "fail" or len(good) == 0:
        table.problems.raise_if_any(what)
    return good[np.argsort(ids[good], kind="stable")]


def _note_lines(table: RawTable, what: str) -> None:
    geometry: Geometries = np.asarray(table.geometry, dtype=object)
    for row in np.flatnonzero(np.isin(shapely.get_type_id(geometry), LINES)).tolist():
        table.add_problem(row, None, f"is a {geometry[row].geom_type}; draw the {what} as a polygon")


def _only_areas(table: RawTable, what: str) -> RawTable:
    """Rows that may be areas. Exports of boundaries often carry a label point or a row without geometry."""
    _note_lines(table, what)
    table.problems.raise_if_any(what)
    geometry: Geometries = np.asarray(table.geometry, dtype=object)
    kept = ~np.isin(shapely.get_type_id(geometry), NO_AREA) & ~shapely.is_empty(geometry)
    return replace(table, numbers=table.numbers[kept], geometry=geometry[kept])
