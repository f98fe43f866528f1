"""Facilities and the services they offer, as GeoJSON."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request

from app.dependencies import DEMO_STANDARD, AskedStandardDep, CrsDep, EngineDep
from app.domain.errors import AreaNotFoundError, StoreError
from app.domain.facility import Facilities
from app.domain.standard import Standard, StandardNotFoundError
from app.geo.units import IntArray
from app.problems import PROBLEMS
from app.routers.answers import GeoJsonAnswer, feature_collection, problem_documents
from app.routers.paging import Bbox, BboxDep, PageDep, cut_page
from app.schemas.facilities import facility_features
from app.schemas.provenance import facilities_head
from app.schemas.wire_features import FacilitiesAnswer
from app.services.area_engine import AreaEngine
from app.services.facilities import distinct_services, services_by_facility
from app.services.standards import (
    ServiceNotFoundError,
    get_service,
    list_standards,
)

router = APIRouter(prefix="/v1/areas/{area}", tags=["facilities"])


@router.get(
    "/facilities",
    summary="Facilities with the services they offer",
    response_model=FacilitiesAnswer,
    response_class=GeoJsonAnswer,
    responses=problem_documents(
        PROBLEMS[AreaNotFoundError],
        PROBLEMS[StandardNotFoundError],
        PROBLEMS[ServiceNotFoundError],
        PROBLEMS[StoreError],
    ),
)
def list_facilities(
    request: Request,
    engine: EngineDep,
    page: PageDep,
    bbox: BboxDep,
    crs: CrsDep,
    chosen: AskedStandardDep,
    service: Annotated[
        str | None, Query(description="Only facilities that offer this service.", examples=["supermarket"])
    ] = None,
    standard: Annotated[
        str | None,
        Query(
            description="Only services of this standard; by default those of all shipped standards, and those "
            "that a facilities file named.",
            examples=[DEMO_STANDARD],
        ),
    ] = None,
) -> GeoJsonAnswer:
    """One feature a facility, by id, in pages: follow the `next` link until there is none."""
    del standard  # found for the answer's tag already
    offered = _offered(engine, service, chosen)
    matching = _inside(engine.area.facilities, np.asarray(list(offered), dtype=np.int64), bbox)
    part = cut_page(engine.area.facilities.id, matching, page)
    features = facility_features(engine.area, {row: offered[row] for row in part.positions.tolist()})
    return feature_collection(
        request,
        features,
        part,
        facilities_head(engine.area, list_standards() if chosen is None else (chosen,)),
        crs,
    )


def _offered(engine: AreaEngine, service: str | None, standard: Standard | None) -> dict[int, list[str]]:
    """Services of each facility that offers any, or the one that is asked for."""
    if standard is not None:
        if service is not None:
            get_service(standard, service)
        offered = services_by_facility(engine, standard.services, supplied_ids=False)
    else:
        services = distinct_services(list_standards())
        offered = services_by_facility(engine, services.values())
        known = services.keys() | {item for ids in engine.area.facilities.services for item in ids}
        if service is not None and service not in known:
            raise ServiceNotFoundError(service, f"area '{engine.area.id}'", tuple(sorted(known)))
    return {row: ids for row, ids in offered.items() if service is None or service in ids}


def _inside(facilities: Facilities, positions: IntArray, bbox: Bbox | None) -> IntArray:
    if bbox is None:
        return positions
    west, south, east, north = bbox
    lon_deg, lat_deg = facilities.lon_deg[positions], facilities.lat_deg[positions]
    inside = (lon_deg >= west) & (lon_deg <= east) & (lat_deg >= south) & (lat_deg <= north)
    return positions[inside]
