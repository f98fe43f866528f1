"""Mixed-integer programmes by HiGHS: always to the end, always the same, and stoppable with the best answer so far."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np

from app.domain.errors import Reach15Error
from app.geo.units import BoolArray, FloatArray, IntArray

Progress = Callable[[str, float, dict[str, Any]], None]
"""Called with a stage, how much of it is done in percent, and details such as incumbent, bound and gap."""

SEED = 15


class SolverError(Reach15Error):
    """HiGHS ended in a way that is no answer."""


def no_progress(_stage: str, _percent: float, _details: dict[str, Any]) -> None:
    """Tell nobody."""


@dataclass
class Control:
    """How long a search may take, who hears of it, and whether it is still wanted.

    ``stopped`` says why a search ended early: ``cancelled`` or ``time_limit``; None while nothing did.
    """

    deadline_s: float
    progress: Progress = no_progress
    is_cancelled: Callable[[], bool] = bool
    stopped: str | None = field(default=None)

    @classmethod
    def within(
        cls,
        time_limit_s: float,
        progress: Progress = no_progress,
        is_cancelled: Callable[[], bool] = bool,
    ) -> "Control":
        """A control whose time begins now."""
        return cls(time.monotonic() + time_limit_s, progress, is_cancelled)

    @property
    def left_s(self) -> float:
        return max(0.0, self.deadline_s - time.monotonic())

    def should_stop(self) -> bool:
        """Whether the search has to end now; why is kept."""
        if self.stopped is None:
            if self.is_cancelled():
                self.stopped = "cancelled"
            elif self.left_s <= 0:
                self.stopped = "time_limit"
        return self.stopped is not None


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


class _QuietHighs(highspy.Highs):
    """HiGHS that prints nothing: it shows its banner when callbacks are first enabled, in its constructor."""

    def enableCallbacks(self) -> None:  # noqa: N802  # the library's name
        self.setOptionValue("output_flag", False)  # noqa: FBT003  # as above
        super().enableCallbacks()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Solved:
    """The best values found and what no others can exceed. ``values`` is None where there are none at all.

    ``proven``: these are the best, or there are provably none.
    """

    values: FloatArray | None
    bound: float
    proven: bool


def solve(
    programme: Programme, control: Control, *, stage: str, start: FloatArray | None = None, sign: float = 1.0
) -> Solved:
    """Solve a programme within what is left of the time; `start` is an answer to begin with.

    ``sign`` is -1 where the caller minimises, so that progress tells his numbers.
    """
    if len(programme.gain) == 0:
        possible = bool((programme.row_lower <= 0).all() and (programme.row_upper >= 0).all())
        return Solved(np.empty(0) if possible else None, 0.0 if possible else -np.inf, proven=True)
    if control.should_stop():
        return Solved(start, np.inf, proven=False)
    highs = _QuietHighs()  # type: ignore[no-untyped-call]
    options: dict[str, bool | float | str] = {
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 1e-7,
        "threads": 1,
        "parallel": "off",
        "random_seed": SEED,
        "time_limit": control.left_s,
    }
    for name, value in options.items():
        highs.setOptionValue(name, value)
    highs.passModel(_lp(programme))
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = start.tolist()
        highs.setSolution(solution)
    _listen(highs, control, stage, sign)
    highs.run()
    status, info = highs.getModelStatus(), highs.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.asarray(highs.getSolution().col_value) if found else start
    ends = highspy.HighsModelStatus
    if status == ends.kOptimal:
        best = float(info.objective_function_value)
        control.progress(stage, 100.0, {"incumbent": sign * best, "bound": sign * best, "gap": 0.0})
        return Solved(values, best, proven=True)
    if status in (ends.kInfeasible, ends.kUnboundedOrInfeasible):
        return Solved(None, -np.inf, proven=True)
    if status not in (ends.kTimeLimit, ends.kInterrupt):
        raise SolverError(f"HiGHS ended with '{highs.modelStatusToString(status)}'; please report it")
    if not control.should_stop():
        control.stopped = "time_limit"
    bound = float(info.mip_dual_bound)
    return Solved(values, bound if np.isfinite(bound) else np.inf, proven=False)


def _lp(programme: Programme) -> Any:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(programme.gain), len(programme.row_lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = programme.gain, programme.lower, programme.upper
    lp.row_lower_, lp.row_upper_ = programme.row_lower, programme.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = programme.row_start
    lp.a_matrix_.index_ = programme.row_index
    lp.a_matrix_.value_ = programme.row_value
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[kind] for kind in programme.integer.astype(int).tolist()]
    lp.sense_ = highspy.ObjSense.kMaximize
    return lp


def _listen(highs: Any, control: Control, stage: str, sign: float) -> None:
    """Stop when the search is no longer wanted, and tell how it goes."""

    def interrupt(event: Any) -> None:
        if control.should_stop():
            event.interrupt()

    def tell(event: Any) -> None:
        best, bound = float(event.data_out.mip_primal_bound), float(event.data_out.mip_dual_bound)
        if np.isfinite(best) and np.isfinite(bound):
            share = gap(sign * best, sign * bound)
            details = {"incumbent": sign * best, "bound": sign * bound, "gap": share}
            control.progress(stage, 100.0 * (1.0 - share), details)

    highs.cbMipInterrupt.subscribe(interrupt)
    highs.cbSimplexInterrupt.subscribe(interrupt)
    highs.cbMipImprovingSolution.subscribe(tell)
    highs.cbMipLogging.subscribe(tell)


def gap(value: float, bound: float) -> float:
    """How far a value may be from the best, as a share of the larger of the two: 0 proven, 1 nothing known."""
    largest = max(abs(value), abs(bound))
    if largest == 0:
        return 0.0
    return min(1.0, abs(bound - value) / largest) if np.isfinite(largest) else 1.0
