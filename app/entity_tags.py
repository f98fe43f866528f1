"""Strong validators: an ``ETag`` on answers about areas, and 304 for who has the answer already (RFC 9110, 13.1.2)."""

import hashlib
import re
from typing import TypeVar

from fastapi import FastAPI, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import __version__
from app.domain.area import METHOD_VERSION, Area
from app.domain.scenario import ANY

AnyResponse = TypeVar("AnyResponse", bound=Response)

_LISTED = re.compile(r'(?:W/)?("[^"]*")')
_TAGS = re.compile(r'(W/)?"([^"]*)"')
_GZIP = "-gzip"
_REVALIDATE = "no-cache"
"""Kept by whoever likes, but asked about before each use: the next import may change the answer."""


class NotModifiedSignal(Exception):  # noqa: N818 - no error
    """Whoever asks has this answer already, so it is not computed."""


def note_area(request: Request, area: Area, *more: str) -> None:
    """Tag the answer to a request by all that its bytes follow from, before it is computed.

    That is the data, the request as it was written, and the software; the host, because links name it; the coding,
    because bytes differ by it.

    Parameters
    ----------
    more : str
        What else decides: the content of a standard that is not part of the software.

    Raises
    ------
    NotModifiedSignal
        If the request names this tag.
    """
    if request.method != "GET":
        return
    decides = (
        __version__,
        METHOD_VERSION,
        area.id,
        area.title,
        area.data_hash,
        str(request.base_url),
        request.scope["path"],
        str(sorted(request.query_params.multi_items())),
        *more,
    )
    request.state.etag = _tag(request, "\0".join(decides).encode())
    if request.state.etag in _LISTED.findall(request.headers.get("if-none-match", "")):
        raise NotModifiedSignal


def tagged(request: Request, answer: AnyResponse) -> AnyResponse:
    """Tag an answer by its content, where that is quickly made."""
    request.state.etag = _tag(request, bytes(answer.body))
    return answer


def digest_tag(request: Request, digest: str) -> str:
    """The tag of content that has a digest; another one for another coding, whose bytes differ."""
    return f'"{digest}{_GZIP if _takes_gzip(request) else ""}"'


def note_digest(request: Request, digest: str) -> None:
    """Tag the answer to a request by the digest of what is answered."""
    request.state.etag = digest_tag(request, digest)


def digests_in(header: str | None, *, weak: bool) -> frozenset[str] | None:
    """Digests that a header of conditions names, whichever coding they were sent in; None without it.

    Weak tags count where the comparison is a weak one, for If-None-Match (RFC 9110, 13.1).
    """
    if header is None:
        return None
    if header.strip() == ANY:
        return frozenset({ANY})
    found = _TAGS.findall(header)
    return frozenset(tag.removesuffix(_GZIP) for is_weak, tag in found if weak or not is_weak)


def add_entity_tags(app: FastAPI) -> None:
    """Send the tags that endpoints noted."""
    app.add_exception_handler(NotModifiedSignal, _not_modified)
    app.add_middleware(EntityTags)


class EntityTags:
    """Puts the noted tag on a good answer, or turns the answer into 304 without content."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("if-none-match")
        is_dropped = False

        async def send_tagged(message: Message) -> None:
            nonlocal is_dropped
            if message["type"] == "http.response.start":
                tag = scope.get("state", {}).get("etag")
                if tag is not None and message["status"] in (200, 304):
                    headers = MutableHeaders(raw=message["headers"])
                    headers["ETag"] = tag
                    headers["Cache-Control"] = _REVALIDATE
                    if message["status"] == 200 and asked is not None and _matches(asked, tag):
                        message = {**message, "status": 304}
                        for name in ("content-length", "content-type", "content-encoding"):
                            del headers[name]
                    is_dropped = message["status"] == 304
            elif is_dropped:
                if message.get("more_body"):
                    return
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        await self._app(scope, receive, send_tagged)


def _matches(asked: str, tag: str) -> bool:
    """Weak comparison, as If-None-Match wants it; ``*`` is any."""
    return asked.strip() == "*" or tag in _LISTED.findall(asked)


def _tag(request: Request, content: bytes) -> str:
    coding = b"gzip" if _takes_gzip(request) else b""
    return f'"{hashlib.sha256(coding + b"|" + content).hexdigest()[:32]}"'


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


async def _not_modified(_: Request, __: Exception) -> Response:
    return Response(status_code=304)
