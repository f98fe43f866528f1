"""Pages by key: a page begins after the last id of the one before, so that nothing is skipped or told twice."""

import base64
import binascii
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

import numpy as np
from fastapi import Depends, Query
from numpy.typing import NDArray

from app.geo.units import IntArray
from app.problems import invalid_parameter
from app.services.ids import rank_after

DEFAULT_LIMIT = 1_000
MOST = 10_000

LONGEST_NUMBER = 18
"""Digits of any number that a database counts up to."""

Bbox = tuple[float, float, float, float]
Row = TypeVar("Row")


@dataclass(frozen=True)
class PageRequest:
    """The page that is asked for: at most `limit` rows, whose ids come after `after`."""

    limit: int
    after: str | None


@dataclass(frozen=True)
class Page:
    """One page: positions of its rows, how many match on all pages together, and where the next one begins."""

    positions: IntArray
    matched: int
    next_cursor: str | None


async def _requested_page(
    limit: Annotated[
        int, Query(ge=1, le=MOST, description="Features on a page, at most.", examples=[100])
    ] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None,
        Query(description="Where the page begins; take it from a `next` link.", examples=["bm9kZS8x"]),
    ] = None,
) -> PageRequest:
    return PageRequest(limit, None if cursor is None else read_cursor(cursor))


PageDep = Annotated[PageRequest, Depends(_requested_page)]


async def _requested_box(
    bbox: Annotated[
        str | None,
        Query(
            description="Only what lies in this box: west,south,east,north in degrees (WGS 84).",
            examples=["24.93,60.16,24.95,60.18"],
        ),
    ] = None,
) -> Bbox | None:
    return None if bbox is None else read_box(bbox)


BboxDep = Annotated[Bbox | None, Depends(_requested_box)]


def cut_page(ids: NDArray[np.str_], positions: IntArray, request: PageRequest) -> Page:
    """The page of some rows.

    Parameters
    ----------
    ids : str array, shape (n,)
        Ids of all rows, ascending.
    positions : int array
        The rows that match, ascending.
    """
    first = 0
    if request.after is not None:
        first = int(np.searchsorted(positions, rank_after(ids, request.after)))
    rows = positions[first : first + request.limit]
    more = first + len(rows) < len(positions)
    return Page(rows, len(positions), write_cursor(str(ids[rows[-1]])) if more else None)


def cut(found: Sequence[Row], limit: int, key_of: Callable[[Row], str]) -> tuple[Sequence[Row], str | None]:
    """The rows of a page out of one more than it may have, and the cursor of the next page; None on the last."""
    shown = found[:limit]
    return shown, write_cursor(key_of(shown[-1])) if len(found) > limit else None


def write_cursor(last_id: str) -> str:
    """An opaque name for the place after an id."""
    return base64.urlsafe_b64encode(last_id.encode()).decode().rstrip("=")


def foreign_cursor() -> Exception:
    """The problem of a cursor that no page of ours ever gave."""
    return invalid_parameter(("cursor", "is none of ours; take it from a next link, or leave it out"))


def read_cursor(cursor: str) -> str:
    """The id that a cursor stands for; a problem if no page of ours ever gave it."""
    try:
        last_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeError, ValueError):
        last_id = ""
    # Decoding passes over foreign characters: only what encodes to the same again was ours.
    if not last_id or write_cursor(last_id) != cursor:
        raise foreign_cursor()
    return last_id


def read_number(cursor: str) -> int:
    """The number that a cursor of a list in order of numbers stands for; a problem as `read_cursor`."""
    text = read_cursor(cursor)
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER):
        raise foreign_cursor()
    return int(text)


def read_box(text: str) -> Bbox:
    """A box from ``west,south,east,north``; a problem that says the fix if it is none."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise _bad_box("must be four numbers") from None
    if not all(math.isfinite(value) for value in (west, south, east, north)):
        raise _bad_box("must be four finite numbers")
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise _bad_box("must be in degrees of longitude and latitude")
    if west > east or south > north:
        raise _bad_box("must have its west before its east and its south before its north")
    return west, south, east, north


def _bad_box(problem: str) -> Exception:
    return invalid_parameter(
        ("bbox", f"{problem}: give west,south,east,north, such as 24.93,60.16,24.95,60.18")
    )
