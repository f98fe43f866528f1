"""A service standard: which services a household must reach, within which limit, and how OSM shows them."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from app.domain.errors import NotFoundError, Reach15Error

OBLIGATIONS = ("must", "should", "may")

STANDARD_ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""What a standard may be called; it stands in addresses."""

SELECTOR_KEYS: Mapping[str, frozenset[str] | None] = {
    "amenity": None,
    "craft": None,
    "education": None,
    "emergency": None,
    "healthcare": None,
    "highway": frozenset({"bus_stop", "platform"}),
    "landuse": frozenset({"allotments", "cemetery", "recreation_ground", "retail", "village_green"}),
    "leisure": None,
    "office": None,
    "place": frozenset({"square"}),
    "public_transport": None,
    "railway": frozenset({"halt", "platform", "station", "subway_entrance", "tram_stop"}),
    "shop": None,
    "social_facility": None,
    "tourism": None,
}
"""OSM keys that a selector may start from, and its values where not all are kept at import."""

NAME_KEYS = ("name", "name:zh", "official_name", "brand", "operator")
"""Tags in which a selector's name pattern is looked for."""

DEAD_KEYS = frozenset({"disused", "abandoned", "construction", "demolished", "razed", "removed"})
"""``disused=yes`` and the like mark a place that no longer, or not yet, serves. (Prefixed keys such as
``disused:shop`` need no rule: no selector can name them.)"""


@dataclass(frozen=True)
class LocalName:
    """A name in Chinese and in English."""

    zh: str
    en: str


@dataclass(frozen=True)
class Source:
    """Where a value comes from and how sure we are (`mark` as in the standards' own documentation)."""

    document: str
    clause: str | None
    date: str | None
    mark: str
    verify: bool


@dataclass(frozen=True)
class Selector:
    """One way in which OSM shows a service.

    An element matches when ``key`` has one of ``values`` (any value but ``no`` if empty), every key of ``where``
    has one of its values, no key of ``without`` has one of its values, and ``name_regex`` is found in one of
    `NAME_KEYS`. A tag may be a list (``bakery;cafe``); any of its items counts.
    """

    key: str
    values: frozenset[str]
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    without: Mapping[str, frozenset[str]] = field(default_factory=dict)
    name_regex: str | None = None

    @cached_property
    def _name_pattern(self) -> re.Pattern[str] | None:
        return re.compile(self.name_regex) if self.name_regex else None

    def matches(self, tags: Mapping[str, str]) -> bool:
        """Whether an element with these tags offers the service to the public."""
        if not _has_one_of(tags, self.key, self.values) or not is_public(tags):
            return False
        if not all(_has_one_of(tags, key, values) for key, values in self.where.items()):
            return False
        if any(_has_one_of(tags, key, values) for key, values in self.without.items()):
            return False
        pattern = self._name_pattern
        return pattern is None or any(pattern.search(tags[key]) for key in NAME_KEYS if key in tags)


@dataclass(frozen=True)
class Service:
    """One service of a standard. Exactly one of ``limit_s``, ``limit_m`` and ``straight_m`` is set.

    ``limit_s`` is walking time in seconds, ``limit_m`` metres of network walk, ``straight_m`` metres as the crow
    flies; all inclusive. ``any_of``: services of the same standard, each within its own limit, any of which will do
    instead. ``waived_by``: services whose presence makes this one unnecessary. ``user_data_only``: OSM cannot show
    this service, so that without supplied facilities its verdict is ``no_data``.
    ``min_area_m2``: smaller areas, and points whose area nobody knows, do not count. ``per_persons`` (one facility
    for so many persons) is what the source says; no verdict depends on it.
    """

    id: str
    name: LocalName
    obligation: str
    limit_s: float | None
    limit_m: float | None
    min_count: int
    selectors: tuple[Selector, ...]
    user_data_only: bool
    min_area_m2: float | None
    tier: str | None
    strand: str | None
    service_class: str | None
    source: Source
    note: str | None = None
    per_persons: float | None = None
    straight_m: float | None = None
    any_of: tuple[str, ...] = ()
    waived_by: tuple[str, ...] = ()

    @property
    def length_limit_m(self) -> float | None:
        """The limit where it is a length, walked or straight; None where it is a time."""
        return self.limit_m if self.limit_m is not None else self.straight_m

    @property
    def substitutes(self) -> tuple[str, ...]:
        """Services that may cover a household instead, in the order in which they are asked."""
        return (*self.any_of, *self.waived_by)

    def is_offered_by(self, tags: Mapping[str, str]) -> bool:
        """Whether an OSM element with these tags is a facility of this service (its area not considered)."""
        return any(selector.matches(tags) for selector in self.selectors)


@dataclass(frozen=True)
class Standard:
    """A service standard. ``speed_mps`` and ``profile`` are its own wishes; a request may overrule both.

    ``measure`` and ``denominator`` say how the source measures and what it counts shares of; no verdict depends on
    them, since each service's own limit says whether it is time or length.
    """

    id: str
    version: str
    title: LocalName
    source: Source
    speed_mps: float | None
    profile: str | None
    speed_basis: str | None
    services: tuple[Service, ...]
    note: str | None = None
    measure: str | None = None
    denominator: tuple[str, ...] = ()

    def find_service(self, service_id: str) -> Service | None:
        return next((service for service in self.services if service.id == service_id), None)

    def only(self, services: Iterable[Service]) -> "Standard":
        """The standard with these services and those that may stand in for them: no other plays a part in them."""
        ids = {name for one in services for name in (one.id, *one.substitutes)}
        return replace(self, services=tuple(one for one in self.services if one.id in ids))

    @cached_property
    def digest(self) -> str:
        """Names all that the standard says, however it was written down: another word, another digest."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, default=sorted)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class OwnStandard:
    """A city's own standard as it is kept: the fields of its document, checked before."""

    id: str
    version: str
    document: Mapping[str, Any]
    created_at: datetime
    created_by: str


class StandardExistsError(Reach15Error):
    """A standard of this id is kept already, and says something else."""

    def __init__(self, standard_id: str, version: str) -> None:
        self.standard_id = standard_id
        self.version = version
        super().__init__(
            f"standard '{standard_id}' is kept already, version {version}, and says something else; give this one "
            f"another id, or replace that one (PUT /v1/standards/{standard_id}, reach15 standards add --replace)"
        )


class StandardIsShippedError(Reach15Error):
    """The standards that come with the program can be neither replaced nor removed."""

    def __init__(self, standard_id: str) -> None:
        self.standard_id = standard_id
        super().__init__(f"standard '{standard_id}' comes with the program; give your own another id")


class StandardNotFoundError(NotFoundError):
    """No standard has this id."""

    def __init__(self, standard_id: str, known: tuple[str, ...] = (), hint: str = "") -> None:
        self.standard_id = standard_id
        super().__init__(f"standard '{standard_id}' does not exist (standards: {', '.join(known)}){hint}")


def is_public(tags: Mapping[str, str]) -> bool:
    """Whether a place is in use and open to the public. Of a list in ``access`` the first value counts."""
    if tags.get("access", "").split(";", 1)[0].strip() in ("private", "no"):
        return False
    return all(tags[key] == "no" for key in DEAD_KEYS & tags.keys())


def _has_one_of(tags: Mapping[str, str], key: str, values: frozenset[str]) -> bool:
    value = tags.get(key)
    if value is None:
        return False
    if not values:
        return value != "no"
    return value in values or (";" in value and any(item.strip() in values for item in value.split(";")))
