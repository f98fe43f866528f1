"""Values of a user's rows: ids, texts, numbers and service ids, each checked and each bad one noted by row."""

import itertools
import math
import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.household import MOST_WEIGHT
from app.geo.units import FloatArray
from app.ingest.table_columns import LAT, LON
from app.ingest.table_rows import RawTable, shown

MAX_ID_CHARACTERS = 128
MAX_NAME_CHARACTERS = 256
"""Bounds, because a NumPy text array is as wide as its longest value in every row."""

EXACT_INTEGERS = 2.0**53
"""Beyond this a float no longer tells neighbouring integers apart."""

CONTROL = re.compile(r"[\x00-\x1f\x7f]")

NUMBER_CHARACTERS = frozenset("0123456789+-.eE")
"""``float`` alone would also take ``1_000``, ``nan`` and the digits of other scripts."""

PLAIN_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")

SERVICE_ID = re.compile(r"[\w.:-]+")


class BadValueError(ValueError):
    """A value cannot be used; the message says why and what to do. Caught here, and noted with its row."""


def clean(table: RawTable) -> RawTable:
    """The table without blanks around its texts, each row that had some noted as repaired."""
    columns: dict[str, Sequence[Any]] = {}
    for column, values in table.columns.items():
        stripped = [value.strip() if isinstance(value, str) else value for value in values]
        for row, (before, after) in enumerate(zip(values, stripped, strict=True)):
            # A cell of blanks alone is an empty one, which is another matter.
            if after is not before and after and after != before:
                table.add_repaired(row, column, "blanks around the value were dropped")
        columns[column] = stripped
    return replace(table, columns=columns)


def ids(table: RawTable, taken: AbstractSet[str] = frozenset()) -> NDArray[np.str_]:
    """Ids of all rows as text, unique, none of those `taken`.

    Where the file has no such column rows are called by their numbers, with a warning; a single row without an id
    gets one, which is noted. Of rows with the same id the first stays.
    """
    if "id" not in table.columns:
        table.warnings.append(
            f"{table.file}: has no column id; rows are called 1, 2, ... in the file's order, "
            "so add ids if they are to stay the same when the file changes"
        )
        free = (text for text in map(str, itertools.count(1)) if text not in taken)
        return np.array(list(itertools.islice(free, table.count)))
    texts = _each(table, "id", _id, "")
    good = set(table.good_rows().tolist())
    first_rows: dict[str, int] = {}
    missing: list[int] = []
    for row, text in enumerate(texts):
        first = first_rows.setdefault(text, row) if text else row
        if first != row:
            before = f"{table.problems.unit} {table.numbers[first]}"
            table.add_problem(row, "id", f"{shown(text)} is already the id of {before}; make ids unique")
        elif text in taken:
            table.add_problem(row, "id", f"{shown(text)} is already an id of the area; make ids unique")
        elif not text and row in good:
            missing.append(row)
    for row in missing:
        made = f"row-{table.numbers[row]}"
        while made in first_rows or made in taken:
            made += "-made"
        first_rows[made] = row
        texts[row] = made
        table.add_repaired(row, "id", f"had no id; called {made}")
    return np.array(texts)


def names(table: RawTable) -> NDArray[np.str_]:
    """Names of all rows; empty where there is none."""
    if "name" not in table.columns:
        return np.full(table.count, "", dtype=np.str_)
    return np.array(_each(table, "name", _name, ""))


def numbers(table: RawTable, column: str) -> FloatArray:
    """Finite numbers of a column that the file has; 0 in rows noted as bad."""
    values = table.columns[column]
    types = set(map(type, values))
    if types <= {int, float} or (types == {str} and set("".join(values)) <= NUMBER_CHARACTERS):
        try:
            # All rows at once while nothing is wrong with any, as is usual.
            return _finite(np.array([float(value) for value in values]))
        except ValueError:
            # Some row is bad: one by one, below, finds out which.
            pass
    half_width = replace(table, columns={column: _half_width(table, column)})
    must_be = column in (LON, LAT)
    read = partial(
        _number, if_empty="write a number" if must_be else "write a number, or leave the whole column out"
    )
    return np.array(_each(half_width, column, read, 0.0), dtype=np.float64)


def _half_width(table: RawTable, column: str) -> list[Any]:
    """A column's values with full-width digits turned into plain ones; rows that are numbers for it are noted."""
    results = []
    for row, value in enumerate(table.columns[column]):
        text = value.translate(PLAIN_DIGITS) if isinstance(value, str) else value
        if text is not value and text != value and set(text) <= NUMBER_CHARACTERS:
            table.add_repaired(row, column, f"full-width digits were read as {text}")
            results.append(text)
        else:
            results.append(value)
    return results


def weights(table: RawTable, column: str) -> FloatArray:
    """As `numbers`, none negative and none so large that sums would lose it or overflow."""
    result = numbers(table, column)
    for row in np.flatnonzero(result < 0).tolist():
        table.add_problem(row, column, f"{result[row]:g} is negative; write 0 or more")
    for row in np.flatnonzero(result > MOST_WEIGHT).tolist():
        table.add_problem(row, column, f"{result[row]:g} is more than {MOST_WEIGHT:g}; correct it")
    return result


def optional_weights(table: RawTable, column: str) -> FloatArray:
    """As `weights`, NaN in rows that leave the cell empty and in all where the file has no such column."""
    result = np.full(table.count, np.nan)
    values = table.columns.get(column, ())
    told = np.flatnonzero([not _is_missing(value) for value in values])
    if len(told):
        part = replace(
            table, numbers=table.numbers[told], columns={column: [values[row] for row in told.tolist()]}
        )
        result[told] = weights(part, column)
    return result


def services(table: RawTable) -> tuple[tuple[str, ...], ...]:
    """Service ids of every row, at least one each, in the order given and without repetition."""
    return tuple(_each(table, "services", _services, ()))


def _each(table: RawTable, column: str, read: Callable[[Any], Any], instead: Any) -> list[Any]:
    """Every value of a column as `read` understands it; `instead` in rows noted as bad."""
    results = []
    for row, value in enumerate(table.columns[column]):
        try:
            results.append(read(value))
        except BadValueError as error:
            table.add_problem(row, column, str(error))
            results.append(instead)
    return results


def _is_missing(value: object) -> bool:
    """Whether a cell is empty; databases hand a null in a column of numbers over as NaN."""
    return value is None or value == "" or value != value  # noqa: PLR0124 - NaN alone differs from itself


def _id(value: object) -> str:
    # Kept letter by letter: the user looks for it in the answers.
    return _bounded(_text(value).strip(), MAX_ID_CHARACTERS)


def _name(value: object) -> str:
    return _bounded(" ".join(_text(value).split()), MAX_NAME_CHARACTERS)


def _text(value: object) -> str:
    if _is_missing(value):
        return ""
    if isinstance(value, float):
        # A column of integers with one gap, or from a program that knows only floats: 7.0 means 7.
        return str(_integer(value) if value.is_integer() else value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadValueError(f"{shown(value)} is neither text nor a number; write it as text")
    return str(value)


def _bounded(text: str, longest: int) -> str:
    if CONTROL.search(text):
        raise BadValueError(f"{shown(text)} holds control characters; remove them")
    if len(text) > longest:
        raise BadValueError(f"{shown(text)} has {len(text)} characters; use at most {longest}")
    return text


def _integer(value: float) -> int:
    if abs(value) >= EXACT_INTEGERS:
        raise BadValueError(f"{shown(value)} is too long for a number to keep all digits; write it as text")
    return int(value)


def _number(value: object, if_empty: str) -> float:
    if _is_missing(value):
        raise BadValueError(f"is empty; {if_empty}")
    if isinstance(value, str):
        number = _parsed(value.strip())
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValueError(f"{shown(value)} is not a number; write a number")
    else:
        # No file format here holds integers too long for a float.
        number = float(value)
    if not math.isfinite(number):
        raise BadValueError(f"{shown(value)} is not a finite number; write a number")
    return number


def _parsed(text: str) -> float:
    hint = "write decimals with a point" if "," in text else "write a plain number such as 12.5"
    try:
        number = float(text)
    except ValueError as error:
        raise BadValueError(f"{shown(text)} is not a number; {hint}") from error
    if math.isfinite(number) and not set(text) <= NUMBER_CHARACTERS:
        raise BadValueError(f"{shown(text)} is not a number; {hint}")
    return number


def _finite(values: FloatArray) -> FloatArray:
    if not np.isfinite(values).all():
        raise ValueError
    return values


def _services(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        items: list[Any] = value.split(";")
    elif isinstance(value, list):
        items = value
    elif _is_missing(value):
        items = []
    else:
        raise BadValueError(f"{shown(value)} is neither text nor a list; write service ids joined by ';'")
    given: dict[str, None] = {}
    for item in items:
        text = item.strip() if isinstance(item, str) else item
        if text == "":
            continue
        if not isinstance(text, str) or not SERVICE_ID.fullmatch(text):
            raise BadValueError(f"{shown(text)} is not a service id; write service ids joined by ';'")
        given[text] = None
    if not given:
        raise BadValueError("is empty; name at least one service id")
    return tuple(given)
