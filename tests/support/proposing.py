"""Proposals written in one line, and random ones for a city."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from app.domain.area import Area
from app.domain.proposal import Proposal
from app.geo.network import GATE, WALL
from app.ingest.proposal_files import proposal_from


def feature(action: Any, geometry: Any = None, **properties: Any) -> dict[str, Any]:
    """A feature; `geometry` is a Shapely geometry, GeoJSON, or None."""
    if isinstance(geometry, shapely.Geometry):
        geometry = json.loads(shapely.to_geojson(geometry))
    given = {} if action is None else {"action": action}
    return {"type": "Feature", "properties": given | properties, "geometry": geometry}


def collection(*features: Any, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **members}


def proposal(*features: Any, **members: Any) -> Proposal:
    return proposal_from(collection(*features, **members), "p.geojson")


def write_proposal(path: Path, *features: Any, **members: Any) -> Path:
    path.write_text(json.dumps(collection(*features, **members)), encoding="utf-8")
    return path


def random_proposal(area: Area, services: list[str], seed: int) -> Proposal:
    """One to three changes of all kinds, near one another so that they may meet; never a contradiction."""
    source = random.Random(seed)
    network = area.network
    middle = source.randrange(network.edge_count)
    x_m, y_m = (values[network.vertex_start[middle]] for values in (network.vertex_x_m, network.vertex_y_m))
    near = np.flatnonzero(np.hypot(network.vertex_x_m - x_m, network.vertex_y_m - y_m) < 400.0)
    kinds = source.sample(list(_KINDS), source.choice([1, 1, 2, 3]))
    made = [_KINDS[kind](area, services, near, source) for kind in kinds]
    kept: list[dict[str, Any]] = []
    for item in (item for item in made if item is not None):
        if not _meets(item, kept):
            kept.append(item)
    return proposal(*kept) if kept else proposal(feature("close", way=int(network.edge_way_id[middle])))


def _meets(item: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    """Links and closed ways or polygons would often contradict one another."""
    is_link = item["properties"]["action"] == "open" and item["geometry"] is not None
    return (
        any(
            (is_link and other["properties"]["action"] == "close")
            or (item["properties"]["action"] == "close" and other["properties"]["action"] == "open")
            for other in others
            if "facility" not in other["properties"]
        )
        and "facility" not in item["properties"]
    )


def _place(area: Area, near: Any, source: random.Random) -> tuple[float, float]:
    vertex = int(source.choice(near))
    return (
        float(area.network.vertex_lon_deg[vertex]) + source.uniform(-1e-3, 1e-3),
        float(area.network.vertex_lat_deg[vertex]) + source.uniform(-1e-3, 1e-3),
    )


def _add(area: Area, services: list[str], near: Any, source: random.Random) -> Any:
    lon, lat = _place(area, near, source)
    shape = source.choice([shapely.Point(lon, lat), shapely.box(lon, lat, lon + 8e-4, lat + 5e-4)])
    return feature("add", shape, services=source.sample(services, 2), facility="new-one")


def _facility(area: Area, source: random.Random) -> str | None:
    return str(source.choice(area.facilities.id.tolist())) if area.facilities.count else None


def _close(area: Area, services: list[str], near: Any, source: random.Random) -> Any:
    name = _facility(area, source)
    return None if name is None else feature("close", facility=name)


def _move(area: Area, services: list[str], near: Any, source: random.Random) -> Any:
    name = _facility(area, source)
    return None if name is None else feature("move", shapely.Point(_place(area, near, source)), facility=name)


def _close_way(area: Area, services: list[str], near: Any, source: random.Random) -> Any:
    edge = area.network.vertex_edge[int(source.choice(near))]
    return feature("close", way=int(area.network.edge_way_id[edge]))


def _close_node(area: Area, services: list[str], near: Any, source: random.Random) -> Any:
    return feature("close", node=int(area.network.vertex_osm_id[int(source.choice(near))]))


def _close_polygon(area: Area, services: list[str], near: Any, source: random.Random) -> Any:
    lon, lat = _place(area, near, source)
    return feature("close", shapely.Point(lon, lat).buffer(source.uniform(1e-5, 1.2e-3), quad_segs=2))


def _open_node(area: Area, services: list[str], near: Any, source: random.Random) -> Any:
    barriers = np.flatnonzero(area.network.vertex_mark & (WALL | GATE))
    if len(barriers) == 0:
        return None
    return feature("open", node=int(area.network.vertex_osm_id[int(source.choice(barriers.tolist()))]))


def _open_way(area: Area, services: list[str], near: Any, source: random.Random) -> Any:
    private = np.flatnonzero(area.network.edge_private)
    if len(private) == 0:
        return None
    return feature("open", way=int(area.network.edge_way_id[int(source.choice(private.tolist()))]))


def _open_link(area: Area, services: list[str], near: Any, source: random.Random) -> Any:
    one, other = (int(source.choice(near)) for _ in range(2))
    if area.network.vertex_osm_id[one] == area.network.vertex_osm_id[other]:
        return None
    ends = [
        (float(area.network.vertex_lon_deg[v]), float(area.network.vertex_lat_deg[v])) for v in (one, other)
    ]
    if shapely.Point(ends[0]).equals(shapely.Point(ends[1])):
        return None
    return feature("open", shapely.LineString([ends[0], _place(area, near, source), ends[1]]))


_KINDS = {
    "add": _add,
    "close": _close,
    "move": _move,
    "close_way": _close_way,
    "close_node": _close_node,
    "close_polygon": _close_polygon,
    "open_node": _open_node,
    "open_way": _open_way,
    "open_link": _open_link,
}
