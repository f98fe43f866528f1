"""Mixed-integer programmes by HiGHS: always to the end, always the same, and stoppable with the best answer so far."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from app.domain.errors import Reach15Error
from app.geo.units import FloatArray
from app.services.programme import Ending, Programme

Progress = Callable[[str, float, dict[str, Any]], None]
"""Called with a stage, how much of it is done in percent, and details such as incumbent, bound and gap."""

SEED = 15

_WHOLE = 1e-7
"""How far from a whole number what must be one may lie; HiGHS itself takes 1e-6."""

_STEPS_NEAR = 100
"""Nodes of the search for a first answer near the relaxed one."""

_BETTER = 1e-9
"""Relative: an answer that is better by less is as good."""


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
    relaxed = _relaxed(programme, control, stage, start, sign)
    if isinstance(relaxed, Solved):
        return relaxed
    narrowed, most, start = relaxed
    highs = _highs(narrowed, control, stage, sign)
    if start is not None:
        highs.begin_with(start)
    highs.run()
    info, found = highs.getInfo(), highs.values()
    values = start if found is None else found
    status = _ending(highs, control)
    if status is Ending.BEST:
        return _proven(values, float(info.objective_function_value), control, stage, sign)
    if status is Ending.NONE:
        return Solved(None, -np.inf, proven=True)
    # Stopped at its very beginning, the search knows no bound of its own.
    bound = min(float(info.mip_dual_bound), most) if np.isfinite(info.mip_dual_bound) else most
    return Solved(values, bound, proven=False)


def _relaxed(
    programme: Programme, control: Control, stage: str, start: FloatArray | None, sign: float
) -> Solved | tuple[Programme, float, FloatArray | None]:
    """Solve the programme without asking for whole numbers: often that is all there is to do, and soon done.

    Where its values are whole they are the answer, and so is `start`, or an answer near the values, where it is as
    good. Otherwise the programme comes back, in which a choice is settled that would, by its reduced cost, make every
    answer worse than the better of these two, with what no answer exceeds and that better one.
    """
    highs = _highs(replace(programme, integer=np.zeros_like(programme.integer)), control, stage, sign)
    highs.run()
    status = _ending(highs, control)
    if status is Ending.NONE:
        return Solved(None, -np.inf, proven=True)
    if status is Ending.EARLY:
        return Solved(start, np.inf, proven=False)
    values, most = np.asarray(highs.getSolution().col_value), float(highs.getInfo().objective_function_value)
    whole = values[programme.integer]
    if (np.abs(whole - np.rint(whole)) <= _WHOLE).all():
        values[programme.integer] = np.rint(whole)
        return _proven(values, most, control, stage, sign)
    slack = _BETTER * max(1.0, abs(most))
    known = _gain_of(programme, start)
    if known < most - slack:
        near = _near(programme, values, control)
        if _gain_of(programme, near) > known:
            start, known = near, _gain_of(programme, near)
    if known == -np.inf:
        return programme, most, start
    if known >= most - slack:
        return _proven(start, most, control, stage, sign)
    details = {"incumbent": sign * known, "bound": sign * most, "gap": gap(known, most)}
    control.progress(stage, 100.0 * (1.0 - details["gap"]), details)
    loses = np.abs(np.asarray(highs.getSolution().col_dual)) > most - known + slack
    settled = programme.integer & loses & (programme.upper - programme.lower == 1.0)
    lower, upper = programme.lower.copy(), programme.upper.copy()
    at_lower, at_upper = settled & (values <= lower + _WHOLE), settled & (values >= upper - _WHOLE)
    upper[at_lower], lower[at_upper] = lower[at_lower], upper[at_upper]
    return replace(programme, lower=lower, upper=upper), most, start


def _near(programme: Programme, values: FloatArray, control: Control) -> FloatArray | None:
    """The best answer found that chooses nothing of what the relaxed programme's `values` leave out altogether.

    The search is small and soon done, and its answer is often the best of all; the number of its steps is bounded, not
    their time, so that equal programmes have equal answers.
    """
    left_out = programme.integer & (values <= programme.lower + _WHOLE)
    narrowed = replace(programme, upper=np.where(left_out, programme.lower, programme.upper))
    highs = _highs(narrowed, replace(control, progress=no_progress), "near", 1.0)
    highs.setOptionValue("mip_max_nodes", _STEPS_NEAR)
    highs.run()
    found: FloatArray | None = highs.values()
    if found is not None:
        found[programme.integer] = np.rint(found[programme.integer])
    return found


def _gain_of(programme: Programme, values: FloatArray | None) -> float:
    """What values gain, minus infinity where they are no answer."""
    return -np.inf if values is None or not _is_answer(programme, values) else float(programme.gain @ values)


def _is_answer(programme: Programme, values: FloatArray) -> bool:
    """Whether values keep all bounds and rows of a programme, and are whole where they must be."""
    shape = (len(programme.row_lower), len(programme.gain))
    rows = csr_array((programme.row_value, programme.row_index, programme.row_start), shape=shape)
    inside = [
        (values >= programme.lower - _WHOLE) & (values <= programme.upper + _WHOLE),
        ~programme.integer | (np.abs(values - np.rint(values)) <= _WHOLE),
    ]
    sums = np.asarray(rows @ values)
    kept = (sums >= programme.row_lower - _WHOLE) & (sums <= programme.row_upper + _WHOLE)
    return bool(np.all(inside) and kept.all())


def _proven(values: FloatArray | None, best: float, control: Control, stage: str, sign: float) -> Solved:
    control.progress(stage, 100.0, {"incumbent": sign * best, "bound": sign * best, "gap": 0.0})
    return Solved(values, best, proven=True)


def _highs(programme: Programme, control: Control, stage: str, sign: float) -> Any:
    """HiGHS with a programme, not yet run."""
    from app.services.highs import Highs  # noqa: PLC0415 - 15 MB that only a solved programme needs

    highs = Highs()  # type: ignore[no-untyped-call]
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
    highs.take(programme)
    _listen(highs, control, stage, sign)
    return highs


def _ending(highs: Any, control: Control) -> Ending:
    ending: Ending | None = highs.ending()
    if ending is None:
        status = highs.modelStatusToString(highs.getModelStatus())
        raise SolverError(f"HiGHS ended with '{status}'; please report it")
    if ending is Ending.EARLY and not control.should_stop():
        control.stopped = "time_limit"
    return ending


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
