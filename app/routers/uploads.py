"""Bringing data in: uploads become jobs."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from app.dependencies import ActorDep, AreaId, AreaServiceDep, JobServiceDep, SettingsDep, refuse_changes
from app.domain.area import AREA_ID_PATTERN
from app.domain.errors import (
    AreaNotFoundError,
    BadInputError,
    NotMultipartError,
    OtherSiteError,
    StorageFullError,
    StoreError,
    UploadTooLargeError,
)
from app.domain.household import AGE_GROUPS
from app.domain.job import Job
from app.problems import PROBLEMS, invalid_parameter
from app.routers.answers import JsonAnswer, problem_documents
from app.routers.multipart import Form, ReceivedForm, receive_form
from app.routers.paging import read_box
from app.schemas.jobs import job_json
from app.schemas.wire_jobs import JobAnswer
from app.services.import_job import IMPORT_KIND, import_input
from app.services.import_request import ImportRequest, check_request

router = APIRouter(prefix="/v1/areas", tags=["bringing data in"], dependencies=[Depends(refuse_changes)])

_KNOWN = {item.name for item in fields(ImportRequest)}
_FILES = {
    "osm": "OpenStreetMap extract: .osm.pbf, .osm and the like.",
    "boundary": "Study area as polygons.",
    "extent": "Where the extract is complete, if its header does not say.",
    "households": "Households, instead of those estimated from buildings.",
    "facilities": "Facilities, in addition to OpenStreetMap's.",
    "zones": "Zones, such as communities, to sum up by.",
    "dem": "Terrain model (GeoTIFF).",
}
GRIDS = {
    "population": "Grid of people (GeoTIFF, or polygons), spread over the households.",
    **{group: f"The same of the age group `{group}`." for group in AGE_GROUPS},
}
"""Files of people, by the weight that they tell."""
_TEXTS = {
    "title": "Title in any language.",
    "place": "Study area by name; without `osm` its surroundings are downloaded.",
    "crs": "Coordinate system of `households`, `facilities` and `zones`.",
    "households_crs": "Coordinate system of `households`.",
    "facilities_crs": "Coordinate system of `facilities`.",
    "zones_crs": "Coordinate system of `zones`.",
    "boundary_crs": "Coordinate system of `boundary`.",
    "extent_crs": "Coordinate system of `extent`.",
    "population_crs": "Coordinate system of a grid of polygons.",
    "population_column": "Its column of people, if not called population.",
    "households_columns": "Which column of `households` is which, such as `id=编号,households=户数`.",
    "facilities_columns": "Likewise of `facilities`.",
    "zones_columns": "Likewise of `zones`.",
    "households_layer": "Layer or sheet of `households`.",
    "facilities_layer": "Layer or sheet of `facilities`.",
    "zones_layer": "Layer or sheet of `zones`.",
    "on_error": "`fail` (all rows or none) or `skip` (leave bad rows out).",
}
FORM = Form(
    files={name: text for name, text in _FILES.items() if f"{name}_file" in _KNOWN} | GRIDS,
    texts={"name": "The area's id: a-z, 0-9 and -, at most 63."}
    | {name: text for name, text in _TEXTS.items() if name in _KNOWN}
    | {
        "bbox": "Study area as west,south,east,north in degrees; without `osm` likewise downloaded.",
        "columns": "The same as `..._columns`, where only one table is sent.",
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
def delete_area(area: AreaId, areas: AreaServiceDep, actor: ActorDep) -> Response:
    """It cannot be brought back except by importing it again."""
    areas.delete(area, actor=actor)
    return Response(status_code=204)


def _import_request(form: ReceivedForm) -> ImportRequest:
    """The request of a form; a problem that names each field that is missing or wrong."""
    faults = _faults(form)
    if faults:
        raise invalid_parameter(*faults, where="body")
    texts = {name: text for name, text in form.texts.items() if text}
    values: dict[str, Any] = {name: text for name, text in texts.items() if name in _KNOWN}
    values |= {f"{name}_file": path for name, path in form.files.items() if name not in AGE_GROUPS}
    values["population_groups"] = group_files(form)
    values |= {"area_id": texts["name"], "facilities_only": texts.get("facilities_only") == "true"}
    if "bbox" in texts:
        values["box"] = read_box(texts["bbox"])
    if "columns" in texts:
        values[f"{_tables(form)[0]}_columns"] = texts["columns"]
    if "zones_level" in texts:
        values["zones_level"] = int(texts["zones_level"])
    return ImportRequest(**values)


def group_files(form: ReceivedForm) -> tuple[tuple[str, Path], ...]:
    """Grids of age groups, each sent in a field of the group's name."""
    return tuple((name, form.files[name]) for name in AGE_GROUPS if name in form.files)


def _tables(form: ReceivedForm) -> list[str]:
    return [name for name in ("households", "facilities", "zones") if name in form.files]


def _faults(form: ReceivedForm) -> list[tuple[str, str]]:
    """Fields that are missing, wrong or contradict one another, each with what to do."""
    texts, files = form.texts, form.files
    where = [name for name in ("place", "bbox", "boundary") if texts.get(name) or name in files]
    level = texts.get("zones_level", "")
    only = texts.get("facilities_only", "")
    checks = (
        (
            AREA_ID_PATTERN.fullmatch(texts.get("name", "")),
            (
                "name",
                "must be the area's id: 1 to 63 of the characters a-z, 0-9 and -, such as nanjing-xuanwu",
            ),
        ),
        (
            len(where) < 2,
            ("".join(where[1:2]), f"and {''.join(where[:1])} both name the study area; give one of them"),
        ),
        (
            "osm" in files or where,
            ("osm", "is required: send an extract, or name a place or a bbox to download"),
        ),
        (
            not texts.get("columns") or len(_tables(form)) == 1,
            (
                "columns",
                "is for a form with one table; say households_columns, facilities_columns, zones_columns",
            ),
        ),
        (texts.get("on_error", "") in ("", "fail", "skip"), ("on_error", "must be fail or skip")),
        (
            not level or (level.isascii() and level.isdigit() and len(level) < 3),
            ("zones_level", "must be a whole number, such as 9"),
        ),
        (only in ("", "true", "false"), ("facilities_only", "must be true or false")),
        (
            only != "true" or "facilities" in files,
            ("facilities", "is required where facilities_only is true"),
        ),
    )
    return [fault for is_good, fault in checks if not is_good]
