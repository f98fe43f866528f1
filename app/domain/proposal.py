"""Proposals: what somebody wants to change in a city, before anybody does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from shapely.geometry.base import BaseGeometry

Action = Literal["add", "close", "move", "open"]
ACTIONS: tuple[Action, ...] = ("add", "close", "move", "open")


@dataclass(frozen=True)
class Change:
    """One feature of a proposal.

    Attributes
    ----------
    number : int
        By which the user finds it: the feature's place in the file, counted from 1.
    action : str
        One of `ACTIONS`.
    facility : str or None
        Id of the facility that is added, closed or moved.
    way, node : int or None
        OSM id of the way or node that is opened or closed.
    geometry : Shapely geometry or None
        In WGS 84: where a facility goes (point or area), the run of a new link, or the polygon that is closed.
    services : tuple of str
        What an added facility offers.
    name : str
    capacity, cost : float or None
        As the user gave them; no verdict depends on them.
    extra : mapping
        Properties under ``x_``, as they were given.
    """

    number: int
    action: Action
    facility: str | None = None
    way: int | None = None
    node: int | None = None
    geometry: BaseGeometry | None = None
    services: tuple[str, ...] = ()
    name: str = ""
    capacity: float | None = None
    cost: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_about_a_facility(self) -> bool:
        """Whether streets stay as they are."""
        return self.facility is not None

    @property
    def subject(self) -> str:
        """What is changed, in a few words."""
        for kind in ("facility", "way", "node"):
            value = getattr(self, kind)
            if value is not None:
                return f"{kind} {value}"
        return "a new link" if self.action == "open" else "streets in a polygon"

    def means_the_same_as(self, other: "Change") -> bool:
        """Whether both ask for one and the same change."""
        same_place = (self.geometry is None) == (other.geometry is None) and (
            self.geometry is None or (other.geometry is not None and self.geometry.equals(other.geometry))
        )
        return same_place and (
            (self.action, self.facility, self.way, self.node, set(self.services))
            == (other.action, other.facility, other.way, other.node, set(other.services))
        )


@dataclass(frozen=True)
class Proposal:
    """Changes that are made together; their order says nothing.

    ``source`` is the file or request as the user named it. ``notes`` is what the user should hear of although the
    proposal can be used.
    """

    changes: tuple[Change, ...]
    source: str = "proposal"
    notes: tuple[str, ...] = ()

    @property
    def cost(self) -> float | None:
        """What all of it costs; None if any of its features has no cost."""
        costs = [change.cost for change in self.changes]
        return None if None in costs else sum(cost or 0.0 for cost in costs)
