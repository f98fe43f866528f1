"""Which content codings a client takes (RFC 9110, 12.5.3)."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

GZIP = "gzip"


class AcceptedCodings:
    """Reduces ``Accept-Encoding`` to the one coding that we may use: what compresses, and what tags, looks for a word.

    A client that says ``gzip;q=0`` must get no gzip.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked = Headers(scope=scope).getlist("accept-encoding")
            scope = {**scope, "headers": list(scope["headers"])}
            MutableHeaders(scope=scope)["accept-encoding"] = (
                GZIP if takes_gzip(",".join(asked)) else "identity"
            )
        await self._app(scope, receive, send)


def takes_gzip(asked: str) -> bool:
    """Whether a client names gzip, and not with a weight of nothing.

    Examples
    --------
    >>> [takes_gzip(text) for text in ("gzip, br", "br;q=1, GZIP ; Q=0.5", "x-gzip", "*;q=1")]
    [True, True, True, False]
    >>> [takes_gzip(text) for text in ("", "gzip;q=0", "gzip;q=0.000, *", "identity", "gzip;q=much")]
    [False, False, False, False, False]
    """
    for item in asked.lower().split(","):
        coding, _, weight = (part.strip() for part in item.partition(";"))
        if coding in (GZIP, f"x-{GZIP}"):
            return not weight or _weight(weight) > 0
    return False


def _weight(text: str) -> float:
    """Of ``q=0.5``; nothing where it is none."""
    name, _, value = (part.strip() for part in text.partition("="))
    try:
        return float(value) if name == "q" else 0.0
    except ValueError:
        return 0.0
