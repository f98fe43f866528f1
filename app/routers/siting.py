"""Where one more facility would pay."""

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Response

from app.dependencies import (
    AreaId,
    CrsDep,
    EngineDep,
    JobServiceDep,
    StandardDep,
    StandardServiceDep,
    WalkerDep,
    refuse_changes,
)
from app.domain.errors import AreaNotFoundError, BadInputError, OtherSiteError, StorageFullError, StoreError
from app.domain.profile import ProfileNotFoundError
from app.domain.row_report import RowsRejectedError
from app.domain.standard import StandardNotFoundError
from app.domain.zone import NoZonesError
from app.problems import PROBLEMS, invalid_parameter
from app.routers.answers import GeoJsonAnswer, JsonAnswer, problem_documents
from app.routers.json_body import JSON_PROBLEMS, JsonRoute
from app.routers.uploads import accepted
from app.schemas.crs import in_crs
from app.schemas.heat import heat_to_geojson, heat_to_geotiff
from app.schemas.siting_job import CANDIDATES_FILE, EXCLUDE_FILE, SITING_KIND, SitingBody
from app.schemas.weight import Weight
from app.schemas.wire_jobs import JobAnswer
from app.schemas.wire_siting import HeatAnswer
from app.services.siting_heat import find_heat
from app.services.siting_question import SitingQuestion, check_question
from app.services.standards import ServiceNotFoundError, get_service

router = APIRouter(prefix="/v1/areas/{area}/siting", tags=["siting"], route_class=JsonRoute)

GEOTIFF = "image/tiff; application=geotiff"


@router.get(
    "/heat",
    summary="What one new facility would newly cover, cell by cell",
    response_model=HeatAnswer,
    response_class=GeoJsonAnswer,
    responses=problem_documents(
        PROBLEMS[AreaNotFoundError],
        PROBLEMS[StandardNotFoundError],
        PROBLEMS[ServiceNotFoundError],
        PROBLEMS[ProfileNotFoundError],
        PROBLEMS[BadInputError],
        PROBLEMS[StoreError],
    ),
)
def get_heat(
    *,
    engine: EngineDep,
    standard: StandardDep,
    walker: WalkerDep,
    service: Annotated[str, Query(description="Service that is to be sited.", examples=["pharmacy"])],
    cell_m: Annotated[float, Query(description="Side of a cell in metres.", examples=[100.0])] = 100.0,
    weight: Annotated[
        Weight,
        Query(description="What is counted.", examples=["points"]),
    ] = "households",
    ignore_existing: Annotated[
        bool, Query(description="As if no facility of the service existed.", examples=[False])
    ] = False,
    answer: Annotated[
        Literal["geojson", "geotiff"],
        Query(alias="format", description="How to answer.", examples=["geojson"]),
    ] = "geojson",
    crs: CrsDep,
) -> Response:
    """For every cell of a grid, the weight that one facility in its middle would newly cover.

    Cells are multiples of `cell_m` in the area's UTM zone, so that a cell has the same id in every area there. Cells
    that no street can be reached from are left out. With `format=geotiff` the answer is a raster in that zone
    (`image/tiff`), whatever `crs` says, and they are -1 in it.
    """
    question = SitingQuestion(
        (get_service(standard, service),), weight=weight, ignore_existing=ignore_existing
    )
    heat = find_heat(engine, standard, walker, question, cell_m)
    if answer == "geotiff":
        return Response(heat_to_geotiff(heat), media_type=GEOTIFF)
    return GeoJsonAnswer(in_crs(heat_to_geojson(heat, engine, standard, walker, question), crs))


@router.post(
    "",
    status_code=202,
    summary="Where new facilities should be",
    response_model=JobAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(
        PROBLEMS[AreaNotFoundError],
        PROBLEMS[StandardNotFoundError],
        PROBLEMS[ServiceNotFoundError],
        PROBLEMS[ProfileNotFoundError],
        PROBLEMS[NoZonesError],
        PROBLEMS[OtherSiteError],
        PROBLEMS[StorageFullError],
        PROBLEMS[StoreError],
        *JSON_PROBLEMS,
    ),
    dependencies=[Depends(refuse_changes)],
)
def post_siting(
    area: AreaId,
    engine: EngineDep,
    jobs: JobServiceDep,
    standards: StandardServiceDep,
    body: SitingBody,
) -> JsonAnswer:
    """Starts a job; `Location` is its address. Its `report` is the answer, as `reach15 site --json` tells it.

    While it runs, `details` has the `incumbent`, the `bound` and the `gap`; cancelled, it ends with the best answer
    so far. A target that cannot be met fails the job, and the problem's `households` are those that no candidate
    reaches.
    """
    faults = body.faults()
    if faults:
        raise invalid_parameter(*faults, where="body")
    job_id = jobs.new_id()
    with jobs.folders.receive(job_id) as folder:
        for name, content in ((CANDIDATES_FILE, body.candidates), (EXCLUDE_FILE, body.exclude)):
            if content is not None:
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(orjson.dumps(content))
        try:
            _, _, question = body.asked(folder, standards)
            check_question(engine, question)
            body.places(engine, folder)
        except BadInputError as error:  # names the file in our folder; whoever sent it knows none
            where = error.where.replace(f"{folder}/sent/", "")
            if isinstance(error, RowsRejectedError):
                raise RowsRejectedError(where, error.problem, error.reports) from error
            raise BadInputError(where, error.problem) from error
        job = jobs.submit(SITING_KIND, _without_files(body), area_id=area, job_id=job_id)
    return accepted(job)


def _without_files(body: SitingBody) -> dict[str, object]:
    """What is asked; of places that were sent only that they were, since they wait in the job's folder."""
    asked = body.model_dump(mode="json")
    return asked | {name: {} for name in ("candidates", "exclude") if asked[name] is not None}
