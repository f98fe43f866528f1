"""The gate over HTTP: whether a proposal may pass."""

from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request

from app.dependencies import EngineDep, StandardDep, WalkerDep
from app.domain.errors import (
    AreaNotFoundError,
    BadInputError,
    BodyTooLargeError,
    NotJsonError,
    StoreError,
)
from app.domain.policy import MalformedPolicyError
from app.domain.profile import ProfileNotFoundError
from app.domain.standard import StandardNotFoundError
from app.geo.errors import InvalidSpeedError
from app.ingest.baseline_files import read_baseline_value
from app.ingest.policy_files import read_policy_value
from app.problems import PROBLEMS, UNREAD
from app.routers.answers import JsonAnswer, problem_documents
from app.schemas.gate import gate_report
from app.schemas.wire_gate import CheckAnswer, check_body
from app.services.gate_check import PROPOSAL_NAME, check_proposal

router = APIRouter(prefix="/v1/areas/{area}", tags=["proposals"])

MOST_BODY_MB = 32
_JSON_TYPES = ("application/json", "application/geo+json", "application/vnd.geo+json")
_PARTS = frozenset({"proposal", "policy", "baseline"})


async def _read_body(request: Request) -> bytes:
    """The body, whatever it holds; refused before it is read where its length or kind is wrong."""
    request.scope[UNREAD] = True
    kind = request.headers.get("content-type", _JSON_TYPES[0]).split(";", 1)[0].strip().lower()
    if kind not in _JSON_TYPES:
        raise NotJsonError(kind)
    most = MOST_BODY_MB * 1_000_000
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most:
        raise BodyTooLargeError(MOST_BODY_MB)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise BodyTooLargeError(MOST_BODY_MB)
        parts.append(part)
    return b"".join(parts)


@router.post(
    "/proposals/check",
    summary="Whether a proposal keeps the rules of a policy, and what it changes",
    response_model=CheckAnswer,
    response_class=JsonAnswer,
    openapi_extra={"requestBody": check_body()},
    responses=problem_documents(
        PROBLEMS[AreaNotFoundError],
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
    body: Annotated[bytes, Depends(_read_body)],
    *,
    lenient: Annotated[
        bool,
        Query(
            description="Pass over properties of the proposal that nobody knows, as QGIS exports have them.",
            examples=[True],
        ),
    ] = False,
    crs: Annotated[
        str | None,
        Query(
            description="Coordinate system of the proposal; an error if the proposal states another.",
            examples=["EPSG:4326"],
        ),
    ] = None,
) -> JsonAnswer:
    """The answer is 200 whether the proposal passes or not: `verdict` and `exit_code` say which.

    Households that gain or lose a service, or get it faster or slower, are features of `changes`.
    """
    document, policy, baseline = _parts(body)
    check = check_proposal(
        engine,
        standard,
        walker,
        document,
        now=datetime.now(UTC),
        policy=None if policy is None else read_policy_value(policy),
        baseline=None if baseline is None else read_baseline_value(baseline),
        lenient=lenient,
        crs=crs,
    )
    return JsonAnswer(gate_report(check))


def _parts(body: bytes) -> tuple[Any, Any, Any]:
    """Proposal, policy and baseline: the body is the proposal itself, or a mapping of them."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        place = f"{PROPOSAL_NAME}, line {error.lineno}, character {error.colno}"
        raise BadInputError(place, f"is not valid JSON ({error.msg}); correct it there") from error
    if not isinstance(value, dict) or "proposal" not in value:
        return value, None, None
    unknown = sorted(value.keys() - _PARTS)
    if unknown:
        raise BadInputError(
            "body", f"has the unknown member '{unknown[0]}'; it takes {', '.join(sorted(_PARTS))}"
        )
    return value["proposal"], value.get("policy"), value.get("baseline")
