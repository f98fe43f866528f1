"""Siting on a real city: proven optimal in HiGHS, beside spopt on the same matrix and beside greedy choice."""

import importlib.util
import sys
import time

import numpy as np

from app.services.area_engine import AreaEngine
from app.services.assessment import choose_walker
from app.services.candidates import candidates_at, catchments_of
from app.services.kernel_loader import load_catchment_kernels
from app.services.mip import Control
from app.services.siting_demands import build_demands
from app.services.siting_model import reduce_model
from app.services.siting_question import SitingQuestion
from app.services.siting_rows import Limits
from app.services.siting_solver import greedy, most_covered
from app.services.standards import get_service, get_standard
from benchmarks.cities import real_area
from benchmarks.measure import Row, median_s, row

_CANDIDATES = 1000
_SITES = 10
_LONGEST_S = 600.0


def rows() -> list[Row]:
    """1000 candidates, 10 sites, no facility counted, so that all that the city has is to be covered anew."""
    area = real_area("las-palmas")
    if area is None:
        return []
    engine = AreaEngine(area)
    standard = get_standard("cn-mofcom-basic")
    service, walker = get_service(standard, "market"), choose_walker(standard, None, None)
    network = area.network
    picked = np.sort(
        np.random.default_rng(15).choice(len(network.vertex_lon_deg), _CANDIDATES, replace=False)
    )
    candidates = candidates_at(
        np.asarray([f"c{number:04}" for number in range(_CANDIDATES)]),
        network.vertex_lon_deg[picked],
        network.vertex_lat_deg[picked],
    )
    question = SitingQuestion((service,), sites=_SITES, ignore_existing=True)
    demands = build_demands(engine, standard, walker, candidates, question)
    access = demands.linked.facilities.access
    compiled_s, plain_s = (
        median_s(
            lambda kernels=kernels: catchments_of(engine, walker, service, access, kernels=kernels), repeat=3
        )
        for kernels in (load_catchment_kernels(), None)
    )
    found = [row("catchments of 1000 candidates, las-palmas", "SciPy's tables", compiled_s, plain_s)]
    model = demands.model
    begin = time.perf_counter()
    choice = most_covered(model, Limits(sites=_SITES), Control.within(_LONGEST_S))
    ours_s = time.perf_counter() - begin
    reduced = reduce_model(model)
    yardstick = model.covered(greedy(model, Limits(sites=_SITES)))
    sys.stderr.write(
        f"siting: objective {choice.objective:g}, bound {choice.bound:g}, gap {choice.gap:.2%}, greedy {yardstick:g} "
        f"({yardstick / choice.objective:.2%}); {model.candidate_count} candidates and {model.demand_count} demands, "
        f"{reduced.model.candidate_count} and {reduced.model.demand_count} after reduction\n"
    )
    if importlib.util.find_spec("spopt") is None:
        sys.stderr.write("siting: NOT MEASURED beside spopt, which is not installed (pip install --target)\n")
        return [*found, row("10 of 1000 sites, gap 0, las-palmas", "spopt (missing)", ours_s, None)]
    peer_s, peer = _spopt(model.matrix.toarray().T, model.weight)
    sys.stderr.write(f"siting: spopt's objective {peer:g}\n")
    return [*found, row("10 of 1000 sites, gap 0, las-palmas", "spopt MCLP, HiGHS", ours_s, peer_s)]


def _spopt(reached: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Seconds and objective of spopt's maximal covering on the same matrix, with the same solver where it has one."""
    import pulp  # noqa: PLC0415  # optional peers
    from spopt.locate import MCLP  # noqa: PLC0415  # as above

    begin = time.perf_counter()
    # A cost of 0 within the radius of 0.5 where a candidate reaches a demand, else 1.
    problem = MCLP.from_cost_matrix(1.0 - reached, weight, service_radius=0.5, p_facilities=_SITES)
    solver = pulp.HiGHS(msg=False, timeLimit=_LONGEST_S, gapRel=0.0)
    if not solver.available():
        solver = pulp.PULP_CBC_CMD(msg=False, timeLimit=_LONGEST_S)
    problem = problem.solve(solver)
    seconds = time.perf_counter() - begin
    chosen = [index for index, var in enumerate(problem.fac_vars) if var.varValue > 0.5]
    return seconds, float(weight[reached[:, chosen].any(axis=1)].sum())
