"""Gate policies and baselines are read, or refused by line and field."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from jsonschema import Draft202012Validator

from app.domain.household import WEIGHTS
from app.domain.policy import MalformedPolicyError, Policy, Rule, Waiver
from app.ingest.baseline_files import load_baseline_value, read_baseline_value
from app.ingest.policy_files import load_policy_file, read_policy_value
from app.ingest.standard_problems import POLICY_SCHEMA, load_schema

BASE = """\
title: Two rules
rules:
  - {id: no-loss, kind: max_lost, value: 0}
  - id: share
    kind: min_share
    value: 0.95
    service: pharmacy
    zone: north
    weight: pop_65plus
    severity: warn
limits: {max_undetermined: 0.1}
waivers:
  - rule: no-loss
    household: way/7
    owner: Ms Li
    reason: a shuttle runs
    expires: 2027-06-30
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "policy.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


EXPECTED = Policy(
    (
        Rule("no-loss", "max_lost", 0.0),
        Rule("share", "min_share", 0.95, "pharmacy", "north", "pop_65plus", "warn"),
    ),
    max_undetermined=0.1,
    max_not_snapped=0.05,
    waivers=(Waiver("no-loss", "Ms Li", "a shuttle runs", date(2027, 6, 30), household="way/7"),),
    title="Two rules",
)


def test_a_policy_fills_in_what_it_leaves_out(tmp_path: Path) -> None:
    assert load_policy_file(write(tmp_path, BASE)) == EXPECTED
    value = yaml.safe_load(BASE.replace("2027-06-30", "'2027-06-30'"))
    assert read_policy_value(value) == EXPECTED
    assert load_policy_file(write(tmp_path, json.dumps(value, indent=1))) == EXPECTED


def test_all_stands_for_no_service(tmp_path: Path) -> None:
    assert (
        load_policy_file(write(tmp_path, BASE.replace("service: pharmacy", "service: all"))).rules[1].service
        is None
    )


def test_the_published_schema_is_one() -> None:
    schema = load_schema(POLICY_SCHEMA)
    Draft202012Validator.check_schema(schema)
    assert schema["$defs"]["rule"]["properties"]["weight"]["enum"] == list(WEIGHTS)


RULE = "{id: no-loss, kind: max_lost, value: 0}"


@pytest.mark.parametrize(
    ("old", "new", "place", "problem"),
    [
        (BASE, "", "policy.yaml", "is empty"),
        (BASE, "- a\n", "line 1", "must be a mapping with the field rules"),
        (BASE, "rules: []\n", "line 1, rules", "must hold at least one entry"),
        (BASE, "limits: {}\n", "line 1", "needs the field rules"),
        ("title: Two", "titel: Two", "line 1, titel", "did you mean title?"),
        ("kind: min_share", "kind: min_shares", "line 5, rules[1].kind", "did you mean min_share?"),
        ("    kind: min_share\n", "", "line 4, rules[1]", "needs the field kind"),
        ("    value: 0.95\n", "", "line 4, rules[1]", "needs the field value"),
        ("0.95", "95", "line 6, rules[1].value", "must be 1 at most, not 95"),
        ("0.95", "-0.1", "line 6, rules[1].value", "must be 0 at least"),
        ("0.95", "'0.95'", "line 6, rules[1].value", "must be a number"),
        ("0.95", ".nan", "line 6, rules[1].value", "is not a finite number"),
        ("0.95", "true", "line 6, rules[1].value", "must be a number"),
        ("kind: min_share", "kind: max_minutes\n    x: 1", "line 6, rules[1].x", "unknown field"),
        ("kind: min_share\n    value: 0.95", "kind: max_minutes\n    value: 1441", "line 6", "1440 at most"),
        (
            "kind: min_share",
            "kind: min_zone_share",
            "line 8, rules[1].zone",
            "does not go with min_zone_share",
        ),
        ("pop_65plus", "pop_66", "line 9, rules[1].weight", "did you mean pop_"),
        ("severity: warn", "severity: info", "line 10, rules[1].severity", "is not known"),
        ("id: share", "id: no-loss", "line 4, rules[1].id", "is the id of an earlier rule"),
        ("id: share", "id: 7", "line 4, rules[1].id", "write it in quotes"),
        ("id: share", "id: ' '", "line 4, rules[1].id", "not blank"),
        ("0.1", "1.1", "line 11, limits.max_undetermined", "must be 1 at most"),
        (
            "max_undetermined",
            "undetermined",
            "line 11, limits.undetermined",
            "did you mean max_undetermined?",
        ),
        ("rule: no-loss", "rule: no-los", "line 13, waivers[0].rule", "is no rule of this policy"),
        ("    household: way/7\n", "", "line 13, waivers[0]", "exactly one of household, zone is needed"),
        (
            "household: way/7",
            "household: way/7\n    zone: a",
            "line 13, waivers[0]",
            "has household and zone",
        ),
        ("household: way/7", "household: 7", "line 14, waivers[0].household", "write it in quotes"),
        ("    owner: Ms Li\n", "", "line 13, waivers[0]", "needs the field owner"),
        ("    reason: a shuttle runs\n", "", "line 13, waivers[0]", "needs the field reason"),
        ("    expires: 2027-06-30\n", "", "line 13, waivers[0]", "needs the field expires"),
        ("2027-06-30", "2027-02-30", "line 17, waivers[0].expires", "not a day of the calendar"),
        ("2027-06-30", "30.06.2027", "line 17, waivers[0].expires", "a day as year-month-day"),
        ("2027-06-30", "2027-06-30T12:00", "line 17, waivers[0].expires", "a day as year-month-day"),
        ("2027-06-30", "20270630", "line 17, waivers[0].expires", "write it in quotes"),
        ("a shuttle runs", "", "line 16, waivers[0].reason", "is empty"),
        (RULE, RULE.replace("max_lost", "min_gained"), "line 13, waivers[0].rule", "none can be waived"),
        (RULE, "&a " + RULE + "\n  - *a", "line 4, rules[1]", "uses the alias"),
        (RULE, "!!python/name:os.system {}", "line 3, rules[0]", "has the tag"),
        (RULE, "{id: no-loss, id: b, kind: max_lost, value: 0}", "line 3, rules[0].id", "is given twice"),
        ("rules:", "rules: {", "line", "is not YAML"),
        (BASE, "rules: 5", "line 1, rules", "must be a list"),
    ],
)
def test_malformed_policies_name_line_and_field(
    tmp_path: Path, old: str, new: str, place: str, problem: str
) -> None:
    text = BASE.replace(old, new, 1)
    assert text != BASE
    with pytest.raises(MalformedPolicyError) as caught:
        load_policy_file(write(tmp_path, text))
    message = str(caught.value).replace(str(tmp_path) + "/", "")
    assert message.isprintable()
    assert place in message
    assert problem in message


@pytest.mark.parametrize("content", [b"\xff\xfe", b"rules: \x00", b"\x7fELF", b"x" * 1_000_001])
def test_files_that_are_no_text(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(MalformedPolicyError):
        load_policy_file(write(tmp_path, content))


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "policy: must be a mapping"),
        ([], "policy: must be a mapping"),
        ({}, "policy: needs the field rules"),
        ({"rules": [{"id": "a", "kind": "max_lost"}]}, "policy, rules[0]: needs the field value"),
        ({"rules": deep(40)}, "policy: is nested too deeply"),
        ({"rules": [1] * 100_001}, "policy: holds more than"),
    ],
)
def test_a_policy_in_a_request_names_the_field_alone(value: Any, says: str) -> None:
    with pytest.raises(MalformedPolicyError) as caught:
        read_policy_value(value)
    assert says in str(caught.value)
    assert "line" not in str(caught.value)


GOOD: dict[str, Any] = {
    "format": "reach15-baseline",
    "version": 1,
    "area": "a",
    "standard": "s",
    "rules": {
        "r": {
            "kind": "max_lost",
            "service": None,
            "zone": None,
            "failing": [{"household": "h", "service": "p"}],
        }
    },
}


def test_a_baseline_is_read_back() -> None:
    baseline = read_baseline_value(GOOD)
    assert (baseline.area, baseline.standard) == ("a", "s")
    assert baseline.rules["r"].failing == {("h", "p")}


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        GOOD | {"format": "x"},
        GOOD | {"version": 2},
        GOOD | {"area": 1},
        GOOD | {"rules": []},
        GOOD | {"rules": {"r": 1}},
        GOOD | {"rules": {"r": GOOD["rules"]["r"] | {"failing": {}}}},
        GOOD | {"rules": {"r": GOOD["rules"]["r"] | {"failing": [1]}}},
        GOOD | {"rules": {"r": GOOD["rules"]["r"] | {"failing": [{"household": 1}]}}},
        GOOD | {"rules": {"r": GOOD["rules"]["r"] | {"kind": None}}},
    ],
)
def test_malformed_baselines(value: Any, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_bytes(orjson.dumps(value))
    with pytest.raises(MalformedPolicyError):
        read_baseline_value(load_baseline_value(path))
    path.write_text("{")
    with pytest.raises(MalformedPolicyError, match="line 1"):
        load_baseline_value(path)
