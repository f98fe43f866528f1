"""Damaged files: valid ones of every format with bytes changed, cut out, repeated or put in."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from shapely import Point, Polygon

from app.domain.errors import BadInputError
from app.ingest.table_source import ReadOptions
from app.ingest.tables import read_area_file, read_facilities_file, read_households_file
from app.ingest.zone_files import read_zones_file
from tests.support.table_formats import FORMATS, write

Read = Callable[[Path], object]
SKIP = ReadOptions(on_error="skip")

READS: tuple[Read, ...] = (
    read_households_file,
    lambda path: read_households_file(path, SKIP),
    lambda path: read_facilities_file(path, {"clinic"}, SKIP),
    lambda path: read_zones_file(path, SKIP),
    lambda path: read_area_file(path, "boundary"),
)

WORDS = (b"\0", b"\xff" * 4, b"-1", b"1e999", b'"', b",", b"{", b"\xb1\xe0", b"NaN", b"\x7f\xff\xff\xff")


def seeds(folder: Path) -> Mapping[str, bytes]:
    """A small valid file of every format."""
    square = Polygon([(118.7, 32.0), (118.8, 32.0), (118.8, 32.1), (118.7, 32.1)])
    columns: dict[str, list[Any]] = {"id": ["一", "b", "c"], "户数": [1, 2, 3], "services": ["clinic"] * 3}
    found = {}
    for ending in FORMATS:
        shapes = [Point(118.7, 32.0), Point(118.71, 32.01), Point(118.72, 32.02)]
        if ending in ("geojson", "gpkg"):
            shapes[2] = square
        found[ending] = write(folder / f"seed.{ending}", shapes, columns).read_bytes()
    found["csv"] = found["csv"].decode().encode("gbk")
    return found


def damaged(content: bytes, edits: bytes) -> bytes:
    """The content with edits made: of each five bytes two say where, one what, and two how much."""
    result = bytearray(content)
    for start in range(0, len(edits) - 4, 5):
        place, kind, amount, value = (
            int.from_bytes(edits[start : start + 2], "little"),
            edits[start + 2],
            1 + edits[start + 3] % 8,
            edits[start + 4],
        )
        at = place % max(1, len(result))
        if kind % 5 == 0 and result:
            result[at] = value
        elif kind % 5 == 1:
            del result[at : at + amount]
        elif kind % 5 == 2:
            result[at:at] = result[at : at + amount]
        elif kind % 5 == 3:
            result[at : at + amount] = WORDS[value % len(WORDS)]
        else:
            result[at:] = b"" if value > 250 else result[at:]
    return bytes(result)


def read_damaged(ending: str, content: bytes, how: int, folder: Path | None = None) -> bool:
    """Read a damaged file; whether it was refused. Anything but a refusal in one line is let through."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        path = Path(made) / f"damaged.{ending}"
        path.write_bytes(content)
        try:
            READS[how % len(READS)](path)
        except BadInputError as error:
            said = str(error)
        else:
            return False
    assert "\n" not in said, said
    return True
