"""Snapshots: take one, list and show them, and see what changed since."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.dependencies import (
    ActorDep,
    AreaId,
    AreaServiceDep,
    EngineDep,
    ProfileId,
    SnapshotStoreDep,
    SpeedMps,
    StandardDep,
    StandardServiceDep,
    check_weight,
    refuse_changes,
)
from app.domain.errors import (
    AreaNotFoundError,
    DatabaseUnavailableError,
    OtherSiteError,
    StoreError,
)
from app.domain.profile import ProfileNotFoundError
from app.domain.snapshot import SnapshotNotFoundError, check_note
from app.domain.standard import StandardNotFoundError
from app.entity_tags import tagged
from app.problems import PROBLEMS, invalid_parameter
from app.routers.answers import JsonAnswer, listed_page, problem_documents
from app.routers.json_body import JSON_PROBLEMS, JsonRoute
from app.routers.paging import LONGEST_NUMBER, MOST, cut, read_number, write_cursor
from app.schemas.snapshots import (
    answer_again,
    answer_question,
    difference_to_dict,
    snapshot_summary,
    snapshot_to_dict,
)
from app.schemas.weight import Weight
from app.schemas.wire_snapshots import SnapshotAnswer, SnapshotDifference, SnapshotNote, SnapshotsAnswer

router = APIRouter(prefix="/v1/areas/{area}/snapshots", tags=["snapshots"], route_class=JsonRoute)

NOW = "now"
EXAMPLE_SNAPSHOT = 1

SnapshotId = Annotated[
    int,
    Path(description="Number of a snapshot.", ge=1, lt=10**LONGEST_NUMBER, examples=[EXAMPLE_SNAPSHOT]),
]

_NOT_THERE = problem_documents(
    PROBLEMS[AreaNotFoundError], PROBLEMS[SnapshotNotFoundError], PROBLEMS[DatabaseUnavailableError]
)


@router.post(
    "",
    status_code=201,
    summary="Keep the coverage as it is now",
    response_model=SnapshotAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(
        *(PROBLEMS[error] for error in (AreaNotFoundError, StandardNotFoundError, ProfileNotFoundError)),
        *(PROBLEMS[error] for error in (OtherSiteError, StoreError, DatabaseUnavailableError)),
        *JSON_PROBLEMS,
    ),
    dependencies=[Depends(refuse_changes)],
)
def take(
    *,
    engine: EngineDep,
    standard: StandardDep,
    snapshots: SnapshotStoreDep,
    actor: ActorDep,
    profile: ProfileId = None,
    speed_mps: SpeedMps = None,
    weight: Annotated[Weight, Query(description="As for the coverage.", examples=["points"])] = "households",
    body: SnapshotNote | None = None,
) -> JsonAnswer:
    """Assesses as `GET .../coverage` does and keeps the answer with all that made it, the whole standard included.

    It stays when the area's version goes or the standard is replaced, and goes with the area.
    """
    check_weight(engine.area, weight)
    note = check_note(None if body is None else body.note)
    answered = answer_question(engine, standard, profile=profile, speed_mps=speed_mps, weight=weight)
    kept = snapshots.take(answered, note=note, actor=actor)
    location = {"Location": f"/v1/areas/{engine.area.id}/snapshots/{kept.summary.id}"}
    return JsonAnswer(snapshot_to_dict(kept), 201, headers=location)


@router.get(
    "",
    summary="Snapshots of an area, the newest first",
    response_model=SnapshotsAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(PROBLEMS[AreaNotFoundError], PROBLEMS[DatabaseUnavailableError]),
)
def list_snapshots(
    request: Request,
    area: AreaId,
    snapshots: SnapshotStoreDep,
    limit: Annotated[
        int, Query(ge=1, le=MOST, description="Snapshots on a page, at most.", examples=[100])
    ] = 100,
    cursor: Annotated[
        str | None,
        Query(
            description="Where the page begins; take it from a `next` link.",
            examples=[write_cursor("1000000")],
        ),
    ] = None,
) -> JsonAnswer:
    """In pages: follow the `next` link."""
    before = None if cursor is None else read_number(cursor)
    found, matched = snapshots.list_snapshots(area, before=before, limit=limit + 1)
    shown, following = cut(found, limit, lambda summary: str(summary.id))
    content = {"area": area, "snapshots": [snapshot_summary(summary) for summary in shown]}
    return tagged(request, listed_page(request, content, matched, following))


@router.get(
    "/{snapshot_id}",
    summary="One snapshot: the coverage as it was, and all that made it",
    response_model=SnapshotAnswer,
    response_class=JsonAnswer,
    responses=_NOT_THERE,
)
def get_snapshot(
    request: Request, area: AreaId, snapshot_id: SnapshotId, snapshots: SnapshotStoreDep
) -> JsonAnswer:
    """`coverage` is the answer that was given, `standard_content` all that the standard said."""
    return tagged(request, JsonAnswer(snapshot_to_dict(snapshots.get(area, snapshot_id))))


@router.get(
    "/{snapshot_id}/difference",
    summary="What changed since a snapshot",
    response_model=SnapshotDifference,
    response_class=JsonAnswer,
    responses=problem_documents(
        *(PROBLEMS[error] for error in (AreaNotFoundError, SnapshotNotFoundError, StandardNotFoundError)),
        *(PROBLEMS[error] for error in (DatabaseUnavailableError, StoreError)),
    ),
)
def get_difference(
    request: Request,
    area: AreaId,
    snapshot_id: SnapshotId,
    snapshots: SnapshotStoreDep,
    areas: AreaServiceDep,
    standards: StandardServiceDep,
    to: Annotated[
        str, Query(description="Number of the snapshot to compare with, or `now`.", examples=[NOW, "1"])
    ] = NOW,
) -> JsonAnswer:
    """By service and weight; `now` asks the same question of the area and the standard as they are.

    `differs` names what made the answers where it is another. Snapshots hold sums, so `gained` and `lost` are what
    is left of both; `POST .../proposals/check` tells changes household by household.
    """
    before = snapshots.get(area, snapshot_id).answered
    if to == NOW:
        after_id = None
        after = answer_again(before, areas.engine(area), standards.get(before.standard_id))
    else:
        after_id = _number(to)
        after = snapshots.get(area, after_id).answered
    return tagged(request, JsonAnswer(difference_to_dict(before, after, snapshot_id, after_id)))


@router.delete(
    "/{snapshot_id}",
    status_code=204,
    summary="Remove a snapshot",
    responses={**_NOT_THERE, **problem_documents(PROBLEMS[OtherSiteError])},
    dependencies=[Depends(refuse_changes)],
)
def remove(area: AreaId, snapshot_id: SnapshotId, snapshots: SnapshotStoreDep, actor: ActorDep) -> Response:
    """It cannot be brought back."""
    snapshots.remove(area, snapshot_id, actor=actor)
    return Response(status_code=204)


def _number(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER:
        return int(text)
    raise invalid_parameter(("to", "must be the number of a snapshot, or now"))
