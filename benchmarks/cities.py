"""Networks and areas to measure on: real extracts, and generated ones of any size."""

import functools
import tempfile
from pathlib import Path

import numpy as np

from app.domain.area import Area
from app.geo.network import WalkNetwork
from app.geo.network_builder import WayLines, build_walk_network
from app.services.import_area import ImportRequest, import_area
from app.settings import Settings
from app.wiring import open_store
from benchmarks.measure import SHARED_DATA

_BLOCK_DEG = 0.001  # about 100 m


@functools.cache
def real_area(name: str) -> Area | None:
    """An imported extract, or None where the file is missing."""
    path = SHARED_DATA / f"{name}.osm.pbf"
    if not path.exists():
        return None
    store = open_store(Settings(data_dir=Path(tempfile.mkdtemp(prefix="reach15-bench-"))))
    import_area(ImportRequest(name, osm_file=path), store, Settings(), known_services=())
    return store.load(name)


@functools.cache
def grid_network(side: int) -> WalkNetwork:
    """A grid of ``side * side`` crossings about 100 m apart, shaken a little so that no two walks are equal."""
    random = np.random.default_rng(15)
    position = np.arange(side * side).reshape(side, side)
    lon_deg = np.tile(np.arange(side) * _BLOCK_DEG, (side, 1)) + random.uniform(-2e-4, 2e-4, (side, side))
    lat_deg = np.repeat(np.arange(side) * _BLOCK_DEG, side).reshape(side, side) + random.uniform(
        -2e-4, 2e-4, (side, side)
    )
    pairs = np.concatenate(
        [
            np.stack([position[:, :-1].ravel(), position[:, 1:].ravel()], axis=1),
            np.stack([position[:-1].ravel(), position[1:].ravel()], axis=1),
        ]
    )
    refs = pairs.ravel()
    count = len(pairs)
    no = np.zeros(count, dtype=bool)
    ways = WayLines(
        way_id=np.arange(1, count + 1),
        name=np.full(count, ""),
        forward=~no,
        backward=~no,
        restricted=no,
        steps=no,
        wheelchair_no=no,
        stairs=no,
        for_foot=no,
        ref_start=np.arange(0, 2 * count + 1, 2),
        ref_osm_id=refs + 1,
        ref_lon_deg=lon_deg.ravel()[refs],
        ref_lat_deg=lat_deg.ravel()[refs],
    )
    nothing = np.empty(0, dtype=np.int64)
    return build_walk_network(ways, wall_ids=nothing, gate_ids=nothing)
