"""Why a household has its verdict."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Path, Query
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from app.dependencies import CrsDep, EngineDep, StandardDep, WalkerDep
from app.domain.errors import AreaNotFoundError, HouseholdNotFoundError, StoreError
from app.domain.profile import ProfileNotFoundError
from app.domain.standard import StandardNotFoundError
from app.problems import PROBLEMS
from app.routers.answers import JsonAnswer, problem_documents
from app.routers.examples import DEMO_HOUSEHOLD
from app.schemas.crs import in_crs
from app.schemas.explain import explanation_to_dict
from app.schemas.wire_explain import ExplainAnswer
from app.services.assessment import assess
from app.services.explain import explain
from app.services.ids import find_household
from app.services.standards import ServiceNotFoundError, get_service

HOUSEHOLD_PARAMETERS = frozenset({"standard", "profile", "speed_mps", "band", "crs"})
"""What the address of a household takes (a test compares them); an explanation needs `service` as well."""


class ExplainRoute(APIRoute):
    """Leaves an address to the household of that name where the question is one for a household.

    Ids may hold slashes, so one may end in ``/explain``. An explanation names a service and a household's own
    address never does: that tells ``a/explain``, the household, from ``a``, explained.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        asked = {
            name
            for name, _ in parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        }
        if asked <= HOUSEHOLD_PARAMETERS:
            return Match.NONE, {}
        return super().matches(scope)


router = APIRouter(prefix="/v1/areas/{area}", tags=["households"], route_class=ExplainRoute)


@router.get(
    "/households/{household_id:path}/explain",
    summary="Why a household has its verdict on a service",
    response_model=ExplainAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(
        PROBLEMS[AreaNotFoundError],
        PROBLEMS[StandardNotFoundError],
        PROBLEMS[ServiceNotFoundError],
        PROBLEMS[ProfileNotFoundError],
        PROBLEMS[HouseholdNotFoundError],
        PROBLEMS[StoreError],
    ),
)
def explain_household(
    engine: EngineDep,
    standard: StandardDep,
    walker: WalkerDep,
    household_id: Annotated[
        str,
        Path(
            description="Id of a household; those of OpenStreetMap have a slash inside.",
            openapi_examples={"demo": {"summary": "A building in Helsinki", "value": DEMO_HOUSEHOLD}},
        ),
    ],
    crs: CrsDep,
    service: Annotated[str, Query(description="A service of the standard.", examples=["pharmacy"])],
) -> JsonAnswer:
    """The walk to the facility that the verdict names, street by street, and the next facility.

    Also what the walk costs, in terms that add up to its time, and what would change the verdict.
    """
    chosen = get_service(standard, service)
    household = find_household(engine.area, household_id)
    assessment = assess(engine, standard, walker)
    explanation = explanation_to_dict(explain(assessment, assessment.of(chosen), household))
    return JsonAnswer(in_crs(explanation, crs))
