"""An assessment of a changed city of which the long arrays are put together only when somebody looks at them.

What changes is a few households; arrays of all of them, and the changed streets, would take longer than the search.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.area import Area
from app.geo.search import SearchGraph
from app.geo.units import FloatArray, IntArray
from app.geo.verdict import Verdicts
from app.services.area_engine import AreaEngine, WalkingView
from app.services.assessment import Assessment, ServiceAssessment


class LaterService(ServiceAssessment):
    """As `ServiceAssessment`; without `make`, of these fields."""

    def __init__(self, make: Callable[[], ServiceAssessment] | None = None, **fields: Any) -> None:
        self.__dict__.update({"holds_slower": None, "holds_faster": None} | fields)
        self.__dict__["_make"] = make

    @cached_property
    def _made(self) -> ServiceAssessment:
        made: ServiceAssessment = self.__dict__["_make"]()
        return made

    @cached_property
    def verdicts(self) -> Verdicts:
        """As in `ServiceAssessment`, and so are those below."""
        return self._made.verdicts

    @cached_property
    def time_s(self) -> FloatArray:
        return self._made.time_s

    @cached_property
    def distance_m(self) -> FloatArray:
        return self._made.distance_m

    @cached_property
    def facility(self) -> IntArray:
        return self._made.facility

    @cached_property
    def access(self) -> IntArray:
        return self._made.access

    @cached_property
    def by(self) -> IntArray:
        return self._made.by


class LaterAssessment(Assessment):
    """As `Assessment`, with an area, view, graph and arrays that are made when asked for."""

    def __init__(
        self,
        before: Assessment,
        services: tuple[ServiceAssessment, ...],
        make_area: Callable[[], tuple[Area, WalkingView]],
        make_overall: Callable[[], NDArray[np.int8]],
        *,
        same_streets: bool,
    ) -> None:
        self.__dict__.update(
            standard=before.standard,
            walker=before.walker,
            band=None,
            services=services,
            _make_area=make_area,
            _make_overall=make_overall,
            _graph_before=before.timed_graph,
            _same_streets=same_streets,
        )

    @cached_property
    def _made(self) -> tuple[Area, WalkingView]:
        made: tuple[Area, WalkingView] = self.__dict__["_make_area"]()
        return made

    @cached_property
    def area(self) -> Area:
        """The changed area."""
        return self._made[0]

    @cached_property
    def view(self) -> WalkingView:
        """The changed streets as the walker sees them."""
        return self._made[1]

    @cached_property
    def overall(self) -> NDArray[np.int8]:
        """As in `Assessment`."""
        overall: NDArray[np.int8] = self.__dict__["_make_overall"]()
        return overall

    @cached_property
    def timed_graph(self) -> SearchGraph | None:
        """The search graph in seconds, where some walk needs it."""
        known: SearchGraph | None = self.__dict__["_graph_before"]
        if known is None or self.__dict__["_same_streets"]:
            return known
        return AreaEngine(self.area).timed_graph(self.walker.profile, self.walker.speed_mps)
