"""Puts the objects of an OpenStreetMap file in order: by type and id, each once, and none that was deleted."""

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import osmium
from osmium.osm import Node, Relation, Way

from app.geo.units import BoolArray
from app.ingest.osm_deleted import deleted_in_editor

SORTED = "Type_then_ID"
"""What the header of a sorted file says under ``sorting``."""


def in_order(path: Path, folder: Path) -> Path:
    """The file itself if it is in order, by its own word or by looking; else a sorted copy in `folder`.

    Of an object that stands in an unsorted file twice, the last one counts. One that is marked as deleted
    (``visible="false"``, or ``action="delete"`` as JOSM writes it) is none.

    Raises
    ------
    RuntimeError
        If osmium cannot read the file to its end.
    """
    if osmium.io.Reader(str(path), osmium.osm.NOTHING).header().get("sorting") == SORTED:
        return path
    deleted = deleted_in_editor(path)
    kinds, ids, is_there = array("b"), array("q"), array("b")
    for item in _objects(path):
        kind_here = 0 if item.is_node() else 1 if item.is_way() else 2
        kinds.append(kind_here)
        ids.append(item.id)
        is_there.append(item.visible and (kind_here, item.id) not in deleted)
    kind, osm_id = np.asarray(kinds, dtype=np.int64), np.asarray(ids, dtype=np.int64)
    # osmium's own order: negative ids first, the small ones before the large ones.
    keys = np.stack([kind, (osm_id > 0).astype(np.int64), np.abs(osm_id)])
    order = np.lexsort(keys[::-1])
    is_last = np.ones(len(order), dtype=bool)
    is_last[:-1] = (keys[:, order][:, 1:] != keys[:, order][:, :-1]).any(axis=0)
    keep = np.zeros(len(order), dtype=bool)
    keep[order[is_last]] = True
    keep &= np.asarray(is_there, dtype=bool)
    if keep.all() and (order == np.arange(len(order))).all():
        return path
    if not keep.all():
        path = _copy_of(path, keep, folder / "each-once.osm.pbf")
    return _sorted_copy(path, folder / "sorted.osm.pbf")


def _copy_of(source: Path, keep: BoolArray, target: Path) -> Path:
    with osmium.SimpleWriter(str(target)) as writer:
        for item, kept in zip(_objects(source), keep.tolist(), strict=True):
            if kept:
                writer.add(item)
    return target


def _sorted_copy(source: Path, target: Path) -> Path:
    merger = osmium.MergeInputReader()
    merger.add_file(str(source))
    with osmium.SimpleWriter(str(target)) as writer:
        merger.apply(writer, simplify=False)
    return target


def _objects(path: Path) -> Iterator[Node | Way | Relation]:
    return cast("Iterator[Node | Way | Relation]", iter(osmium.FileProcessor(str(path))))
