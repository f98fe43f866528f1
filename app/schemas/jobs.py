"""Jobs on the wire."""

from datetime import UTC, datetime
from typing import Any

from app.domain.job import Job, JobStatus
from app.schemas.moments import utc_text
from app.services.jobs import eta_s


def job_json(job: Job, files: list[str] | None = None) -> dict[str, Any]:
    """A job as `GET /v1/jobs/{id}` and `reach15 jobs show` tell it."""
    return {
        **job_summary_json(job),
        "report": job.result,
        "problem": job.problem,
        "links": job_links(job, files or []),
    }


def job_summary_json(job: Job) -> dict[str, Any]:
    """A job in a list: all but what came of it, which may be long."""
    return {
        "id": job.id,
        "kind": job.kind,
        "area": job.area_id,
        "status": job.status.value,
        "stage": job.stage,
        "percent": job.percent,
        "eta_s": eta_s(job, datetime.now(UTC)),
        "details": job.details,
        "attempt": job.attempt,
        "cancel_requested": job.cancel_requested,
        "retriable": job.retriable,
        "created_at": _text(job.created_at),
        "created_by": job.created_by,
        "started_at": _text(job.started_at),
        "finished_at": _text(job.finished_at),
    }


def job_links(job: Job, files: list[str]) -> list[dict[str, str]]:
    """Where to go from here."""
    home = f"/v1/jobs/{job.id}"
    links = [{"rel": "self", "href": home}]
    if not job.status.is_end:
        links.append({"rel": "cancel", "href": f"{home}/cancel"})
    if job.retriable:
        links.append({"rel": "retry", "href": f"{home}/retry"})
    if job.status is JobStatus.SUCCEEDED and job.area_id is not None:
        links.append({"rel": "area", "href": f"/v1/areas/{job.area_id}"})
    if report_rows(job):
        links.append({"rel": "rows", "href": f"{home}/report.csv"})
    return links + [{"rel": "file", "href": f"{home}/files/{name}"} for name in files]


def report_rows(job: Job) -> list[tuple[Any, ...]]:
    """Rejected and repaired rows: file, row, column, value, outcome, reason."""
    tables: dict[str, Any] = dict((job.result or {}).get("rows") or {})
    if job.problem and "rows" in job.problem:
        tables[job.problem.get("file", "")] = job.problem["rows"]
    return [
        (row.get("input", file), row["row"], row["column"], row["value"], outcome, row["reason"])
        for file, table in tables.items()
        for outcome in ("rejected", "repaired")
        for row in table.get(outcome, ())
    ]


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else utc_text(moment, "milliseconds")
