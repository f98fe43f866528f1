"""Households, facilities and areas that users bring in files: GeoJSON, GeoPackage and CSV.

A file is taken whole or not at all, and the order of its rows changes nothing.
"""

import logging
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from app.domain.access import GIVEN, INSIDE, AccessPoints
from app.domain.errors import BadInputError
from app.domain.facility import FacilityPlaces
from app.domain.household import AGE_GROUPS, Households
from app.ingest import table_places, table_values
from app.ingest.table_csv import read_csv
from app.ingest.table_rows import RawTable, listed, shown_path
from app.ingest.table_vector import read_vector

logger = logging.getLogger(__name__)

VECTOR_ENDINGS = (".geojson", ".json", ".gpkg")
TABLE_ENDINGS = (*VECTOR_ENDINGS, ".csv")

NO_AREA = (-1, shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT)
LINES = (
    shapely.GeometryType.LINESTRING,
    shapely.GeometryType.LINEARRING,
    shapely.GeometryType.MULTILINESTRING,
)

MAX_EDGE_M = 1000.0
"""A straight line of this length in a projected plane strays about 2 cm from one in degrees (s**2 / 8R)."""


def read_households_file(path: Path) -> tuple[Households, tuple[str, ...]]:
    """Households of a file: its ``id``, ``households``, ``population`` and age groups, at points or inside polygons.

    Parameters
    ----------
    path : Path
        ``.csv`` with ``lon`` and ``lat`` in WGS 84, ``.geojson``, ``.json`` or ``.gpkg`` in any CRS.

    Returns
    -------
    Households
        Sorted by id. A row counts as one household where the file has no such column; ``population`` is None
        where it has none.
    tuple of str
        Warnings for the user, one line each.

    Raises
    ------
    BadInputError
        If anything in the file cannot be used; names the first such row.
    """
    table = _read(path, ("id", "households", "population", *AGE_GROUPS))
    ids, geometry = table_values.ids(table), table_places.places(table)
    households = np.ones(table.count)
    if "households" in table.columns:
        households = table_values.weights(table, "households")
    else:
        table.warnings.append(f"{table.file}: has no column households; every row counts as one household")
    population = table_values.weights(table, "population") if "population" in table.columns else None
    groups = {name: table_values.weights(table, name) for name in AGE_GROUPS if name in table.columns}
    table.problems.raise_if_any()

    order = np.argsort(ids, kind="stable")
    geometry = geometry[order]
    is_point = shapely.get_type_id(geometry) == shapely.GeometryType.POINT
    geometry[~is_point] = shapely.point_on_surface(geometry[~is_point])
    lon_deg, lat_deg = shapely.get_x(geometry), shapely.get_y(geometry)
    kind = np.where(is_point, GIVEN, INSIDE)
    result = Households(
        id=ids[order],
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        households=households[order],
        population=None if population is None else population[order],
        estimated=np.zeros(table.count, dtype=np.bool_),
        access=AccessPoints(np.arange(table.count + 1, dtype=np.int64), lon_deg, lat_deg, kind),
        groups={name: persons[order] for name, persons in groups.items()},
    )
    return result, tuple(table.warnings)


def read_facilities_file(
    path: Path, known_services: Collection[str]
) -> tuple[FacilityPlaces, tuple[str, ...]]:
    """Facilities of a file: its ``id``, ``services`` and ``name``, at points or as areas.

    Parameters
    ----------
    path : Path
        ``.csv`` with ``lon`` and ``lat`` in WGS 84, ``.geojson``, ``.json`` or ``.gpkg`` in any CRS. Service ids
        are joined by ``;``, or a list in GeoJSON.
    known_services : collection of str
        Service ids of the standards at hand. Others are kept, with a warning.

    Returns
    -------
    FacilityPlaces
        Sorted by id, of source ``supplied``, without tags or entrances.
    tuple of str
        Warnings for the user, one line each.

    Raises
    ------
    BadInputError
        If anything in the file cannot be used; names the first such row.
    """
    table = _read(path, ("id", "services", "name"))
    if "services" not in table.columns:
        found = listed(table.found) or "none"
        raise BadInputError(
            table.file, f"has no column services (found: {found}); add service ids, joined by ';'"
        )
    ids, geometry, names = table_values.ids(table), table_places.places(table), table_values.names(table)
    services = table_values.services(table)
    table.problems.raise_if_any()
    unknown = sorted({service for offered in services for service in offered}.difference(known_services))
    if unknown:
        table.warnings.append(
            f"{table.file}: no standard here asks for {listed(unknown)}; kept, but check the spelling"
        )

    order = np.argsort(ids, kind="stable")
    result = FacilityPlaces(
        id=ids[order],
        name=names[order],
        source=np.full(table.count, "supplied"),
        tags=({},) * table.count,
        services=tuple(services[row] for row in order),
        geometry=geometry[order],
        entrances=((),) * table.count,
    )
    return result, tuple(table.warnings)


def read_area_file(path: Path, what: str) -> Polygon | MultiPolygon:
    """One area out of all polygons of a file, in WGS 84 and valid; points among them are passed over.

    Parameters
    ----------
    path : Path
        ``.geojson``, ``.json`` or ``.gpkg`` in any CRS.
    what : str
        What the area is to be, for messages: ``boundary`` or ``extent``.

    Raises
    ------
    BadInputError
        If the file cannot be used or has no polygon.
    """
    table = _only_areas(_read(path, (), VECTOR_ENDINGS), what)
    places = table_places.places(table, max_edge_m=MAX_EDGE_M)
    table.problems.raise_if_any()
    for warning in table.warnings:
        logger.info("%s", warning)
    polygons = places[np.isin(shapely.get_type_id(places), table_places.POLYGONS)]
    # Normalised, so that the order of the features does not show in the order of the vertices.
    area = shapely.normalize(shapely.union_all(polygons))
    if not isinstance(area, Polygon | MultiPolygon) or area.is_empty:
        raise BadInputError(table.file, f"has no polygon to be the {what}; draw or export one")
    return area


def _read(path: Path, wanted: tuple[str, ...], endings: tuple[str, ...] = TABLE_ENDINGS) -> RawTable:
    ending = path.suffix.lower()
    if ending not in endings:
        given = f"files ending in {ending!r} are" if ending else "a file without an ending is"
        accepted = f"{', '.join(endings[:-1])} or {endings[-1]}"
        raise BadInputError(shown_path(path), f"{given} not read here; give {accepted}")
    return read_csv(path, wanted) if ending == ".csv" else read_vector(path, wanted)


def _only_areas(table: RawTable, what: str) -> RawTable:
    """Rows that may be areas. Exports of boundaries often carry a label point or a row without geometry."""
    geometry = np.asarray(table.geometry, dtype=object)
    kinds = shapely.get_type_id(geometry)
    for row in np.flatnonzero(np.isin(kinds, LINES)).tolist():
        table.add_problem(row, None, f"is a {geometry[row].geom_type}; draw the {what} as a polygon")
    table.problems.raise_if_any()
    kept = ~np.isin(kinds, NO_AREA) & ~shapely.is_empty(geometry)
    return replace(table, numbers=table.numbers[kept], geometry=geometry[kept])
