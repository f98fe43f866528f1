"""PostgreSQL's binary COPY format, made of whole columns.

References
----------
PostgreSQL's manual, COPY, "Binary Format"; PostGIS reads EWKB there.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects.postgresql import JSONB

from app.db.base import Json
from app.db.geometry_type import SRID, Shape
from app.geo.units import Geometries

BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"

_NULL = b"\xff\xff\xff\xff"
_JSONB = b"\x01"
"""Version of the format in which JSONB comes: text."""
_POINT = np.frombuffer(bytes.fromhex("0101000020E6100000"), np.uint8)
"""Little-endian, a point, with SRID, 4326."""

Bytes = NDArray[np.uint8]
Piece = Bytes | list[bytes]
"""A part of every row: equally long in all, as a matrix, or not."""


def encode_rows(columns: Sequence[tuple[Any, sa.types.TypeEngine[Any]]]) -> bytes:
    """Rows of these columns: values, one for each row, and what they are in the table."""
    count = len(columns[0][0])
    head = np.broadcast_to(np.frombuffer(len(columns).to_bytes(2, "big"), np.uint8), (count, 2))
    pieces: list[Piece] = [head]
    for values, kind in columns:
        pieces += _encode(values, kind)
    parts = list(_joined(pieces))
    flat = [b""] * (count * len(parts))
    for n, part in enumerate(parts):
        flat[n :: len(parts)] = part
    return b"".join(flat)


def _joined(pieces: Iterable[Piece]) -> Iterable[list[bytes]]:
    """The parts of a row as bytes, those that are equally long in all rows made one where they follow each other."""
    waiting: list[Bytes] = []
    for piece in pieces:
        if isinstance(piece, list):
            if waiting:
                yield _split(np.hstack(waiting))
                waiting = []
            yield piece
        else:
            waiting.append(piece)
    if waiting:
        yield _split(np.hstack(waiting))


def _split(cells: Bytes) -> list[bytes]:
    width = cells.shape[1]
    found: list[bytes] = np.ascontiguousarray(cells).view(f"V{width}").ravel().tolist()
    return found


def _encode(values: Any, kind: sa.types.TypeEngine[Any]) -> list[Piece]:
    if isinstance(kind, Shape):
        return _shapes(values)
    if isinstance(kind, sa.BigInteger):
        return _numbers(values, ">i8")
    if isinstance(kind, sa.Integer):
        return _numbers(values, ">i4")
    if isinstance(kind, sa.Boolean):
        return _numbers(values, "u1")
    if isinstance(kind, sa.Float):
        return _numbers(values, ">f8")
    prefix = _JSONB if kind is Json or isinstance(kind, JSONB) else b""
    return _lengthy([prefix + value.encode() for value in values])


def _numbers(values: NDArray[Any], wire: str) -> list[Piece]:
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
    if missing.all():
        return [np.full((len(values), len(_NULL)), 0xFF, dtype=np.uint8)]
    known = np.where(missing, 0, values) if missing.any() else values
    content = np.ascontiguousarray(known.astype(wire)).view(np.uint8).reshape(len(values), -1)
    cells = _with_length(content)
    if not missing.any():
        return [cells]
    listed = _split(cells)
    for row in np.flatnonzero(missing).tolist():
        listed[row] = _NULL
    return [listed]


def _shapes(shapes: Geometries) -> list[Piece]:
    if not (shapely.get_type_id(shapes) == shapely.GeometryType.POINT).all():
        return _lengthy(shapely.to_wkb(shapely.set_srid(shapes, SRID), include_srid=True).tolist())
    content = np.empty((len(shapes), len(_POINT) + 16), dtype=np.uint8)
    content[:, : len(_POINT)] = _POINT
    content[:, len(_POINT) :] = shapely.get_coordinates(shapes).astype("<f8").view(np.uint8)
    return [_with_length(content)]


def _with_length(content: Bytes) -> Bytes:
    cells = np.empty((len(content), 4 + content.shape[1]), dtype=np.uint8)
    cells[:, :4] = np.frombuffer(content.shape[1].to_bytes(4, "big"), np.uint8)
    cells[:, 4:] = content
    return cells


def _lengthy(values: list[bytes]) -> list[Piece]:
    lengths = np.fromiter(map(len, values), dtype=">i4", count=len(values))
    return [lengths.view(np.uint8).reshape(len(values), 4), values]
