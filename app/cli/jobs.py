"""`reach15 jobs`: list, show, cancel and retry jobs."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import JobStatusName, JsonOption
from app.cli.output import write_json

if TYPE_CHECKING:
    from app.domain.job import Job
    from app.services.jobs import JobService

app = typer.Typer(no_args_is_help=False, rich_markup_mode=None)

JobArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of a job.")]


@app.command("list")
def list_(
    status: Annotated[JobStatusName | None, typer.Option(help="Only jobs of this status.")] = None,
    area: Annotated[str | None, typer.Option(metavar="NAME", help="Only jobs of this area.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="At most so many.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List jobs, the newest first."""
    from app.domain.job import JobStatus
    from app.schemas.jobs import job_summary_json

    wanted = JobStatus(status.value) if status else None
    found, matched = _open().list_jobs(status=wanted, area_id=area, limit=limit)
    if as_json:
        write_json({"jobs": [job_summary_json(job) for job in found], "numberMatched": matched})
        return
    for job in found:
        typer.echo(_line(job))


@app.command("show")
def show(job_id: JobArgument, as_json: JsonOption = False) -> None:
    """Show how far a job is, and what came of it."""
    jobs = _open()
    _tell(jobs, jobs.get(job_id), as_json=as_json)


@app.command("cancel")
def cancel(job_id: JobArgument, as_json: JsonOption = False) -> None:
    """Cancel a queued or running job; nothing of it is kept."""
    jobs = _open()
    _tell(jobs, jobs.cancel(job_id), as_json=as_json)


@app.command("retry")
def retry(job_id: JobArgument, as_json: JsonOption = False) -> None:
    """Try a failed job again whose worker died, or that a server or disk failed."""
    jobs = _open()
    _tell(jobs, jobs.retry(job_id), as_json=as_json)


def _open() -> "JobService":
    from app.cli.wiring import load_settings, open_jobs

    return open_jobs(load_settings())


def _tell(jobs: "JobService", job: "Job", *, as_json: bool) -> None:
    if as_json:
        from app.schemas.jobs import job_json

        write_json(job_json(job, jobs.folders.output_names(job.id)))
        return
    typer.echo(_line(job))
    if job.problem is not None:
        typer.echo(job.problem["detail"])


def _line(job: "Job") -> str:
    from app.schemas.moments import utc_text

    so_far = f"{job.stage} ({job.percent:.0f} %)" if job.stage and job.percent is not None else job.stage
    created = utc_text(job.created_at)
    parts = (job.id, f"{job.status:9}", created, job.kind, job.area_id, so_far)
    return "  ".join(part for part in parts if part)
