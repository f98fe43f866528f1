"""Times from all nodes to the nearest facility, twelve services: our search against SciPy's and pandana's."""

import importlib.util
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from app.geo import kernels
from app.geo.nearest_times import nearest_costs
from app.geo.network import WalkNetwork
from app.geo.search import SearchGraph, Seeds, build_search_graph, nearest_facilities
from benchmarks.cities import grid_network, real_area
from benchmarks.measure import Row, median_s, pair, row

SERVICES = np.linspace(20, 1000, 12).astype(int)
CUTOFF_M = 1000.0  # 900 s of the standard profile
_MILLION = 1000


def rows() -> list[Row]:
    """Each network that is there."""
    found: list[Row] = []
    for name in ("las-palmas", "malta"):
        area = real_area(name)
        if area is not None:
            found += _rows(name, area.network)
    return found + _rows("grid of 1,000,000 nodes", grid_network(_MILLION))


def _rows(name: str, network: WalkNetwork) -> list[Row]:
    graph = build_search_graph(network)
    random = np.random.default_rng(8)
    services = [
        Seeds(random.choice(graph.size, count, replace=False), np.arange(count), np.zeros(count))
        for count in SERVICES
    ]
    matrix = csr_array((graph.arc_cost, graph.arc_to, graph.arc_start), shape=(graph.size, graph.size))
    repeat = 3 if graph.size > 500_000 else 7

    def ours() -> None:
        for seeds in services:
            _search(graph, seeds)

    def ours_on_two() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda seeds: _search(graph, seeds), services))

    def scipys() -> None:
        for seeds in services:
            dijkstra(matrix, indices=seeds.node, min_only=True, limit=CUTOFF_M)

    def ours_with_names() -> None:
        for seeds in services:
            nearest_facilities(graph, seeds, facility_count=len(seeds.node), cutoff=CUTOFF_M, kernels=kernels)

    ours_s, scipy_s = pair(ours, scipys, repeat=repeat)
    named_s, scipy_again_s = pair(ours_with_names, scipys, repeat=repeat)
    two_s, one_s = pair(ours_on_two, ours, repeat=repeat)
    result = [
        row(f"12 services, {name}", "scipy dijkstra(min_only)", ours_s, scipy_s),
        row(f"12 services, {name}, and which it is", "the same, times alone", named_s, scipy_again_s),
        row(f"12 services, {name}, two threads", "the same on one", two_s, one_s),
    ]
    if importlib.util.find_spec("pandana") is not None:
        result.append(
            row(f"12 services, {name}", "pandana, after precompute", ours_s, _pandana_s(network, services))
        )
    return result


def _search(graph: SearchGraph, seeds: Seeds) -> None:
    nearest_costs(graph, seeds.node, seeds.cost, cutoff=CUTOFF_M, kernels=kernels)


def _pandana_s(network: WalkNetwork, services: list[Seeds]) -> float:
    """Pandana is AGPL and never a dependency; it is measured where somebody has installed it."""
    import pandana  # type: ignore[import-not-found]  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    first = np.zeros(network.node_count, dtype=np.int64)
    first[network.edge_u] = network.vertex_start[:-1]
    first[network.edge_v] = network.vertex_start[1:] - 1
    x_m, y_m = pd.Series(network.vertex_x_m[first]), pd.Series(network.vertex_y_m[first])
    net = pandana.Network(
        x_m,
        y_m,
        pd.Series(network.edge_u),
        pd.Series(network.edge_v),
        pd.DataFrame({"m": network.edge_length_m}),
    )
    net.precompute(CUTOFF_M)
    places = [np.minimum(seeds.node, network.node_count - 1) for seeds in services]

    def theirs() -> None:
        for number, nodes in enumerate(places):
            net.set_pois(f"s{number}", CUTOFF_M, 1, x_m.iloc[nodes], y_m.iloc[nodes])
            net.nearest_pois(CUTOFF_M, f"s{number}", num_pois=1)

    return median_s(theirs, repeat=3)
