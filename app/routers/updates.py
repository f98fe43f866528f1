"""Households, facilities and zones of an area that is there already: each upload makes its next version."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool

from app.dependencies import AreaId, AreaServiceDep, JobServiceDep, SettingsDep, refuse_changes
from app.domain.errors import (
    AreaNotFoundError,
    BadInputError,
    NotMultipartError,
    OtherSiteError,
    StorageFullError,
    UploadTooLargeError,
)
from app.problems import PROBLEMS, invalid_parameter
from app.routers.answers import JsonAnswer, problem_documents
from app.routers.multipart import Form, receive_form
from app.routers.uploads import GRIDS, accepted, form_document, group_files
from app.schemas.wire_jobs import JobAnswer
from app.services.import_job import UPDATE_KIND, update_input
from app.services.update_request import DataRequest, Kind, check_data_request

router = APIRouter(
    prefix="/v1/areas/{area}", tags=["bringing data in"], dependencies=[Depends(refuse_changes)]
)

FORM = Form(
    files={"file": "GeoJSON, GeoPackage, zipped Shapefile, FlatGeobuf, GeoParquet, CSV or XLSX."},
    texts={
        "mode": "`replace` (default) or `append`.",
        "dry_run": "`true` reports and keeps nothing.",
        "crs": "Coordinate system, such as `EPSG:4490`, `gcj02` or `bd09`.",
        "columns": "Which column is which, such as `id=编号,households=户数`.",
        "on_error": "`fail` (all rows or none) or `skip` (leave bad rows out).",
        "layer": "Layer or sheet.",
    },
)
HOUSEHOLDS_FORM = Form(
    files={**FORM.files, **GRIDS},
    texts={
        **FORM.texts,
        "population_column": "Column (or band) of `population`, if not called population.",
        "population_crs": "Coordinate system of a grid of polygons.",
    },
)


@dataclass(frozen=True)
class Options:
    """What may stand in the address or in the form; None where the address does not say."""

    mode: Annotated[
        Literal["replace", "append"] | None,
        Query(description="Whether the rows replace those there are, or add to them.", examples=["append"]),
    ] = None
    dry_run: Annotated[
        bool | None, Query(description="Report what would be, and keep nothing.", examples=[True])
    ] = None
    crs: Annotated[str | None, Query(description=FORM.texts["crs"], examples=["gcj02"])] = None
    columns: Annotated[
        str | None, Query(description=FORM.texts["columns"], examples=["id=编号,households=户数"])
    ] = None
    on_error: Annotated[
        Literal["fail", "skip"] | None, Query(description=FORM.texts["on_error"], examples=["skip"])
    ] = None
    layer: Annotated[str | None, Query(description=FORM.texts["layer"], examples=["Sheet1"])] = None


_DOCUMENT: dict[str, Any] = {
    "status_code": 202,
    "response_model": JobAnswer,
    "response_class": JsonAnswer,
    "responses": problem_documents(
        *(PROBLEMS[error] for error in (AreaNotFoundError, OtherSiteError, UploadTooLargeError)),
        *(PROBLEMS[error] for error in (NotMultipartError, StorageFullError, BadInputError)),
    ),
}
_ANY_DOCUMENT = _DOCUMENT | {"openapi_extra": form_document(FORM, ("file",))}
_HOUSEHOLDS_DOCUMENT = _DOCUMENT | {"openapi_extra": form_document(HOUSEHOLDS_FORM, ("file",))}


@dataclass(frozen=True)
class Upload:
    """What an upload needs beside its kind."""

    request: Request
    area: AreaId
    options: Annotated[Options, Depends()]
    areas: AreaServiceDep
    jobs: JobServiceDep
    settings: SettingsDep


UploadDep = Annotated[Upload, Depends()]


@router.post("/households", summary="Replace or append households", **_HOUSEHOLDS_DOCUMENT)
async def update_households(upload: UploadDep) -> JsonAnswer:
    """A form with one file starts a job, a dry run too; the area answers as before until it has succeeded.

    Where all are replaced, grids of people may come with it, as with an import, to be spread over them.
    """
    return await _update(upload, "households")


@router.post("/facilities", summary="Replace or append facilities", **_ANY_DOCUMENT)
async def update_facilities(upload: UploadDep) -> JsonAnswer:
    """Likewise. Those out of OpenStreetMap stay, whatever the mode."""
    return await _update(upload, "facilities")


@router.post("/zones", summary="Replace or append zones", **_ANY_DOCUMENT)
async def update_zones(upload: UploadDep) -> JsonAnswer:
    """Likewise."""
    return await _update(upload, "zones")


async def _update(upload: Upload, kind: Kind) -> JsonAnswer:
    area, jobs = upload.area, upload.jobs
    await run_in_threadpool(upload.areas.describe, area)  # 404 before the file is read
    job_id = jobs.new_id()
    with jobs.folders.receive(job_id) as folder:
        fields = HOUSEHOLDS_FORM if kind == "households" else FORM
        form = await receive_form(upload.request, fields, folder, upload.settings.max_upload_mb)
        if "file" not in form.files:
            raise invalid_parameter(("file", "is required: send the file in this field"), where="body")
        wanted = DataRequest(
            area,
            kind,
            form.files["file"],
            population_file=form.files.get("population"),
            population_groups=group_files(form),
            **_merged(vars(upload.options), form.texts),
        )
        await run_in_threadpool(check_data_request, wanted)
        job = await run_in_threadpool(
            jobs.submit, UPDATE_KIND, update_input(wanted, folder), area_id=area, job_id=job_id
        )
    return accepted(job)


def _merged(asked: dict[str, Any], texts: dict[str, str]) -> dict[str, Any]:
    """Options of the address and of the form together; a problem where they contradict, or are none."""
    allowed = {"mode": ("replace", "append"), "on_error": ("fail", "skip"), "dry_run": ("true", "false")}
    values = {name: value for name, value in asked.items() if value is not None}
    for name, text in texts.items():
        if not text:
            continue
        if name in allowed and text not in allowed[name]:
            raise invalid_parameter((name, f"must be {' or '.join(allowed[name])}"), where="body")
        value = text == "true" if name == "dry_run" else text
        if values.setdefault(name, value) != value:
            raise invalid_parameter((name, "is another in the address; give it once"), where="body")
    return values
