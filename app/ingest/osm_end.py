"""Ends of OpenStreetMap files that osmium takes for whole ones."""

import bz2
import gzip
import re
import zlib
from pathlib import Path
from typing import BinaryIO

_LENGTH_BYTES = 4
"""Each block of a PBF file begins with the length of its header (https://wiki.openstreetmap.org/wiki/PBF_Format)."""

_MAX_HEADER_BYTES = 64 * 1024  # the format's own bound
_SIZE_FIELD = 3
_TAIL_BYTES = 2000
_CHUNK_BYTES = 1 << 20
_REMARK = re.compile(rb"<remark>\s*([^<]*)")


def check_end(path: Path) -> None:
    """Refuse a PBF file that ends within a block's first bytes, and an answer that Overpass broke off.

    A PBF file that ends just after a block cannot be told from a whole one.

    Raises
    ------
    ValueError
        If the file is not whole.
    """
    with path.open("rb") as stream:
        if path.name.lower().endswith(".pbf"):
            if _ends_in_a_length(stream, path.stat().st_size):
                raise ValueError("it ends within a block")
            return
        remark = _REMARK.search(_tail(path, stream))
    if remark:
        # Overpass writes it where it gave up, and closes the document all the same.
        raise ValueError(f"Overpass broke off: {remark[1].decode(errors='replace').strip()}")


def _tail(path: Path, stream: BinaryIO) -> bytes:
    """The last bytes of a document. A packed one has to be read from its beginning: that is how packing works."""
    name = path.name.lower()
    if not name.endswith((".gz", ".bz2")):
        stream.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return stream.read()
    tail = b""
    try:
        with gzip.open(stream) if name.endswith(".gz") else bz2.open(stream) as unpacked:
            while chunk := unpacked.read(_CHUNK_BYTES):
                tail = (tail + chunk)[-_TAIL_BYTES:]
    except (EOFError, zlib.error) as error:
        raise ValueError(f"its packed data is not whole: {error}") from error
    return tail


def _ends_in_a_length(stream: BinaryIO, size: int) -> bool:
    """Whether less than a length follows the last whole block; osmium says nothing of such a rest."""
    at = 0
    while at + _LENGTH_BYTES <= size:
        stream.seek(at)
        header_bytes = int.from_bytes(stream.read(_LENGTH_BYTES))
        header = stream.read(min(header_bytes, _MAX_HEADER_BYTES))
        body_bytes = _body_bytes(header)
        if body_bytes is None:
            return False  # damaged, which osmium will say better
        at += _LENGTH_BYTES + len(header) + body_bytes
    return at < size


def _body_bytes(header: bytes) -> int | None:
    """Field 3 of a block's header; its other fields are texts. None if it has no such field."""
    at = 0
    while at < len(header):
        field, at = header[at], at + 1
        value, at = _varint(header, at)
        if field == _SIZE_FIELD << 3:
            return value
        at += value
    return None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A whole number in protobuf's writing, 7 bits a byte, and where it ends."""
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            break
    return value, at
