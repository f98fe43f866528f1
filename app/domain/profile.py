"""Walking profiles: who walks, how fast, what they cannot use, and what costs them extra time."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.errors import NotFoundError
from app.geo.impedance import NO_COSTS, ExtraCosts

STANDARD_PROFILE_ID = "standard"
"""The profile of whoever names none."""


@dataclass(frozen=True)
class ProfileSource:
    """Where one constant of a profile comes from, and how sure that is (docs/standards.md)."""

    field: str
    text: str
    mark: str | None = None


@dataclass(frozen=True)
class Profile:
    """A way of walking. ``avoids_steps``: steps without a ramp and ways tagged ``wheelchair=no`` are left out.

    ``costs`` come on top of the walk's length; limits in metres ignore them.
    """

    id: str
    speed_mps: float
    avoids_steps: bool
    basis: str
    costs: ExtraCosts = NO_COSTS
    sources: tuple[ProfileSource, ...] = ()
    note: str | None = None


class ProfileNotFoundError(NotFoundError):
    """No profile has this name."""

    def __init__(self, profile_id: str, known: Iterable[str], hint: str = "") -> None:
        self.profile_id = profile_id
        super().__init__(f"profile '{profile_id}' does not exist (profiles: {', '.join(known)}){hint}")
