"""Whether the process lives, and whether it can answer."""

from fastapi import APIRouter

from app.dependencies import AreaServiceDep
from app.domain.errors import DatabaseError, DatabaseUnavailableError, Reach15Error, SchemaError
from app.problems import PROBLEMS, NotReadyError
from app.routers.answers import JsonAnswer, problem_documents
from app.schemas.wire import LiveAnswer, ReadyAnswer

router = APIRouter(prefix="/health", tags=["health"])

_NOT_STORED = {"Cache-Control": "no-store"}


@router.get("/live", summary="Whether the process runs", response_model=LiveAnswer, response_class=JsonAnswer)
async def live() -> JsonAnswer:
    """Answers as long as the process can answer at all; asks nothing of the data."""
    return JsonAnswer({"status": "live"}, headers=_NOT_STORED)


@router.get(
    "/ready",
    summary="Whether questions can be answered",
    response_model=ReadyAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(
        PROBLEMS[NotReadyError], PROBLEMS[DatabaseUnavailableError], PROBLEMS[SchemaError]
    ),
)
def ready(areas: AreaServiceDep) -> JsonAnswer:
    """200 once every imported area is loaded and there is at least one. The first call does the loading."""
    try:
        area_ids = areas.check_ready()
    except DatabaseError:
        raise  # which says so itself: no area is to blame
    except Reach15Error as error:
        detail = "An area cannot be loaded; the service's log names the file. Import that area again, or delete it."
        raise NotReadyError(detail) from error
    if not area_ids:
        raise NotReadyError("No area has been imported yet: run `reach15 area import NAME --osm FILE`.")
    return JsonAnswer({"status": "ready", "areas": area_ids}, headers=_NOT_STORED)
