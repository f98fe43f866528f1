"""An assessment of a changed city whose streets are put together only when somebody looks at them."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from app.domain.area import Area
from app.geo.search import SearchGraph
from app.services.area_engine import AreaEngine, WalkingView
from app.services.assessment import Assessment


class LaterAssessment(Assessment):
    """As `Assessment`, with an area, view and graph that are made when asked for."""

    def __init__(
        self,
        before: Assessment,
        parts: dict[str, Any],
        make_area: Callable[[], tuple[Area, WalkingView]],
        *,
        same_streets: bool,
    ) -> None:
        known = {"standard": before.standard, "walker": before.walker, "band": None}
        self.__dict__.update(known | parts)
        self.__dict__["_make_area"] = make_area
        self.__dict__["_graph_before"] = before.timed_graph
        self.__dict__["_same_streets"] = same_streets

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
    def timed_graph(self) -> SearchGraph | None:
        """The search graph in seconds, where some walk needs it."""
        known: SearchGraph | None = self.__dict__["_graph_before"]
        if known is None or self.__dict__["_same_streets"]:
            return known
        return AreaEngine(self.area).timed_graph(self.walker.profile, self.walker.speed_mps)
