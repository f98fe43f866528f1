"""What lies within walking reach of places, facilities or a whole service: drawn, never the evidence for a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np

from app.geo.isochrone import MAX_ERROR_M, Ring, draw_isochrones, search_limit
from app.geo.reach import find_reach
from app.geo.search import SearchGraph
from app.geo.streets import StreetLines, cut_lines
from app.geo.units import SECONDS_PER_MINUTE
from app.geo.verdict import TOLERANCE
from app.services.area_engine import AreaEngine
from app.services.assessment import Walker
from app.services.isochrone_check import HouseholdCheck, WrongSides
from app.services.isochrone_limits import Limit
from app.services.isochrone_origins import Origins

Direction = Literal["towards", "from"]
Shape = Literal["polygon", "streets"]

STREETS_ERROR_M = 0.02
"""Streets are cut exactly at the limit; their coordinates are rounded to about a centimetre."""

REASONS = MappingProxyType(
    {
        "limit_zero": "within a limit of 0 lies no more than a point, and a point has no area",
        "outside_extent": "the origin lies outside the area's data, and no street is within reach",
        "off_network": "no street lies within reach of the origin",
        "link_longer_than_limit": "the way to the nearest street alone is longer than the limit",
        "no_facility": "the area has fewer facilities of the service than it asks for",
        "too_few_within_limit": "nowhere are as many facilities within the limit as the service asks for",
    }
)
"""Why nothing is drawn."""


@dataclass(frozen=True)
class Drawn:
    """One limit's picture: polygons or streets, the other being None; ``reason`` says why it is empty.

    ``is_complete`` says whether a straight line of the limit's length from every origin stays where the data is
    complete. Else streets that are not in the data may carry the picture farther than it is drawn.
    """

    limit: Limit
    max_error_m: float
    polygons: tuple[tuple[Ring, ...], ...] | None
    streets: StreetLines | None
    reason: str | None = None
    is_complete: bool = True
    wrong_sides: WrongSides | None = None

    @property
    def is_empty(self) -> bool:
        if self.streets is not None:
            return len(self.streets.start) == 1
        return not self.polygons


def draw(
    engine: AreaEngine,
    walker: Walker,
    origins: Origins,
    limits: Sequence[Limit],
    *,
    direction: Direction = "towards",
    shape: Shape = "polygon",
    verify: bool = False,
) -> list[Drawn]:
    """One picture for each limit, in their order.

    Parameters
    ----------
    limits : sequence of Limit
        Checked by `check_limits`.
    direction : {'towards', 'from'}
        Who can reach the origins, or what can be reached from them; one-way rules and slopes tell them apart.
    shape : {'polygon', 'streets'}
        Polygons, or the streets cut exactly at the limit.
    verify : bool
        Also count the households on the wrong side of each polygon.
    """
    pictures: dict[Limit, Drawn] = {}
    for unit in ("minutes", "meters"):
        some = [limit for limit in limits if limit.unit == unit]
        if some:
            graph, factor = _graph_for(engine, walker, unit)
            if direction == "from":
                graph = engine.reversed_graph(graph)
            drawn = _draw_unit(engine, walker, origins, some, graph, factor, shape)
            if verify and shape == "polygon":
                drawn = _checked(engine, walker, origins, drawn, graph, factor)
            pictures |= {picture.limit: picture for picture in drawn}
    return [pictures[limit] for limit in limits]


def _graph_for(engine: AreaEngine, walker: Walker, unit: str) -> tuple[SearchGraph, float]:
    """The graph to search for limits in a unit, and what one of the unit is in the graph's."""
    if unit == "meters":
        return engine.view(walker.profile).graph, 1.0
    if walker.profile.costs:
        return engine.timed_graph(walker.profile, walker.speed_mps), SECONDS_PER_MINUTE
    return engine.view(walker.profile).graph, SECONDS_PER_MINUTE * walker.speed_mps


def _draw_unit(
    engine: AreaEngine,
    walker: Walker,
    origins: Origins,
    limits: Sequence[Limit],
    graph: SearchGraph,
    factor: float,
    shape: Shape,
) -> list[Drawn]:
    view = engine.view(walker.profile)
    # Nothing is searched for a limit of 0, nor for more facilities than there are.
    drawable = [limit for limit in limits if limit.value > 0 and not origins.wanting]
    costs = [limit.value * factor for limit in drawable]
    drawn = {limit: _nothing(limit, shape) for limit in limits}
    if drawable:
        reach = find_reach(
            view.network,
            graph,
            origins.links,
            origins.start,
            limit=search_limit(max(costs), graph.link_cost_per_m),
            nearest=origins.nearest,
            kernels=engine.find_kernels(),
        )
        if shape == "streets":
            for limit, cost in zip(drawable, costs, strict=True):
                drawn[limit] = replace(
                    drawn[limit], streets=cut_lines(view.network, *reach.street_parts(cost))
                )
        else:
            found = draw_isochrones(engine.ground(walker.profile).surface, reach, costs)
            for limit, isochrone in zip(drawable, found, strict=True):
                drawn[limit] = replace(drawn[limit], polygons=isochrone.polygons)
    metres = factor / graph.link_cost_per_m
    return [
        replace(
            _with_reason(drawn[limit], origins, graph, factor),
            is_complete=origins.border_m >= limit.value * metres,
        )
        for limit in limits
    ]


def _nothing(limit: Limit, shape: Shape) -> Drawn:
    if shape == "streets":
        none = np.empty(0)
        return Drawn(limit, STREETS_ERROR_M, None, StreetLines(np.zeros(1, dtype=np.int64), none, none))
    return Drawn(limit, MAX_ERROR_M, (), None)


def _with_reason(picture: Drawn, origins: Origins, graph: SearchGraph, factor: float) -> Drawn:
    """Why a picture is empty."""
    if not picture.is_empty:
        return picture
    link_m = origins.links.link_m
    if picture.limit.value == 0:
        reason = "limit_zero"
    elif origins.wanting:
        reason = "no_facility"
    elif len(link_m) == 0:
        reason = "off_network" if origins.inside else "outside_extent"
    elif float(link_m.min()) * graph.link_cost_per_m > picture.limit.value * factor + TOLERANCE:
        reason = "link_longer_than_limit"
    else:
        reason = "too_few_within_limit"
    return replace(picture, reason=reason)


def _checked(
    engine: AreaEngine,
    walker: Walker,
    origins: Origins,
    drawn: Sequence[Drawn],
    graph: SearchGraph,
    factor: float,
) -> list[Drawn]:
    if origins.wanting:  # nobody reaches as many, and nothing is drawn
        households = engine.area.households.count
        return [replace(picture, wrong_sides=WrongSides(households, 0, 0.0)) for picture in drawn]
    check = HouseholdCheck(
        engine.view(walker.profile),
        engine.area.households.access,
        graph,
        origins.links,
        origins.start,
        nearest=origins.nearest,
        kernels=engine.find_kernels(),
    )
    return [
        replace(picture, wrong_sides=check.count(picture.polygons or (), picture.limit.value * factor))
        for picture in drawn
    ]
