"""Service standards that areas can be assessed against: those that are shipped, and one's own."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from app.dependencies import DEMO_STANDARD, ActorDep, StandardServiceDep, refuse_changes
from app.domain.errors import (
    BadInputError,
    BodyTooLargeError,
    DatabaseUnavailableError,
    NotYamlError,
    OtherSiteError,
)
from app.domain.standard import StandardExistsError, StandardIsShippedError, StandardNotFoundError
from app.entity_tags import tagged
from app.ingest.marked_yaml import MAX_FILE_BYTES, MarkedYaml, decode_text
from app.ingest.standard_files import read_standard
from app.problems import PROBLEMS
from app.routers.answers import JsonAnswer, problem_documents
from app.routers.bodies import media_type, read_body
from app.schemas.standards import standard_summaries, standard_to_dict
from app.schemas.wire import StandardAnswer, StandardsAnswer
from app.schemas.wire_standards import standard_body
from app.services.standards import ListedStandard

router = APIRouter(prefix="/v1/standards", tags=["standards"])

_JSON = "application/json"
_KINDS = (_JSON, "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain")
_WHERE = "standard"
"""What messages call the body."""

StandardInPath = Annotated[
    str,
    Path(
        description="Id of a standard.",
        openapi_examples={
            "circle": {"summary": "China's 15-minute convenience circles", "value": DEMO_STANDARD}
        },
    ),
]

_CHANGE = [Depends(refuse_changes)]
_REFUSALS = (
    *(PROBLEMS[error] for error in (StandardIsShippedError, BadInputError, BodyTooLargeError)),
    *(PROBLEMS[error] for error in (NotYamlError, OtherSiteError, DatabaseUnavailableError)),
)


async def _body(request: Request) -> bytes:
    return await read_body(request, _KINDS, NotYamlError, most_mb=MAX_FILE_BYTES // 1_000_000)


def _document(request: Request, body: Annotated[bytes, Depends(_body)]) -> MarkedYaml:
    return read_standard(decode_text(body, _WHERE), _WHERE, is_json=media_type(request) == _JSON)


DocumentDep = Annotated[MarkedYaml, Depends(_document)]


@router.get(
    "",
    summary="Standards that areas can be assessed against",
    response_model=StandardsAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(PROBLEMS[DatabaseUnavailableError]),
)
def list_all(request: Request, standards: StandardServiceDep) -> JsonAnswer:
    """All standards: the shipped ones by id, then your own by id."""
    return tagged(request, JsonAnswer({"standards": standard_summaries(standards.list_standards())}))


@router.post(
    "",
    status_code=201,
    summary="Add a standard of your own",
    response_model=StandardAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(PROBLEMS[StandardExistsError], *_REFUSALS),
    dependencies=_CHANGE,
    openapi_extra={"requestBody": standard_body()},
)
def add(document: DocumentDep, standards: StandardServiceDep, actor: ActorDep) -> JsonAnswer:
    """The body is the standard as YAML or JSON (docs/standards.md); `standard=ID` knows it from now on.

    201 with a `Location`. The very same standard again gets 200, and another one of the same id 409: replace it by PUT.
    """
    return _kept(*standards.add(document, actor=actor))


@router.get(
    "/{standard}",
    summary="One standard with its services, limits and sources",
    response_model=StandardAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(PROBLEMS[StandardNotFoundError]),
)
def get_one(request: Request, standard: StandardInPath, standards: StandardServiceDep) -> JsonAnswer:
    """A standard: what a household must reach within which limit, and where each value comes from."""
    return tagged(request, JsonAnswer(standard_to_dict(standards.get_listed(standard))))


@router.put(
    "/{standard}",
    summary="Add or replace a standard of your own",
    response_model=StandardAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(*_REFUSALS),
    dependencies=_CHANGE,
    openapi_extra={"requestBody": standard_body()},
)
def replace(
    standard: StandardInPath, document: DocumentDep, standards: StandardServiceDep, actor: ActorDep
) -> JsonAnswer:
    """Likewise, whatever is kept under its id: 200 if there was one, else 201. Answers and their tags change."""
    return _kept(*standards.replace(document, actor=actor, standard_id=standard))


@router.delete(
    "/{standard}",
    status_code=204,
    summary="Remove a standard of your own",
    responses=problem_documents(
        *(PROBLEMS[error] for error in (StandardNotFoundError, StandardIsShippedError, OtherSiteError)),
        PROBLEMS[DatabaseUnavailableError],
    ),
    dependencies=_CHANGE,
)
def remove(standard: StandardInPath, standards: StandardServiceDep, actor: ActorDep) -> Response:
    """Snapshots that were taken with it keep it."""
    standards.remove(standard, actor=actor)
    return Response(status_code=204)


def _kept(listed: ListedStandard, is_new: bool) -> JsonAnswer:  # noqa: FBT001 - as the service returns them
    location = {"Location": f"/v1/standards/{listed.standard.id}"}
    return JsonAnswer(standard_to_dict(listed), 201 if is_new else 200, headers=location)
