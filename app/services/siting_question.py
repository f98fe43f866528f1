"""What is asked where new facilities should be, and which questions make no sense."""

from dataclasses import dataclass

import numpy as np
from shapely.geometry.base import BaseGeometry

from app.domain.errors import BadInputError
from app.domain.standard import Service
from app.domain.zone import NoZonesError
from app.services.area_engine import AreaEngine
from app.services.weights import weights_of

DEFAULT_TIME_LIMIT_S = 60.0
LONGEST_TIME_LIMIT_S = 3600.0
MOST_SITES = 10_000


@dataclass(frozen=True)
class SitingQuestion:
    """What is asked: where sites of some services should be.

    Attributes
    ----------
    services : tuple of Service
        A site offers all of them, unless its candidate says which.
    weight : str
        What is counted, one of the area's known weights.
    sites : int or None
        How many at most; None where `target` is given.
    target : float or None
        Share of the weight that must be covered, for each service.
    budget : float or None
    ignore_existing : bool
        As if no facility of the services existed.
    fair : bool
        Raise the zone with the smallest share first.
    exclude : geometry or None
        Where no candidate may lie, in WGS 84.
    locked : tuple of str
        Ids of candidates that are part of every answer.
    """

    services: tuple[Service, ...]
    weight: str = "households"
    sites: int | None = None
    target: float | None = None
    budget: float | None = None
    ignore_existing: bool = False
    fair: bool = False
    exclude: BaseGeometry | None = None
    locked: tuple[str, ...] = ()
    time_limit_s: float = DEFAULT_TIME_LIMIT_S


def check_question(engine: AreaEngine, question: SitingQuestion) -> None:
    """Refuse a question that contradicts itself or that the area cannot answer, as `site` does."""
    _check_numbers(question)
    weights_of(engine.area, question.weight)
    ids = [service.id for service in question.services]
    if len(set(ids)) < len(ids) or not ids:
        raise BadInputError("service", "give each service once, and at least one")
    if question.fair and question.target is not None:
        raise BadInputError("fair", "raises zones with a number of sites; give sites instead of target")
    if question.fair and engine.area.zones is None:
        raise NoZonesError(engine.area.id)
    for service in question.services:
        standing_in = [one for one in question.services if one.id in service.substitutes]
        if standing_in and any(one.min_count > 1 for one in (service, *standing_in)):
            raise BadInputError(
                f"service {service.id}",
                f"'{standing_in[0].id}' may stand in for it and one of them asks for several facilities; "
                "site them one after the other",
            )


def _check_numbers(question: SitingQuestion) -> None:
    if (question.sites is None) == (question.target is None):
        raise BadInputError("sites, target", "give one of them: how many sites, or which share to cover")
    if question.sites is not None and not 1 <= question.sites <= MOST_SITES:
        raise BadInputError(f"sites {question.sites}", f"must be 1 to {MOST_SITES}")
    if question.target is not None and not 0 < question.target <= 1:
        raise BadInputError(f"target {question.target:g}", "must be above 0 and at most 1, such as 0.95")
    if question.budget is not None and not 0 <= question.budget < np.inf:
        raise BadInputError(f"budget {question.budget:g}", "must be 0 or more")
    if not 0 < question.time_limit_s <= LONGEST_TIME_LIMIT_S:
        raise BadInputError(
            f"time limit {question.time_limit_s:g}", f"must be above 0 and at most {LONGEST_TIME_LIMIT_S:g} s"
        )
