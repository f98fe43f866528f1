"""Scenarios over HTTP: proposals that are kept by name, and used wherever a proposal is."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.dependencies import AreaId, PreconditionDep, ScenarioServiceDep, refuse_changes
from app.domain.errors import (
    AreaNotFoundError,
    BadInputError,
    BodyTooLargeError,
    DatabaseUnavailableError,
    NotJsonError,
    OtherSiteError,
    ReadOnlyError,
    StoreError,
)
from app.domain.scenario import PreconditionFailedError, ScenarioNotFoundError
from app.entity_tags import digest_tag, note_digest, tagged
from app.problems import PROBLEMS
from app.routers.answers import GEOJSON, GeoJsonAnswer, JsonAnswer, listed_page, problem_documents
from app.routers.gate import CrsOfProposal, Lenient
from app.routers.json_body import JsonBodyDep
from app.routers.paging import MOST, cut, read_cursor, write_cursor
from app.schemas.scenarios import saved_scenario_to_dict, scenario_to_dict
from app.schemas.wire_gate import EXAMPLE_SCENARIO
from app.schemas.wire_scenarios import (
    SavedScenarioAnswer,
    ScenarioDocument,
    ScenariosAnswer,
    scenario_body,
)

router = APIRouter(prefix="/v1/areas/{area}/scenarios", tags=["proposals"])

ScenarioName = Annotated[
    str,
    Path(
        description="Name of the scenario: letters and digits of any script, `-`, `_` and `.`, at most 100.",
        examples=[EXAMPLE_SCENARIO],
    ),
]

_NOT_THERE = problem_documents(
    PROBLEMS[AreaNotFoundError], PROBLEMS[ScenarioNotFoundError], PROBLEMS[DatabaseUnavailableError]
)


@router.get(
    "",
    summary="Scenarios of an area",
    response_model=ScenariosAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(PROBLEMS[AreaNotFoundError], PROBLEMS[DatabaseUnavailableError]),
)
def list_scenarios(
    request: Request,
    area: AreaId,
    scenarios: ScenarioServiceDep,
    limit: Annotated[
        int, Query(ge=1, le=MOST, description="Scenarios on a page, at most.", examples=[100])
    ] = 1_000,
    cursor: Annotated[
        str | None,
        Query(description="Where the page begins; take it from a `next` link.", examples=[write_cursor("a")]),
    ] = None,
) -> JsonAnswer:
    """By name, in pages: follow the `next` link. Each with its `digest`, which its `ETag` is made of."""
    after = None if cursor is None else read_cursor(cursor)
    found, matched = scenarios.list_scenarios(area, after=after, limit=limit + 1)
    shown, following = cut(found, limit, lambda summary: summary.name)
    content = {"area": area, "scenarios": [scenario_to_dict(summary) for summary in shown]}
    return tagged(request, listed_page(request, content, matched, following))


@router.get(
    "/{name}",
    summary="The proposal of a scenario",
    response_model=ScenarioDocument,
    response_class=GeoJsonAnswer,
    responses=_NOT_THERE,
)
def get_scenario(
    request: Request, area: AreaId, name: ScenarioName, scenarios: ScenarioServiceDep
) -> Response:
    """The document, byte for byte as it was stored."""
    scenario = scenarios.get(area, name)
    note_digest(request, scenario.summary.digest)
    return Response(scenario.document.encode(), media_type=GEOJSON)


@router.put(
    "/{name}",
    summary="Keep a proposal as a scenario",
    response_model=SavedScenarioAnswer,
    response_class=JsonAnswer,
    openapi_extra={"requestBody": scenario_body()},
    responses={
        201: {"model": SavedScenarioAnswer, "description": "A new scenario"},
        **problem_documents(
            PROBLEMS[AreaNotFoundError],
            PROBLEMS[BadInputError],
            PROBLEMS[PreconditionFailedError],
            PROBLEMS[OtherSiteError],
            PROBLEMS[ReadOnlyError],
            PROBLEMS[BodyTooLargeError],
            PROBLEMS[NotJsonError],
            PROBLEMS[StoreError],
            PROBLEMS[DatabaseUnavailableError],
        ),
    },
    dependencies=[Depends(refuse_changes)],
)
def put_scenario(
    request: Request,
    area: AreaId,
    name: ScenarioName,
    scenarios: ScenarioServiceDep,
    body: JsonBodyDep,
    condition: PreconditionDep,
    *,
    lenient: Lenient = False,
    crs: CrsOfProposal = None,
) -> JsonAnswer:
    """Stores the proposal if the area's current version can be asked about it; 201 where the name is new.

    `lenient` and `crs` are kept with it. `If-Match` with its `ETag` replaces it only if nobody else did meanwhile;
    `If-None-Match: *` stores it only under a new name.
    """
    saved = scenarios.save(area, name, body, lenient=lenient, crs=crs, condition=condition)
    headers = {"ETag": digest_tag(request, saved.summary.digest)}
    if saved.is_new:
        headers["Location"] = f"/v1/areas/{area}/scenarios/{quote(name, safe='')}"
    return JsonAnswer(saved_scenario_to_dict(saved), 201 if saved.is_new else 200, headers=headers)


@router.delete(
    "/{name}",
    status_code=204,
    summary="Remove a scenario",
    response_class=Response,
    responses={
        **_NOT_THERE,
        **problem_documents(
            PROBLEMS[PreconditionFailedError], PROBLEMS[OtherSiteError], PROBLEMS[ReadOnlyError]
        ),
    },
    dependencies=[Depends(refuse_changes)],
)
def delete_scenario(
    area: AreaId, name: ScenarioName, scenarios: ScenarioServiceDep, condition: PreconditionDep
) -> Response:
    """It cannot be brought back. `If-Match` removes it only if nobody changed it meanwhile."""
    scenarios.remove(area, name, condition)
    return Response(status_code=204)
