"""Zones out of OpenStreetMap's administrative boundaries of one level."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import osmium
import shapely
from osmium.filter import TagFilter
from osmium.osm import Area, Relation, Way

from app.domain.errors import BadInputError
from app.domain.zone import Zones
from app.ingest.osm_order import in_order
from app.ingest.table_places import over_the_edge
from app.ingest.table_rows import listed

_NAME_KEYS = ("name", "name:zh", "name:en", "official_name", "ref")


@dataclass
class _Boundaries:
    """Boundaries of all levels: those that close, by id, and the relations that do not, by level."""

    wkb: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=dict)
    relations: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)

    def closed(self, level: str) -> list[str]:
        """Ids of those that close. Outlines of a relation's own parts are none of their own."""
        ids = (item for item in self.wkb if self.levels[item] == level)
        return sorted(item for item in ids if item in self.relations or self._stands_alone(item))

    def open(self, level: str) -> list[str]:
        """Names of the relations that do not close."""
        ids = sorted(item for item in self.relations if self.levels[item] == level and item not in self.wkb)
        return [self.names[item] or item for item in ids]

    def _stands_alone(self, way: str) -> bool:
        return way not in self.members and bool(self.names[way])


def read_osm_zones(path: Path, level: int) -> tuple[Zones, tuple[str, ...]]:
    """Administrative boundaries of a level that the file holds whole, and warnings that name the others.

    Raises
    ------
    BadInputError
        If it holds no whole one; says which levels it has.
    """
    with tempfile.TemporaryDirectory(prefix="reach15-") as folder:
        found = _read(in_order(path, Path(folder)))
    ids, incomplete = found.closed(str(level)), found.open(str(level))
    if not ids:
        raise BadInputError(f"--zones-level {level}", _why_none(found, incomplete, path.name))
    warnings: tuple[str, ...] = ()
    if incomplete:
        names = listed(incomplete)
        warnings = (
            f"{path.name}: {len(incomplete)} boundaries of level {level} are cut off, left out: {names}",
        )
    shapes = np.asarray(shapely.from_wkb(np.asarray([found.wkb[item] for item in ids], dtype=object)))
    called = [found.names[item] for item in ids]
    over, polar = over_the_edge(shapes)
    if (over | polar).any():
        across = listed(called[position] or ids[position] for position in np.flatnonzero(over | polar))
        raise BadInputError(
            f"--zones-level {level}",
            f"{path.name}: boundaries cross the antimeridian or reach a pole ({across}); cut them there and give them "
            "with --zones FILE",
        )
    return Zones(np.asarray(ids), np.asarray(called), shapes), warnings


def _read(path: Path) -> _Boundaries:
    is_boundary = TagFilter(("boundary", "administrative"))
    processor = osmium.FileProcessor(str(path)).with_areas(is_boundary)
    processor = processor.with_filter(TagFilter(("boundary", "administrative")))
    to_wkb = osmium.geom.WKBFactory()
    found = _Boundaries()
    for item in cast("Iterator[Area | Relation | Way]", iter(processor)):
        if item.is_area():
            area = cast("Area", item)
            try:
                wkb = bytes.fromhex(to_wkb.create_multipolygon(area))
            except RuntimeError:  # the outline does not close
                continue
            item_id = f"{'way' if area.from_way() else 'relation'}/{area.orig_id()}"
            found.wkb[item_id] = wkb
        elif item.is_relation():
            relation = cast("Relation", item)
            item_id = f"relation/{relation.id}"
            found.relations.add(item_id)
            found.members |= {f"way/{member.ref}" for member in relation.members if member.type == "w"}
        else:
            continue
        found.levels[item_id] = (item.tags.get("admin_level") or "").strip()
        names = (item.tags.get(key) for key in _NAME_KEYS)
        found.names[item_id] = " ".join(next(filter(None, names), "").split())
    return found


def _why_none(found: _Boundaries, incomplete: list[str], file: str) -> str:
    if incomplete:
        names = listed(incomplete)
        problem = f"no boundary of this level is whole in {file} (cut off at its border: {names})"
    else:
        problem = f"{file} has no boundary of this level"
    whole = Counter({level: len(found.closed(level)) for level in set(found.levels.values()) if level})
    has = ", ".join(f"{level} ({whole[level]})" for level in sorted(whole, key=_as_number) if whole[level])
    return f"{problem}; " + (
        f"whole ones are there of level {has}" if has else "give the zones with --zones FILE"
    )


def _as_number(level: str) -> tuple[int, str]:
    return (int(level) if level.isdecimal() else 99, level)
