"""Manners towards public servers: who asks, how long to wait, and what went wrong in the user's words."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson
import requests

from app.domain.errors import DownloadError

BUSY_STATUSES = frozenset({429, 502, 503, 504})
"""Answers that say "later", not "no": the only ones worth a second request."""

DEFAULT_RETRY_WAIT_S = 15.0
"""Where a busy server does not say how long. A slot of the public Overpass servers frees after about this time."""

MAX_RETRY_WAIT_S = 60.0
"""Nobody watches a silent terminal for longer: a server that asks for more is reported instead."""

USE_A_FILE = "or import a file with --osm"

BROKEN_OFF = (
    ConnectionResetError,  # http.client's "closed without response" is one of these
    BrokenPipeError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


def load_osmnx() -> ModuleType:
    """OSMnx, at its first use: it takes a second or more to import, and only a download needs it."""
    import osmnx  # noqa: PLC0415

    return osmnx


@contextmanager
def osmnx_with(**changes: Any) -> Iterator[ModuleType]:
    """OSMnx with other settings, which are global to the process, and put back afterwards."""
    osmnx = load_osmnx()
    # Its cache would appear as a folder in whatever directory the user happens to be in.
    changes |= {"use_cache": False, "cache_only_mode": False, "http_user_agent": user_agent(osmnx)}
    before = {name: getattr(osmnx.settings, name) for name in changes}
    try:
        for name, value in changes.items():
            setattr(osmnx.settings, name, value)
        yield osmnx
    finally:
        for name, value in before.items():
            setattr(osmnx.settings, name, value)


def user_agent(osmnx: ModuleType) -> str:
    """Name the application, as the servers' usage policies ask, beside the library."""
    return f"reach15 ({osmnx.settings.http_user_agent})"


def retry_wait_s(retry_after: str | None) -> float:
    """Seconds that a ``Retry-After`` header asks for; it may hold a number or a date (RFC 9110, 10.2.3)."""
    if retry_after is None:
        return DEFAULT_RETRY_WAIT_S
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return DEFAULT_RETRY_WAIT_S  # neither: as good as none
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def web_address(url: str) -> str:
    """The address without a slash at its end; `DownloadError` if it is none."""
    try:
        parts = urlsplit(url.strip())
        # Reading the port checks it.
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise DownloadError(url, "is not a web address; it should look like https://server/path")
    return url.strip().rstrip("/")


def without_credentials(url: str) -> str:
    """The address as it may stand in a message: a user name and password in it are nobody's business."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def connection_problem(error: requests.RequestException, timeout_s: float) -> str:
    """Why no whole answer came, and what to do about it."""
    causes = list(_causes(error))
    if any(isinstance(cause, requests.Timeout | TimeoutError) for cause in causes):
        return f"no answer within {timeout_s:g} s; try again later, choose a smaller area, {USE_A_FILE}"
    if any(isinstance(cause, BROKEN_OFF) for cause in causes):
        return f"the connection broke off before the answer was whole; try again, {USE_A_FILE}"
    # The libraries between wrap the system's own words, which are the clear ones, several times.
    words = [cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror]
    reason = f" ({words[-1]})" if words else f" ({type(error).__name__})"
    return f"cannot be reached{reason}; check the address and the connection, {USE_A_FILE}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def status_problem(response: requests.Response) -> str:
    """What an answer other than 200 says, and what to do about it."""
    status = f"HTTP {response.status_code} {response.reason or ''}".rstrip()
    if response.is_redirect:
        return f"{status}: the server has moved to {response.headers['Location']}; use that address"
    # Overpass explains itself inside a web page.
    told = re.search(r"Error</strong>:(.*?)</p>", response.text, re.DOTALL)
    words = f" ({one_line(html.unescape(told[1]))})" if told else ""
    if response.status_code in BUSY_STATUSES:
        return f"{status}: the server is busy{words}; try again later, choose a smaller area, {USE_A_FILE}"
    return f"{status}{words}; check the address, {USE_A_FILE}"


def one_line(text: str, most: int = 200) -> str:
    """Text as it may stand in a message: on one line, at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def json_of(shown: str, response: requests.Response) -> Any:
    """The answer's JSON; `DownloadError` that names the server as `shown` if it is none."""
    body = response.content
    if body.lstrip()[:1] == b"<":
        raise DownloadError(
            shown,
            f"sent a web page instead of data (a login page or a proxy?); check the address, {USE_A_FILE}",
        )
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise DownloadError(
            shown, f"the answer is not whole JSON (it ends or breaks after {error.pos} characters); try again"
        ) from error
