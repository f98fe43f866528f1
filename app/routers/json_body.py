"""Bodies of JSON that are proposals: read whole as they came, so that faults name line and feature."""

from typing import Annotated

from fastapi import Depends, Request

from app.domain.errors import BodyTooLargeError, NotJsonError
from app.problems import UNREAD

MOST_BODY_MB = 32
_JSON_TYPES = ("application/json", "application/geo+json", "application/vnd.geo+json")


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


JsonBodyDep = Annotated[bytes, Depends(_read_body)]
