"""Which reader takes which file."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from app.domain.errors import BadInputError
from app.ingest.table_columns import Wanted
from app.ingest.table_csv import read_csv
from app.ingest.table_gdal import read_flatgeobuf, read_gpkg
from app.ingest.table_geojson import read_geojson, read_geojson_sequence
from app.ingest.table_rows import RawTable
from app.ingest.table_shapefile import read_shapefile
from app.ingest.table_source import ReadOptions, Source

Reader = Callable[[Source, Wanted], RawTable]


def _parquet(source: Source, wanted: Wanted) -> RawTable:
    from app.ingest.table_parquet import read_parquet  # noqa: PLC0415 - Arrow only where needed

    return read_parquet(source, wanted)


def _xlsx(source: Source, wanted: Wanted) -> RawTable:
    from app.ingest.table_xlsx import read_xlsx  # noqa: PLC0415 - as above

    return read_xlsx(source, wanted)


READERS: Mapping[str, Reader] = {
    ".geojson": read_geojson,
    ".json": read_geojson,
    ".geojsonl": read_geojson_sequence,
    ".geojsons": read_geojson_sequence,
    ".ndjson": read_geojson_sequence,
    ".gpkg": read_gpkg,
    ".zip": read_shapefile,
    ".fgb": read_flatgeobuf,
    ".parquet": _parquet,
    ".geoparquet": _parquet,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".xlsx": _xlsx,
}
"""By the ending of the file's name, in lower case."""

HINTS = {
    ".shp": "; zip it together with its .shx, .dbf and .prj",
    ".xls": "; save it as .xlsx or CSV",
    ".kml": "; save it as GeoJSON or GeoPackage, for instance with QGIS",
}


def read_raw(path: Path, options: ReadOptions, wanted: Wanted) -> RawTable:
    """Rows of a file in any format, as they stand in it.

    Raises
    ------
    BadInputError
        If its ending is no known one, or it cannot be read.
    """
    source = Source.of(path, options)
    reader = READERS.get(source.ending)
    if reader is None:
        given = f"files ending in {source.ending!r} are" if source.ending else "a file without an ending is"
        *most, last = READERS
        hint = HINTS.get(source.ending, "")
        raise BadInputError(source.file, f"{given} not read here{hint}; give {', '.join(most)} or {last}")
    return replace(reader(source, wanted), asked_crs=options.crs)
