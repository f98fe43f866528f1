"""The gate's rules, on a street whose walks anybody can work out."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.policy import (
    Baseline,
    BaselineRule,
    Kind,
    MalformedPolicyError,
    Policy,
    Rule,
    Waiver,
)
from app.geo.verdict import NOT_SNAPPED, UNDETERMINED
from app.ingest.baseline_files import baseline_value, read_baseline_value
from app.schemas.gate import gate_report
from app.services.area_engine import AreaEngine
from app.services.asked_proposals import AskedProposal
from app.services.assessment import Assessment, choose_walker
from app.services.gate import GateResult, RuleResult, evaluate
from app.services.gate_check import check_proposal
from tests.support.gate_street import HOMES, import_street, load_standard, place, street_files, with_zones
from tests.support.proposing import collection, feature

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = date(2026, 11, 24)
Sides = tuple[Assessment, Assessment]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return street_files(tmp_path_factory.mktemp("street"))


@pytest.fixture(scope="module")
def engine(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> AreaEngine:
    return AreaEngine(with_zones(import_street(tmp_path_factory.mktemp("data"), files)))


def checked(engine: AreaEngine, files: dict[str, Path], *features: Any, **options: Any) -> Any:
    standard = load_standard(files)
    asked = AskedProposal(collection(*features))
    return check_proposal(
        engine, standard, choose_walker(standard, None, None), asked, **{"now": NOW, **options}
    )


def sides(engine: AreaEngine, files: dict[str, Path], *features: Any) -> Sides:
    comparison = checked(engine, files, *features).comparison
    return comparison.before, comparison.after


CLOSE_EAST = feature("close", facility="east")
ADD_MIDDLE = feature(
    "add", {"type": "Point", "coordinates": place(-20)}, services=["pharmacy"], facility="new"
)


@pytest.fixture(scope="module")
def closed(engine: AreaEngine, files: dict[str, Path]) -> Sides:
    """Homes 8, 9 and 10, of 9, 10 and 11 dwellings, lose their pharmacy."""
    return sides(engine, files, CLOSE_EAST)


@pytest.fixture(scope="module")
def added(engine: AreaEngine, files: dict[str, Path]) -> Sides:
    """Homes 4, 5 and 6, of 5, 6 and 7 dwellings, gain a pharmacy."""
    return sides(engine, files, ADD_MIDDLE)


def one(pair: Sides, kind: Kind, value: float, **fields: Any) -> RuleResult:
    options = {name: fields.pop(name) for name in ("cost", "baseline") if name in fields}
    waivers = fields.pop("waivers", ())
    now = fields.pop("now", NOW)
    policy = Policy((Rule("r", kind, value, **fields),), waivers=tuple(waivers))
    return evaluate(*pair, policy, now=now, **options).rules[0]


@pytest.mark.parametrize(
    ("kind", "measured", "fields"),
    [
        # 1+2+3 of 66 dwellings are left with a pharmacy once `east` is closed.
        ("min_share", 6 / 66, {"service": "pharmacy"}),
        ("min_share", 3 / 11, {"service": "pharmacy", "weight": "points"}),
        ("min_share", 30 / 550, {"service": "pharmacy", "weight": "population"}),
        ("min_share", 6 / 15, {"service": "pharmacy", "zone": "west"}),
        ("min_share", 54 / 66, {"service": "clinic"}),
        ("min_share", 6 / 66, {}),  # the clinic is not required
    ],
)
def test_shares_are_measured_and_inclusive(
    closed: Sides, kind: Kind, measured: float, fields: dict[str, Any]
) -> None:
    at, above = one(closed, kind, measured, **fields), one(closed, kind, measured + 1e-6, **fields)
    assert (at.status, above.status) == ("passed", "failed")
    assert at.measured == above.measured == pytest.approx(measured)
    assert at.households == ()
    assert above.households


def test_no_zone_below(closed: Sides, added: Sides) -> None:
    worst = one(closed, "min_zone_share", 0.4, service="pharmacy")
    assert (worst.status, worst.measured, worst.where) == ("failed", 0.0, "zone 'east'")
    assert worst.households == tuple(HOMES[6:])
    assert worst.services == ("pharmacy",) * 5
    # East 9+10+11 and the newly reached 7 of 45... west 1+2+3 and 5 of 15.
    share = one(added, "min_zone_share", 11 / 15, service="pharmacy")
    assert (share.status, share.measured) == ("passed", pytest.approx(11 / 15))
    assert one(added, "min_zone_share", 11 / 15 + 1e-6, service="pharmacy").where == "zone 'west'"


@pytest.mark.parametrize(
    ("value", "fields", "status"),
    [
        (30, {}, "passed"),
        (29.99, {}, "failed"),
        (3, {"weight": "points"}, "passed"),
        (2, {"weight": "points"}, "failed"),
        (0, {"service": "clinic"}, "passed"),
        (0, {"zone": "west"}, "passed"),
        (29, {"zone": "east", "service": "pharmacy"}, "failed"),
    ],
)
def test_most_lost(closed: Sides, value: float, fields: dict[str, Any], status: str) -> None:
    result = one(closed, "max_lost", value, **fields)
    assert result.status == status
    if status == "failed":
        assert result.households == tuple(HOMES[8:])
        assert result.services == ("pharmacy",) * 3


def test_a_household_without_weight_is_somebody_too(closed: Sides) -> None:
    households = replace(closed[0].area.households, households=np.where(np.arange(11) >= 8, 0.0, 1.0))
    before, after = (replace(side, area=replace(side.area, households=households)) for side in closed)
    weightless = (before, after)
    assert one(weightless, "max_lost", 0).status == "failed"
    assert one(weightless, "max_lost", 1).status == "passed"


def test_least_gained_and_per_cost(added: Sides, closed: Sides) -> None:
    assert one(added, "min_gained", 18, service="pharmacy").status == "passed"
    assert one(added, "min_gained", 18.01, service="pharmacy").status == "failed"
    assert one(added, "min_gained", 18.01, severity="warn").status == "warned"
    assert one(closed, "min_gained", 1).status == "failed"
    assert one(added, "min_gained_per_cost", 4.5, cost=4.0).status == "passed"
    assert one(added, "min_gained_per_cost", 4.51, cost=4.0).status == "failed"
    for cost in (None, 0.0):
        assert one(added, "min_gained_per_cost", 0, cost=cost).status == "not_evaluated"


def test_nobody_newly_beyond_so_many_minutes(closed: Sides) -> None:
    # Homes 8 and 10 walked 210 m (3.15 min) and walk 1410 and 1810 m (21.15 and 27.15 min) now.
    for value, first in ((3.2, 8), (21.1, 8), (21.2, 9), (24.2, 10), (27.1, 10)):
        result = one(closed, "max_minutes", value, service="pharmacy")
        assert (result.status, result.households[0]) == ("failed", HOMES[first]), value
    assert one(closed, "max_minutes", 27.2, service="pharmacy").status == "passed"
    assert one(closed, "max_minutes", 0.1, service="pharmacy").status == "passed"  # nobody was so near
    assert one(closed, "max_minutes", 5, service="clinic").status == "passed"
    before, after = closed
    straight = [
        replace(
            side,
            services=tuple(
                replace(item, service=replace(item.service, limit_s=None, straight_m=300.0))
                for item in side.services
            ),
        )
        for side in (before, after)
    ]
    assert one((straight[0], straight[1]), "max_minutes", 5).status == "not_evaluated"


def test_what_the_area_does_not_know_is_not_evaluated(closed: Sides) -> None:
    assert "pop_0_3" in (one(closed, "max_lost", 99, weight="pop_0_3").reason or "")
    assert "zone 'north'" in (one(closed, "max_lost", 99, zone="north").reason or "")
    without = [replace(side, area=replace(side.area, zones=None)) for side in closed]
    for kind, fields in (("min_zone_share", {}), ("min_share", {"zone": "west"})):
        assert one((without[0], without[1]), kind, 0.0, **fields).status == "not_evaluated"  # type: ignore[arg-type]
    outside = one(closed, "min_share", 0.5, zone="outside", service="clinic")
    assert (outside.status, outside.measured) == ("passed", 1.0)
    with pytest.raises(MalformedPolicyError, match="no service 'shop'"):
        one(closed, "max_lost", 0, service="shop")


@pytest.mark.parametrize("state", [UNDETERMINED, NOT_SNAPPED])
def test_too_many_unknown_households(closed: Sides, state: int) -> None:
    before, after = closed
    pharmacy = after.services[0]
    states = pharmacy.verdicts.state.copy()
    states[5] = state  # 6 of 66 dwellings
    services = (replace(pharmacy, verdicts=replace(pharmacy.verdicts, state=states)), *after.services[1:])
    pair = (before, replace(after, services=services))

    def ends(limit: float, **fields: Any) -> str:
        rule = Rule("r", "max_lost", 99, **fields)
        policy = Policy((rule,), max_undetermined=limit, max_not_snapped=limit)
        return evaluate(*pair, policy, now=NOW).rules[0].status

    assert ends(6 / 66) == "passed"
    assert ends(6 / 66 - 1e-6) == "not_evaluated"
    assert ends(0.05, service="clinic") == "passed"
    assert ends(0.05, zone="east") == "passed"


def test_the_exit_code_tells_failed_before_not_evaluated(closed: Sides) -> None:
    fails, unknown, good = (
        Rule("fails", "max_lost", 0),
        Rule("unknown", "max_lost", 0, weight="pop_0_3"),
        Rule("good", "min_share", 0),
    )
    warns = replace(fails, id="warns", severity="warn")

    def code(*rules: Rule) -> tuple[int, str]:
        result = evaluate(*closed, Policy(rules), now=NOW)
        return result.exit_code, result.verdict

    assert code(good) == (0, "passed")
    assert code(good, warns) == (0, "passed")
    assert code(good, unknown, warns) == (2, "not_evaluated")
    assert code(unknown, fails) == (1, "failed")


def waiver(last_day: date = TODAY, **about: str) -> Waiver:
    return Waiver("r", "Ms Li", "a shuttle runs", last_day, **about)


def test_a_waiver_holds_to_the_last_second_of_its_day(closed: Sides) -> None:
    last = datetime(2026, 11, 24, 23, 59, 59, 999_999, tzinfo=UTC)
    elsewhere = last.astimezone(timezone(timedelta(hours=8)))
    for now, status in (
        (last, "waived"),
        (elsewhere, "waived"),
        (last + timedelta(microseconds=1), "failed"),
    ):
        result = one(closed, "max_lost", 0, waivers=[waiver(zone="east")], now=now)
        assert result.status == status, now
        assert (len(result.waivers), len(result.expired)) == ((1, 0) if status == "waived" else (0, 1))


def test_whom_a_waiver_excuses(closed: Sides) -> None:
    each = [waiver(household=home) for home in HOMES[8:]]
    assert one(closed, "max_lost", 0, waivers=each).status == "waived"
    assert one(closed, "max_lost", 0, waivers=each[:2]).status == "failed"
    assert one(closed, "max_lost", 11, waivers=each[:2]).status == "waived"
    assert one(closed, "max_lost", 10.9, waivers=each[:2]).status == "failed"
    # Left out of both sides of the share: 6 of 15.
    share = {"service": "pharmacy", "waivers": [waiver(zone="east"), waiver(household=HOMES[5])]}
    assert one(closed, "min_share", 0.4, **share).status == "waived"
    assert one(closed, "min_share", 0.41, **share).status == "failed"
    # The covered of an excused zone are left out as well: none of the other 51 has a pharmacy.
    west = {"service": "pharmacy", "waivers": [waiver(zone="west")]}
    assert one(closed, "min_share", 0.1, **west).status == "failed"
    assert (
        one(closed, "min_zone_share", 0.4, service="pharmacy", waivers=[waiver(zone="east")]).status
        == "waived"
    )
    assert one(closed, "max_lost", 0, severity="warn", waivers=each[:1]).status == "warned"


def test_idle_waivers_are_told(closed: Sides) -> None:
    past = date(2026, 11, 23)
    waivers = (waiver(household="nobody"), waiver(zone="north"), waiver(past, zone="west"))
    result = evaluate(*closed, Policy((Rule("r", "max_lost", 0),), waivers=waivers), now=NOW)
    told = "\n".join(result.warnings)
    assert len(result.warnings) == 3
    for words in ("no household of area 'street'", "no zone of area 'street'", "expired on 2026-11-23"):
        assert words in told
    assert result.exit_code == 1


def baseline(*homes: str, service: str | None = "pharmacy", kind: str = "max_lost") -> Baseline:
    keys = frozenset((home, service) for home in homes)
    return Baseline("street", "street", {"r": BaselineRule(kind, None, None, keys)})


def test_a_baseline_lets_only_new_failures_fail(closed: Sides, added: Sides) -> None:
    held = one(closed, "max_lost", 0, baseline=baseline(*HOMES[8:]))
    assert (held.status, held.held_by_baseline, held.in_baseline) == ("passed", True, (True,) * 3)
    newly = one(closed, "max_lost", 0, baseline=baseline(*HOMES[8:10]))
    assert (newly.status, newly.in_baseline) == ("failed", (True, True, False))
    waived = one(
        closed, "max_lost", 0, baseline=baseline(*HOMES[8:10]), waivers=[waiver(household=HOMES[10])]
    )
    assert waived.status == "waived"
    other = evaluate(
        *closed, Policy((Rule("r", "max_lost", 0),)), now=NOW, baseline=baseline(*HOMES, kind="max_minutes")
    )
    assert (other.exit_code, len(other.warnings)) == (1, 1)
    # It held then, so whoever does not gain now is new.
    assert one(added, "min_gained", 99, baseline=baseline(*HOMES, kind="min_gained")).status == "failed"
    with pytest.raises(MalformedPolicyError, match="area 'elsewhere'"):
        one(closed, "max_lost", 0, baseline=replace(baseline(), area="elsewhere"))


RULES: tuple[tuple[Kind, float, dict[str, Any]], ...] = (
    ("min_share", 0.9, {}),
    ("min_share", 0.9, {"service": "pharmacy"}),
    ("min_share", 0.9, {"service": "pharmacy", "weight": "points"}),
    ("min_share", 0.9, {"service": "pharmacy", "weight": "population"}),
    ("min_share", 0.9, {"service": "pharmacy", "zone": "east"}),
    ("min_zone_share", 0.9, {"service": "pharmacy"}),
    ("min_zone_share", 0.9, {"weight": "population"}),
    ("min_zone_share", 0.5, {"service": "pharmacy"}),  # the west holds at first
    ("max_lost", 0, {}),
    ("max_lost", 12, {"service": "pharmacy"}),
    ("max_lost", 5, {"weight": "population", "zone": "east"}),
    ("max_minutes", 5, {"service": "pharmacy"}),
)
"""Every kind that households make fail, over services, weights and zones, below its value once `east` is closed."""


def kept(engine: AreaEngine, files: dict[str, Path], rule: Rule, *features: Any) -> Baseline:
    """The baseline that `--write-baseline` writes, read back."""
    report = gate_report(checked(engine, files, *features, policy=Policy((rule,))))
    return read_baseline_value(json.loads(json.dumps(baseline_value(report))))


@pytest.mark.parametrize(("kind", "value", "fields"), RULES)
def test_below_its_value_a_rule_fails_only_through_households_that_did_not_fail_in_the_baseline(
    engine: AreaEngine,
    files: dict[str, Path],
    closed: Sides,
    kind: Kind,
    value: float,
    fields: dict[str, Any],
) -> None:
    rule = Rule("r", kind, value, **fields)
    old = kept(engine, files, rule, CLOSE_EAST)
    failed = evaluate(*closed, Policy((rule,)), now=NOW).rules[0]
    assert failed.status == "failed"
    assert old.rules["r"].failing == set(zip(failed.households, failed.services, strict=True))
    # The very same, better, and worse: `nearer` gives homes 8 to 10 their pharmacy back, `west` closes for 0 to 2.
    nearer = feature("add", {"type": "Point", "coordinates": place(780)}, services=["pharmacy"])
    west = feature("close", facility="west")
    for features in ((CLOSE_EAST,), (CLOSE_EAST, nearer), (CLOSE_EAST, west), (west, nearer), (west,)):
        pair = sides(engine, files, *features)
        plain = evaluate(*pair, Policy((rule,)), now=NOW).rules[0]
        now = evaluate(*pair, Policy((rule,)), now=NOW, baseline=old).rules[0]
        failing = set(zip(plain.households, plain.services, strict=True))
        new = failing - old.rules["r"].failing
        assert now.status == ("passed" if plain.status == "passed" or not new else "failed"), features
        assert now.held_by_baseline == (plain.status == "failed" and now.status == "passed")
        assert now.in_baseline == tuple(
            key in old.rules["r"].failing for key in zip(now.households, now.services, strict=True)
        )


def test_a_zone_that_held_in_the_baseline_counts_anew_with_everybody_in_it(
    engine: AreaEngine, files: dict[str, Path]
) -> None:
    """East fails in the baseline and west, of 6 in 15, does not; once a home of the west is lost, all of it fails."""
    old = kept(engine, files, Rule("r", "min_zone_share", 0.4, service="pharmacy"), CLOSE_EAST)
    assert {name for name, _ in old.rules["r"].failing} == set(HOMES[6:])
    pair = sides(engine, files, CLOSE_EAST, feature("close", facility="west"))
    worse = one(pair, "min_zone_share", 0.4, service="pharmacy", baseline=old)
    assert worse.status == "failed"
    assert [home for home, known in zip(worse.households, worse.in_baseline, strict=True) if not known] == [
        home for home in worse.households if home not in HOMES[6:]
    ]


def test_a_rule_of_gains_that_failed_then_fails_only_if_somebody_gains_no_more(
    engine: AreaEngine, files: dict[str, Path], added: Sides, closed: Sides
) -> None:
    rule = Rule("r", "min_gained", 99, service="pharmacy")
    old = kept(engine, files, rule, ADD_MIDDLE)
    assert old.rules["r"].gains is not None
    assert old.rules["r"].gains.households == set(HOMES[4:7])
    held = one(added, "min_gained", 99, service="pharmacy", baseline=old)
    assert (held.status, held.held_by_baseline, held.households) == ("passed", True, ())
    none = one(closed, "min_gained", 99, service="pharmacy", baseline=old)
    assert (none.status, none.households, none.in_baseline) == ("failed", tuple(HOMES[4:7]), (False,) * 3)
    assert one(added, "min_gained", 99, service="pharmacy", weight="points", baseline=old).status == "failed"
    # What held in the baseline is held to its value.
    lower = kept(engine, files, replace(rule, value=1), ADD_MIDDLE)
    assert lower.rules["r"].gains is None
    assert one(added, "min_gained", 99, service="pharmacy", baseline=lower).status == "failed"
    priced = ADD_MIDDLE | {"properties": ADD_MIDDLE["properties"] | {"cost": 4}}
    each = kept(engine, files, replace(rule, kind="min_gained_per_cost"), priced)
    for cost, status in ((4.0, "passed"), (3.0, "passed"), (4.1, "failed")):
        found = one(added, "min_gained_per_cost", 99, service="pharmacy", cost=cost, baseline=each)
        assert found.status == status, cost


def test_the_report_names_every_change(engine: AreaEngine, files: dict[str, Path]) -> None:
    check = checked(engine, files, CLOSE_EAST, ADD_MIDDLE)
    report = gate_report(check)
    found = {
        (item["properties"]["household"], item["properties"]["change"]): item["properties"]
        for item in report["changes"]["features"]
    }
    assert {key for key in found if key[1] in ("gained", "lost")} == {
        *((home, "gained") for home in HOMES[4:7]),
        *((home, "lost") for home in HOMES[8:]),
    }
    # Home 3 walked 410 m to `west` and walks 390 m to the new one; home 7 walked 410 m to `east`, and now 430 m.
    assert {key for key in found if key[1] in ("faster", "slower")} == {
        (HOMES[3], "faster"),
        (HOMES[7], "slower"),
    }
    lost = found[HOMES[10], "lost"]
    assert (lost["service"], lost["zone"], lost["households"]) == ("pharmacy", "east", 11.0)
    assert (lost["before"]["state"], lost["after"]["state"]) == ("covered", "too_far")
    assert lost["before"]["time_s"] == pytest.approx(210 * 0.9, abs=0.1)
    assert lost["after"]["time_s"] == pytest.approx(1030 * 0.9, abs=0.1)
    assert report["difference"]["changes"] == {"gained": 3, "lost": 3, "faster": 1, "slower": 1}
    west = {zone["id"]: zone for zone in report["difference"]["zones"]}["west"]
    assert west["services"][0]["gained"]["households"] == 5.0
    assert [row["id"] for row in report["after"]["zones"]] == ["east", "west", "outside"]


def test_a_raised_average_that_leaves_someone_out_is_called_out(
    engine: AreaEngine, files: dict[str, Path]
) -> None:
    # Moved to 300 it serves homes 5 to 8, and 9 and 10 lose it; a second one serves 3 to 5.
    second = feature(
        "add", {"type": "Point", "coordinates": place(-200)}, services=["pharmacy"], facility="new"
    )
    move = feature("move", {"type": "Point", "coordinates": place(300)}, facility="east")
    report = gate_report(checked(engine, files, move, second))
    calls = [call for call in report["callouts"] if call["zone"] is None and call["weight"] == "households"]
    assert {call["service"] for call in calls} == {"pharmacy", "all"}
    assert calls[0]["share_difference"] > 0
    assert calls[0]["lost"]["points"] == 2
    assert "21 households (2 points) newly left out" in calls[0]["message"]
    assert gate_report(checked(engine, files, ADD_MIDDLE))["callouts"] == []


def test_order_of_features_and_runs_change_nothing(engine: AreaEngine, files: dict[str, Path]) -> None:
    one_way = gate_report(checked(engine, files, CLOSE_EAST, ADD_MIDDLE))
    other_way = gate_report(checked(engine, files, ADD_MIDDLE, CLOSE_EAST))
    assert one_way == other_way
    assert list(one_way) == list(other_way)


def test_results_are_of_the_default_policy_without_one(engine: AreaEngine, files: dict[str, Path]) -> None:
    result: GateResult = checked(engine, files, CLOSE_EAST).result
    assert [(item.rule.id, item.status) for item in result.rules] == [("no-household-lost", "failed")]
    assert checked(engine, files, ADD_MIDDLE).result.exit_code == 0
