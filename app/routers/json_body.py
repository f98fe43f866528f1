"""Bodies of JSON: read whole as they came, so that faults name the line, and refused where they are too large."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from app.domain.errors import BadInputError, BodyTooLargeError, NotJsonError
from app.ingest.proposal_files import parse_json
from app.ingest.table_rows import UTF8_MARK
from app.problems import PROBLEMS
from app.routers.bodies import read_body

MOST_BODY_MB = 32
_JSON_TYPES = ("application/json", "application/geo+json", "application/vnd.geo+json")


async def _read_body(request: Request) -> bytes:
    """The body without its byte order mark, which files from Windows have."""
    body = await read_body(request, _JSON_TYPES, NotJsonError, most_mb=MOST_BODY_MB)
    return body.removeprefix(UTF8_MARK)


JsonBodyDep = Annotated[bytes, Depends(_read_body)]

JSON_PROBLEMS = (PROBLEMS[BadInputError], PROBLEMS[BodyTooLargeError], PROBLEMS[NotJsonError])
"""What may be wrong with a body before anybody looks what it asks."""


class JsonRoute(APIRoute):
    """A route whose body, if it has one, is JSON for a model: what cannot be read is our problem document.

    FastAPI by itself would read a body of any size, and say of one that it cannot decode no more than a status.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def read_and_handle(request: Request) -> Response:
            body = await _read_body(request)
            if body:
                parse_json(body, "body")

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, receive))

        return read_and_handle
