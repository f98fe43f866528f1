"""Service standards that areas can be assessed against."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.dependencies import DEMO_STANDARD
from app.domain.standard import StandardNotFoundError
from app.problems import PROBLEMS
from app.routers.answers import JsonAnswer, problem_documents
from app.schemas.standards import standard_summaries, standard_to_dict
from app.schemas.wire import StandardAnswer, StandardsAnswer
from app.services.standards import get_standard, list_standards

router = APIRouter(prefix="/v1/standards", tags=["standards"])


@router.get(
    "",
    summary="Standards that areas can be assessed against",
    response_model=StandardsAnswer,
    response_class=JsonAnswer,
)
async def list_all() -> JsonAnswer:
    """All shipped standards, by id."""
    return JsonAnswer({"standards": standard_summaries(list_standards())})


@router.get(
    "/{standard}",
    summary="One standard with its services, limits and sources",
    response_model=StandardAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(PROBLEMS[StandardNotFoundError]),
)
async def get_one(
    standard: Annotated[
        str,
        Path(
            description="Id of a shipped standard.",
            openapi_examples={
                "circle": {"summary": "China's 15-minute convenience circles", "value": DEMO_STANDARD}
            },
        ),
    ],
) -> JsonAnswer:
    """A standard: what a household must reach within which limit, and where each value comes from."""
    return JsonAnswer(standard_to_dict(get_standard(standard)))
