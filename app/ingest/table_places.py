"""Where a user's rows are: WGS 84 points and areas out of coordinates in any CRS, each bad one noted by row."""

import numpy as np
import shapely

from app.domain.errors import BadInputError
from app.geo.units import BoolArray, FloatArray, Geometries, IntArray
from app.ingest.coordinates import Coordinates, agreed_coordinates, why_misplaced
from app.ingest.table_rows import RawTable
from app.ingest.table_values import numbers

POINT = shapely.GeometryType.POINT
POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
COLLECTIONS = (shapely.GeometryType.MULTIPOINT, shapely.GeometryType.GEOMETRYCOLLECTION)

MAX_LON_DEG = 180.0
MAX_LAT_DEG = 90.0

MAX_ADDED_POINTS = 1_000_000
"""Ten times what a country's border needs at one point a kilometre; more is damage, and would fill the memory."""


def places(table: RawTable, *, max_edge_m: float | None = None) -> Geometries:
    """Point or (multi)polygon of every row in WGS 84, valid; a point of no meaning in rows noted as bad.

    Parameters
    ----------
    table : RawTable
        Its problems and warnings are added to.
    max_edge_m : float, optional
        Longer edges drawn in a projected plane get points between before they are turned into degrees, in which
        a straight edge runs elsewhere.

    Returns
    -------
    object array of Shapely geometries, shape (n,)

    Raises
    ------
    BadInputError
        If the CRS is unknown, or no plane or sphere of the Earth.
    """
    geometry = _points(table) if table.geometry is None else _drawn(table, table.geometry)
    good = table.good_rows()
    result: Geometries = np.full(table.count, shapely.Point(0, 0), dtype=object)
    result[good] = geometry[good]
    coordinates = agreed_coordinates(table.crs, table.asked_crs, table.file)
    if table.geometry is not None or table.asked_crs is not None:
        good = _without_infinite(table, result, good)
        result[good] = _to_wgs84(result[good], coordinates, table, max_edge_m)
    good = _without_far_off(table, result, good)
    good = _without_wide(table, result, good)
    result[good] = _repaired(table, result, good)
    return result


def _to_wgs84(
    geometry: Geometries, coordinates: Coordinates, table: RawTable, max_edge_m: float | None
) -> Geometries:
    """Geometry from a coordinate system to WGS 84, lon before lat."""
    west, south, east, north = shapely.bounds(geometry).T
    misplaced = why_misplaced(coordinates, 0.5 * west + 0.5 * east, 0.5 * south + 0.5 * north)
    if misplaced is not None:
        raise BadInputError(table.file, misplaced)
    if max_edge_m is not None and coordinates.is_projected:
        geometry = _with_shorter_edges(geometry, max_edge_m / coordinates.metres_per_unit)

    def transform(places: FloatArray) -> FloatArray:
        return np.column_stack(coordinates.to_wgs84(places[:, 0], places[:, 1]))

    moved: Geometries = shapely.transform(geometry, transform)
    if len(geometry) and coordinates.is_rough():
        table.warnings.append(
            f"{table.file}: no exact way from its CRS {coordinates.name} to WGS 84 is known here; places may be 100 m "
            "off: reproject the file with a program that has its grid or parameters"
        )
    return moved


def _with_shorter_edges(geometry: Geometries, longest: float) -> Geometries:
    if not float(shapely.length(geometry).sum()) / longest <= MAX_ADDED_POINTS:
        # Coordinates that are no place on Earth; they are found out in degrees.
        return geometry
    shorter: Geometries = shapely.segmentize(geometry, longest)
    return shorter


def _points(table: RawTable) -> Geometries:
    lon_deg, lat_deg = numbers(table, "lon"), numbers(table, "lat")
    points: Geometries = np.asarray(shapely.points(lon_deg, lat_deg), dtype=object)
    return points


def _drawn(table: RawTable, geometry: Geometries) -> Geometries:
    """Points and areas of a vector file in its own CRS; whatever else was drawn is noted."""
    flat: Geometries = shapely.force_2d(geometry)
    kinds = shapely.get_type_id(flat)
    # QGIS likes to write single places as collections of one.
    lone = np.isin(kinds, COLLECTIONS) & (shapely.get_num_geometries(flat) == 1)
    flat[lone] = shapely.get_geometry(flat[lone], 0)
    kinds = shapely.get_type_id(flat)
    for row in np.flatnonzero((kinds == -1) | shapely.is_empty(flat)).tolist():
        empty = "no geometry" if flat[row] is None else "an empty geometry"
        table.add_problem(row, None, f"has {empty}; draw a point or a polygon, or remove the row")
    for row in np.flatnonzero(~np.isin(kinds, (POINT, *POLYGONS, -1))).tolist():
        table.add_problem(row, None, f"is a {flat[row].geom_type}; use a single point or a polygon")
    return flat


def _without_infinite(table: RawTable, geometry: Geometries, rows: IntArray) -> IntArray:
    """Rows whose coordinates are all finite; the others are noted."""
    coordinates, owner = shapely.get_coordinates(geometry[rows], return_index=True)
    bad = np.unique(owner[~np.isfinite(coordinates).all(axis=1)])
    for row in rows[bad].tolist():
        table.add_problem(row, None, "has coordinates that are not finite numbers; draw it again")
    return np.delete(rows, bad)


def _without_far_off(table: RawTable, geometry: Geometries, rows: IntArray) -> IntArray:
    """Rows that lie on the Earth; the others are noted, with what is likely to have happened."""
    coordinates, owner = shapely.get_coordinates(geometry[rows], return_index=True)
    off = (np.abs(coordinates) > (MAX_LON_DEG, MAX_LAT_DEG)).any(axis=1) | ~np.isfinite(coordinates).all(
        axis=1
    )
    bad, first = np.unique(owner[off], return_index=True)
    for row, (lon_deg, lat_deg) in zip(rows[bad].tolist(), coordinates[off][first].tolist(), strict=True):
        column, reason = _why_far_off(table, lon_deg, lat_deg)
        table.add_problem(row, column, reason)
    return np.delete(rows, bad)


def _without_wide(table: RawTable, geometry: Geometries, rows: IntArray) -> IntArray:
    """Rows whose polygons lie on one side of the antimeridian and off the poles; the others are noted.

    A polygon is drawn the short way round in degrees, so that one over the antimeridian would be all the rest of the
    world.
    """
    areas = rows[np.isin(shapely.get_type_id(geometry[rows]), POLYGONS)]
    over, polar = over_the_edge(geometry[areas])
    bad = areas[over | polar]
    at_pole = set(areas[polar].tolist())
    for row in bad.tolist():
        reason = (
            "is a polygon that reaches a pole, where degrees have no shape; draw it up to a parallel below 90"
            if row in at_pole
            else "is a polygon more than 180 degrees wide; cut it where it crosses the antimeridian (180 E), into a "
            "part on each side, as RFC 7946 asks"
        )
        table.add_problem(row, None, reason)
    return np.setdiff1d(rows, bad)


def over_the_edge(areas: Geometries) -> tuple[BoolArray, BoolArray]:
    """Which (multi)polygons have a part over the antimeridian that is not cut there, and which reach a pole."""
    parts, owner = shapely.get_parts(areas, return_index=True)
    west, south, east, north = shapely.bounds(parts).T
    over, polar = np.zeros(len(areas), dtype=bool), np.zeros(len(areas), dtype=bool)
    over[owner[east - west > MAX_LON_DEG]] = True
    polar[owner[(south <= -MAX_LAT_DEG) | (north >= MAX_LAT_DEG)]] = True
    return over, polar


def _why_far_off(table: RawTable, lon_deg: float, lat_deg: float) -> tuple[str | None, str]:
    """Column to name, if there are columns, and the reason with its fix."""
    is_csv = table.geometry is None
    if not np.isfinite([lon_deg, lat_deg]).all():
        return (
            None,
            "lies outside the region of the file's CRS; correct it",
        )
    lat_off = abs(lat_deg) > MAX_LAT_DEG
    value = f"latitude {lat_deg:g}" if lat_off else f"longitude {lon_deg:g}"
    column = ("lat" if lat_off else "lon") if is_csv else None
    if abs(lon_deg) > 2 * MAX_LON_DEG or abs(lat_deg) > MAX_LON_DEG:
        fix = (
            "name their CRS (crs=EPSG:4547, say) or convert them"
            if is_csv
            else "state their CRS in the file or by crs=, or reproject them"
        )
        if _is_survey(lon_deg, lat_deg):
            fix = f"x holds northings, as surveyors write them (X north): exchange the two columns, and {fix}"
        return column, f"{value}: these look like projected metres, not degrees; {fix} to WGS 84 (EPSG:4326)"
    if lat_off and abs(lon_deg) <= MAX_LAT_DEG:
        return (
            column,
            f"{value} is beyond 90: longitude and latitude look swapped; lon comes first, exchange them",
        )
    bounds = "-90 to 90" if lat_off else "-180 to 180"
    return column, f"{value} is outside {bounds}; write WGS 84 degrees"


def _is_survey(x: float, y: float) -> bool:
    """Whether two numbers look like northing and easting of a Chinese zone, with its number or without."""
    return 1.7e6 < x < 6.1e6 and (1e5 < y < 9e5 or 1.3e7 < y < 4.6e7)


def _repaired(table: RawTable, geometry: Geometries, rows: IntArray) -> Geometries:
    """Geometry of these rows with invalid polygons made valid, which is noted."""
    result = geometry[rows]
    broken = np.flatnonzero(~shapely.is_valid(result))
    result[broken] = shapely.make_valid(result[broken], method="structure", keep_collapsed=False)
    mended = []
    for position in broken.tolist():
        row = int(rows[position])
        if result[position].is_empty:
            table.add_problem(row, None, "is a polygon without area; draw it again")
        else:
            table.add_repaired(row, None, "was an invalid polygon; made valid")
            mended.append(str(table.numbers[row]))
    if mended:
        first, count = mended[0], len(mended)
        what = f"{count} polygons were invalid and were" if count > 1 else "1 polygon was invalid and was"
        table.warnings.append(f"{table.file}: {what} repaired (the first: {table.problems.unit} {first})")
    return result
