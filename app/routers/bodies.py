"""Bodies of requests that are one document."""

from collections.abc import Callable, Collection

from fastapi import Request

from app.domain.errors import BodyTooLargeError
from app.problems import UNREAD


def media_type(request: Request) -> str:
    """What the body is said to be, in small letters and without parameters; empty where nothing is said."""
    return request.headers.get("content-type", "").split(";", 1)[0].strip().lower()


async def read_body(
    request: Request, kinds: Collection[str], refuse: Callable[[str], Exception], *, most_mb: int
) -> bytes:
    """The body, whatever it holds; refused before it is read where its length or kind is wrong.

    Parameters
    ----------
    kinds : collection of str
        Media types that are taken; a body of which nothing is said is taken too.
    refuse : function
        Makes the error for another media type.

    Raises
    ------
    BodyTooLargeError
        If it is, or is said to be, larger than `most_mb` megabytes.
    """
    request.scope[UNREAD] = True
    kind = media_type(request)
    if kind and kind not in kinds:
        raise refuse(kind)
    most = most_mb * 1_000_000
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most:
        raise BodyTooLargeError(most_mb)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise BodyTooLargeError(most_mb)
        parts.append(part)
    return b"".join(parts)
