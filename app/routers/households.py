"""Households and their verdicts, as GeoJSON."""

from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Path, Query, Request

from app.dependencies import Band, CrsDep, EngineDep, StandardDep, WalkerDep, check_weight
from app.domain.errors import AreaNotFoundError, HouseholdNotFoundError, StoreError
from app.domain.profile import ProfileNotFoundError
from app.domain.standard import StandardNotFoundError
from app.domain.zone import NoZonesError, ZoneNotFoundError
from app.problems import PROBLEMS, invalid_parameter
from app.routers.answers import GeoJsonAnswer, feature_collection, problem_documents
from app.routers.examples import DEMO_HOUSEHOLD
from app.routers.paging import BboxDep, PageDep, cut_page
from app.schemas.crs import in_crs
from app.schemas.households import household_features, matching_households, weight_of
from app.schemas.provenance import assessment_head
from app.schemas.weight import Weight
from app.schemas.wire_features import HouseholdAnswer, HouseholdsAnswer
from app.services.assessment import assess
from app.services.ids import find_household
from app.services.standards import ServiceNotFoundError, get_service

router = APIRouter(prefix="/v1/areas/{area}", tags=["households"])

State = Literal[
    "covered", "no_data", "not_snapped", "undetermined", "no_facility", "disconnected", "too_far", "uncovered"
]
"""The seven states (a test compares them with the engine's), and every one but ``covered`` together."""

EXPLAIN = "/explain"
"""What follows a household's address in that of an explanation."""

_PROBLEMS = (
    PROBLEMS[AreaNotFoundError],
    PROBLEMS[StandardNotFoundError],
    PROBLEMS[ProfileNotFoundError],
    PROBLEMS[StoreError],
)


@router.get(
    "/households",
    summary="Households with their verdicts",
    response_model=HouseholdsAnswer,
    response_class=GeoJsonAnswer,
    responses=problem_documents(
        *_PROBLEMS, PROBLEMS[ServiceNotFoundError], PROBLEMS[NoZonesError], PROBLEMS[ZoneNotFoundError]
    ),
)
def list_households(
    request: Request,
    *,
    engine: EngineDep,
    standard: StandardDep,
    walker: WalkerDep,
    page: PageDep,
    bbox: BboxDep,
    crs: CrsDep,
    service: Annotated[
        str | None,
        Query(
            description="Only this service of the standard, in the answer and in `state`.",
            examples=["supermarket"],
        ),
    ] = None,
    state: Annotated[
        State | None,
        Query(
            description="Only households in this state for `service`, or for any service where none is named; "
            "`uncovered` is every state but `covered`.",
            examples=["uncovered", "too_far"],
        ),
    ] = None,
    zone: Annotated[
        str | None,
        Query(description="Only households of this zone; `outside` for those in none.", examples=["outside"]),
    ] = None,
    weight: Annotated[
        Weight | None,
        Query(
            description="Also say how many of these all matching households have.", examples=["households"]
        ),
    ] = None,
    band: Band = None,
) -> GeoJsonAnswer:
    """One feature a household, by id, in pages: follow the `next` link until there is none."""
    if weight is not None:
        check_weight(engine.area, weight)
    chosen = None if service is None else get_service(standard, service)
    # The whole standard, even for one service: another one of it may stand in for that.
    assessment = assess(engine, standard, walker, band=band)
    shown = assessment.services if chosen is None else (assessment.of(chosen),)
    matching = matching_households(assessment, services=shown, state=state, bbox=bbox, zone=zone)
    part = cut_page(engine.area.households.id, matching, page)
    features = household_features(assessment, part.positions, services=shown)
    head = assessment_head(assessment)
    if weight is not None:
        head |= {"weight": weight, "weightMatched": weight_of(engine.area, matching, weight)}
    return feature_collection(request, features, part, head, crs)


@router.get(
    "/households/{household_id:path}",
    summary="One household with its verdicts on all services",
    response_model=HouseholdAnswer,
    response_class=GeoJsonAnswer,
    responses=problem_documents(*_PROBLEMS, PROBLEMS[HouseholdNotFoundError]),
)
def get_household(
    engine: EngineDep,
    standard: StandardDep,
    walker: WalkerDep,
    crs: CrsDep,
    household_id: Annotated[
        str,
        Path(
            description="Id of a household; those of OpenStreetMap have a slash inside.",
            openapi_examples={"demo": {"summary": "A building in Helsinki", "value": DEMO_HOUSEHOLD}},
        ),
    ],
    band: Band = None,
) -> GeoJsonAnswer:
    """A household, how it is linked to the streets, and one verdict with its reason for each service."""
    try:
        position = find_household(engine.area, household_id)
    except HouseholdNotFoundError as error:
        if household_id.endswith(EXPLAIN):
            fix = (
                f"is required to explain household '{household_id.removesuffix(EXPLAIN)}'; /docs describes it"
            )
            raise invalid_parameter(("service", fix)) from error
        raise
    assessment = assess(engine, standard, walker, band=band)
    (feature,) = household_features(assessment, np.array([position]), services=assessment.services)
    return GeoJsonAnswer(in_crs(feature | assessment_head(assessment), crs))
