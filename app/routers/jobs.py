"""Jobs: how far they are, what came of them; cancel one, try one again."""

import csv
import io
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.responses import FileResponse

from app.dependencies import JobServiceDep, refuse_changes
from app.domain.errors import DatabaseUnavailableError, OtherSiteError
from app.domain.job import Job, JobConflictError, JobNotFoundError, JobStatus
from app.problems import PROBLEMS
from app.routers.answers import JsonAnswer, listed_page, problem_documents
from app.routers.paging import MOST, cut, foreign_cursor, read_cursor, write_cursor
from app.schemas.jobs import job_json, job_summary_json, report_rows
from app.schemas.wire_jobs import JobAnswer, JobsAnswer
from app.services.jobs import JobService

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

EXAMPLE_JOB = "0f8fad5bd9cb469fa16570867728950e"

JobId = Annotated[str, Path(description="Id of a job; `Location` names it.", examples=[EXAMPLE_JOB])]
Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]

_NOT_THERE = problem_documents(PROBLEMS[JobNotFoundError], PROBLEMS[DatabaseUnavailableError])
_NOT_NOW = problem_documents(
    *(PROBLEMS[error] for error in (JobNotFoundError, JobConflictError, OtherSiteError)),
    PROBLEMS[DatabaseUnavailableError],
)
_CHANGES = [Depends(refuse_changes)]


@router.get(
    "",
    summary="Jobs, the newest first",
    response_model=JobsAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(PROBLEMS[DatabaseUnavailableError]),
)
def list_jobs(
    request: Request,
    jobs: JobServiceDep,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Jobs on a page, at most.", examples=[100])] = 100,
    cursor: Annotated[
        str | None,
        Query(
            description="Where the page begins; take it from a `next` link.",
            examples=[write_cursor(EXAMPLE_JOB)],
        ),
    ] = None,
    status: Annotated[
        Status | None, Query(description="Only jobs of this status.", examples=["failed"])
    ] = None,
    area: Annotated[str | None, Query(description="Only jobs of this area.", examples=["helsinki"])] = None,
) -> JsonAnswer:
    """All jobs that match, in pages: follow the `next` link."""
    try:
        found, matched = jobs.list_jobs(
            status=JobStatus(status) if status else None,
            area_id=area,
            before=None if cursor is None else read_cursor(cursor),
            limit=limit + 1,
        )
    except JobNotFoundError:
        raise foreign_cursor() from None
    shown, following = cut(found, limit, lambda job: job.id)
    return listed_page(request, {"jobs": [job_summary_json(job) for job in shown]}, matched, following)


@router.get(
    "/{job_id}",
    summary="How far a job is, and what came of it",
    response_model=JobAnswer,
    response_class=JsonAnswer,
    responses=_NOT_THERE,
)
def get_job(job_id: JobId, jobs: JobServiceDep) -> JsonAnswer:
    """A job: `report` once it has succeeded, `problem` (RFC 9457) where it failed."""
    return _answer(jobs, jobs.get(job_id))


@router.get(
    "/{job_id}/report.csv",
    summary="Rejected and repaired rows as CSV",
    response_class=Response,
    responses={**_NOT_THERE, 200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def get_rows(job_id: JobId, jobs: JobServiceDep) -> Response:
    """One line for each row of a file that was rejected or repaired, with its number, value and reason."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "row", "column", "value", "outcome", "reason"))
    writer.writerows(report_rows(jobs.get(job_id)))
    return Response("\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8")


@router.get(
    "/{job_id}/files/{name}",
    summary="A file of a job's result",
    response_class=Response,
    responses=_NOT_THERE,
)
def get_file(
    job_id: JobId,
    name: Annotated[str, Path(description="As the job's links name it.", examples=["links.geojson"])],
    jobs: JobServiceDep,
) -> Response:
    """Kinds of jobs that make files name them in the job's `links`."""
    job = jobs.get(job_id)
    if name not in jobs.folders.output_names(job.id):
        raise JobNotFoundError(f"{job_id}/files/{name}")
    return FileResponse(jobs.folders.outputs(job.id) / name)


@router.post(
    "/{job_id}/cancel",
    status_code=202,
    summary="Cancel a job",
    response_model=JobAnswer,
    response_class=JsonAnswer,
    responses=_NOT_NOW,
    dependencies=_CHANGES,
)
@router.delete(
    "/{job_id}",
    status_code=202,
    summary="Cancel a job (the same)",
    response_model=JobAnswer,
    response_class=JsonAnswer,
    responses=_NOT_NOW,
    dependencies=_CHANGES,
)
def cancel_job(job_id: JobId, jobs: JobServiceDep) -> JsonAnswer:
    """A queued job is cancelled at once, a running one at its next step; nothing of it is kept."""
    return _answer(jobs, jobs.cancel(job_id), 202)


@router.post(
    "/{job_id}/retry",
    status_code=202,
    summary="Try a failed job again",
    response_model=JobAnswer,
    response_class=JsonAnswer,
    responses=_NOT_NOW,
    dependencies=_CHANGES,
)
def retry_job(job_id: JobId, jobs: JobServiceDep) -> JsonAnswer:
    """Queues a job again that is `retriable`: its worker died, or a server or disk failed it."""
    return _answer(jobs, jobs.retry(job_id), 202)


def _answer(jobs: JobService, job: Job, status: int = 200) -> JsonAnswer:
    headers = {"Location": f"/v1/jobs/{job.id}"} if status == 202 else {}
    return JsonAnswer(job_json(job, jobs.folders.output_names(job.id)), status, headers=headers)
