"""GeoPackage, FlatGeobuf and Shapefile, read by GDAL into rows with geometry in the file's own CRS."""

import sqlite3
import warnings
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from app.domain.errors import BadInputError
from app.geo.units import Geometries
from app.ingest.table_columns import Wanted
from app.ingest.table_rows import WGS84_FIX, RawTable, RowProblems, listed, shown
from app.ingest.table_source import MAX_ROWS, Source

BadCells = Callable[[str, str], list[tuple[int, object]]]
"""Of a column and its type, number and value of the cells that GDAL reads as another number than stands there."""


@dataclass(frozen=True)
class GdalFile:
    """A file as GDAL is to read it.

    ``layer`` is None where there is but one; ``encoding`` is None where the format says it; ``bad_cells`` finds what
    GDAL would read wrongly without a word.
    """

    path: Path
    format_name: str
    layer: str | None = None
    encoding: str | None = None
    bad_cells: BadCells | None = None


def read_gpkg(source: Source, wanted: Wanted) -> RawTable:
    """Features of a GeoPackage's only layer, or of the one that the options name."""
    source.must_begin_with(b"SQLite format 3\0", "GeoPackage")

    def read() -> RawTable:
        # Imported here because it brings GDAL and, where installed, GeoPandas: a second or more.
        import pyogrio  # noqa: PLC0415

        layer = _chosen_layer(pyogrio.list_layers(source.path), source)
        key = pyogrio.read_info(source.path, layer=layer)["fid_column"]

        def bad_cells(column: str, kind: str) -> list[tuple[int, object]]:
            return _no_numbers(source.path, layer, key, column, kind) if key else []

        return read_layer(
            source, wanted, GdalFile(source.path, "GeoPackage", layer=layer, bad_cells=bad_cells)
        )

    return explained(source, "GeoPackage", read)


def read_flatgeobuf(source: Source, wanted: Wanted) -> RawTable:
    """Features of a FlatGeobuf."""
    source.must_begin_with(b"fgb\x03", "FlatGeobuf")
    return explained(
        source, "FlatGeobuf", lambda: read_layer(source, wanted, GdalFile(source.path, "FlatGeobuf"))
    )


def explained(source: Source, format_name: str, read: Callable[[], RawTable]) -> RawTable:
    """What `read` gives; GDAL's errors as one of ours, and its warnings as warnings for the user."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            table = read()
        except (BadInputError, MemoryError):
            raise
        except (
            Exception
        ) as error:  # pyogrio lets through whatever its parts raise of damage, an IndexError too
            raise BadInputError(
                source.file, f"is damaged or not a {format_name}; export it again, for instance with QGIS"
            ) from error
    # GDAL's warnings speak of damage and odd values: the user's business, and not to be printed from here.
    texts = (" ".join(str(item.message).split()) for item in heard)
    table.warnings.extend(dict.fromkeys(f"{source.file}: {text}" for text in texts))
    return table


def read_layer(source: Source, wanted: Wanted, given: GdalFile) -> RawTable:
    """Features of one layer; raises what pyogrio raises."""
    import pyogrio  # noqa: PLC0415 - as above
    import pyogrio.raw  # noqa: PLC0415

    file, layer = source.file, given.layer
    info = pyogrio.read_info(given.path, layer=layer, encoding=given.encoding)
    if info["features"] > MAX_ROWS:
        raise BadInputError(
            file, f"says that it has {info['features']} features; at most {MAX_ROWS} are read"
        )
    crs = None if info["crs"] is None or '"Undefined' in info["crs"] else info["crs"]
    which = f"its layer {layer} " if layer else ""
    if crs is None and source.options.crs is None:
        raise BadInputError(file, f"{which}states no CRS; name it (crs=EPSG:4547, say), or {WGS84_FIX}")
    found = tuple(str(name) for name in info["fields"])
    names = {column: found[place] for column, place in wanted.find(found, file).items()}
    # GDAL hands columns over in the file's order, whatever the order asked for.
    meta, fids, wkb, values = pyogrio.raw.read(
        given.path,
        layer=layer,
        encoding=given.encoding,
        columns=list(names.values()),
        force_2d=True,
        return_fids=True,
    )
    if wkb is None:
        raise BadInputError(file, f"{which}has no geometry; export a layer of points or polygons")
    if len(wkb) == 0:
        raise BadInputError(file, f"{which}has no features; export it again")
    by_name = dict(zip(meta["fields"], values, strict=True))
    columns = {column: by_name[name].tolist() for column, name in names.items()}
    if "id" in wanted.fields and "id" not in columns and str(info["fid_column"]).casefold() == "id":
        columns["id"] = fids.tolist()
    problems = RowProblems(file, "feature")
    kinds = dict(zip(meta["fields"], meta["dtypes"], strict=True))
    for name in names.values():
        if given.bad_cells is not None and str(kinds[name]).startswith(("int", "float")):
            for fid, value in given.bad_cells(name, str(kinds[name])):
                number = int(np.searchsorted(fids, fid)) + 1
                reason = f"{shown(value)} is not a number of the column's type; correct it"
                problems.add(number, name, reason, value)
    return RawTable(
        file=file,
        numbers=np.arange(1, len(wkb) + 1, dtype=np.int64),
        found=found,
        columns=columns,
        geometry=parse_wkb(wkb, problems),
        crs=crs,
        problems=problems,
        names=names,
    )


def _no_numbers(path: Path, layer: str, fid: str, column: str, kind: str) -> list[tuple[int, object]]:
    """Key and value of cells in a column of numbers that hold something else, as SQLite lets them.

    GDAL reads text there as 0 and cuts fractions off integers, without a word.
    """
    layer, fid, column = ('"' + name.replace('"', '""') + '"' for name in (layer, fid, column))
    allowed = "'null', 'integer'" if kind.startswith("int") else "'null', 'integer', 'real'"
    query = f"SELECT {fid}, {column} FROM {layer} WHERE typeof({column}) NOT IN ({allowed})"  # noqa: S608 - quoted
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def _chosen_layer(layers: NDArray[Any], source: Source) -> str:
    """The layer that the options name, or the only one with geometry; tables of styles and the like have none."""
    spatial = [str(name) for name, geometry_type in layers if geometry_type is not None]
    if not spatial:
        raise BadInputError(source.file, "has no layer with geometry; export a layer of points or polygons")
    return choose(spatial, source, "layer")


def choose(names: list[str], source: Source, what: str) -> str:
    """The one of some layers or sheets that is meant."""
    asked = source.options.layer
    if asked is not None:
        if asked not in names:
            raise BadInputError(source.file, f"has no {what} {shown(asked)} (there are: {listed(names)})")
        return asked
    if len(names) > 1:
        raise BadInputError(
            source.file,
            f"has {len(names)} {what}s ({listed(names)}); name the one meant with the layer option",
        )
    return names[0]


def parse_wkb(wkb: Any, problems: RowProblems) -> Geometries:
    """Geometry of every row; None, and noted as bad, where it cannot be read."""
    with np.errstate(all="ignore"):
        parsed: Geometries = shapely.from_wkb(wkb, on_invalid="ignore")
    for number, (content, result) in enumerate(zip(wkb, parsed, strict=True), start=1):
        if content is not None and result is None:
            problems.add(number, None, "has a geometry that cannot be read; draw it again")
    return parsed
