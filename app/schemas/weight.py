"""What shares are counted in, on the wire."""

from typing import Literal

Weight = Literal[
    "points", "households", "population", "pop_0_3", "pop_3_6", "pop_6_12", "pop_60plus", "pop_65plus"
]
"""A test compares it with `app.domain.household.WEIGHTS`."""
