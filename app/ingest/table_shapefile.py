"""Zipped shapefiles: a layer's files taken out of the archive, and its table looked at before GDAL reads it."""

import codecs
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np

from app.domain.errors import BadInputError
from app.ingest import table_gdal, table_zip
from app.ingest.table_columns import Wanted
from app.ingest.table_rows import RawTable, listed, shown
from app.ingest.table_source import MAX_ROWS, Source
from app.ingest.table_text import decode_gb18030

REQUIRED = (".shp", ".shx", ".dbf")
PARTS = (*REQUIRED, ".prj", ".cpg")

HEADER_BYTES = 32
"""Of a dBASE table, and of each of its fields."""

NUMBER_BYTES = frozenset(b"0123456789+-.eE \0*")
"""Asterisks fill a number that did not fit, which GDAL reads as missing."""

CODE_PAGES = {
    "936": "gb18030",
    "cp936": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "ansi 936": "gb18030",
}
"""GB18030 holds all of GBK, so that characters beyond it do no harm."""


def read_shapefile(source: Source, wanted: Wanted) -> RawTable:
    """Features of the only shapefile in an archive, or of the one that the options name."""
    with (
        table_zip.opened(source, "zipped Shapefile") as (archive, members),
        tempfile.TemporaryDirectory(prefix="reach15-shp-") as folder,
    ):
        _unpack_layer(archive, members, source, Path(folder))
        shp = Path(folder) / "layer.shp"
        dbf = _Table((Path(folder) / "layer.dbf").read_bytes(), source.file)
        cpg = Path(folder) / "layer.cpg"
        encoding = _encoding(cpg.read_bytes() if cpg.exists() else None, dbf.text, source.file)

        def bad_cells(column: str, _: str) -> list[tuple[int, object]]:
            return dbf.no_numbers(column, encoding)

        given = table_gdal.GdalFile(shp, "Shapefile", encoding=encoding, bad_cells=bad_cells)
        table = table_gdal.explained(
            source, "zipped Shapefile", lambda: table_gdal.read_layer(source, wanted, given)
        )
    if encoding != "utf-8" and not dbf.text.isascii():
        table.warnings.append(f"{source.file}: text of its table read as {encoding.upper()}")
    return table


def _unpack_layer(archive: zipfile.ZipFile, members: table_zip.Members, source: Source, folder: Path) -> None:
    stems = {name[:-4]: name for name in members if name.lower().endswith(".shp")}
    if not stems:
        raise BadInputError(
            source.file, f"has no .shp file in it (there are: {listed(members) or 'none'}); pack a shapefile"
        )
    labels = {PurePosixPath(stem).name: stem for stem in stems}
    if len(labels) < len(stems):
        raise BadInputError(source.file, f"has shapefiles of the same name ({listed(stems)}); pack one alone")
    stem = labels[table_gdal.choose(list(labels), source, "layer")]
    by_folded = {name.casefold(): info for name, info in members.items()}
    for part in PARTS:
        info = by_folded.get((stem + part).casefold())
        if info is not None:
            table_zip.unpack(archive, info, folder / f"layer{part}")
        elif part in REQUIRED:
            raise BadInputError(
                source.file, f"lacks {PurePosixPath(stem).name}{part}; pack all files of the layer"
            )


def _encoding(cpg: bytes | None, text: bytes, file: str) -> str:
    """Encoding of the table's text: as its .cpg says, or else UTF-8 or GB18030, whichever it is."""
    if cpg is not None and cpg.strip():
        name = cpg.strip().decode("ascii", errors="replace").lower()
        name = CODE_PAGES.get(name, f"cp{name}" if name.isdigit() else name)
        try:
            return codecs.lookup(name).name
        except (LookupError, ValueError) as error:
            raise BadInputError(
                file, f"its .cpg file names an unknown encoding, {shown(name)}; write UTF-8 or GBK"
            ) from error
    try:
        text.decode()
    except UnicodeDecodeError as error:
        if decode_gb18030(text.replace(b"\0", b" ")) is None:
            raise BadInputError(
                file, "text of its table is neither UTF-8 nor GBK; add a .cpg file that names the encoding"
            ) from error
        return "gb18030"
    return "utf-8"


class _Table:
    """The dBASE table, as far as its numbers must be checked: GDAL reads text in a column of numbers as 0."""

    def __init__(self, content: bytes, file: str) -> None:
        count, header, width = (
            int.from_bytes(content[4:8], "little"),
            int.from_bytes(content[8:10], "little"),
            int.from_bytes(content[10:12], "little"),
        )
        if len(content) < HEADER_BYTES or header < HEADER_BYTES + 1 or width < 1 or count > MAX_ROWS:
            raise BadInputError(file, "its .dbf table is damaged; export it again")
        self._records = content[header : header + count * width]
        if len(self._records) < count * width:
            raise BadInputError(file, "its .dbf table is cut short; export it again")
        self._rows = np.frombuffer(self._records, dtype=np.uint8).reshape(count, width)
        if (self._rows[:, 0] == ord("*")).any():
            raise BadInputError(file, "its table has deleted records; pack it (export it again)")
        self._places: dict[bytes, slice] = {}
        start = 1
        for at in range(HEADER_BYTES, header - 1, HEADER_BYTES):
            field = content[at : at + HEADER_BYTES]
            if field[:1] in (b"\r", b"") or len(field) < HEADER_BYTES:
                break
            self._places[field[:11].split(b"\0", 1)[0]] = slice(start, start + field[16])
            start += field[16]

    @property
    def text(self) -> bytes:
        """Names of the columns and all values."""
        return b" ".join(self._places) + b" " + self._records

    def no_numbers(self, column: str, encoding: str) -> list[tuple[int, object]]:
        """Position and text of the cells of a column of numbers that hold something else."""
        place = self._places.get(column.encode(encoding, errors="replace"))
        if place is None:
            return []
        cells = self._rows[:, place]
        good = np.isin(cells, np.frombuffer(bytes(NUMBER_BYTES), dtype=np.uint8)).all(axis=1)
        return [
            (row, cells[row].tobytes().decode(encoding, errors="replace").strip(" \0"))
            for row in np.flatnonzero(~good).tolist()
        ]
