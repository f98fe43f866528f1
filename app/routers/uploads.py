"""Bringing data in: uploads become jobs."""

from dataclasses import fields
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from app.dependencies import AreaId, AreaServiceDep, JobServiceDep, SettingsDep, refuse_changes
from app.domain.errors import (
    AreaNotFoundError,
    BadInputError,
    NotMultipartError,
    OtherSiteError,
    StorageFullError,
    StoreError,
    UploadTooLargeError,
)
from app.domain.job import Job
from app.problems import PROBLEMS, invalid_parameter
from app.routers.answers import JsonAnswer, problem_documents
from app.routers.multipart import Form, ReceivedForm, receive_form
from app.routers.paging import read_box
from app.schemas.jobs import job_json
from app.schemas.wire_jobs import JobAnswer
from app.services.import_area import ImportRequest
from app.services.import_job import IMPORT_KIND, import_input
from app.services.import_request import AREA_ID_PATTERN, check_request

router = APIRouter(prefix="/v1/areas", tags=["bringing data in"], dependencies=[Depends(refuse_changes)])

_KNOWN = {item.name for item in fields(ImportRequest)}
_FILES = {
    "osm": "OpenStreetMap extract: .osm.pbf, .osm and the like.",
    "boundary": "Study area as polygons.",
    "extent": "Where the extract is complete, if its header does not say.",
    "households": "Households, instead of those estimated from buildings.",
    "facilities": "Facilities, in addition to OpenStreetMap's.",
    "zones": "Zones, such as communities, to sum up by.",
    "population": "Population grid, spread over the buildings.",
    "dem": "Terrain model (GeoTIFF).",
}
_TEXTS = {
    "title": "Title in any language.",
    "place": "Study area by name; without `osm` its surroundings are downloaded.",
    "crs": "Coordinate system of all files.",
    "households_crs": "Coordinate system of `households`.",
    "facilities_crs": "Coordinate system of `facilities`.",
    "zones_crs": "Coordinate system of `zones`.",
    "population_column": "Its column of people, if not called population.",
    "columns": "Which column means what, as NAME=COLUMN, separated by commas.",
    "on_error": "`fail` (all rows or none) or `skip` (leave bad rows out).",
}
FORM = Form(
    files={name: text for name, text in _FILES.items() if f"{name}_file" in _KNOWN},
    texts={"name": "The area's id: a-z, 0-9 and -, at most 63."}
    | {name: text for name, text in _TEXTS.items() if name in _KNOWN}
    | {
        "bbox": "Study area as west,south,east,north in degrees; without `osm` likewise downloaded.",
        "zones_level": "Zones from OpenStreetMap's administrative boundaries of this level.",
        "facilities_only": "`true` leaves out OpenStreetMap's facilities.",
    },
)
_REFUSALS = problem_documents(
    *(PROBLEMS[error] for error in (OtherSiteError, UploadTooLargeError, NotMultipartError)),
    *(PROBLEMS[error] for error in (StorageFullError, BadInputError)),
)


def form_document(form: Form, required: tuple[str, ...]) -> dict[str, Any]:
    """A form for the OpenAPI document; FastAPI does not see it, because it is read as it streams in."""
    properties = {
        name: {"type": "string", "format": "binary", "description": text} for name, text in form.files.items()
    } | {name: {"type": "string", "description": text} for name, text in form.texts.items()}
    schema = {
        "type": "object",
        "required": list(required),
        "additionalProperties": False,
        "properties": properties,
    }
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def accepted(job: Job) -> JsonAnswer:
    """The answer to whoever asked for a job."""
    return JsonAnswer(job_json(job), 202, headers={"Location": f"/v1/jobs/{job.id}"})


@router.post(
    "",
    status_code=202,
    summary="Import an area, or its next version",
    response_model=JobAnswer,
    response_class=JsonAnswer,
    responses=_REFUSALS,
    openapi_extra=form_document(FORM, ("name",)),
)
async def import_area(request: Request, jobs: JobServiceDep, settings: SettingsDep) -> JsonAnswer:
    """A form with the extract, or with what to download, starts a job; `Location` is its address.

    The area answers as before until the job has succeeded. An area of this name gets its next version.
    """
    job_id = jobs.new_id()
    with jobs.folders.receive(job_id) as folder:
        form = await receive_form(request, FORM, folder, settings.max_upload_mb)
        wanted = _import_request(form)
        await run_in_threadpool(check_request, wanted)
        content = import_input(wanted, folder)
        job = await run_in_threadpool(
            jobs.submit, IMPORT_KIND, content, area_id=wanted.area_id, job_id=job_id
        )
    return accepted(job)


@router.delete(
    "/{area}",
    status_code=204,
    summary="Delete an area",
    responses=problem_documents(PROBLEMS[AreaNotFoundError], PROBLEMS[StoreError], PROBLEMS[OtherSiteError]),
)
def delete_area(area: AreaId, areas: AreaServiceDep) -> Response:
    """It cannot be brought back except by importing it again."""
    areas.delete(area)
    return Response(status_code=204)


def _import_request(form: ReceivedForm) -> ImportRequest:
    """The request of a form; a problem that names each field that is missing or wrong."""
    texts, files = form.texts, form.files
    faults = []
    if not AREA_ID_PATTERN.fullmatch(texts.get("name", "")):
        faults.append(
            (
                "name",
                "must be the area's id: 1 to 63 of the characters a-z, 0-9 and -, such as nanjing-xuanwu",
            )
        )
    where = [name for name in ("place", "bbox", "boundary") if texts.get(name) or name in files]
    if len(where) > 1:
        faults.append((where[1], f"and {where[0]} both name the study area; give one of them"))
    if "osm" not in files and not where:
        faults.append(("osm", "is required: send an extract, or name a place or a bbox to download"))
    level = texts.get("zones_level", "")
    if level and not (level.isascii() and level.isdigit() and len(level) < 3):
        faults.append(("zones_level", "must be a whole number, such as 9"))
    only = texts.get("facilities_only", "false").lower()
    if only not in ("true", "false"):
        faults.append(("facilities_only", "must be true or false"))
    elif only == "true" and "facilities" not in files:
        faults.append(("facilities", "is required where facilities_only is true"))
    if faults:
        raise invalid_parameter(*faults, where="body")
    values: dict[str, Any] = {name: texts[name] for name in FORM.texts if name in _KNOWN and texts.get(name)}
    if texts.get("bbox"):
        values["box"] = read_box(texts["bbox"])
    if level:
        values["zones_level"] = int(level)
    values |= {f"{name}_file": path for name, path in files.items()}
    return ImportRequest(**(values | {"area_id": texts["name"], "facilities_only": only == "true"}))
