"""Seconds that an edge takes: its length at a speed, and what a profile adds for steps, crossings and slope.

The walking model, section 2. All of it spreads evenly over an edge's length, so that half an edge costs half.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from app.geo.network import WalkNetwork
from app.geo.route import Leg
from app.geo.slope import LEAST_FACTOR
from app.geo.units import FloatArray

TERMS = ("streets", "steps", "crossings", "signals", "slope")
"""What the seconds of an edge are made of."""


@dataclass(frozen=True)
class ExtraCosts:
    """What a walk costs beside its length.

    Attributes
    ----------
    steps_s_per_m : float
        Seconds for each metre of ``highway=steps``, with or without a ramp, up or down.
    crossing_s, signal_s : float
        Seconds for each road crossed without signals, and with signals.
    uses_slope : bool
        Whether the time on the flat is multiplied by the slope factor of the edge and direction.
    """

    steps_s_per_m: float = 0.0
    crossing_s: float = 0.0
    signal_s: float = 0.0
    uses_slope: bool = False

    @property
    def least_factor(self) -> float:
        """The least share of its time on the flat that a walk can take."""
        return LEAST_FACTOR if self.uses_slope else 1.0

    def __bool__(self) -> bool:
        return self != NO_COSTS


NO_COSTS = ExtraCosts()


@dataclass(frozen=True)
class EdgeTimes:
    """Seconds of every whole edge by term, each of shape (m,). Only ``slope`` differs by direction.

    ``slope`` is what the climb adds to ``streets``; negative where walking down saves time.
    """

    streets_s: FloatArray
    steps_s: FloatArray
    crossings_s: FloatArray
    signals_s: FloatArray
    slope_forward_s: FloatArray
    slope_backward_s: FloatArray

    @property
    def forward_s(self) -> FloatArray:
        """Whole edge from u to v."""
        return self._flat_s + self.slope_forward_s

    @property
    def backward_s(self) -> FloatArray:
        """Whole edge from v to u."""
        return self._flat_s + self.slope_backward_s

    @property
    def _flat_s(self) -> FloatArray:
        return self.streets_s + self.steps_s + self.crossings_s + self.signals_s

    def terms_of(self, network: WalkNetwork, legs: Iterable[Leg]) -> dict[str, float]:
        """Seconds of a whole route under the names of `TERMS`, each leg's share of its edge."""
        total = dict.fromkeys(TERMS, 0.0)
        for leg in legs:
            share = leg.length_m / float(network.edge_length_m[leg.edge])
            for name, seconds in self.terms(leg.edge, forward=leg.to_m > leg.from_m).items():
                total[name] += share * seconds
        return total

    def terms(self, edge: int, *, forward: bool) -> dict[str, float]:
        """Seconds of one edge, walked from end to end, under the names of `TERMS`."""
        slope_s = self.slope_forward_s if forward else self.slope_backward_s
        columns = (self.streets_s, self.steps_s, self.crossings_s, self.signals_s, slope_s)
        return {name: float(column[edge]) for name, column in zip(TERMS, columns, strict=True)}


def edge_times(network: WalkNetwork, costs: ExtraCosts, speed_mps: float) -> EdgeTimes:
    """Seconds of every edge at a speed on the flat.

    Parameters
    ----------
    network : WalkNetwork
    costs : ExtraCosts
    speed_mps : float
        Positive; the caller has checked it.
    """
    streets_s = network.edge_length_m / speed_mps
    climb = 1.0 if costs.uses_slope else 0.0
    return EdgeTimes(
        streets_s=streets_s,
        steps_s=np.where(network.edge_stairs, network.edge_length_m * costs.steps_s_per_m, 0.0),
        crossings_s=network.edge_crossings * costs.crossing_s,
        signals_s=network.edge_signals * costs.signal_s,
        slope_forward_s=climb * streets_s * (network.edge_slope_forward - 1.0),
        slope_backward_s=climb * streets_s * (network.edge_slope_backward - 1.0),
    )
