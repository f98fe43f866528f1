"""Service coverage of an area."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from app.dependencies import Band, EngineDep, StandardDep, WalkerDep
from app.domain.area import Area
from app.domain.errors import AreaNotFoundError, StoreError
from app.domain.profile import ProfileNotFoundError
from app.domain.standard import StandardNotFoundError
from app.problems import PROBLEMS, invalid_parameter
from app.routers.answers import JsonAnswer, problem_documents
from app.schemas.coverage import coverage_to_dict
from app.schemas.wire import CoverageAnswer
from app.services.assessment import assess

router = APIRouter(prefix="/v1/areas/{area}", tags=["coverage"])

Weight = Literal["points", "households", "population"]


@router.get(
    "/coverage",
    summary="How many households reach each service, and why the others do not",
    response_model=CoverageAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(
        PROBLEMS[AreaNotFoundError],
        PROBLEMS[StandardNotFoundError],
        PROBLEMS[ProfileNotFoundError],
        PROBLEMS[StoreError],
    ),
)
def get_coverage(
    engine: EngineDep,
    standard: StandardDep,
    walker: WalkerDep,
    weight: Annotated[
        Weight,
        Query(
            description="What shares are counted in; a point is one row, such as a building.",
            examples=["points"],
        ),
    ] = "households",
    band: Band = None,
) -> JsonAnswer:
    """Counts of all seven states for every service of a standard, and over all required services together.

    `share_covered` divides by everybody; `share_covered_of_determined` leaves out those of whom nothing can be
    said (`no_data`, `not_snapped`, `undetermined`).
    """
    _check_weight(engine.area, weight)
    return JsonAnswer(coverage_to_dict(assess(engine, standard, walker, band=band), weight=weight))


def _check_weight(area: Area, weight: Weight) -> None:
    if area.households.weights(weight) is None:
        fix = "take weight=households or weight=points, or import it from a households file with that column"
        raise invalid_parameter(("weight", f"nobody told the {weight} of area '{area.id}'; {fix}"))
