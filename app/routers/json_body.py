"""Bodies of JSON that are proposals: read whole as they came, so that faults name line and feature."""

from typing import Annotated

from fastapi import Depends, Request

from app.domain.errors import NotJsonError
from app.routers.bodies import read_body

MOST_BODY_MB = 32
_JSON_TYPES = ("application/json", "application/geo+json", "application/vnd.geo+json")


async def _read_body(request: Request) -> bytes:
    return await read_body(request, _JSON_TYPES, NotJsonError, most_mb=MOST_BODY_MB)


JsonBodyDep = Annotated[bytes, Depends(_read_body)]
