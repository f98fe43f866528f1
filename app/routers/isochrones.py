"""What lies within walking reach, as GeoJSON."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query

from app.dependencies import (
    DEMO_STANDARD,
    AskedStandardDep,
    CrsDep,
    EngineDep,
    ProfileId,
    SpeedMps,
    StandardServiceDep,
)
from app.domain.errors import AreaNotFoundError, BadInputError, FacilityNotFoundError, StoreError
from app.domain.profile import ProfileNotFoundError
from app.domain.standard import StandardNotFoundError
from app.geo.errors import InvalidSpeedError
from app.problems import PROBLEMS, invalid_parameter
from app.routers.answers import GeoJsonAnswer, problem_documents
from app.routers.json_body import JSON_PROBLEMS, JsonRoute
from app.schemas.crs import in_crs
from app.schemas.isochrones import isochrone_collection, isochrone_features
from app.schemas.wire_isochrones import IsochroneQuestion, IsochronesAnswer
from app.services.isochrone_limits import (
    MOST_LIMITS,
    MOST_METERS,
    MOST_MINUTES,
    Limit,
    check_limits,
    choose_limits,
)
from app.services.isochrone_origins import choose_free_walker, choose_origins, place_origins
from app.services.isochrones import Direction, Shape, draw
from app.services.standards import ServiceNotFoundError, get_service

router = APIRouter(prefix="/v1/areas/{area}", tags=["isochrones"], route_class=JsonRoute)

DEMO_FACILITY = "node/288130404"

_REFUSALS = (
    PROBLEMS[AreaNotFoundError],
    PROBLEMS[StandardNotFoundError],
    PROBLEMS[ServiceNotFoundError],
    PROBLEMS[FacilityNotFoundError],
    PROBLEMS[ProfileNotFoundError],
    PROBLEMS[InvalidSpeedError],
    PROBLEMS[StoreError],
)


@router.get(
    "/isochrones",
    summary="What lies within walking reach of a place, a facility or a service",
    response_model=IsochronesAnswer,
    response_class=GeoJsonAnswer,
    responses=problem_documents(*_REFUSALS),
)
def get_isochrones(
    engine: EngineDep,
    *,
    crs: CrsDep,
    chosen: AskedStandardDep,
    lon: Annotated[
        float | None,
        Query(
            description="Longitude of a place, WGS 84.",
            ge=-180,
            le=180,
            allow_inf_nan=False,
            examples=[24.9414],
        ),
    ] = None,
    lat: Annotated[
        float | None,
        Query(
            description="Latitude of a place, WGS 84.", ge=-90, le=90, allow_inf_nan=False, examples=[60.1719]
        ),
    ] = None,
    minutes: Annotated[
        str | None,
        Query(
            description=f"Limits in minutes, joined by commas: at most {MOST_LIMITS}, each up to {MOST_MINUTES:g} and "
            f"to as many as make {MOST_METERS:g} m. 0 draws nothing.",
            examples=["5,10,15"],
        ),
    ] = None,
    meters: Annotated[
        str | None,
        Query(
            description=f"Limits in metres of walk, links included, joined by commas; up to {MOST_METERS:g}. "
            "The profile's extra costs play no part in them.",
            examples=["500,1000"],
        ),
    ] = None,
    facility: Annotated[
        str | None,
        Query(
            description="Id of a facility, instead of a place; every access point counts.",
            examples=[DEMO_FACILITY],
        ),
    ] = None,
    service: Annotated[
        str | None,
        Query(
            description="Id of a service of `standard`, instead of a place: what its facilities reach together. "
            "Without limits, the limit is its own.",
            examples=["supermarket"],
        ),
    ] = None,
    standard: Annotated[
        str | None,
        Query(
            description="Id of a standard: `service` is one of its services, and its speed and profile count "
            "where none is given.",
            examples=[DEMO_STANDARD],
        ),
    ] = None,
    profile: ProfileId = None,
    speed_mps: SpeedMps = None,
    direction: Annotated[
        Direction,
        Query(
            description="Who can reach it, or what can be reached from it: only one-way rules and slopes make them "
            "differ.",
            examples=["from"],
        ),
    ] = "towards",
    shape: Annotated[
        Shape,
        Query(
            description="Polygons, or the reached streets, cut exactly at the limit.", examples=["streets"]
        ),
    ] = "polygon",
    verify: Annotated[
        bool,
        Query(description="Also count the households on the wrong side of each polygon.", examples=[True]),
    ] = False,
) -> GeoJsonAnswer:
    """One feature for each limit, smallest first. A picture of the walking times: no verdict is made from it.

    Polygons are valid, keep holes and separate parts, and nest: within 5 minutes lies within 10, whether asked together
    or alone. Where nothing is reached the geometry is empty and `reason` says why.
    """
    del standard  # found for the answer's tag already
    walker = choose_free_walker(chosen, profile, speed_mps)
    with _as_parameter("query"):
        if service is not None and chosen is None:
            raise BadInputError("standard", f"is missing; say which standard's '{service}' is meant")
        wanted = None if service is None or chosen is None else get_service(chosen, service)
        origins = choose_origins(
            engine, walker, lon_deg=lon, lat_deg=lat, facility_id=facility, service=wanted
        )
        limits = choose_limits(minutes, meters, wanted, walker.speed_mps)
    pictures = draw(engine, walker, origins, limits, direction=direction, shape=shape, verify=verify)
    features = isochrone_features(pictures, origins)
    collection = isochrone_collection(engine, walker, chosen, features, direction=direction, shape=shape)
    return GeoJsonAnswer(in_crs(collection, crs))


@router.post(
    "/isochrones",
    summary="The same for many places, one by one or merged",
    response_model=IsochronesAnswer,
    response_class=GeoJsonAnswer,
    responses=problem_documents(*_REFUSALS, *JSON_PROBLEMS),
)
def post_isochrones(
    engine: EngineDep, standards: StandardServiceDep, question: IsochroneQuestion, crs: CrsDep
) -> GeoJsonAnswer:
    """Merged, one feature for each limit: the union of all. Else one for each place and limit, with its `origin`."""
    chosen = None if question.standard is None else standards.get(question.standard)
    walker = choose_free_walker(chosen, question.profile, question.speed_mps)
    asked = [Limit(value, "minutes") for value in question.minutes]
    asked += [Limit(value, "meters") for value in question.meters]
    with _as_parameter("body"):
        limits = check_limits(asked, walker.speed_mps)
    lon_deg = np.asarray([origin.lon for origin in question.origins])
    lat_deg = np.asarray([origin.lat for origin in question.origins])
    groups = [slice(None)] if question.merge else [slice(n, n + 1) for n in range(len(lon_deg))]
    features = []
    for number, group in enumerate(groups):
        origins = place_origins(engine, walker, lon_deg[group], lat_deg[group])
        pictures = draw(
            engine,
            walker,
            origins,
            limits,
            direction=question.direction,
            shape=question.shape,
            verify=question.verify,
        )
        features += isochrone_features(pictures, origins, number_of_origin=None if question.merge else number)
    collection = isochrone_collection(
        engine, walker, chosen, features, direction=question.direction, shape=question.shape
    )
    return GeoJsonAnswer(in_crs(collection, crs))


@contextmanager
def _as_parameter(place: str) -> Iterator[None]:
    """Tell what is wrong with a limit or origin as the parameter's fault."""
    try:
        yield
    except BadInputError as error:
        raise invalid_parameter((error.where, error.problem), where=place) from error
