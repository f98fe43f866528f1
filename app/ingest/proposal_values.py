"""Values of a proposal's properties, each as the user may write it."""

import hashlib
import math
import re
from collections.abc import Callable, Sequence

from shapely.geometry.base import BaseGeometry

from app.ingest.table_rows import shown
from app.ingest.table_values import CONTROL, MAX_ID_CHARACTERS, SERVICE_ID

_LARGEST_OSM_ID = 2**63 - 2


class BadPropertyError(ValueError):
    """A value that cannot be used; the message says why and what would do."""


def plain_text(value: object) -> str:
    """Text, or a whole number as text."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadPropertyError(f"{shown(value)} is no text; write it in quotation marks")
    text = str(value).strip()
    if not text:
        raise BadPropertyError("is empty; name it, or leave the property out")
    if CONTROL.search(text) or len(text) > MAX_ID_CHARACTERS:
        raise BadPropertyError(
            f"{shown(text)} is too long or holds control characters; use at most {MAX_ID_CHARACTERS} others"
        )
    return text


def osm_id(kind: str) -> Callable[[object], int]:
    """Reader of the OSM id of a way or a node: ``123``, ``"123"`` or ``"way/123"``."""
    pattern = re.compile(rf"(?:{kind}/)?([0-9]{{1,19}})", re.ASCII)

    def read(value: object) -> int:
        number = None
        if isinstance(value, int) and not isinstance(value, bool):
            number = value
        elif isinstance(value, str) and (found := pattern.fullmatch(value.strip())):
            number = int(found.group(1))
        if number is None:
            raise BadPropertyError(f"{shown(value)} is no OSM {kind} id; write one number, such as 123")
        if not 0 < number <= _LARGEST_OSM_ID:
            raise BadPropertyError(f"{shown(value)} is no OSM {kind} id; ids are positive")
        return number

    return read


def service_list(value: object) -> tuple[str, ...]:
    """Service ids, at least one, without repetition."""
    if not isinstance(value, list):
        raise BadPropertyError(f'{shown(value)} is no list; write service ids such as ["clinic"]')
    for item in value:
        if not isinstance(item, str) or not SERVICE_ID.fullmatch(item):
            raise BadPropertyError(f"holds {shown(item)}, which is no service id")
    if not value:
        raise BadPropertyError("is empty; name at least one service")
    return tuple(dict.fromkeys(value))


def positive_number(value: object) -> float:
    """A finite number, 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadPropertyError(f"{shown(value)} is no number")
    try:
        number = float(value)
    except OverflowError as error:
        raise BadPropertyError(f"{shown(value)} is too large") from error
    if not math.isfinite(number) or number < 0:
        raise BadPropertyError(f"{shown(value)} is negative; write 0 or more")
    return number


def content_id(geometry: BaseGeometry | None, services: Sequence[str]) -> str:
    """An id that follows from a new facility's place and services."""
    content = b"" if geometry is None else geometry.normalize().wkb
    digest = hashlib.sha256(content + "\0".join(sorted(services)).encode()).hexdigest()
    return f"new/{digest[:12]}"
