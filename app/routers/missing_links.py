"""Which single street change would cover the most of those who lack a service."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.dependencies import (
    AskedStandardDep,
    CrsDep,
    EngineDep,
    ProfileId,
    SpeedMps,
    StandardServiceDep,
)
from app.domain.errors import AreaNotFoundError, StoreError
from app.domain.profile import ProfileNotFoundError
from app.domain.standard import StandardNotFoundError
from app.geo.errors import InvalidSpeedError
from app.problems import PROBLEMS, invalid_parameter
from app.routers.answers import GeoJsonAnswer, problem_documents
from app.routers.json_body import JSON_PROBLEMS, JsonRoute
from app.schemas.crs import in_crs
from app.schemas.missing_links import links_to_geojson
from app.schemas.weight import Weight
from app.schemas.wire_links import LinksBody, MissingLinksAnswer
from app.services.assessment import choose_walker
from app.services.missing_links import (
    DEFAULT_COUNT,
    DEFAULT_MAX_LENGTH_M,
    LONGEST_M,
    MOST_COMPARED,
    MOST_COUNT,
    LinksQuestion,
    find_missing_links,
)
from app.services.standards import ServiceNotFoundError, get_service

router = APIRouter(prefix="/v1/areas/{area}", tags=["proposals"], route_class=JsonRoute)


@router.post(
    "/missing-links",
    summary="Which gate, restricted way or new link would cover the most uncovered households",
    response_model=MissingLinksAnswer,
    response_class=GeoJsonAnswer,
    responses=problem_documents(
        PROBLEMS[AreaNotFoundError],
        PROBLEMS[StandardNotFoundError],
        PROBLEMS[ServiceNotFoundError],
        PROBLEMS[ProfileNotFoundError],
        PROBLEMS[InvalidSpeedError],
        PROBLEMS[StoreError],
        *JSON_PROBLEMS,
    ),
)
def post_missing_links(
    *,
    engine: EngineDep,
    standards: StandardServiceDep,
    named: AskedStandardDep,
    body: LinksBody | None = None,
    standard: Annotated[
        str | None, Query(description="Id of a standard, shipped or your own.", examples=["cn-mofcom-5-8-15"])
    ] = None,
    service: Annotated[
        str | None, Query(description="Service that is to be reached.", examples=["pharmacy"])
    ] = None,
    weight: Annotated[
        Weight | None, Query(description="What is counted; households.", examples=["points"])
    ] = None,
    max_length_m: Annotated[
        float | None,
        Query(
            gt=0, le=LONGEST_M, allow_inf_nan=False, description="Longest new link; 100 m.", examples=[100.0]
        ),
    ] = None,
    limit: Annotated[
        int | None, Query(ge=1, le=MOST_COUNT, description="How many changes are named; 10.", examples=[5])
    ] = None,
    max_compared: Annotated[
        int | None,
        Query(
            ge=1,
            le=MOST_COMPARED,
            description="How many changes are compared at most; 400, or 20 where each asks for the whole city to be "
            "worked out anew, which may take seconds. Where they do not suffice, `complete` is false.",
            examples=[400],
        ),
    ] = None,
    profile: ProfileId = None,
    speed_mps: SpeedMps = None,
    crs: CrsDep,
) -> GeoJsonAnswer:
    """Ranks single street changes by the weight that they newly cover.

    A gate or another barrier unlocked, a restricted way made public, or a new link of at most `max_length_m` between
    two places far apart on foot that crosses no building and no water.

    What is asked stands in the query or, by the same names, in a JSON body. Each change is compared exactly, as
    `/proposals/check` does; its `proposal` is the feature to send there. `complete` says whether the ranking is
    proven, and `bound` what no other change can exceed.
    """
    asked = _together(
        {
            "standard": standard,
            "service": service,
            "weight": weight,
            "max_length_m": max_length_m,
            "limit": limit,
            "max_compared": max_compared,
            "profile": profile,
            "speed_mps": speed_mps,
        },
        body,
    )
    chosen = named or standards.get(asked["standard"])
    walker = choose_walker(chosen, asked["profile"], asked["speed_mps"])
    question = LinksQuestion(
        get_service(chosen, asked["service"]),
        asked["weight"] or "households",
        asked["max_length_m"] or DEFAULT_MAX_LENGTH_M,
        asked["limit"] or DEFAULT_COUNT,
        asked["max_compared"],
    )
    return GeoJsonAnswer(in_crs(links_to_geojson(find_missing_links(engine, chosen, walker, question)), crs))


def _together(query: dict[str, Any], body: LinksBody | None) -> dict[str, Any]:
    """What query and body ask; each thing may stand in either, and in both only if they agree."""
    members = {} if body is None else body.model_dump()
    twice = [
        name
        for name, value in query.items()
        if value is not None and members.get(name) is not None and members[name] != value
    ]
    if twice:
        raise invalid_parameter(*((name, "says another thing in the body; give it once") for name in twice))
    asked = {name: members.get(name) if value is None else value for name, value in query.items()}
    missing = [name for name in ("standard", "service") if asked[name] is None]
    if missing:
        raise invalid_parameter(*((name, "is missing; give it in the query or the body") for name in missing))
    return asked
