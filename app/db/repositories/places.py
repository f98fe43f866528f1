"""Places of a version, all or those in a box, found by the database's own index."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db.box_index import candidates
from app.db.models import ZoneModel
from app.db.models.places import PLACE_MODELS
from app.db.row_ids import is_of, row_ids
from app.domain.place import Box, PlaceKind, StoredPlace
from app.geo.units import FloatArray

_AT_ONCE = 5_000
"""Rows asked for at a time: fewer than SQLite takes parameters."""

_WORLD: Box = (-180.0, -90.0, 180.0, 90.0)
_IDS = {"households": "household_id", "facilities": "facility_id", "zones": "zone_id"}
_OURS = ("id", "version_id", "position", "zone_position", "shape")
"""Columns that say nothing to who asks for places."""


def find_places(session: Session, version_id: int, kind: PlaceKind, box: Box | None) -> Iterator[StoredPlace]:
    """Places of a version whose boxes meet a box, sides included, in the order of their arrays."""
    positions = candidates(session.connection(), kind, version_id, box or _WORLD)
    zone_ids = _zone_ids(session, version_id) if kind == "households" else {}
    table = PLACE_MODELS[kind].__table__
    for begin in range(0, len(positions), _AT_ONCE):
        ids = row_ids(version_id, positions[begin : begin + _AT_ONCE]).tolist()
        rows = session.execute(sa.select(table).where(table.c.id.in_(ids)).order_by(table.c.id)).all()
        meets = _meet(shapely.bounds([row.shape for row in rows]), box or _WORLD)
        for row in np.flatnonzero(meets).tolist():
            yield _place(rows[row], kind, zone_ids)


def _meet(bounds: FloatArray, box: Box) -> Any:
    west, south, east, north = box
    in_lon = (bounds[:, 0] <= east) & (bounds[:, 2] >= west)
    return in_lon & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)


def _zone_ids(session: Session, version_id: int) -> dict[int, str]:
    zones = sa.select(ZoneModel.position, ZoneModel.zone_id).where(is_of(ZoneModel.id, version_id))
    return {position: zone_id for position, zone_id in session.execute(zones)}  # noqa: C416 - rows are no pairs


def _place(row: Any, kind: PlaceKind, zone_ids: dict[int, str]) -> StoredPlace:
    known = row._asdict()
    place_id = known.pop(_IDS[kind])
    if kind == "households":
        known["zone"] = zone_ids.get(row.zone_position)
    properties = {name: value for name, value in known.items() if name not in _OURS}
    return StoredPlace(place_id, properties, row.shape)
