"""The gate over HTTP: whether a proposal may pass."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.dependencies import EngineDep, ScenarioServiceDep, StandardDep, WalkerDep
from app.domain.errors import (
    AreaNotFoundError,
    BadInputError,
    BodyTooLargeError,
    NotJsonError,
    StoreError,
)
from app.domain.policy import MalformedPolicyError
from app.domain.profile import ProfileNotFoundError
from app.domain.scenario import ScenarioNotFoundError
from app.domain.standard import StandardNotFoundError
from app.geo.errors import InvalidSpeedError
from app.ingest.baseline_files import read_baseline_value
from app.ingest.policy_files import read_policy_value
from app.ingest.proposal_files import parse_json
from app.problems import PROBLEMS, invalid_parameter
from app.routers.answers import JsonAnswer, problem_documents
from app.routers.json_body import JsonBodyDep
from app.schemas.gate import gate_report
from app.schemas.wire_gate import CheckAnswer, check_body
from app.services.asked_proposals import PROPOSAL_NAME, AskedProposal
from app.services.gate_check import check_proposal

router = APIRouter(prefix="/v1/areas/{area}", tags=["proposals"])

_PARTS = frozenset({"proposal", "scenario", "policy", "baseline"})

Lenient = Annotated[
    bool,
    Query(
        description="Pass over properties of the proposal that nobody knows, as QGIS exports have them.",
        examples=[True],
    ),
]
CrsOfProposal = Annotated[
    str | None,
    Query(
        description="Coordinate system of the proposal; an error if the proposal states another.",
        examples=["EPSG:4326"],
    ),
]


@router.post(
    "/proposals/check",
    summary="Whether a proposal keeps the rules of a policy, and what it changes",
    response_model=CheckAnswer,
    response_class=JsonAnswer,
    openapi_extra={"requestBody": check_body()},
    responses=problem_documents(
        PROBLEMS[AreaNotFoundError],
        PROBLEMS[ScenarioNotFoundError],
        PROBLEMS[StandardNotFoundError],
        PROBLEMS[ProfileNotFoundError],
        PROBLEMS[BadInputError],
        PROBLEMS[MalformedPolicyError],
        PROBLEMS[InvalidSpeedError],
        PROBLEMS[BodyTooLargeError],
        PROBLEMS[NotJsonError],
        PROBLEMS[StoreError],
    ),
)
def post_check(
    engine: EngineDep,
    standard: StandardDep,
    walker: WalkerDep,
    scenarios: ScenarioServiceDep,
    body: JsonBodyDep,
    *,
    lenient: Lenient = False,
    crs: CrsOfProposal = None,
) -> JsonAnswer:
    """The answer is 200 whether the proposal passes or not: `verdict` and `exit_code` say which.

    Households that gain or lose a service, or get it faster or slower, are features of `changes`. A scenario is read
    as it was stored; `crs` goes with a proposal that is sent.
    """
    parts = _parts(body)
    if parts.scenario is None:
        asked = AskedProposal(parts.proposal, lenient=lenient, crs=crs)
    elif crs is not None:
        raise invalid_parameter(("crs", "goes with a proposal that is sent; a scenario has its own"))
    else:
        asked = AskedProposal.of(scenarios.get(engine.area.id, parts.scenario))
    check = check_proposal(
        engine,
        standard,
        walker,
        asked,
        now=datetime.now(UTC),
        policy=None if parts.policy is None else read_policy_value(parts.policy),
        baseline=None if parts.baseline is None else read_baseline_value(parts.baseline),
    )
    return JsonAnswer(gate_report(check))


@dataclass(frozen=True)
class _Parts:
    """What a body brings; a proposal, or the name of a scenario."""

    proposal: Any = None
    scenario: str | None = None
    policy: Any = None
    baseline: Any = None


def _parts(body: bytes) -> _Parts:
    """The body is the proposal itself, or a mapping of what there is."""
    value = parse_json(body, PROPOSAL_NAME)
    if not isinstance(value, dict) or not value.keys() & {"proposal", "scenario"}:
        return _Parts(value)
    unknown = sorted(value.keys() - _PARTS)
    if unknown:
        raise BadInputError(
            "body", f"has the unknown member '{unknown[0]}'; it takes {', '.join(sorted(_PARTS))}"
        )
    if "scenario" not in value:
        return _Parts(**value)
    if "proposal" in value:
        raise BadInputError("body", "has both a proposal and a scenario; send one of them")
    if not isinstance(value["scenario"], str):
        raise BadInputError("body, scenario", "is no text; give the name of a scenario")
    return _Parts(**value)
