"""Who lacks what, and which candidate would serve whom: the model of a siting question."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from app.domain.errors import BadInputError
from app.domain.standard import Service, Standard
from app.geo.units import BoolArray, FloatArray, IntArray, ragged_rows, ragged_starts
from app.geo.verdict import COVERED
from app.services.area_engine import AreaEngine
from app.services.assessment import Walker, assess
from app.services.candidates import (
    Candidates,
    Linked,
    catchments_of,
    link_candidates,
    offers,
    with_facilities,
)
from app.services.kernel_loader import load_catchment_kernels
from app.services.siting_model import SitingModel
from app.services.siting_question import SitingQuestion
from app.services.weights import weights_of


@dataclass(frozen=True)
class Demands:
    """The model, and what its demands are: ``household`` of each, and the service by ``model.group``."""

    question: SitingQuestion
    engine: AreaEngine
    linked: Linked
    model: SitingModel
    household: IntArray
    weight: FloatArray
    covered: tuple[BoolArray, ...]


def build_demands(
    engine: AreaEngine,
    standard: Standard,
    walker: Walker,
    candidates: Candidates,
    question: SitingQuestion,
) -> Demands:
    """Who lacks what, and which candidate would serve whom, exactly as the verdicts would say."""
    linked = link_candidates(engine, walker, candidates, question.exclude)
    engine = _without_existing(engine, question) if question.ignore_existing else engine
    weight = weights_of(engine.area, question.weight)
    kernels = load_catchment_kernels()
    before = assess(engine, standard.only(question.services), walker)
    covered = tuple(before.of(service).verdicts.state == COVERED for service in question.services)
    parts = [
        _service_demands(engine, walker, service, question.services, linked, ~done, kernels)
        for service, done in zip(question.services, covered, strict=True)
    ]
    locked = _locked(linked, question)
    household = np.concatenate([part.household for part in parts])
    shift = np.cumsum([0, *(len(part.household) for part in parts)])
    place = np.concatenate([part.place for part in parts])
    demand = np.concatenate([part.demand + first for part, first in zip(parts, shift, strict=False)])
    order = np.lexsort((demand, place))
    model = SitingModel(
        start=ragged_starts(place, linked.candidates.count),
        demand=demand[order],
        weight=weight[household],
        need=np.concatenate([part.need for part in parts]),
        group=np.repeat(np.arange(len(parts)), [len(part.household) for part in parts]),
        zone=engine.area.household_zone[household] if question.fair else np.full(len(household), -1),
        cost=linked.candidates.cost,
        capacity=linked.candidates.capacity,
        locked=locked,
    )
    return Demands(question, engine, linked, model, household, weight, covered)


def _locked(linked: Linked, question: SitingQuestion) -> BoolArray:
    """Which candidates the question wants in every answer, shape (c,)."""
    ids = linked.candidates.places.id
    missing = sorted(set(question.locked).difference(ids.tolist()))
    if missing:
        raise BadInputError(
            f"lock {missing[0]}", "is no candidate that can be used; it must be one, and linked to a street"
        )
    if np.isfinite(linked.candidates.capacity).any() and any(one.min_count > 1 for one in question.services):
        raise BadInputError(
            "capacity", "has no meaning for a service of which several must be in reach; leave the column out"
        )
    locked: BoolArray = np.isin(ids, np.asarray(question.locked, dtype=np.str_))
    return locked


@dataclass(frozen=True)
class _Part:
    household: IntArray
    need: IntArray
    place: IntArray
    demand: IntArray


def _service_demands(
    engine: AreaEngine,
    walker: Walker,
    service: Service,
    asked: tuple[Service, ...],
    linked: Linked,
    wanted: BoolArray,
    kernels: ModuleType | None,
) -> _Part:
    """Households that lack one service, how many more facilities each needs, and which candidates reach it."""
    # A new facility of a service that may stand in for this one covers too.
    ways = [one for one in asked if one is service or one.id in service.substitutes]
    rows = []
    for way in ways:
        found = catchments_of(engine, walker, way, linked.facilities.access, wanted=wanted, kernels=kernels)
        place = ragged_rows(found.start)
        keep = offers(linked, way)[place]
        rows.append(np.stack([place[keep], found.household[keep]]))
    pairs = np.unique(np.concatenate(rows, axis=1), axis=1) if len(rows) > 1 else rows[0]
    need = np.ones(engine.area.households.count, dtype=np.int64)
    if service.min_count > 1:
        existing = engine.area.facilities.access.of(engine.offering(service))
        near = catchments_of(engine, walker, service, existing, wanted=wanted, kernels=kernels).counts()
        need = np.maximum(service.min_count - near, 1)
    household = np.flatnonzero(wanted)
    number = np.full(len(wanted), -1, dtype=np.int64)
    number[household] = np.arange(len(household))
    return _Part(household, need[household], pairs[0], number[pairs[1]])


def unreached(demands: Demands) -> tuple[str, ...]:
    """Ids of households that lack a service and that no choice of candidates gives it."""
    missing = np.unique(demands.household[~demands.model.can_be_met])
    return tuple(demands.engine.area.households.id[missing].tolist())


def _without_existing(engine: AreaEngine, question: SitingQuestion) -> AreaEngine:
    area = engine.area
    gone = np.unique(np.concatenate([engine.offering(service) for service in question.services]))
    kept = np.setdiff1d(np.arange(area.facilities.count), gone)
    nothing = area.facilities.take(kept[:0])
    return AreaEngine(with_facilities(engine, kept, nothing), kernels=engine.kernels)
