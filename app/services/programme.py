"""Mixed-integer programmes as arrays, and how their rows are collected."""

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from app.geo.units import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Programme:
    """Maximise ``gain @ x`` with ``0 <= x <= upper`` and rows between bounds; rows are compressed."""

    gain: FloatArray
    lower: FloatArray
    upper: FloatArray
    integer: BoolArray
    row_start: IntArray
    row_index: IntArray
    row_value: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray


class Ending(Enum):
    """How solving a programme ended: with the best, since there is none, or early."""

    BEST = auto()
    NONE = auto()
    EARLY = auto()


class Rows:
    """Collects the rows of a programme."""

    def __init__(self) -> None:
        self._start: list[IntArray] = [np.zeros(1, dtype=np.int64)]
        self._index: list[IntArray] = []
        self._value: list[FloatArray] = []
        self._lower: list[FloatArray] = []
        self._upper: list[FloatArray] = []
        self._filled = 0

    def add_many(
        self, start: IntArray, index: IntArray, value: FloatArray, lower: FloatArray, upper: FloatArray
    ) -> None:
        """Compressed rows with their bounds."""
        self._start.append(start[1:] + self._filled)
        self._filled += int(start[-1])
        self._index.append(index)
        self._value.append(value)
        self._lower.append(lower)
        self._upper.append(upper)

    def add(
        self, index: IntArray, value: FloatArray, *, lower: float = -np.inf, upper: float = np.inf
    ) -> None:
        """One row."""
        start = np.asarray([0, len(index)], dtype=np.int64)
        self.add_many(start, index, value, np.asarray([lower]), np.asarray([upper]))

    def programme(
        self, gain: FloatArray, lower: FloatArray, upper: FloatArray, integer: BoolArray
    ) -> Programme:
        """The programme of these rows."""
        nothing = np.empty(0)
        return Programme(
            gain,
            lower,
            upper,
            integer,
            np.concatenate(self._start),
            np.concatenate([np.empty(0, dtype=np.int64), *self._index]),
            np.concatenate([nothing, *self._value]),
            np.concatenate([nothing, *self._lower]),
            np.concatenate([nothing, *self._upper]),
        )
