"""Several proposals beside one another: numbers worked out by hand on the street, and the gate's own."""

from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import BadInputError
from app.schemas.difference import SideTables
from app.schemas.side_by_side import side_by_side_to_dict
from app.services.area_engine import AreaEngine
from app.services.asked_proposals import AskedProposal
from app.services.assessment import choose_walker
from app.services.side_by_side import MOST_COMPARED, compare_side_by_side
from tests.support.gate_street import import_street, load_standard, place, street_files, with_zones
from tests.support.proposing import collection, feature

MIDDLE = {"type": "Point", "coordinates": place(-20)}
# Home n has n + 1 dwellings: a pharmacy in the middle covers homes 4, 5 and 6, of 5 + 6 + 7.
ADD = feature("add", MIDDLE, services=["pharmacy"], facility="new", cost=9)
MOVE = feature("move", MIDDLE, facility="west", cost=3)  # homes 0, 1 and 2, of 1 + 2 + 3, lose theirs
CLOSE = feature("close", facility="east")  # so do homes 8, 9 and 10, of 9 + 10 + 11


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return street_files(tmp_path_factory.mktemp("street"))


@pytest.fixture(scope="module")
def engine(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> AreaEngine:
    return AreaEngine(with_zones(import_street(tmp_path_factory.mktemp("data"), files)))


def asked(**proposals: Any) -> dict[str, AskedProposal]:
    return {name: AskedProposal(collection(item), f"proposal '{name}'") for name, item in proposals.items()}


def compared(
    engine: AreaEngine, files: dict[str, Path], *, weight: str = "households", **options: bool
) -> Any:
    standard = load_standard(files)
    found = compare_side_by_side(
        engine, standard, choose_walker(standard, None, None), asked(add=ADD, close=CLOSE), asked(move=MOVE)
    )
    chosen = {"by_zone": False, "households": False} | options
    return found, side_by_side_to_dict(found, weight=weight, **chosen)


def test_ranked_with_gains_losses_and_what_they_cost(engine: AreaEngine, files: dict[str, Path]) -> None:
    _, answer = compared(engine, files)
    shown = [
        (
            row["rank"],
            row["name"],
            row["scenario"],
            row["gained"]["households"],
            row["lost"]["households"],
            row["net"],
            row["cost"],
            row["gained_per_cost"],
        )
        for row in answer["proposals"]
    ]
    assert shown == [
        (1, "add", False, 18.0, 0.0, 18.0, 9.0, 2.0),
        (2, "move", True, 18.0, 6.0, 12.0, 3.0, 6.0),
        (3, "close", False, 0.0, 30.0, -30.0, None, None),
    ]
    assert answer["before"]["services"][0]["covered"]["households"] == 36.0
    assert [row["after"]["services"][0]["covered"]["households"] for row in answer["proposals"]] == [
        54,
        48,
        6,
    ]
    assert "zones" not in answer["before"]
    assert "changes" not in answer["proposals"][0]


def test_whoever_is_newly_uncovered_is_called_out(engine: AreaEngine, files: dict[str, Path]) -> None:
    add, move, close = compared(engine, files)[1]["proposals"]
    assert add["newly_uncovered"] == []
    for row, households in ((move, 6), (close, 30)):
        (called,) = row["newly_uncovered"]
        assert (called["service"], called["lost"]["points"]) == ("pharmacy", 3)
        assert called["message"] == (
            f"'{row['name']}' leaves somebody without 'pharmacy': {households} households (3 points) newly left out"
        )
    # The average rises, and yet.
    assert [call["service"] for call in move["callouts"] if call["weight"] == "households"] == [
        "pharmacy",
        "all",
    ]
    assert close["callouts"] == []


def test_sums_are_those_of_the_gate(engine: AreaEngine, files: dict[str, Path]) -> None:
    found, answer = compared(engine, files, by_zone=True, households=True)
    by_name = {item.name: item for item in found}
    for row in answer["proposals"]:
        comparison = by_name[row["name"]].comparison
        tables = SideTables(comparison.before)
        between = tables.between(comparison.after)
        assert (answer["before"], row["after"]) == (tables.before, tables.after(comparison.after))
        for shown, own in zip(
            [row["difference"], *row["difference"]["zones"]], [between, *between["zones"]], strict=True
        ):
            for ours, theirs in zip(shown["services"], own["services"], strict=True):
                assert {**theirs, "gained_per_cost": ours["gained_per_cost"]} == ours
        counts = dict.fromkeys(("gained", "lost"), 0)
        for item in row["changes"]["features"]:
            if item["properties"]["change"] in counts:
                counts[item["properties"]["change"]] += 1
        assert {kind: row["difference"]["changes"][kind] for kind in counts} == counts
    move = answer["proposals"][1]["difference"]
    # Homes 5 (outside), 6 (east) and 4 (west) gain, of 6, 7 and 5 dwellings; for 3 units of cost.
    assert {zone["id"]: zone["services"][0]["gained_per_cost"] for zone in move["zones"]} == {
        "east": pytest.approx(7 / 3, abs=1e-3),
        "west": pytest.approx(5 / 3, abs=1e-3),
        "outside": 2.0,
    }
    assert [row["gained_per_cost"] for row in move["services"]] == [6.0, 0.0]


def test_another_weight_may_rank_otherwise(engine: AreaEngine, files: dict[str, Path]) -> None:
    _, answer = compared(engine, files, weight="points")
    rows = [(row["name"], row["net"], row["gained_per_cost"]) for row in answer["proposals"]]
    assert rows == [("add", 3, pytest.approx(1 / 3, abs=1e-3)), ("move", 0, 1.0), ("close", -3, None)]


def test_what_cannot_be_compared(engine: AreaEngine, files: dict[str, Path]) -> None:
    standard = load_standard(files)
    walker = choose_walker(standard, None, None)

    def refused(proposals: Any, scenarios: Any) -> str:
        with pytest.raises(BadInputError) as caught:
            compare_side_by_side(engine, standard, walker, proposals, scenarios)
        return str(caught.value)

    assert "are 0" in refused({}, {})
    many = asked(**{f"p{number}": CLOSE for number in range(MOST_COMPARED)})
    assert len(compare_side_by_side(engine, standard, walker, many, {})) == MOST_COMPARED
    assert f"1 to {MOST_COMPARED}" in refused(many, asked(one=CLOSE))
    assert "scenario 'a'" in refused(asked(a=CLOSE), asked(a=ADD))
    wrong = refused(asked(a=CLOSE, b=feature("close", facility="nowhere")), {})
    assert wrong.startswith("proposal 'b', feature 1, property facility: ")
