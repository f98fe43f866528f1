"""Scenarios: proposals that are kept by name, and what must be true of one before it is changed."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from app.domain.errors import BadInputError, NotFoundError, Reach15Error

SCENARIO_NAME_PATTERN = re.compile(r"\w[\w.-]{0,99}")
"""What a scenario may be called: it stands in addresses, so no slash and no blank; letters of any script."""

ANY = "*"
"""In a precondition: whatever there is."""


class ScenarioNotFoundError(NotFoundError):
    """The area has no scenario of this name."""

    def __init__(self, area_id: str, scenario: str, known: tuple[str, ...] = ()) -> None:
        self.area_id = area_id
        self.scenario = scenario
        names = ", ".join(known) if known else "none yet; keep one with `reach15 scenario save`"
        super().__init__(f"area '{area_id}' has no scenario '{scenario}' (scenarios here: {names})")


class PreconditionFailedError(Reach15Error):
    """Something is not, or not any more, what whoever changes it takes it for."""

    def __init__(self, what: str, problem: str) -> None:
        super().__init__(f"{what} {problem}; nothing was changed; read it again")


@dataclass(frozen=True)
class Precondition:
    """What must be true before a change, as RFC 9110 (section 13.1) has it; None asks for nothing.

    Attributes
    ----------
    match : frozenset of str or None
        Digests, one of which the content must have; `ANY` where it only must be there.
    none_match : frozenset of str or None
        Digests, none of which it may have; `ANY` where there must be nothing yet.
    """

    match: frozenset[str] | None = None
    none_match: frozenset[str] | None = None

    def check(self, what: str, digest: str | None) -> None:
        """Raise `PreconditionFailedError` unless content of this digest (None: nothing) is as it must be."""
        if self.match is not None:
            if digest is None:
                raise PreconditionFailedError(what, "does not exist, or not any more")
            if ANY not in self.match and digest not in self.match:
                raise PreconditionFailedError(what, "was changed by somebody else meanwhile")
        if self.none_match is not None and digest is not None:
            if ANY in self.none_match:
                raise PreconditionFailedError(what, "exists already")
            if digest in self.none_match:
                raise PreconditionFailedError(what, "is this already")


UNCONDITIONAL = Precondition()


@dataclass(frozen=True)
class ScenarioSummary:
    """A scenario without its document.

    Attributes
    ----------
    changes : int
        Features of its proposal.
    lenient : bool
    crs : str or None
        As the document was stored, so it is read whenever it is used.
    digest : str
        Names the content: document, `lenient` and `crs`.
    """

    area_id: str
    name: str
    changes: int
    lenient: bool
    crs: str | None
    digest: str
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True)
class Scenario:
    """A proposal that is kept; `document` is its JSON text, as it was given."""

    summary: ScenarioSummary
    document: str


@dataclass(frozen=True)
class ScenarioContent:
    """What is to be kept under a name; attributes as those of `ScenarioSummary`."""

    document: str
    changes: int
    lenient: bool = False
    crs: str | None = None

    @property
    def digest(self) -> str:
        content = "\0".join((self.document, str(self.lenient), self.crs or ""))
        return hashlib.sha256(content.encode()).hexdigest()[:32]


def check_scenario_name(name: str) -> None:
    """Raise `BadInputError` unless a scenario may have this name."""
    if not SCENARIO_NAME_PATTERN.fullmatch(name):
        raise BadInputError(
            f"scenario {name!r}",
            "is no name for a scenario; use letters and digits of any script, '-', '_' and '.', at most 100, "
            "beginning with a letter or digit",
        )
