"""GeoJSON and GeoPackage files, read into rows with geometry in the file's own CRS.

GeoJSON is read without GDAL: that keeps the types of the values (GDAL makes one of all rows), tells a missing
geometry from a broken one, and spares the second that importing GDAL's bindings takes.
"""

import re
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from app.domain.errors import BadInputError
from app.geo.units import Geometries
from app.ingest.table_rows import (
    RawTable,
    RowProblems,
    decode_utf8,
    find_columns,
    foreign_content,
    listed,
    read_bytes,
    shown,
    shown_path,
)

GEOMETRY_TYPES = frozenset(
    {
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
        "GeometryCollection",
    }
)

CRS_NAME = re.compile(r"(?:urn:ogc:def:crs:|https?://www\.opengis\.net/)[\w.:/-]+|[A-Za-z]+:\w+")
"""The forms a GeoJSON file may name its CRS in. PROJ would also take pipelines and names of files."""

WGS84_FIX = "reproject it to WGS 84 (EPSG:4326) and save it again"


def read_vector(path: Path, wanted: tuple[str, ...]) -> RawTable:
    """Features of a GeoJSON or GeoPackage file.

    Parameters
    ----------
    path : Path
        Its ending says which: ``.gpkg``, otherwise GeoJSON.
    wanted : tuple of str
        Properties to keep. Where ``id`` is no property, the features' own identifiers stand in.

    Raises
    ------
    BadInputError
        If it cannot be read, has no features, or a CRS that is missing where one is needed or is not known.
    """
    return _read_gpkg(path, wanted) if path.suffix.lower() == ".gpkg" else _read_geojson(path, wanted)


def _read_geojson(path: Path, wanted: tuple[str, ...]) -> RawTable:
    file = shown_path(path)
    text = decode_utf8(read_bytes(path), file, "GeoJSON")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        place = f"{file}, line {error.lineno}, character {error.colno}"
        raise BadInputError(place, f"is not valid JSON ({error.msg}); export the file again") from error
    features = _features(document, file)
    problems = RowProblems(file, "feature")
    numbers = np.arange(1, len(features) + 1, dtype=np.int64)
    properties: list[dict[str, Any]] = []
    geometries: list[Any] = []
    for number, feature in enumerate(features, start=1):
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            problems.add(number, None, "is not a GeoJSON Feature; export the file again")
            feature = {}  # noqa: PLW2901 - stands in, so that rows keep their positions
        values = feature.get("properties")
        properties.append(values if isinstance(values, dict) else {})
        geometries.append(feature.get("geometry"))
    found = tuple(dict.fromkeys(name for values in properties for name in values))
    names = {column: found[place] for column, place in find_columns(found, wanted, file).items()}
    columns = {column: [values.get(name) for values in properties] for column, name in names.items()}
    if "id" in wanted and "id" not in columns:
        own_ids = [feature.get("id") if isinstance(feature, dict) else None for feature in features]
        if any(own_id is not None for own_id in own_ids):
            columns["id"] = own_ids
    geometry = _parse_geometries(geometries, problems)
    return RawTable(file, numbers, found, columns, geometry, _stated_crs(document, file), problems)


def _features(document: object, file: str) -> list[Any]:
    kind = document.get("type") if isinstance(document, dict) else None
    if isinstance(document, dict) and kind == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list):
            raise BadInputError(file, "is a FeatureCollection without a list of features; export it again")
        if not features:
            raise BadInputError(file, "has no features; export it again")
        return features
    if kind == "Feature":
        return [document]
    if isinstance(kind, str) and kind in GEOMETRY_TYPES:
        return [{"type": "Feature", "geometry": document}]
    raise BadInputError(file, "is JSON but not GeoJSON; export it as a GeoJSON FeatureCollection")


def _parse_geometries(geometries: list[Any], problems: RowProblems) -> Geometries:
    """Geometry of every feature; None, and noted as bad, where it cannot be read."""
    texts: list[bytes | None] = []
    for geometry in geometries:
        known = isinstance(geometry, dict) and geometry.get("type") in GEOMETRY_TYPES
        try:
            texts.append(orjson.dumps(geometry) if known else None)
        except orjson.JSONEncodeError:
            # Nested deeper than any geometry is; noted below as one that cannot be read.
            texts.append(None)
    # A number near the end of the double range sets the overflow flag, which NumPy would print.
    with np.errstate(all="ignore"):
        parsed: Geometries = shapely.from_geojson(np.array(texts, dtype=object), on_invalid="ignore")
    for number, (geometry, result) in enumerate(zip(geometries, parsed, strict=True), start=1):
        if geometry is not None and result is None:
            problems.add(number, None, "has a geometry that is not valid GeoJSON; draw or export it again")
    return parsed


def _stated_crs(document: Any, file: str) -> str | None:
    """CRS of the ``crs`` member that GeoJSON had before RFC 7946 and many programs still write."""
    member = document.get("crs")
    if member is None:
        return None
    details = member.get("properties") if isinstance(member, dict) else None
    name = details.get("name") if isinstance(details, dict) else None
    if not isinstance(name, str) or not CRS_NAME.fullmatch(name):
        raise BadInputError(
            file,
            f"its crs member {shown(member if name is None else name)} does not name a CRS such as "
            f"urn:ogc:def:crs:EPSG::3067; correct it, or {WGS84_FIX}",
        )
    return name


def _read_gpkg(path: Path, wanted: tuple[str, ...]) -> RawTable:
    file = shown_path(path)
    content = read_bytes(path, 4096)
    if not content.startswith(b"SQLite format 3\0"):
        foreign = foreign_content(content) or "something else: export it again"
        raise BadInputError(file, f"is named as GeoPackage but is {foreign}")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            table = _read_gpkg_layer(path, file, wanted)
        # What pyogrio raises; UnicodeDecodeError, for text that is not UTF-8, is a ValueError.
        except (RuntimeError, ValueError, OSError, sqlite3.Error) as error:
            raise BadInputError(
                file, "is damaged or not a GeoPackage; export it again, for instance with QGIS"
            ) from error
    # GDAL's warnings speak of damage and odd values: the user's business, and not to be printed from here.
    table.warnings.extend(dict.fromkeys(f"{file}: {' '.join(str(item.message).split())}" for item in heard))
    return table


def _read_gpkg_layer(path: Path, file: str, wanted: tuple[str, ...]) -> RawTable:
    # Imported here because it brings GDAL and, where installed, GeoPandas: a second or more.
    import pyogrio  # noqa: PLC0415
    import pyogrio.raw  # noqa: PLC0415

    layer = _only_layer(pyogrio.list_layers(path), file)
    info = pyogrio.read_info(path, layer=layer)
    if info["crs"] is None or '"Undefined' in info["crs"]:
        raise BadInputError(file, f"its layer {layer} states no CRS; set the layer's CRS, or {WGS84_FIX}")
    found = tuple(str(name) for name in info["fields"])
    names = {column: found[place] for column, place in find_columns(found, wanted, file).items()}
    # GDAL hands columns over in the file's order, whatever the order asked for.
    meta, fids, wkb, values = pyogrio.raw.read(
        path, layer=layer, columns=list(names.values()), force_2d=True, return_fids=True
    )
    if len(wkb) == 0:
        raise BadInputError(file, f"its layer {layer} has no features; export it again")
    by_name = dict(zip(meta["fields"], values, strict=True))
    columns = {column: by_name[name].tolist() for column, name in names.items()}
    if "id" in wanted and "id" not in columns and str(info["fid_column"]).casefold() == "id":
        columns["id"] = fids.tolist()
    problems = RowProblems(file, "feature")
    kinds = dict(zip(meta["fields"], meta["dtypes"], strict=True))
    for column, name in names.items():
        if info["fid_column"] and str(kinds[name]).startswith(("int", "float")):
            for fid, value in _no_numbers(path, layer, info["fid_column"], name, kinds[name]):
                number = int(np.searchsorted(fids, fid)) + 1
                problems.add(
                    number, column, f"{shown(value)} is not a number of the column's type; correct it"
                )
    numbers = np.arange(1, len(wkb) + 1, dtype=np.int64)
    return RawTable(file, numbers, found, columns, _parse_wkb(wkb, problems), info["crs"], problems)


def _no_numbers(path: Path, layer: str, fid: str, column: str, kind: str) -> list[tuple[int, object]]:
    """Key and value of cells in a column of numbers that hold something else, as SQLite lets them.

    GDAL reads text there as 0 and cuts fractions off integers, without a word.
    """
    layer, fid, column = ('"' + name.replace('"', '""') + '"' for name in (layer, fid, column))
    allowed = "'null', 'integer'" if kind.startswith("int") else "'null', 'integer', 'real'"
    query = f"SELECT {fid}, {column} FROM {layer} WHERE typeof({column}) NOT IN ({allowed})"  # noqa: S608 - quoted
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def _only_layer(layers: NDArray[Any], file: str) -> str:
    """Name of the one layer with geometry; tables of styles and the like have none."""
    spatial = [str(name) for name, geometry_type in layers if geometry_type is not None]
    if not spatial:
        raise BadInputError(file, "has no layer with geometry; export a layer of points or polygons")
    if len(spatial) > 1:
        raise BadInputError(
            file, f"has {len(spatial)} layers ({listed(spatial)}); save the one meant as a file of its own"
        )
    return spatial[0]


def _parse_wkb(wkb: NDArray[Any], problems: RowProblems) -> Geometries:
    parsed: Geometries = shapely.from_wkb(wkb, on_invalid="ignore")
    for number, (content, result) in enumerate(zip(wkb, parsed, strict=True), start=1):
        if content is not None and result is None:
            problems.add(number, None, "has a geometry that cannot be read; draw it again")
    return parsed
