"""For every cell of a grid, what one facility in its middle would newly cover."""

from dataclasses import dataclass, replace

import numpy as np

from app.domain.standard import Standard
from app.geo.cells import CellGrid
from app.geo.units import FloatArray, IntArray
from app.services.area_engine import AreaEngine
from app.services.assessment import Walker
from app.services.candidates import candidates_at, grid_over
from app.services.siting_demands import build_demands
from app.services.siting_question import SitingQuestion

MOST_HEAT_CELLS = 100_000
"""Each cell is one bounded search: about 5000 a second in a city of 20 000 nodes."""


@dataclass(frozen=True)
class Heat:
    """Weight newly covered by one facility in the middle of each cell.

    Attributes
    ----------
    grid : CellGrid
    cells : int array, shape (k,)
        Cells that a street can be reached from, ascending, counted as in `CellGrid.centres`.
    gained : float array, shape (k,)
    """

    grid: CellGrid
    cells: IntArray
    gained: FloatArray


def find_heat(
    engine: AreaEngine, standard: Standard, walker: Walker, question: SitingQuestion, cell_m: float
) -> Heat:
    """The gain of a single site everywhere, by the same demands and catchments as siting itself.

    Raises
    ------
    BadInputError
        If the cells are of no sensible size, too many, or none can be linked to a street.
    """
    grid, cells, lon_deg, lat_deg = grid_over(engine.area, cell_m, most=MOST_HEAT_CELLS)
    # Ids in the order of the cells, so that candidates stay in it.
    ids = np.asarray([f"{cell:09d}" for cell in cells.tolist()], dtype=np.str_)
    candidates = candidates_at(ids, lon_deg, lat_deg)
    demands = build_demands(engine, standard, walker, candidates, replace(question, sites=1))
    model = demands.model
    gained = model.matrix @ np.where(model.need == 1, model.weight, 0.0)
    kept = demands.linked.candidates.places.id.astype(np.int64)
    return Heat(grid, kept, gained)
