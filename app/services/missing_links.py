"""Which single street change covers the most of those who lack a service, proven by bounds and exact comparisons."""

import heapq
from dataclasses import dataclass

import numpy as np

from app.domain.errors import BadInputError
from app.domain.proposal import Change, Proposal
from app.domain.standard import Service, Standard
from app.geo.units import BoolArray, FloatArray, IntArray
from app.geo.verdict import COVERED
from app.services.area_engine import AreaEngine, WalkingView
from app.services.assessment import Walker
from app.services.comparing_cache import assessment_before, keep, street_index
from app.services.kernel_loader import load_catchment_kernels
from app.services.link_bounds import ServiceBounds
from app.services.link_candidates import KINDS, Candidate, CandidateSearch, Kind, NewLinks
from app.services.link_freedom import freed
from app.services.proposals import Comparison, compare
from app.services.weights import weights_of

DEFAULT_MAX_LENGTH_M = 100.0
LONGEST_M = 500.0
DEFAULT_COUNT, MOST_COUNT = 10, 1000

DEFAULT_MAX_COMPARED, MOST_COMPARED = 400, 10_000
"""Candidates compared at most: some milliseconds each on a city of 20 000 crossings."""

_AS_A_WHOLE = 20
"""As how many a comparison counts that works the whole city out anew, unless the question sets a limit.

It takes a second or two on such a city, so that twenty of them are what somebody may wait for unasked.
"""

NO_OBSTACLES = (
    "new links were not tried: the area was imported without its buildings and water, so nobody can tell what a link "
    "would cross; import the area again"
)


@dataclass(frozen=True)
class LinksQuestion:
    """What is asked: the ``count`` street changes that win the most ``weight`` for a service.

    At most ``max_compared`` are compared; by default 400, or 20 where each asks for the whole city to be worked out.
    """

    service: Service
    weight: str = "households"
    max_length_m: float = DEFAULT_MAX_LENGTH_M
    count: int = DEFAULT_COUNT
    max_compared: int | None = None


@dataclass(frozen=True)
class MissingLink:
    """One street change, compared exactly.

    Attributes
    ----------
    gained, lost : int array
        Positions of households newly covered, and of those covered no longer.
    weight_gained, weight_lost : float
    time_saved_s : float
        Seconds a trip, times the weight, summed over those who reach the service before and after; NaN for a limit
        on a way without times.
    """

    candidate: Candidate
    gained: IntArray
    lost: IntArray
    weight_gained: float
    weight_lost: float
    time_saved_s: float

    @property
    def change(self) -> Change:
        """As a feature of a proposal."""
        return self.candidate.change


@dataclass(frozen=True)
class MissingLinks:
    """The answer.

    Attributes
    ----------
    found : tuple of MissingLink
        By weight gained.
    bound : float
        No change that was looked at, and is not named or like one that is, wins more than this.
    is_complete : bool
        Whether the named ones are proven to be the best; else some were not compared for want of time.
    looked_at : dict
        How many of each kind there are. ``compared`` of them all were compared exactly.
    lacking : float
        Weight that lacks the service.
    """

    engine: AreaEngine
    standard: Standard
    walker: Walker
    question: LinksQuestion
    found: tuple[MissingLink, ...]
    bound: float
    is_complete: bool
    looked_at: dict[Kind, int]
    compared: int
    lacking: float
    crossing: int = 0
    notes: tuple[str, ...] = ()


def find_missing_links(
    engine: AreaEngine, standard: Standard, walker: Walker, question: LinksQuestion
) -> MissingLinks:
    """Rank street changes by what they win, best bound first, until no bound left can beat what is found.

    Raises
    ------
    BadInputError
        If nothing can be asked so: no facility, a straight limit, an unknown weight, no sensible length.
    """
    weight = _check(engine, standard, question)
    if engine.kernels is not None:
        engine.kernels.wait()  # how many are compared must not depend on when somebody asks
    with engine.comparing:  # kept, and with it what is kept for comparisons with it
        name = ("only", question.service.id)
        asked = keep(engine, name, lambda: standard.only([question.service]), of=standard)
    search, lacking = candidate_search(engine, asked, walker, question)
    gates, ways = search.gates(), search.ways()
    obstacles = engine.area.obstacles
    links = NewLinks((), 0, 0) if obstacles is None else search.links(question.max_length_m, obstacles)
    candidates = (*gates, *ways, *links.found)
    ranking = _Ranking(engine, asked, walker, question, candidates)
    found, bound, is_complete = ranking.run()
    return MissingLinks(
        engine,
        standard,
        walker,
        question,
        tuple(found),
        bound,
        is_complete,
        dict(zip(KINDS, (len(gates), len(ways), links.looked_at), strict=True)),
        ranking.compared,
        float(weight[lacking].sum()),
        links.crossing,
        (NO_OBSTACLES,) if obstacles is None else (),
    )


def candidate_search(
    engine: AreaEngine, asked: Standard, walker: Walker, question: LinksQuestion
) -> tuple[CandidateSearch, BoolArray]:
    """What finds candidates, and which households lack the service."""
    with engine.comparing:
        before = assessment_before(engine, asked, walker)
        index = street_index(engine)
    lacking = before.of(question.service).verdicts.state != COVERED
    kernels, view = load_catchment_kernels(), engine.view(walker.profile)

    def bounds_on(streets: WalkingView) -> list[ServiceBounds]:
        return [
            ServiceBounds.of(engine, walker, service, lacking, kernels, view=streets)
            for service in asked.services
            if len(engine.offering(service))
        ]

    search = CandidateSearch(
        engine.area,
        view,
        index,
        bounds_on(view),
        lambda: bounds_on(freed(view)),
        weights_of(engine.area, question.weight),
        has_costs=bool(walker.profile.costs),
    )
    return search, lacking


def _check(engine: AreaEngine, standard: Standard, question: LinksQuestion) -> FloatArray:
    """Refuse what cannot be answered; the weights."""
    service, area = question.service, engine.area
    weight = weights_of(area, question.weight)
    if not 0 < question.max_length_m <= LONGEST_M:  # NaN fails this too
        raise BadInputError(
            f"max-length {question.max_length_m:g}",
            f"a new link must be more than 0 m and at most {LONGEST_M:g} m long",
        )
    if not 1 <= question.count <= MOST_COUNT:
        raise BadInputError(f"limit {question.count}", f"must be 1 to {MOST_COUNT}")
    if question.max_compared is not None and not 1 <= question.max_compared <= MOST_COMPARED:
        raise BadInputError(f"max-compared {question.max_compared}", f"must be 1 to {MOST_COMPARED}")
    used = standard.only([service]).services
    straight = [one.id for one in used if one.straight_m is not None]
    if straight:
        raise BadInputError(
            f"service {service.id}",
            f"the limit of {straight[0]} is a straight line, which no street changes; ask for a service with a limit "
            "in minutes or metres of walk",
        )
    if not any(len(engine.offering(one)) for one in used):
        raise BadInputError(
            f"service {service.id}",
            f"area '{area.id}' has no facility of it that a street could lead to; reach15 site says where to build one",
        )
    return weight


_Entry = tuple[float, tuple[int, float, tuple[int, ...]], int]
"""In the queue: what a candidate wins at most (negative, so that the most comes first), its order, its position."""


class _Ranking:
    """Candidates in a queue: by what they win at most, and once compared by what they win."""

    def __init__(
        self,
        engine: AreaEngine,
        standard: Standard,
        walker: Walker,
        question: LinksQuestion,
        candidates: tuple[Candidate, ...],
    ) -> None:
        self._engine, self._standard, self._walker = engine, standard, walker
        self._question, self._candidates = question, candidates
        self._exact: dict[int, MissingLink] = {}
        self._left = question.max_compared or DEFAULT_MAX_COMPARED
        self.compared = 0
        # Where new links lie in the plane; NaN for all others, which are like nothing.
        self._ends_m = np.full((len(candidates), 2, 2), np.nan)
        links = [position for position, one in enumerate(candidates) if one.kind == "link"]
        if links:
            lon_lat = np.stack([candidates[position].line for position in links])
            plane = engine.area.network.projection.to_plane(
                lon_lat[:, :, 0].ravel().copy(), lon_lat[:, :, 1].ravel().copy()
            )
            self._ends_m[links] = np.stack(plane, axis=1).reshape(-1, 2, 2)
        self._alike = np.zeros(len(candidates), dtype=bool)

    def run(self) -> tuple[list[MissingLink], float, bool]:
        """Those named, the most that any other could win, and whether that is proven to be no more."""
        queue: list[_Entry] = [
            (-item.bound, item.order, position)
            for position, item in enumerate(self._candidates)
            if item.bound > 0
        ]
        heapq.heapify(queue)
        found: list[MissingLink] = []
        is_complete = True
        while queue and len(found) < self._question.count:
            _, order, position = queue[0]
            if self._alike[position]:
                heapq.heappop(queue)
            elif position in self._exact:
                heapq.heappop(queue)
                self._name(position, found)
            elif self._left <= 0:
                is_complete = False
                self._name_best_known(queue, found)
                break
            else:
                heapq.heappop(queue)
                item = self._compare(self._candidates[position])
                if item.weight_gained > 0:
                    self._exact[position] = item
                    heapq.heappush(queue, (-item.weight_gained, order, position))
        named = {id(item) for item in found}
        rest = (
            -value
            for value, _, position in queue
            if not self._alike[position] and id(self._exact.get(position)) not in named
        )
        return found, max(rest, default=0.0), is_complete

    def _name_best_known(self, queue: list[_Entry], found: list[MissingLink]) -> None:
        """Name what was compared, when no more can be."""
        for _, _, position in sorted(entry for entry in queue if entry[2] in self._exact):
            if len(found) < self._question.count and not self._alike[position]:
                self._name(position, found)

    def _name(self, position: int, found: list[MissingLink]) -> None:
        """Name a change; new links that join about the same places as one that is named are passed over."""
        found.append(self._exact[position])
        one, other = self._ends_m[position]
        for first, second in ((one, other), (other, one)):
            away_m = np.hypot(*(self._ends_m - np.stack([first, second])).transpose(2, 0, 1))
            self._alike |= (away_m <= self._question.max_length_m).all(axis=1)

    def _compare(self, candidate: Candidate) -> MissingLink:
        self.compared += 1
        proposal = Proposal((candidate.change,))
        found = compare(self._engine, self._standard, self._walker, proposal)
        is_dear = found.as_a_whole is not None and self._question.max_compared is None
        self._left -= _AS_A_WHOLE if is_dear else 1
        return exact_gain(found, self._question, candidate)


def exact_gain(found: Comparison, question: LinksQuestion, candidate: Candidate) -> MissingLink:
    """What a compared change wins."""
    position = [one.service.id for one in found.judged].index(question.service.id)
    gained, lost = np.flatnonzero(found.gained(position)), np.flatnonzero(found.lost(position))
    weight = weights_of(found.before.area, question.weight)
    rows = found.households
    old_s, new_s = found.before.services[position].time_s[rows], found.judged[position].time_s
    both = np.isfinite(old_s) & np.isfinite(new_s)
    saved_s = float(((old_s[both] - new_s[both]) * weight[rows[both]]).sum())
    return MissingLink(
        candidate, gained, lost, float(weight[gained].sum()), float(weight[lost].sum()), saved_s
    )
