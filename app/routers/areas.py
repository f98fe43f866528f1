"""Imported areas."""

from dataclasses import asdict

from fastapi import APIRouter, Request

from app import __version__
from app.dependencies import AreaId, AreaServiceDep
from app.domain.area import ATTRIBUTION, METHOD_VERSION
from app.domain.errors import AreaNotFoundError, StoreError
from app.entity_tags import tagged
from app.problems import PROBLEMS
from app.routers.answers import JsonAnswer, problem_documents
from app.schemas.wire import AreaAnswer, AreasAnswer

router = APIRouter(prefix="/v1/areas", tags=["areas"])


@router.get(
    "",
    summary="Areas that can be asked about",
    response_model=AreasAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(PROBLEMS[StoreError]),
)
def list_areas(request: Request, areas: AreaServiceDep) -> JsonAnswer:
    """All imported areas, by id."""
    summaries = [asdict(summary) for summary in areas.list_areas()]
    return tagged(request, JsonAnswer({"areas": summaries, "attribution": ATTRIBUTION}))


@router.get(
    "/{area}",
    summary="One area and what its import kept",
    response_model=AreaAnswer,
    response_class=JsonAnswer,
    responses=problem_documents(PROBLEMS[AreaNotFoundError], PROBLEMS[StoreError]),
)
def get_area(request: Request, area: AreaId, areas: AreaServiceDep) -> JsonAnswer:
    """An area, and what its import kept and dropped for which reason."""
    summary, report = areas.describe(area)
    # The report's warnings may quote libraries and its timings are the machine's: both stay with the operator,
    # in `reach15 area show`.
    imported = {"source": report.source, "counts": report.counts, "extent": report.extent}
    provenance = {
        "data_hash": report.data_hash,
        "method_version": METHOD_VERSION,
        "software_version": __version__,
        "attribution": ATTRIBUTION,
    }
    answer = asdict(summary) | {"import": imported, "provenance": provenance}
    return tagged(request, JsonAnswer(answer))
