"""Where one more facility would pay."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from app.dependencies import EngineDep, StandardDep, WalkerDep
from app.domain.errors import AreaNotFoundError, BadInputError, StoreError
from app.domain.profile import ProfileNotFoundError
from app.domain.standard import StandardNotFoundError
from app.problems import PROBLEMS
from app.routers.answers import GeoJsonAnswer, problem_documents
from app.schemas.heat import heat_to_geojson, heat_to_geotiff
from app.schemas.wire_siting import HeatAnswer
from app.services.siting import SitingQuestion
from app.services.siting_heat import find_heat
from app.services.standards import ServiceNotFoundError, get_service

router = APIRouter(prefix="/v1/areas/{area}/siting", tags=["siting"])

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
        Literal["points", "households", "population"],
        Query(description="What is counted.", examples=["points"]),
    ] = "households",
    ignore_existing: Annotated[
        bool, Query(description="As if no facility of the service existed.", examples=[False])
    ] = False,
    answer: Annotated[
        Literal["geojson", "geotiff"],
        Query(alias="format", description="How to answer.", examples=["geojson"]),
    ] = "geojson",
) -> Response:
    """For every cell of a grid, the weight that one facility in its middle would newly cover.

    Cells are multiples of `cell_m` in the area's UTM zone, so that a cell has the same id in every area there. Cells
    that no street can be reached from are left out. With `format=geotiff` the answer is a raster in that zone
    (`image/tiff`), in which they are -1.
    """
    question = SitingQuestion(
        (get_service(standard, service),), weight=weight, ignore_existing=ignore_existing
    )
    heat = find_heat(engine, standard, walker, question, cell_m)
    if answer == "geotiff":
        return Response(heat_to_geotiff(heat), media_type=GEOTIFF)
    return GeoJsonAnswer(heat_to_geojson(heat, engine, standard, walker, question))
