"""One isochrone of 5, 10 and 15 minutes, warm, against the usual recipe with OSMnx's tools; and over HTTP."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely

from app.domain.area import Area
from app.geo.network import WalkNetwork
from app.ingest.demo_extract import find_demo_extract
from app.services.area_engine import AreaEngine
from app.services.import_area import ImportRequest, import_area
from app.services.isochrone_limits import Limit
from app.services.isochrone_origins import choose_free_walker, place_origins
from app.services.isochrones import draw
from app.services.kernel_loader import KernelLoader
from app.settings import Settings
from app.wiring import open_store
from benchmarks.measure import SHARED_DATA, Row, in_new_process, pair, row
from benchmarks.serving import get, served

MINUTES = (5.0, 10.0, 15.0)
_BUFFER_M = 25.0
_ORIGINS = 25
_ROUNDS_WITHOUT_GAIN = 6

Place = tuple[float, float]


def rows() -> list[Row]:
    """On Las Palmas where its extract is there, else on central Helsinki."""
    path = SHARED_DATA / "las-palmas.osm.pbf"
    if not path.exists():
        path = find_demo_extract()
    name = path.name.split(".")[0]
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Settings(data_dir=Path(folder)))
        import_area(ImportRequest("city", osm_file=path), store, Settings(), known_services=())
        area = store.load("city")
        places = _places(area)
        ours = _in_turn(_engine_work(area), places)
        theirs = _in_turn(_recipe_work(area.network), places)
        ours_s, theirs_s = pair(ours, theirs, repeat=_ORIGINS)
        http_s = _over_http(folder, places)
        cold = in_new_process("benchmarks.isochrone:cold", folder)
    return [
        row(
            f"isochrone of 5, 10, 15 min, {name}, warm, p50",
            "OSMnx recipe: ego_graph, buffered edges, union",
            ours_s,
            theirs_s,
            cold["peak_mb"],
        ),
        row("the same over HTTP, p50", "OSMnx recipe: ego_graph, buffered edges, union", http_s, theirs_s),
        row(
            "the same in a new process, imports and load included",
            "-",
            cold["seconds"],
            None,
            cold["peak_mb"],
        ),
    ]


def cold(folder: str) -> None:
    """The first isochrone of a process: the area is loaded, tiles are made."""
    area = open_store(Settings(data_dir=Path(folder))).load("city")
    _draw(AreaEngine(area), _places(area)[0])


def _places(area: Area) -> list[Place]:
    """Where people live: households at random."""
    homes = area.households
    chosen = np.random.default_rng(15).integers(homes.count, size=_ORIGINS)
    return [(float(homes.lon_deg[i]), float(homes.lat_deg[i])) for i in chosen]


def _in_turn(work: Callable[[Place], object], places: list[Place]) -> Callable[[], object]:
    """Each call asks for the next place, so that medians are over places. One round first, to be warm."""
    for place in places:
        work(place)
    position = -1

    def next_one() -> object:
        nonlocal position
        position = (position + 1) % len(places)
        return work(places[position])

    return next_one


def _draw(engine: AreaEngine, place: Place) -> object:
    walker = choose_free_walker(None, None, None)
    origins = place_origins(engine, walker, np.asarray(place[:1]), np.asarray(place[1:]))
    return draw(engine, walker, origins, [Limit(value, "minutes") for value in MINUTES])


def _engine_work(area: Area) -> Callable[[Place], object]:
    kernels = KernelLoader()
    kernels.wait()
    engine = AreaEngine(area, kernels=kernels)
    return lambda place: _draw(engine, place)


def _recipe_work(net: WalkNetwork) -> Callable[[Place], object]:
    """The recipe of OSMnx's examples: nodes within a time, lines between them, buffered and united."""
    graph = nx.MultiDiGraph()
    x_m, y_m = np.zeros(net.node_count), np.zeros(net.node_count)
    first, last = net.vertex_start[:-1], net.vertex_start[1:] - 1
    for node, vertex in ((net.edge_u, first), (net.edge_v, last)):
        x_m[node], y_m[node] = net.vertex_x_m[vertex], net.vertex_y_m[vertex]
    graph.add_nodes_from((i, {"x": x_m[i], "y": y_m[i]}) for i in range(net.node_count))
    minutes = net.edge_length_m / (1000 / 900) / 60
    for edge in range(net.edge_count):
        span = slice(first[edge], last[edge] + 1)
        line = shapely.LineString(np.column_stack([net.vertex_x_m[span], net.vertex_y_m[span]]))
        for u, v, open_ in (
            (net.edge_u[edge], net.edge_v[edge], net.edge_forward[edge]),
            (net.edge_v[edge], net.edge_u[edge], net.edge_backward[edge]),
        ):
            if open_:
                graph.add_edge(int(u), int(v), time=minutes[edge], geometry=line)
    nodes = shapely.STRtree(shapely.points(x_m, y_m))

    def recipe(place: Place) -> list[shapely.Geometry]:
        x, y = net.projection.to_plane(np.asarray(place[0]), np.asarray(place[1]))
        centre = int(nodes.nearest(shapely.Point(float(x), float(y))))
        drawn = []
        for limit in sorted(MINUTES, reverse=True):
            part = nx.ego_graph(graph, centre, radius=limit, distance="time")
            points = gpd.GeoSeries([shapely.Point(data["x"], data["y"]) for _, data in part.nodes(data=True)])
            lines = gpd.GeoSeries([data["geometry"] for _, _, data in part.edges(data=True)])
            shapes = [*points.buffer(_BUFFER_M), *lines.buffer(_BUFFER_M)]
            drawn.append(shapely.Polygon(shapely.union_all(shapes).exterior))
        return drawn

    return recipe


def _over_http(folder: str, places: list[Place]) -> float:
    """Median seconds of a real server on the loopback address, once it has become no faster."""
    limits = ",".join(f"{value:g}" for value in MINUTES)
    with served(folder) as base:
        urls = [
            f"{base}/v1/areas/city/isochrones?lon={lon}&lat={lat}&minutes={limits}" for lon, lat in places
        ]
        medians = [_round_s(urls)]
        # Tiles are laid out at first sight, and the compiled searches load in the background.
        while min(medians) in medians[-_ROUNDS_WITHOUT_GAIN:]:
            medians.append(_round_s(urls))
    return float(np.median(medians[-_ROUNDS_WITHOUT_GAIN:]))


def _round_s(urls: list[str]) -> float:
    seconds = []
    for url in urls:
        begin = time.perf_counter()
        get(url)
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds))
