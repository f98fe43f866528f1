"""Errors as RFC 9457 problems: one table, one shape, ``application/problem+json``. docs/problems.md explains each.

The text of an error meant for the user goes to the client. What speaks of files, servers or our own mistakes goes to
the log, and the client hears a fixed sentence instead.
"""

import asyncio
import logging
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.errors import (
    FULL,
    AreaChangedError,
    AreaNotFoundError,
    BadInputError,
    BodyTooLargeError,
    DatabaseError,
    DatabaseFullError,
    DatabaseUnavailableError,
    DownloadError,
    FacilityNotFoundError,
    HouseholdNotFoundError,
    NotFoundError,
    NotJsonError,
    NotMultipartError,
    NotYamlError,
    OtherSiteError,
    Reach15Error,
    ReadOnlyError,
    SchemaError,
    StorageFullError,
    StoreError,
    UploadTooLargeError,
    VersionNotFoundError,
)
from app.domain.job import Job, JobConflictError, JobLostError, JobNotFoundError
from app.domain.policy import MalformedPolicyError
from app.domain.profile import ProfileNotFoundError
from app.domain.row_report import RowsRejectedError
from app.domain.scenario import PreconditionFailedError, ScenarioNotFoundError
from app.domain.snapshot import SnapshotNotFoundError
from app.domain.standard import StandardExistsError, StandardIsShippedError, StandardNotFoundError
from app.domain.zone import NoZonesError, ZoneNotFoundError
from app.geo.errors import (
    AreaTooWideError,
    GeoError,
    InvalidCutoffError,
    InvalidInputArrayError,
    InvalidSpeedError,
    NoWalkableWayError,
)
from app.services.gate_scope import NotEvaluableError
from app.services.job_worker import Explained
from app.services.mip import SolverError
from app.services.siting import InfeasibleSitingError, SitingMismatchError
from app.services.standards import ServiceNotFoundError

logger = logging.getLogger(__name__)

TYPE_PREFIX = "urn:reach15:problem:"
"""A name, not an address: it stays the same wherever the service runs and whoever owns a domain."""

MEDIA_TYPE = "application/problem+json"

UNREAD = "reach15.unread"
"""Key in an ASGI scope, true while a request's body has not been read to its end."""

LINGER_S = 10.0


class NotReadyError(Reach15Error):
    """The service runs, but cannot give answers yet."""


class ShuttingDownError(Reach15Error):
    """The service was asked to stop, and its patience with this request is over."""

    retry_after_s = 5

    def __init__(self) -> None:
        super().__init__("the service stopped before this was done; send it again when it is back")


@dataclass(frozen=True)
class ProblemType:
    """One row of the table.

    Attributes
    ----------
    name : str
        The type's URI without `TYPE_PREFIX`.
    detail : str or None
        Said instead of the error's own text, where that is not meant for the client.
    facts : tuple of str
        Attributes of the error that are told as extra members.
    """

    status: int
    name: str
    title: str
    detail: str | None = None
    facts: tuple[str, ...] = ()

    @property
    def uri(self) -> str:
        return TYPE_PREFIX + self.name


INTERNAL = ProblemType(
    500, "internal-error", "Internal error", detail="This should not happen; the service's log says what did."
)
NO_SUCH_PATH = ProblemType(404, "no-such-path", "Nothing at this address")
METHOD_NOT_ALLOWED = ProblemType(405, "method-not-allowed", "Method not allowed")
_BAD_INPUT = ProblemType(422, "bad-input", "Input cannot be used")

PROBLEMS: Mapping[type[Exception], ProblemType] = {
    Reach15Error: INTERNAL,
    BadInputError: _BAD_INPUT,
    RowsRejectedError: ProblemType(
        422, "rows-rejected", "Rows of a file cannot be used", facts=("rejected", "repaired")
    ),
    BodyTooLargeError: ProblemType(413, "body-too-large", "Body too large", facts=("limit_mb",)),
    NotJsonError: ProblemType(415, "not-json", "Not JSON"),
    NotYamlError: ProblemType(415, "not-yaml", "Neither YAML nor JSON"),
    MalformedPolicyError: ProblemType(422, "malformed-policy", "Malformed policy"),
    NotEvaluableError: INTERNAL,
    NotFoundError: ProblemType(404, "not-found", "Not found"),
    AreaChangedError: ProblemType(409, "area-changed", "Area was changed meanwhile", facts=("area_id",)),
    AreaNotFoundError: ProblemType(404, "area-not-found", "Area not found", facts=("area_id",)),
    VersionNotFoundError: ProblemType(
        404, "version-not-found", "Version not found", facts=("area_id", "version")
    ),
    HouseholdNotFoundError: ProblemType(
        404, "household-not-found", "Household not found", facts=("area_id", "household_id")
    ),
    FacilityNotFoundError: ProblemType(
        404, "facility-not-found", "Facility not found", facts=("area_id", "facility_id")
    ),
    StandardNotFoundError: ProblemType(
        404, "standard-not-found", "Standard not found", facts=("standard_id",)
    ),
    SnapshotNotFoundError: ProblemType(
        404, "snapshot-not-found", "Snapshot not found", facts=("area_id", "snapshot_id")
    ),
    StandardExistsError: ProblemType(
        409, "standard-exists", "Another standard of this id", facts=("standard_id", "version")
    ),
    StandardIsShippedError: ProblemType(
        409, "standard-is-shipped", "Standard comes with the program", facts=("standard_id",)
    ),
    ServiceNotFoundError: ProblemType(404, "service-not-found", "Service not found", facts=("service_id",)),
    ProfileNotFoundError: ProblemType(404, "profile-not-found", "Profile not found", facts=("profile_id",)),
    NoZonesError: ProblemType(404, "no-zones", "Area without zones", facts=("area_id",)),
    ZoneNotFoundError: ProblemType(404, "zone-not-found", "Zone not found", facts=("area_id", "zone_id")),
    ScenarioNotFoundError: ProblemType(
        404, "scenario-not-found", "Scenario not found", facts=("area_id", "scenario")
    ),
    PreconditionFailedError: ProblemType(412, "precondition-failed", "Changed meanwhile"),
    DownloadError: ProblemType(
        502,
        "download-failed",
        "Download failed",
        detail="OpenStreetMap's servers did not answer as they should; the service's log says how.",
    ),
    StoreError: ProblemType(
        503,
        "data-unavailable",
        "Data unavailable",
        detail="The area's data cannot be read; the service's log names the file, and importing the area again helps.",
    ),
    DatabaseError: ProblemType(
        503,
        "database-error",
        "Database error",
        detail="The database refused what was asked of it; the service's log says why.",
    ),
    DatabaseFullError: ProblemType(
        507,
        "storage-full",
        "Storage full",
        detail="The service's database is full; nothing was changed; try again when its operator made room.",
    ),
    DatabaseUnavailableError: ProblemType(
        503,
        "database-unavailable",
        "Database unavailable",
        detail="The database does not answer at the moment; ask again in a few seconds.",
    ),
    SchemaError: ProblemType(
        503,
        "database-schema",
        "Database of another version",
        detail="The database's tables are not those of this version; the service's log names the command to run.",
    ),
    NotReadyError: ProblemType(503, "not-ready", "Not ready"),
    ShuttingDownError: ProblemType(503, "shutting-down", "Shutting down"),
    JobNotFoundError: ProblemType(404, "job-not-found", "Job not found", facts=("job_id",)),
    JobConflictError: ProblemType(
        409, "job-conflict", "Not possible with this job", facts=("job_id", "job_status")
    ),
    JobLostError: ProblemType(500, "worker-died", "Worker died", facts=("job_id",)),
    UploadTooLargeError: ProblemType(413, "upload-too-large", "Upload too large", facts=("limit_mb",)),
    NotMultipartError: ProblemType(415, "not-multipart", "Not multipart/form-data"),
    OtherSiteError: ProblemType(403, "other-site", "Not for pages of other sites"),
    ReadOnlyError: ProblemType(403, "read-only", "Nothing can be changed here"),
    StorageFullError: ProblemType(507, "storage-full", "Storage full"),
    GeoError: INTERNAL,
    NoWalkableWayError: _BAD_INPUT,
    AreaTooWideError: _BAD_INPUT,
    InvalidSpeedError: ProblemType(422, "invalid-speed", "Invalid walking speed", facts=("speed_mps",)),
    InvalidCutoffError: INTERNAL,
    InvalidInputArrayError: INTERNAL,
    InfeasibleSitingError: ProblemType(
        422, "infeasible-siting", "No choice of sites meets this", facts=("households",)
    ),
    SitingMismatchError: INTERNAL,
    SolverError: INTERNAL,
    RequestValidationError: ProblemType(422, "invalid-parameter", "Invalid parameter"),
}
"""Every class of the error trees has its own row; a test walks them."""


class ProblemResponse(Response):
    """A problem, ready to be sent."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope.get(UNREAD):
            await super().__call__(scope, receive, send)
            return
        # A server that closes while its client still sends resets the connection, and the client never sees why. So
        # the answer goes out whole, and then what still comes is thrown away for a while.
        self.headers["Content-Encoding"] = "identity"  # compressed, its last bytes would wait for the end
        self.headers["Connection"] = "close"
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        if "expect" not in Headers(scope=scope):  # else its client waits to be asked for the body, and is not
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    while (await receive()).get("more_body", False):
                        pass
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def problem_type(error: Exception) -> ProblemType:
    """The row of an error's class, or of the nearest class above it."""
    return next((PROBLEMS[cls] for cls in type(error).__mro__ if cls in PROBLEMS), INTERNAL)


def invalid_parameter(*faults: tuple[str, str], where: str = "query") -> RequestValidationError:
    """The error that FastAPI itself raises, from pairs of a name and a message; of fields of a form `where` is body."""
    return RequestValidationError(
        [
            {"type": "value_error", "loc": (where, name), "msg": message, "input": None}
            for name, message in faults
        ]
    )


def explain_failure(error: Exception, job: Job, folder: Path) -> Explained:
    """Why a job failed, as the problem that a request would have been answered with.

    Rows of files stand under ``rows``: of one file ``file`` says which it was, of several each row in ``input``. Files
    are named as the user sent them, not by the `folder` they were kept in.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in FULL:
            error = StorageFullError()
            break
        cause = cause.__cause__
    kind = problem_type(error)
    if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, JobLostError):
        logger.error("job %s (%s): %s", job.id, job.kind, error, exc_info=error)
    detail = kind.detail or re.sub(re.escape(str(folder)) + r"/[a-z0-9_]+/", "", str(error))
    facts = {} if kind.detail else {name: _finite(getattr(error, name)) for name in kind.facts}
    if isinstance(error, RowsRejectedError):
        only = {"file": next(iter(error.reports))} if len(error.reports) == 1 else {}
        facts = only | {"rows": facts}
    problem = {
        "type": kind.uri,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": f"/v1/jobs/{job.id}",
        **facts,
    }
    return Explained(problem, retriable=kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR)


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of an app as a problem; Starlette finds a handler through the class hierarchy."""
    app.add_exception_handler(Reach15Error, _known_error)
    app.add_exception_handler(GeoError, _known_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(UnexpectedErrors)


class UnexpectedErrors:
    """Answers what nobody foresaw, and logs it once.

    Starlette's own way, a handler for `Exception`, runs outside all other middleware: a browser would not be
    allowed to read the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        async def receive_and_note() -> Message:
            message = await receive()
            if not message.get("more_body", False):  # the last part, or nobody is there any more
                scope[UNREAD] = False
            return message

        try:
            await self._app(scope, receive_and_note, send_and_note)
        except asyncio.CancelledError:  # by the server that stops, and by nobody else
            if started:
                raise
            scope[UNREAD] = False  # no time to wait for the rest
            answer = await _known_error(Request(scope), ShuttingDownError())
            await answer(scope, receive_and_note, send)
        except Exception as error:
            if started:  # too late for another answer: the server has to break this one off
                raise
            logger.exception("unexpected error at %s", scope["path"])
            await _respond(Request(scope), problem_type(error))(scope, receive_and_note, send)


async def _known_error(request: Request, error: Exception) -> Response:
    kind = problem_type(error)
    if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s at %s: %s", kind.name, request.scope["path"], error, exc_info=error)
    facts = {} if kind.detail else {name: _finite(getattr(error, name)) for name in kind.facts}
    retry_after_s = getattr(error, "retry_after_s", None)
    headers = None if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return _respond(request, kind, str(error), extras=facts, headers=headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    errors: list[dict[str, str]] = []
    for fault in faults:
        item = {"parameter": str(fault["loc"][-1]), "in": str(fault["loc"][0]), "message": _message(fault)}
        if item not in errors:  # two dependencies may miss the same parameter
            errors.append(item)
    detail = "; ".join(f"{item['parameter']}: {item['message']}" for item in errors)
    return _respond(request, problem_type(error), detail, extras={"errors": errors})


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    path = request.scope["path"]
    if status == HTTPStatus.NOT_FOUND:
        detail = f"There is nothing at {path}; /v1/areas lists the areas, /docs describes every address."
        return _respond(request, NO_SUCH_PATH, detail)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(sorted(_methods_of(request)))
        detail = f"{request.method} is not for {path}: it takes {allowed}."
        return _respond(request, METHOD_NOT_ALLOWED, detail, headers={"Allow": allowed})
    # Whatever else the framework refuses means no more than its status says.
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    headers = getattr(error, "headers", None)
    return ProblemResponse(content | {"instance": _instance(request)}, status, headers=headers)


def _methods_of(request: Request) -> set[str]:
    """Methods that something at a request's path answers to."""
    methods = {
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        for route in request.app.routes
        if route.matches({**request.scope, "method": method})[0] is Match.FULL
    }
    return methods | ({"HEAD"} if "GET" in methods else set())


def _respond(
    request: Request,
    kind: ProblemType,
    detail: str | None = None,
    *,
    extras: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    content = {
        "type": kind.uri,
        "title": kind.title,
        "status": kind.status,
        "detail": kind.detail or detail,
        "instance": _instance(request),
        **(extras or {}),
    }
    return ProblemResponse(content, kind.status, headers=headers)


def _instance(request: Request) -> str:
    """The path, as it must be written in a URI reference."""
    return quote(request.scope["path"], safe="/:@!$&'()*+,;=~")


def _message(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "missing":
        return "is required; /docs describes it"
    return str(fault["msg"])


def _finite(value: Any) -> Any:
    """NaN and infinity are no JSON."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
