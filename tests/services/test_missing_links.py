"""Missing links: known answers in a drawn town, all candidates compared in a tangled one, proof in real cities."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors import BadInputError
from app.domain.proposal import Proposal
from app.domain.standard import Standard
from app.geo.units import BoolArray, FloatArray, IntArray
from app.geo.verdict import COVERED
from app.ingest.standard_files import load_standard_file
from app.services.area_engine import AreaEngine
from app.services.assessment import Walker, assess, choose_walker
from app.services.import_area import ImportRequest, import_area
from app.services.kernel_loader import KernelLoader
from app.services.link_candidates import Candidate
from app.services.missing_links import (
    LinksQuestion,
    MissingLink,
    MissingLinks,
    candidate_search,
    exact_gain,
    find_missing_links,
)
from app.services.proposals import assess_anew, compare
from app.services.standards import get_service, get_standard
from app.settings import Settings
from tests.support.labyrinth import labyrinth
from tests.support.osm_writing import Sketch, metres
from tests.support.shared_data import shared_data
from tests.support.small_town import csv_file, do_import
from tests.support.split_town import GAP, GATE, LANE, import_split, split_files, split_town
from tests.support.stores import area_store


@pytest.fixture(scope="module")
def kernels() -> KernelLoader:
    loader = KernelLoader()
    assert loader.wait() is not None
    return loader


class Town:
    """A split town with what stands in its gap."""

    def __init__(
        self,
        folder: Path,
        kernels: KernelLoader,
        city: Sketch | None = None,
        files: dict[str, Path] | None = None,
    ) -> None:
        files = files or split_files(folder, city)
        self.engine = AreaEngine(import_split(folder / "data", files), kernels=kernels)
        self.standard = load_standard_file(files["standard"])
        self.walker = choose_walker(self.standard, None, None)

    def find(self, service: str = "pharmacy", **options: object) -> MissingLinks:
        question = LinksQuestion(get_service(self.standard, service), **{"max_length_m": 45.0, **options})  # type: ignore[arg-type]
        return find_missing_links(self.engine, self.standard, self.walker, question)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory, kernels: KernelLoader) -> Town:
    return Town(tmp_path_factory.mktemp("split"), kernels)


def named(answer: MissingLinks) -> list[tuple[str, float]]:
    return [(item.candidate.kind, item.weight_gained) for item in answer.found]


def test_a_gate_a_lane_and_a_gap_are_found_by_what_they_win(split: Town) -> None:
    answer = split.find()
    assert named(answer) == [("link", 9.0), ("way", 7.0), ("gate", 5.0)]
    link, way, gate = (item.candidate for item in answer.found)
    assert (way.ids, gate.ids) == ((LANE,), (GATE,))
    ends = sorted((metres(*end) for end in link.line.tolist()), key=lambda place: place[1])
    np.testing.assert_allclose(ends, GAP[::-1], atol=0.02)
    assert link.length_m == pytest.approx(40.0, abs=0.05)
    assert (answer.is_complete, answer.bound, answer.lacking) == (True, 0.0, 21.0)
    ids = split.engine.area.households.id
    assert [ids[item.gained].tolist() for item in answer.found] == [["gap"], ["lane"], ["gate"]]
    assert metres(*gate.line[1].tolist()) == pytest.approx((200, 50), abs=0.02)


def turning_town() -> Sketch:
    """A town with a private lane that would be a short cut, if the long street beside it were no longer public.

    It is the longest of its part, until a link joins its private spur to a longer one of another part.
    """
    city = Sketch()
    city.street(10, [(60, 0), (-100, 0), (-100, 300), (200, 300), (200, 50)])
    city.street(LANE, [(60, 0), (200, 50)], access="private")
    city.street(40, [(-100, 300), (-100, 340)], access="private")
    city.street(30, [(-100, 380), (1500, 380)])
    return city


def test_a_link_that_changes_which_other_streets_are_public_is_ranked_too(
    tmp_path: Path, kernels: KernelLoader
) -> None:
    answer = Town(tmp_path, kernels, turning_town()).find()
    assert named(answer) == [("way", 5.0), ("link", 5.0)]
    assert (answer.is_complete, answer.bound) == (True, 0.0)
    link = answer.found[1]
    assert link.candidate.length_m == pytest.approx(40.0, abs=0.05)
    check_anew(answer, link)  # nobody walks over it


def test_a_link_to_the_second_of_two_facilities_wins_who_stands_beside_the_first(
    tmp_path: Path, kernels: KernelLoader
) -> None:
    city = Sketch()
    city.street(10, [(-600, 0), (100, 0)])
    city.street(11, [(100, 40), (100, 300), (700, 300), (700, -300), (-600, -300), (-600, 0)])
    files = split_files(tmp_path, city)
    csv_file(files["households"], "id,lon,lat,households", [("home", (50, 5), "3")])
    places = [("here", (50, -5), "pharmacy"), ("there", (105, 200), "pharmacy")]
    csv_file(files["facilities"], "id,lon,lat,services", places)
    town = Town(tmp_path, kernels, files=files)
    town.standard = replace(
        town.standard, services=tuple(replace(one, min_count=2) for one in town.standard.services)
    )
    assert named(town.find()) == [("link", 3.0)]


@pytest.mark.parametrize(
    "tags", [{"building": "yes"}, {"natural": "water"}], ids=["through a building", "through water"]
)
def test_no_link_leads(tags: dict[str, str], tmp_path: Path, kernels: KernelLoader) -> None:
    city = split_town()
    city.block(90, 80, -90, 40, 20, **tags)
    answer = Town(tmp_path, kernels, city).find()
    assert named(answer) == [("way", 7.0), ("gate", 5.0)]
    assert (answer.crossing, answer.is_complete) == (1, True)


def test_without_buildings_and_water_no_link_is_proposed(split: Town, kernels: KernelLoader) -> None:
    engine = AreaEngine(replace(split.engine.area, obstacles=None), kernels=kernels)
    question = LinksQuestion(get_service(split.standard, "pharmacy"), max_length_m=45.0)
    answer = find_missing_links(engine, split.standard, split.walker, question)
    assert named(answer) == [("way", 7.0), ("gate", 5.0)]
    assert "new links were not tried" in answer.notes[0]
    assert "import the area again" in answer.notes[0]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"service": "park"}, "straight line"),
        ({"service": "clinic"}, "no facility of it"),
        ({"weight": "population"}, "nobody told the population"),
        ({"max_length_m": 0.0}, "more than 0 m"),
        ({"max_length_m": float("nan")}, "more than 0 m"),
        ({"count": 0}, "must be 1 to"),
        ({"max_compared": 0}, "must be 1 to"),
        ({"max_compared": 10_001}, "must be 1 to 10000"),
    ],
)
def test_what_cannot_be_asked_is_refused(split: Town, asked: dict[str, object], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        split.find(**asked)  # type: ignore[arg-type]


# --- every candidate compared ------------------------------------------------------------------------------------


class NothingInTheWay:
    """Obstacles of a town without any."""

    def crossed(self, segments_lonlat: FloatArray) -> BoolArray:
        return np.zeros(len(segments_lonlat), dtype=bool)


def all_candidates(
    engine: AreaEngine, standard: Standard, walker: Walker, asked: LinksQuestion
) -> list[Candidate]:
    """Gates, ways and every pair of places far on foot, with its bound; those that win nobody have the bound 0."""
    search, _ = candidate_search(engine, standard.only([asked.service]), walker, asked)
    found = {item.ids: item for item in search.links(asked.max_length_m, NothingInTheWay()).found}
    ends, pairs = search.ends, search.pairs(asked.max_length_m)
    links = []
    for one, other, length_m, line in zip(
        pairs.one,
        pairs.other,
        pairs.length_m,
        pairs.lines(ends, engine.view(walker.profile).network),
        strict=True,
    ):
        first, second = sorted((int(ends.osm_id[one]), int(ends.osm_id[other])))
        links.append(
            found.get((first, second)) or Candidate("link", (first, second), float(length_m), 0.0, line)
        )
    return [*search.gates(), *search.ways(), *links]


def ranked(exact: Sequence[MissingLink], count: int, reach_m: float) -> list[MissingLink]:
    """The best one by one, without links that join about the places of one that is named."""
    named: list[MissingLink] = []
    for item in sorted(exact, key=lambda one: (-one.weight_gained, one.candidate.order)):
        if (
            item.weight_gained > 0
            and len(named) < count
            and not any(alike(item, one, reach_m) for one in named)
        ):
            named.append(item)
    return named


def alike(one: MissingLink, other: MissingLink, reach_m: float) -> bool:
    if {one.candidate.kind, other.candidate.kind} != {"link"}:
        return False
    ends = [[metres(*end) for end in item.candidate.line.tolist()] for item in (one, other)]
    return any(
        all(np.hypot(a[0] - b[0], a[1] - b[1]) <= reach_m for a, b in zip(ends[0], turned, strict=True))
        for turned in itertools.permutations(ends[1])
    )


@pytest.fixture(scope="module")
def tangle(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, kernels: KernelLoader
) -> AreaEngine:
    folder = tmp_path_factory.mktemp("tangle")
    city = labyrinth(request.param).write(folder / "town.osm.pbf")
    _, area = do_import(folder / "data", city)
    return AreaEngine(replace(area, obstacles=NothingInTheWay()), kernels=kernels)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tangle", "standard", "service", "profile", "speed_mps"),
    [
        (2, "cn-mofcom-5-8-15", "breakfast", None, None),
        (2, "cn-mofcom-5-8-15", "breakfast", "elderly", 0.4),
        (2, "cn-mofcom-5-8-15", "convenience", "careful", 0.3),
        (2, "cn-mofcom-basic", "fresh_food", None, 0.6),
        (
            7,
            "cn-mofcom-basic",
            "fresh_food",
            None,
            0.6,
        ),  # four of the best six change which streets are public
    ],
    indirect=["tangle"],
)
def test_the_ranking_is_that_of_comparing_every_candidate(
    tangle: AreaEngine, standard: str, service: str, profile: str | None, speed_mps: float | None
) -> None:
    chosen = get_standard(standard)
    walker = choose_walker(chosen, profile, speed_mps)
    asked = LinksQuestion(get_service(chosen, service), "points", max_length_m=80.0, count=6)
    alone = chosen.only([asked.service])
    exact = []
    for candidate in all_candidates(tangle, chosen, walker, asked):
        proposal = Proposal((candidate.change,))
        item = exact_gain(compare(tangle, alone, walker, proposal), asked, candidate)
        gained, _ = changes_anew(tangle, asked, chosen, walker, proposal)
        assert item.gained.tolist() == gained.tolist(), candidate
        assert item.weight_gained <= candidate.bound, candidate
        exact.append(item)
    expected = ranked(exact, asked.count, asked.max_length_m)
    assert expected
    answer = find_missing_links(tangle, chosen, walker, asked)
    assert answer.is_complete
    assert [(item.candidate.ids, item.weight_gained) for item in answer.found] == [
        (item.candidate.ids, item.weight_gained) for item in expected
    ]
    assert answer.compared < len(exact)


@pytest.mark.parametrize("tangle", [2], indirect=True)
def test_a_comparison_of_the_whole_city_counts_as_twenty_until_a_number_is_asked_for(
    tangle: AreaEngine,
) -> None:
    standard = get_standard("cn-mofcom-5-8-15")
    twice = replace(standard, services=tuple(replace(one, min_count=2) for one in standard.services))
    walker = choose_walker(twice, None, 0.6)
    asked = LinksQuestion(get_service(twice, "breakfast"), max_length_m=80.0)
    answer = find_missing_links(tangle, twice, walker, asked)
    assert (answer.compared, answer.is_complete) == (20, False)
    answer = find_missing_links(tangle, twice, walker, replace(asked, max_compared=1000))
    assert answer.is_complete
    assert answer.compared > 20


def changes_anew(
    engine: AreaEngine, asked: LinksQuestion, standard: Standard, walker: Walker, proposal: Proposal
) -> tuple[IntArray, IntArray]:
    """Households gained and lost, the changed city worked out anew."""
    alone = standard.only([asked.service])
    before, after = assess(engine, alone, walker), assess_anew(engine, alone, walker, proposal)
    was, is_now = (one.of(asked.service).verdicts.state == COVERED for one in (before, after))
    return np.flatnonzero(is_now & ~was), np.flatnonzero(was & ~is_now)


def check_anew(answer: MissingLinks, item: MissingLink) -> None:
    """What a change is said to win is what the changed city worked out anew says."""
    gained, lost = changes_anew(
        answer.engine, answer.question, answer.standard, answer.walker, Proposal((item.change,))
    )
    assert gained.tolist() == item.gained.tolist()
    assert lost.tolist() == item.lost.tolist()


def test_a_real_city_is_bounded_and_proven(demo_data_dir: Path, kernels: KernelLoader) -> None:
    engine = AreaEngine(area_store(demo_data_dir).load("helsinki"), kernels=kernels)
    standard = get_standard("cn-mofcom-5-8-15")
    for speed_mps in (None, 0.8):
        walker = choose_walker(standard, None, speed_mps)
        asked = LinksQuestion(get_service(standard, "pharmacy"), count=4)
        answer = find_missing_links(engine, standard, walker, asked)
        assert answer.is_complete
        assert answer.found
        for item in answer.found[:2]:
            check_anew(answer, item)
        # Of all that could be built, whatever stands there, some at random: none wins more than its bound.
        every = all_candidates(engine, standard, walker, asked)
        chosen = np.random.default_rng(15).choice(len(every), 40, replace=False)
        winners = [item for item in every if 0 < item.bound < np.inf][:20]
        for candidate in [every[number] for number in chosen.tolist()] + winners:
            compared = compare(engine, standard.only([asked.service]), walker, Proposal((candidate.change,)))
            assert exact_gain(compared, asked, candidate).weight_gained <= candidate.bound, candidate


def test_what_could_not_be_compared_is_said(split: Town) -> None:
    answer = split.find(max_compared=2)
    assert not answer.is_complete
    assert named(answer)[0] == ("link", 9.0)
    assert answer.bound >= 5.0
    assert answer.compared == 2


def test_las_palmas_is_proven(tmp_path: Path, kernels: KernelLoader) -> None:
    store = area_store(tmp_path)
    source = shared_data("las-palmas.osm.pbf")
    import_area(ImportRequest("las-palmas", osm_file=source), store, Settings(), known_services=())
    engine = AreaEngine(store.load("las-palmas"), kernels=kernels)
    standard = get_standard("cn-mofcom-5-8-15")
    asked = LinksQuestion(get_service(standard, "pharmacy"))
    answer = find_missing_links(engine, standard, choose_walker(standard, None, None), asked)
    assert answer.is_complete
    assert len(answer.found) == 10
    gains = [item.weight_gained for item in answer.found]
    assert gains == sorted(gains, reverse=True)
    assert answer.found[0].weight_gained > 20
    assert answer.bound <= gains[-1]
    check_anew(answer, answer.found[0])
