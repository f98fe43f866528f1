"""HiGHS with what we ask of it. Importing this loads the solver, so whoever solves does so when he does."""

import highspy
import numpy as np

from app.geo.units import FloatArray
from app.services.programme import Ending, Programme


class Highs(highspy.Highs):
    """HiGHS that prints nothing: it shows its banner when callbacks are first enabled, in its constructor."""

    def enableCallbacks(self) -> None:  # noqa: N802  # the library's name
        self.setOptionValue("output_flag", False)  # noqa: FBT003  # as above
        super().enableCallbacks()  # type: ignore[no-untyped-call]

    def take(self, programme: Programme) -> None:
        """Make a programme the one to be solved."""
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(programme.gain), len(programme.row_lower)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = programme.gain, programme.lower, programme.upper
        lp.row_lower_, lp.row_upper_ = programme.row_lower, programme.row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = programme.row_start
        lp.a_matrix_.index_ = programme.row_index
        lp.a_matrix_.value_ = programme.row_value
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        if programme.integer.any():
            lp.integrality_ = [kinds[kind] for kind in programme.integer.astype(int).tolist()]
        lp.sense_ = highspy.ObjSense.kMaximize
        self.passModel(lp)

    def begin_with(self, values: FloatArray) -> None:
        """Take an answer that is known already as the first one."""
        solution = highspy.HighsSolution()
        solution.col_value = values.tolist()
        self.setSolution(solution)

    def values(self) -> FloatArray | None:
        """The best values that a run found; None where it found none."""
        found = self.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        return np.asarray(self.getSolution().col_value) if found else None

    def ending(self) -> Ending | None:
        """How a run ended; None for a way that is no answer."""
        status, ends = self.getModelStatus(), highspy.HighsModelStatus
        if status == ends.kOptimal:
            return Ending.BEST
        if status in (ends.kInfeasible, ends.kUnboundedOrInfeasible):
            return Ending.NONE
        return Ending.EARLY if status in (ends.kTimeLimit, ends.kInterrupt) else None
