"""Several proposals over HTTP, side by side."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from app.dependencies import (
    EngineDep,
    ScenarioServiceDep,
    StandardDep,
    WalkerDep,
    check_weight,
)
from app.domain.errors import AreaNotFoundError, BadInputError, BodyTooLargeError, NotJsonError, StoreError
from app.domain.profile import ProfileNotFoundError
from app.domain.scenario import ScenarioNotFoundError
from app.domain.standard import StandardNotFoundError
from app.domain.zone import NoZonesError
from app.geo.errors import InvalidSpeedError
from app.ingest.proposal_files import parse_json
from app.problems import PROBLEMS
from app.routers.answers import JsonAnswer, problem_documents
from app.routers.gate import CrsOfProposal, Lenient
from app.routers.json_body import JsonBodyDep
from app.schemas.side_by_side import side_by_side_to_dict
from app.schemas.weight import Weight
from app.schemas.wire_side_by_side import SideBySideAnswer, compare_body
from app.schemas.zones import get_zones
from app.services.asked_proposals import AskedProposal
from app.services.side_by_side import compare_side_by_side, proposal_source

router = APIRouter(prefix="/v1/areas/{area}", tags=["proposals"])

_PARTS = frozenset({"proposals", "scenarios"})


@router.post(
    "/proposals/compare",
    summary="Several proposals side by side, best first",
    response_model=SideBySideAnswer,
    response_class=JsonAnswer,
    openapi_extra={"requestBody": compare_body()},
    responses=problem_documents(
        PROBLEMS[AreaNotFoundError],
        PROBLEMS[ScenarioNotFoundError],
        PROBLEMS[StandardNotFoundError],
        PROBLEMS[ProfileNotFoundError],
        PROBLEMS[NoZonesError],
        PROBLEMS[BadInputError],
        PROBLEMS[InvalidSpeedError],
        PROBLEMS[BodyTooLargeError],
        PROBLEMS[NotJsonError],
        PROBLEMS[StoreError],
    ),
)
def post_compare(
    engine: EngineDep,
    standard: StandardDep,
    walker: WalkerDep,
    scenarios: ScenarioServiceDep,
    body: JsonBodyDep,
    *,
    weight: Annotated[
        Weight, Query(description="What ranks the proposals.", examples=["points"])
    ] = "households",
    by: Annotated[
        Literal["area", "zone"],
        Query(description="`zone`: also the sums of every zone and of `outside`.", examples=["area"]),
    ] = "area",
    households: Annotated[
        bool,
        Query(description="Also every household and service that changes, as GeoJSON.", examples=[True]),
    ] = False,
    lenient: Lenient = False,
    crs: CrsOfProposal = None,
) -> JsonAnswer:
    """Before, and for each proposal after, difference, cost and what is gained for it.

    Ranked by the weight that gains any service less that which loses any; then by fewer who lose, by cost, by name.
    `newly_uncovered` calls out every service that somebody loses.
    """
    sent, names = _parts(body)
    check_weight(engine.area, weight)
    if by == "zone":
        get_zones(engine.area)
    compared = compare_side_by_side(
        engine,
        standard,
        walker,
        {
            name: AskedProposal(document, proposal_source(name), lenient=lenient, crs=crs)
            for name, document in sent.items()
        },
        {name: AskedProposal.of(scenarios.get(engine.area.id, name)) for name in names},
    )
    answer = side_by_side_to_dict(compared, weight=weight, by_zone=by == "zone", households=households)
    return JsonAnswer(answer)


def _parts(body: bytes) -> tuple[dict[str, Any], list[str]]:
    """Proposals by name, and names of scenarios."""
    value = parse_json(body, "body")
    if not isinstance(value, dict):
        raise BadInputError("body", 'is no object; send {"proposals": {"NAME": ...}, "scenarios": ["NAME"]}')
    unknown = sorted(value.keys() - _PARTS)
    if unknown:
        raise BadInputError(
            "body", f"has the unknown member '{unknown[0]}'; it takes {', '.join(sorted(_PARTS))}"
        )
    proposals, scenarios = value.get("proposals", {}), value.get("scenarios", [])
    if not isinstance(proposals, dict) or "" in proposals:
        raise BadInputError("body, proposals", "is no object of proposals by their names")
    if not isinstance(scenarios, list) or not all(isinstance(name, str) for name in scenarios):
        raise BadInputError("body, scenarios", "is no list of names of scenarios")
    if len(set(scenarios)) < len(scenarios):
        raise BadInputError("body, scenarios", "names one twice; name each once")
    return proposals, scenarios
