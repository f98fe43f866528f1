"""GeoJSON documents and sequences, read into rows with geometry in the file's own CRS.

They are read without GDAL: that keeps the types of the values (GDAL makes one of all rows), tells a missing geometry
from a broken one, and spares the second that importing GDAL's bindings takes.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import shapely

from app.domain.errors import BadInputError
from app.geo.units import Geometries
from app.ingest.table_columns import Wanted
from app.ingest.table_rows import WGS84_FIX, RawTable, RowProblems, decode_utf8, shown
from app.ingest.table_source import Source

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

CRS_NAME = re.compile(r"(?:urn:ogc:def:crs:|https?://www\.opengis\.net/)[\w.:/-]+|[A-Za-z]+:\w+|gcj02|bd09")
"""The forms a GeoJSON file may name its CRS in. PROJ would also take pipelines and names of files."""

RECORD_SEPARATOR = "\x1e"
"""What RFC 8142 puts before every text of a sequence; most programs write one text a line without it."""


def read_geojson(source: Source, wanted: Wanted) -> RawTable:
    """Features of a GeoJSON document.

    Where ``id`` is no property, the features' own identifiers stand in.

    Raises
    ------
    BadInputError
        If it cannot be read, has no features, or names its CRS in no known way.
    """
    file = source.file
    text = decode_utf8(source.content(), file, "GeoJSON")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if _is_sequence(text):
            raise BadInputError(file, "has one JSON text a line: give it the ending .geojsonl") from error
        place = f"{file}, line {error.lineno}, character {error.colno}"
        raise BadInputError(place, f"is not valid JSON ({error.msg}); export the file again") from error
    features = _features(document, file)
    numbers = range(1, len(features) + 1)
    return _table(source, wanted, features, numbers, RowProblems(file, "feature"), stated_crs(document, file))


def read_geojson_sequence(source: Source, wanted: Wanted) -> RawTable:
    """Features of a GeoJSON text sequence: one a line, or each after a record separator.

    A text a line has that line as its number; after separators they are counted, since several may share a line.

    Raises
    ------
    BadInputError
        If it is no text, or has no features.
    """
    file = source.file
    text = decode_utf8(source.content(), file, "GeoJSON sequence")
    separated = RECORD_SEPARATOR in text
    pieces = text.split(RECORD_SEPARATOR if separated else "\n")
    problems = RowProblems(file, "feature" if separated else "line")
    features: list[Any] = []
    numbers: list[int] = []
    for line, piece in enumerate(pieces, start=1):
        if not piece.strip():
            continue
        numbers.append(len(numbers) + 1 if separated else line)
        try:
            features.append(orjson.loads(piece))
        except orjson.JSONDecodeError as error:
            features.append(None)
            problems.add(numbers[-1], None, f"is not valid JSON ({error.msg}); export it again", piece)
    if len(features) == 1 and isinstance(features[0], dict) and "features" in features[0]:
        raise BadInputError(file, "is one GeoJSON document and no sequence: give it the ending .geojson")
    if features and len(problems.by_row) == len(features):
        raise BadInputError(file, "is no sequence of GeoJSON texts: no line is valid JSON; export it again")
    return _table(source, wanted, [_as_feature(item) for item in features], numbers, problems, None)


def _is_sequence(text: str) -> bool:
    first = text.lstrip().split("\n", 1)[0]
    try:
        return isinstance(orjson.loads(first), dict)
    except orjson.JSONDecodeError:
        return text.startswith(RECORD_SEPARATOR)


def _as_feature(item: Any) -> Any:
    is_geometry = isinstance(item, dict) and item.get("type") in GEOMETRY_TYPES
    return {"type": "Feature", "geometry": item} if is_geometry else item


def _table(
    source: Source,
    wanted: Wanted,
    features: list[Any],
    numbers: Sequence[int],
    problems: RowProblems,
    crs: str | None,
) -> RawTable:
    properties: list[dict[str, Any]] = []
    geometries: list[Any] = []
    for number, feature in zip(numbers, features, strict=True):
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            problems.add(number, None, "is not a GeoJSON Feature; export the file again")
            feature = {}  # noqa: PLW2901 - stands in, so that rows keep their positions
        values = feature.get("properties")
        properties.append(values if isinstance(values, dict) else {})
        geometries.append(feature.get("geometry"))
    found = tuple(dict.fromkeys(name for values in properties for name in values))
    names = {column: found[place] for column, place in wanted.find(found, source.file).items()}
    columns = {column: [values.get(name) for values in properties] for column, name in names.items()}
    if ("id" in wanted.fields or wanted.everything) and "id" not in columns:
        own_ids = [feature.get("id") if isinstance(feature, dict) else None for feature in features]
        if any(own_id is not None for own_id in own_ids):
            columns["id"] = own_ids
    geometry = _parse_geometries(geometries, numbers, problems)
    return RawTable(
        file=source.file,
        numbers=np.asarray(numbers, dtype=np.int64),
        found=found,
        columns=columns,
        geometry=geometry,
        crs=crs,
        problems=problems,
        names=names,
    )


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


def _parse_geometries(geometries: list[Any], numbers: Sequence[int], problems: RowProblems) -> Geometries:
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
    for number, geometry, result in zip(numbers, geometries, parsed, strict=True):
        if geometry is not None and result is None:
            problems.add(number, None, "has a geometry that is not valid GeoJSON; draw or export it again")
    return parsed


def stated_crs(document: Mapping[str, Any], file: str) -> str | None:
    """CRS of the ``crs`` member that GeoJSON had before RFC 7946 and many programs still write; None without one.

    Raises
    ------
    BadInputError
        If the member names none.
    """
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
