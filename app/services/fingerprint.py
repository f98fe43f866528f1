"""The data hash: one name for all that an area's answers follow from."""

import hashlib
import json
from typing import Any

import numpy as np
import shapely

from app.domain.area import Extent
from app.domain.facility import Facilities
from app.domain.household import Households
from app.domain.zone import Zones
from app.geo.network import WalkNetwork
from app.geo.obstacles import Obstacles

VERSION_LENGTH = 12
"""Hex digits of the data hash that serve as the area's version."""


def data_hash(
    network: WalkNetwork,
    households: Households,
    facilities: Facilities,
    extent: Extent,
    *,
    max_link_m: float,
    zones: Zones | None = None,
    obstacles: Obstacles | None = None,
) -> str:
    """SHA-256 over the content of an area; equal content has an equal hash, whatever file it came from."""
    digest = hashlib.sha256()
    for name, values in network.arrays().items():
        _add(digest, f"network.{name}", values)
    for name, record in (("households", households), ("facilities", facilities)):
        for field, values in vars(record).items():
            if isinstance(values, np.ndarray) and field != "outline":
                _add(digest, f"{name}.{field}", values)
        for field, values in vars(record.access).items():
            if isinstance(values, np.ndarray):
                _add(digest, f"{name}.access.{field}", values)
    # What an area does not have changes nothing, so that areas without it keep their hash.
    optional: dict[str, np.ndarray] = {
        f"households.{group}": persons for group, persons in sorted(households.groups.items())
    }
    if zones is not None:
        shapes = shapely.to_wkb(zones.geometry, hex=True).tolist()
        optional |= {"zones.id": zones.id, "zones.name": zones.name}
        optional["zones.geometry"] = np.asarray(shapes, dtype=np.str_)
    if obstacles is not None:
        optional |= {f"obstacles.{name}": values for name, values in obstacles.arrays().items()}
    for name, values in optional.items():
        _add(digest, name, values)
    meaning = {
        "tags": [dict(tags) for tags in facilities.tags],
        "services": facilities.services,
        "outlines": shapely.to_wkb(facilities.outline, hex=True).tolist(),
        "extent": shapely.to_wkb(extent.polygon, hex=True),
        "max_link_m": max_link_m,
    }
    digest.update(json.dumps(meaning, ensure_ascii=False, sort_keys=True).encode())
    return digest.hexdigest()


def _add(digest: Any, name: str, values: np.ndarray) -> None:
    if values.dtype.kind == "U":
        content = "\0".join(values.tolist()).encode()
    else:
        content = np.ascontiguousarray(values).tobytes()
    digest.update(f"{name}:{values.shape}:{values.dtype.kind}:{len(content)}:".encode())
    digest.update(content)
