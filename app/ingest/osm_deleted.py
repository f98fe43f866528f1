"""What an editor marked as deleted in an OpenStreetMap XML file, and osmium reads as if it were there.

JOSM keeps an object that its user deleted, with ``action='delete'``, until the deletion is uploaded
(https://wiki.openstreetmap.org/wiki/JOSM_file_format).
"""

import bz2
import gzip
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, cast
from xml.parsers import expat

_CHUNK_BYTES = 1 << 20
_MARK = re.compile(rb"\baction\s*=\s*[\"']delete")
_LONGEST_MARK = 64
_KINDS: Mapping[str, int] = {"node": 0, "way": 1, "relation": 2}


def deleted_in_editor(path: Path) -> frozenset[tuple[int, int]]:
    """Type (0 node, 1 way, 2 relation) and id of the objects that are marked so; none in PBF and O5M.

    A document that ends early, or is none, is left for osmium to refuse: what stands before is found.
    """
    if path.name.lower().endswith((".pbf", ".o5m")) or not _is_marked(path):
        return frozenset()
    found: set[tuple[int, int]] = set()

    def note(name: str, attributes: dict[str, str]) -> None:
        if attributes.get("action") == "delete" and name in _KINDS:
            found.add((_KINDS[name], int(attributes["id"])))

    parser = expat.ParserCreate()
    parser.StartElementHandler = note
    try:
        for chunk in _chunks(path):
            parser.Parse(chunk)
    except (expat.ExpatError, KeyError, ValueError):
        return frozenset(found)
    return frozenset(found)


def _is_marked(path: Path) -> bool:
    """Whether the mark is there at all: few files have it, and to look for its letters costs next to nothing."""
    rest = b""
    for chunk in _chunks(path):
        if _MARK.search(rest + chunk):
            return True
        rest = chunk[-_LONGEST_MARK:]
    return False


def _chunks(path: Path) -> Iterator[bytes]:
    name = path.name.lower()
    packed = gzip.open if name.endswith(".gz") else bz2.open if name.endswith(".bz2") else open
    with cast("BinaryIO", packed(path, "rb")) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk
