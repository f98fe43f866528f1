"""Rows and columns of siting programmes: what is chosen, what that serves, and how zones fare."""

from dataclasses import dataclass

import numpy as np

from app.geo.units import BoolArray, FloatArray, IntArray, ragged_rows, running_starts
from app.services.programme import Programme, Rows
from app.services.siting_model import SitingModel

SAME = 1e-9
"""Share by which two sums of weights may differ through rounding alone."""


@dataclass(frozen=True)
class Limits:
    """What an answer must keep to.

    Attributes
    ----------
    sites : int or None
        Most sites; None where as few as possible are wanted.
    budget : float or None
        Most cost of all sites together.
    required : float array, shape (services,), or None
        Weight of each service's demands that must be met.
    """

    sites: int | None = None
    budget: float | None = None
    required: FloatArray | None = None


@dataclass(frozen=True)
class ZoneShares:
    """Of each zone, the weight that counts and how much of it is covered already, shape (z,)."""

    covered: FloatArray
    total: FloatArray


@dataclass(frozen=True)
class Layout:
    """Columns of a programme: candidates, then demands; with capacities instead the weight that each pair carries."""

    candidates: int
    demands: int
    pairs: int

    @classmethod
    def of(cls, model: SitingModel) -> "Layout":
        if model.has_capacity:
            return cls(model.candidate_count, 0, len(model.demand))
        return cls(model.candidate_count, model.demand_count, 0)

    @property
    def size(self) -> int:
        return self.candidates + self.demands + self.pairs

    def weight_gain(self, model: SitingModel) -> FloatArray:
        weights = np.ones(self.pairs) if self.pairs or not self.demands else model.weight
        return np.concatenate([np.zeros(self.candidates), weights])

    def site_gain(self, model: SitingModel) -> FloatArray:
        del model
        return np.concatenate([np.full(self.candidates, -1.0), np.zeros(self.demands + self.pairs)])

    def chosen(self, values: FloatArray) -> IntArray:
        return np.flatnonzero(values[: self.candidates] > 0.5)

    def complete(self, model: SitingModel, chosen: IntArray) -> FloatArray:
        """All columns for some chosen candidates; with capacities each carries what is left, while it has room."""
        values = np.zeros(self.size)
        values[chosen] = 1.0
        if self.demands:
            values[self.candidates :] = model.met(chosen)
        if self.pairs:
            left = model.weight.copy()
            for one in chosen.tolist():
                own = slice(model.start[one], model.start[one + 1])
                filled = np.minimum(np.cumsum(left[model.demand[own]]), model.capacity[one])
                carried = np.diff(filled, prepend=0.0)
                left[model.demand[own]] -= carried
                values[self.candidates :][own] = carried
        return values

    def programme(self, model: SitingModel, rows: Rows, gain: FloatArray) -> Programme:
        lower, upper, integer = self.columns(model)
        return rows.programme(gain, lower, upper, integer)

    def columns(self, model: SitingModel) -> tuple[FloatArray, FloatArray, BoolArray]:
        upper = np.ones(self.size)
        integer = np.ones(self.size, dtype=bool)
        if self.pairs:
            upper[self.candidates :] = model.weight[model.demand]
            integer[self.candidates :] = False
        else:
            # Whole candidates make whole demands where one is enough.
            integer[self.candidates :] = model.need > 1
        lower = np.zeros(self.size)
        lower[: self.candidates] = model.locked
        return lower, upper, integer

    def rows(self, model: SitingModel, limits: Limits) -> Rows:
        rows = Rows()
        everyone = np.arange(self.candidates)
        if self.pairs:
            self._add_carrying(rows, model)
        elif self.demands:
            self._add_meeting(rows, model)
        if limits.sites is not None:
            rows.add(everyone, np.ones(self.candidates), upper=float(limits.sites))
        if limits.budget is not None:
            rows.add(everyone, model.cost, upper=limits.budget)
        if limits.required is not None:
            for group, weight in enumerate(limits.required.tolist()):
                index, value = self.served(model, model.group == group)
                if weight > 0:
                    rows.add(index, value, lower=weight)
        return rows

    def served(self, model: SitingModel, which: BoolArray) -> tuple[IntArray, FloatArray]:
        """The weight served of some demands, as a linear form."""
        if self.pairs:
            pair = np.flatnonzero(which[model.demand])
            return self.candidates + pair, np.ones(len(pair))
        demand = np.flatnonzero(which)
        return self.candidates + demand, model.weight[demand]

    def _add_meeting(self, rows: Rows, model: SitingModel) -> None:
        """A demand is met by as many chosen candidates as it needs: ``need * y <= sum x``."""
        start, candidate = model.by_demand
        counts = np.diff(start)
        ends = running_starts(counts + 1)
        index = np.empty(ends[-1], dtype=np.int64)
        value = np.ones(len(index))
        last = ends[1:] - 1
        is_last = np.zeros(len(index), dtype=bool)
        is_last[last] = True
        index[~is_last] = candidate
        index[last] = self.candidates + np.arange(self.demands)
        value[last] = -model.need.astype(np.float64)
        rows.add_many(ends, index, value, np.zeros(self.demands), np.full(self.demands, np.inf))

    def _add_carrying(self, rows: Rows, model: SitingModel) -> None:
        """Weight carried: of a demand no more than it has, of a candidate no more than it can serve if chosen."""
        pair_column = self.candidates + np.arange(self.pairs)
        by_demand = np.argsort(model.demand, kind="stable")
        rows.add_many(
            model.by_demand[0],
            pair_column[by_demand],
            np.ones(self.pairs),
            np.full(model.demand_count, -np.inf),
            model.weight,
        )
        candidate = ragged_rows(model.start)
        most = np.minimum(model.capacity[candidate], model.weight[model.demand])
        rows.add_many(
            2 * np.arange(self.pairs + 1),
            np.stack([pair_column, candidate], axis=1).ravel(),
            np.stack([np.ones(self.pairs), -most], axis=1).ravel(),
            np.full(self.pairs, -np.inf),
            np.zeros(self.pairs),
        )
        for one in np.flatnonzero(np.isfinite(model.capacity)).tolist():
            own = pair_column[model.start[one] : model.start[one + 1]]
            value = np.append(np.ones(len(own)), -model.capacity[one])
            rows.add(np.append(own, one), value, upper=0.0)


class ZoneRows:
    """The programme with shares of zones: for each level that is settled or sought a threshold and shortfalls."""

    def __init__(
        self,
        model: SitingModel,
        layout: Layout,
        zones: ZoneShares,
        counted: IntArray,
        reached: list[float],
    ) -> None:
        self._model, self._layout, self._zones = model, layout, zones
        self._counted, self._reached = counted, reached
        self.width = (len(reached) + 1) * (1 + len(counted))

    def shares(self, values: FloatArray) -> FloatArray:
        """Share covered of every zone that counts."""
        shares = []
        for zone in self._counted.tolist():
            index, value = self._layout.served(self._model, self._model.zone == zone)
            gained = float(values[index] @ value)
            shares.append((self._zones.covered[zone] + gained) / self._zones.total[zone])
        return np.asarray(shares)

    def extended(self, values: FloatArray) -> FloatArray:
        """Values of the first columns with the thresholds and shortfalls that go with them."""
        shares = self.shares(values)
        parts = [values]
        for level in range(1, len(self._reached) + 2):
            threshold = np.sort(shares)[min(level, len(shares)) - 1]
            parts += [np.asarray([threshold]), np.maximum(0.0, threshold - shares)]
        return np.concatenate(parts)

    def programme(self, limits: Limits, level: int, gain: FloatArray | None = None) -> Programme:
        """Raise the sum of the `level` smallest shares (or `gain`), holding what smaller levels reached."""
        layout, model = self._layout, self._model
        rows = layout.rows(model, limits)
        count = len(self._counted)
        for number in range(len(self._reached) + 1):
            first = layout.size + number * (1 + count)
            for position, zone in enumerate(self._counted.tolist()):
                total = self._zones.total[zone]
                index, value = layout.served(model, model.zone == zone)
                # The threshold exceeds no share by more than its shortfall.
                rows.add(
                    np.concatenate([[first, first + 1 + position], index]),
                    np.concatenate([[1.0, -1.0], -value / total]),
                    upper=float(self._zones.covered[zone] / total),
                )
            if number < len(self._reached):
                index, value = self._smallest_sum(first, number + 1)
                rows.add(index, value, lower=self._reached[number] - SAME)
        lower, upper, integer = layout.columns(model)
        if gain is None:
            gain = np.zeros(layout.size + self.width)
            index, value = self._smallest_sum(layout.size + len(self._reached) * (1 + count), level)
            gain[index] = value
        return rows.programme(
            gain,
            np.concatenate([lower, np.zeros(self.width)]),
            np.concatenate([upper, np.ones(self.width)]),
            np.concatenate([integer, np.zeros(self.width, dtype=bool)]),
        )

    def _smallest_sum(self, first: int, level: int) -> tuple[IntArray, FloatArray]:
        """The sum of the `level` smallest shares: ``level * threshold - sum of shortfalls``."""
        index = first + np.arange(1 + len(self._counted))
        value = np.full(len(index), -1.0)
        value[0] = float(level)
        return index, value
