"""Proposals compared: one facility more, one closed, one street closed; beside working the changed city out anew."""

import random
import statistics
import time
from collections.abc import Callable

import numpy as np

from app.domain.area import Area
from app.domain.proposal import Proposal
from app.ingest.proposal_files import proposal_from
from app.services.area_engine import AreaEngine
from app.services.assessment import choose_walker
from app.services.kernel_loader import KernelLoader
from app.services.proposals import assess_anew, compare
from app.services.standards import get_standard
from benchmarks.cities import grid_network, real_area
from benchmarks.growth import grid_area
from benchmarks.measure import Row, row

STANDARD = "cn-mofcom-basic"  # 14 services
_SIDE = 1000
_REPEAT = 40


def rows() -> list[Row]:
    """Las Palmas where it is there, and a generated city of a million crossings and as many households."""
    kernels = KernelLoader()
    kernels.wait()
    found: list[Row] = []
    area = real_area("las-palmas")
    if area is not None:
        found += _rows("las-palmas", AreaEngine(area, kernels=kernels))
    return found + _rows("10^6 crossings", AreaEngine(grid_area(grid_network(_SIDE)), kernels=kernels))


def _rows(name: str, engine: AreaEngine) -> list[Row]:
    standard = get_standard(STANDARD)
    walker = choose_walker(standard, None, None)
    used = np.unique(np.concatenate([engine.offering(service) for service in standard.services]))
    services = [service.id for service in standard.services]
    source = random.Random(15)  # noqa: S311  # chooses what to measure
    kinds: dict[str, Callable[[], Proposal]] = {
        "one facility added": lambda: _added(engine.area, source.choice(services), source),
        "one facility closed": lambda: _feature(
            {"action": "close", "facility": str(engine.area.facilities.id[source.choice(used.tolist())])}
        ),
        "one street closed": lambda: _feature(
            {"action": "close", "way": int(source.choice(engine.area.network.edge_way_id))}
        ),
    }
    found = []
    for kind, make in kinds.items():
        proposals = [make() for _ in range(_REPEAT)]
        for proposal in proposals[:5]:
            compare(engine, standard, walker, proposal)
        taken = [_seconds(lambda p=proposal: compare(engine, standard, walker, p)) for proposal in proposals]  # type: ignore[misc]
        anew_s = _seconds(lambda p=proposals[0]: assess_anew(engine, standard, walker, p))  # type: ignore[misc]
        found.append(
            row(
                f"{kind}, {name}, {len(services)} services",
                "worked out anew",
                statistics.median(taken),
                anew_s,
            )
        )
    return found


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _added(area: Area, service: str, source: random.Random) -> Proposal:
    vertex = source.randrange(len(area.network.vertex_lon_deg))
    place = [
        float(area.network.vertex_lon_deg[vertex]) + 1e-4,
        float(area.network.vertex_lat_deg[vertex]) + 1e-4,
    ]
    return _feature({"action": "add", "services": [service]}, {"type": "Point", "coordinates": place})


def _feature(properties: dict[str, object], geometry: dict[str, object] | None = None) -> Proposal:
    feature = {"type": "Feature", "properties": properties, "geometry": geometry}
    return proposal_from({"type": "FeatureCollection", "features": [feature]}, "benchmark")
