"""Versions of an area: what there is, and the way back."""

from fastapi import APIRouter, Depends, Request

from app.dependencies import ActorDep, AreaId, AreaServiceDep, refuse_changes
from app.domain.errors import AreaNotFoundError, DatabaseUnavailableError, VersionNotFoundError
from app.entity_tags import tagged
from app.problems import PROBLEMS
from app.routers.answers import JsonAnswer, problem_documents
from app.routers.json_body import JSON_PROBLEMS, JsonRoute
from app.schemas.versions import version_to_dict, versions_to_dict
from app.schemas.wire_versions import RollbackQuestion, VersionAnswer, VersionsAnswer

router = APIRouter(prefix="/v1/areas/{area}", tags=["areas"], route_class=JsonRoute)


@router.get(
    "/versions",
    summary="Versions of an area that are kept",
    response_model=VersionsAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(PROBLEMS[AreaNotFoundError], PROBLEMS[DatabaseUnavailableError]),
)
def list_versions(request: Request, area: AreaId, areas: AreaServiceDep) -> JsonAnswer:
    """Every import makes one; the newest first."""
    return tagged(request, JsonAnswer(versions_to_dict(area, areas.list_versions(area))))


@router.post(
    "/rollback",
    summary="Answer from an earlier version again",
    dependencies=[Depends(refuse_changes)],
    response_model=VersionAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(
        PROBLEMS[AreaNotFoundError],
        PROBLEMS[VersionNotFoundError],
        PROBLEMS[DatabaseUnavailableError],
        *JSON_PROBLEMS,
    ),
)
def roll_back(
    area: AreaId, areas: AreaServiceDep, actor: ActorDep, question: RollbackQuestion | None = None
) -> JsonAnswer:
    """All workers answer from it at their next request; those in flight finish on the version they began with."""
    wanted = None if question is None or question.version is None else str(question.version)
    return JsonAnswer(version_to_dict(areas.roll_back(area, wanted, actor=actor)))
