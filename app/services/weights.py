"""What an area can be counted in."""

from app.domain.area import Area
from app.domain.errors import BadInputError
from app.geo.units import FloatArray

DECIMALS = 3
"""Of weights in reports, from which baselines are written."""


def why_not_counted(area: Area, weight: str) -> str | None:
    """Why answers about an area cannot be counted in a weight, and in which they can; None if they can."""
    known = area.households.known_weights
    if weight in known:
        return None
    grid = "--population FILE" if weight == "population" else f"--population-group {weight}=FILE"
    return (
        f"nobody told the {weight} of area '{area.id}'; take weight={', weight='.join(known[::-1])}, "
        f"or import it with --households FILE that has this column, or with a grid by {grid}"
    )


def weights_of(area: Area, weight: str) -> FloatArray:
    """Weight of every household.

    Raises
    ------
    BadInputError
        If nobody told it.
    """
    values = area.households.weights(weight)
    if values is None:
        raise BadInputError(f"weight {weight}", why_not_counted(area, weight) or "is not known here")
    return values
