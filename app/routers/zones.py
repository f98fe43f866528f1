"""Zones of an area, as GeoJSON."""

import numpy as np
from fastapi import APIRouter, Request

from app.dependencies import CrsDep, EngineDep
from app.domain.errors import AreaNotFoundError, StoreError
from app.problems import PROBLEMS
from app.routers.answers import GeoJsonAnswer, feature_collection, problem_documents
from app.routers.paging import PageDep, cut_page
from app.schemas.provenance import area_head
from app.schemas.wire_features import ZonesAnswer
from app.schemas.zones import zone_features

router = APIRouter(prefix="/v1/areas/{area}", tags=["zones"])


@router.get(
    "/zones",
    summary="Zones that answers can be summed up by",
    response_model=ZonesAnswer,
    response_class=GeoJsonAnswer,
    responses=problem_documents(PROBLEMS[AreaNotFoundError], PROBLEMS[StoreError]),
)
def list_zones(request: Request, engine: EngineDep, page: PageDep, crs: CrsDep) -> GeoJsonAnswer:
    """One feature a zone, by id, in pages; none where the area was imported without zones."""
    zones = engine.area.zones
    ids = np.empty(0, dtype=np.str_) if zones is None else zones.id
    part = cut_page(ids, np.arange(len(ids)), page)
    features = zone_features(engine.area, part.positions)
    return feature_collection(request, features, part, area_head(engine.area), crs)
