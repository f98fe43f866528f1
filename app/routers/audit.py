"""The audit log: who changed what, and when."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.dependencies import DEMO_AREA, AuditLogDep
from app.domain.audit import area_subject, parse_moment
from app.domain.errors import DatabaseUnavailableError
from app.problems import PROBLEMS, invalid_parameter
from app.routers.answers import JsonAnswer, listed_page, problem_documents
from app.routers.paging import MOST, cut, read_number, write_cursor
from app.schemas.audit import entry_to_dict
from app.schemas.wire_audit import AuditAnswer

router = APIRouter(prefix="/v1/audit", tags=["audit log"])


@router.get(
    "",
    summary="Who changed what, the newest change first",
    response_model=AuditAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(PROBLEMS[DatabaseUnavailableError]),
)
def list_entries(
    request: Request,
    log: AuditLogDep,
    limit: Annotated[
        int, Query(ge=1, le=MOST, description="Entries on a page, at most.", examples=[100])
    ] = 100,
    cursor: Annotated[
        str | None,
        Query(
            description="Where the page begins; take it from a `next` link.",
            examples=[write_cursor("1000000")],
        ),
    ] = None,
    area: Annotated[str | None, Query(description="Only changes of this area.", examples=[DEMO_AREA])] = None,
    since: Annotated[
        str | None,
        Query(
            description="Only changes from this day or moment on, in UTC where it does not say.",
            examples=["2026-11-24", "2026-11-24T08:00:00Z"],
        ),
    ] = None,
) -> JsonAnswer:
    """Imports, rollbacks, pruning and deletion of areas, standards of your own, scenarios and snapshots.

    `actor` is who asked: the user that the trusted header names (`REACH15_ACTOR_HEADER`), else the client's address;
    of the command line its user. Follow the `next` link.
    """
    try:
        begin = None if since is None else parse_moment(since)
    except ValueError as error:
        raise invalid_parameter(("since", str(error))) from error
    found, matched = log.list_entries(
        subject=None if area is None else area_subject(area),
        since=begin,
        before=None if cursor is None else read_number(cursor),
        limit=limit + 1,
    )
    shown, following = cut(found, limit, lambda entry: str(entry.id))
    return listed_page(request, {"entries": [entry_to_dict(entry) for entry in shown]}, matched, following)
