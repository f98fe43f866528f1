"""Service coverage of an area, as a whole and by zone."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from app.dependencies import Band, CrsDep, EngineDep, StandardDep, WalkerDep, check_weight
from app.domain.errors import AreaNotFoundError, StoreError
from app.domain.profile import ProfileNotFoundError
from app.domain.standard import StandardNotFoundError
from app.domain.zone import NoZonesError
from app.problems import PROBLEMS, invalid_parameter
from app.routers.answers import GEOJSON, GeoJsonAnswer, JsonAnswer, problem_documents
from app.schemas.coverage import coverage_to_dict
from app.schemas.crs import in_crs
from app.schemas.provenance import assessment_head
from app.schemas.weight import Weight
from app.schemas.wire import CoverageAnswer
from app.schemas.zones import coverage_by_zone, zone_coverage_features
from app.services.assessment import assess

router = APIRouter(prefix="/v1/areas/{area}", tags=["coverage"])

_AS_MAP: dict[int | str, dict[str, Any]] = {200: {"content": {GEOJSON: {"schema": {"type": "object"}}}}}
"""The other media type, for `format=geojson`."""


@router.get(
    "/coverage",
    summary="How many households reach each service, and why the others do not",
    response_model=CoverageAnswer,
    response_class=JsonAnswer,
    responses=_AS_MAP
    | problem_documents(
        PROBLEMS[AreaNotFoundError],
        PROBLEMS[StandardNotFoundError],
        PROBLEMS[ProfileNotFoundError],
        PROBLEMS[NoZonesError],
        PROBLEMS[StoreError],
    ),
)
def get_coverage(
    *,
    engine: EngineDep,
    standard: StandardDep,
    walker: WalkerDep,
    crs: CrsDep,
    weight: Annotated[
        Weight,
        Query(
            description="What shares are counted in; a point is one row, such as a building. Population and age "
            "groups where the area has them.",
            examples=["points"],
        ),
    ] = "households",
    by: Annotated[
        Literal["area", "zone"],
        Query(
            description="`zone`: also the sums of every zone, and of `outside`; they add up to the area's.",
            examples=["area"],
        ),
    ] = "area",
    answer: Annotated[
        Literal["json", "geojson"],
        Query(
            alias="format",
            description="`geojson`, with `by=zone`: zones as features with flat properties, for maps.",
            examples=["json"],
        ),
    ] = "json",
    band: Band = None,
) -> JsonAnswer:
    """Counts of all seven states for every service of a standard, and over all required services together.

    `share_covered` divides by everybody; `share_covered_of_determined` leaves out those of whom nothing can be
    said (`no_data`, `not_snapped`, `undetermined`). `crs` is that of the geometries, so it matters to
    `format=geojson` alone.
    """
    check_weight(engine.area, weight)
    if answer == "geojson" and by != "zone":
        raise invalid_parameter(("format", "geojson draws zones: ask by=zone too"))
    assessment = assess(engine, standard, walker, band=band)
    if by == "area":
        return JsonAnswer(coverage_to_dict(assessment, weight=weight))
    coverage = coverage_by_zone(assessment, weight=weight)
    if answer == "json":
        return JsonAnswer(coverage)
    head = assessment_head(assessment) | {"weight": weight}
    features = zone_coverage_features(assessment, coverage)
    return GeoJsonAnswer(in_crs({"type": "FeatureCollection", **head, "features": features}, crs))
