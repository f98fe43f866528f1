"""GeoParquet, and plain Parquet with coordinates in columns."""

from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from app.domain.errors import BadInputError
from app.ingest.table_columns import Wanted
from app.ingest.table_csv import place_columns
from app.ingest.table_gdal import parse_wkb
from app.ingest.table_places_text import geometry_of_text
from app.ingest.table_rows import WGS84_FIX, RawTable, RowProblems, shown
from app.ingest.table_source import MAX_ROWS, MAX_UNPACKED_BYTES, Source

MAGIC = b"PAR1"


def read_parquet(source: Source, wanted: Wanted) -> RawTable:
    """Rows of a Parquet file; with metadata of GeoParquet its primary geometry, else as a table.

    Raises
    ------
    BadInputError
        If it is damaged, larger than is read, or its geometry is not WKB.
    """
    source.must_begin_with(MAGIC, "Parquet")
    try:
        with pq.ParquetFile(source.path, memory_map=False) as content:
            return _read(source, wanted, content)
    # What Arrow raises of damage; its own errors are some of these, but not all.
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise BadInputError(source.file, "is damaged or not a Parquet file; export it again") from error


def _read(source: Source, wanted: Wanted, content: pq.ParquetFile) -> RawTable:
    file, metadata = source.file, content.metadata
    size = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    if metadata.num_rows > MAX_ROWS or size > MAX_UNPACKED_BYTES:
        raise BadInputError(
            file,
            f"has {metadata.num_rows:,} rows in {size / 2**20:,.0f} MB unpacked; split it into smaller files",
        )
    if metadata.num_rows == 0:
        raise BadInputError(file, "has no rows; export it again")
    geo = _geo(metadata.metadata, file)
    names = tuple(content.schema_arrow.names)
    found = names if geo is None else tuple(name for name in names if name != geo[0])
    positions = place_columns(found, wanted, file) if geo is None else wanted.find(found, file)
    chosen = {column: found[place] for column, place in positions.items()}
    read = content.read(columns=[*dict.fromkeys(chosen.values()), *([] if geo is None else [geo[0]])])
    columns: dict[str, Any] = {column: read.column(name).to_pylist() for column, name in chosen.items()}
    problems = RowProblems(file, "feature")
    numbers = list(range(1, read.num_rows + 1))
    if geo is None:
        geometry = geometry_of_text(columns, numbers, wanted, problems)
    else:
        wkb = read.column(geo[0]).to_pylist()
        if not all(value is None or isinstance(value, bytes) for value in wkb):
            raise BadInputError(file, f"its column {shown(geo[0])} is no geometry; export it again")
        geometry = parse_wkb(np.array(wkb, dtype=object), problems)
    return RawTable(
        file=file,
        numbers=np.asarray(numbers, dtype=np.int64),
        found=found,
        columns=columns,
        geometry=geometry,
        crs=None if geo is None else _crs(geo[1], source),
        problems=problems,
        names=chosen,
    )


def _geo(metadata: dict[bytes, bytes] | None, file: str) -> tuple[str, dict[str, Any]] | None:
    """Name and description of the primary geometry; None for a table without metadata of GeoParquet."""
    text = (metadata or {}).get(b"geo")
    if text is None:
        return None
    try:
        geo = orjson.loads(text)
        name = geo["primary_column"]
        column = geo["columns"][name]
        encoding = column["encoding"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise BadInputError(file, "its metadata of GeoParquet is damaged; export it again") from error
    if encoding != "WKB":
        raise BadInputError(file, f"its geometry is encoded as {shown(encoding)}; export it with WKB")
    return str(name), column


def _crs(column: dict[str, Any], source: Source) -> str | None:
    """CRS as the metadata has it: WGS 84 where it has none, unknown where it is null."""
    crs = column.get("crs", "OGC:CRS84")
    if crs is None and source.options.crs is None:
        raise BadInputError(
            source.file, f"says that its CRS is unknown; name it (crs=EPSG:4547, say), or {WGS84_FIX}"
        )
    return crs if crs is None or isinstance(crs, str) else orjson.dumps(crs).decode()
