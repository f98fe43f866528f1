"""Gate policies and baselines as users keep them: YAML or JSON files, or values that came with a request."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from app.domain.errors import BadInputError
from app.domain.policy import (
    DEFAULT_MAX_NOT_SNAPPED,
    DEFAULT_MAX_UNDETERMINED,
    GAIN_KINDS,
    MalformedPolicyError,
    Policy,
    Rule,
    Waiver,
)
from app.ingest.marked_yaml import (
    FieldPath,
    MarkedYaml,
    UnmarkedValue,
    read_marked_yaml,
    read_yaml_text,
    shown,
)
from app.ingest.standard_problems import POLICY_SCHEMA, find_schema_problem

ALL_SERVICES = "all"
"""May be written for a rule's service instead of leaving it out."""

_DEEPEST, _MOST_VALUES = 12, 100_000


def load_policy_file(path: Path) -> Policy:
    """A policy file, checked against the published schema.

    Raises
    ------
    MalformedPolicyError
        If the file cannot be read or is not a policy; names file, line and field.
    """
    try:
        return _policy_of(read_marked_yaml(read_yaml_text(path, "policy"), str(path)))
    except BadInputError as error:
        raise MalformedPolicyError(error.where, error.problem) from error


def read_policy_value(value: Any, name: str = "policy") -> Policy:
    """A policy that came as JSON in a request.

    Raises
    ------
    MalformedPolicyError
        If it is none; names the field.
    """
    try:
        _check_size(value, name)
        return _policy_of(UnmarkedValue.of(name, value))
    except BadInputError as error:
        raise MalformedPolicyError(error.where, error.problem) from error


def _policy_of(document: MarkedYaml) -> Policy:
    if not isinstance(document.value, dict):
        raise document.error((), "must be a mapping with the field rules")
    problem = find_schema_problem(document, POLICY_SCHEMA) or next(_find_problems(document.value), None)
    if problem:
        raise document.error(*problem)
    return _policy(document.value)


def _find_problems(policy: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
    """What the schema cannot say, in the file's order."""
    kinds: dict[str, str] = {}
    for position, rule in enumerate(policy["rules"]):
        if rule["id"] in kinds:
            yield (
                ("rules", position, "id"),
                f"{shown(rule['id'])} is the id of an earlier rule; ids must differ",
            )
        kinds[rule["id"]] = rule["kind"]
    for position, waiver in enumerate(policy.get("waivers", ())):
        path: FieldPath = ("waivers", position)
        kind = kinds.get(waiver["rule"])
        if kind is None:
            yield (
                (*path, "rule"),
                f"{shown(waiver['rule'])} is no rule of this policy, which has {_names(kinds)}",
            )
        if kind in GAIN_KINDS:
            yield (
                (*path, "rule"),
                f"no household makes a rule of kind {kind} fail, so none can be waived; take it away",
            )
        try:
            date.fromisoformat(waiver["expires"])
        except ValueError:
            yield (*path, "expires"), f"{waiver['expires']} is not a day of the calendar"


def _names(kinds: Mapping[str, str]) -> str:
    return ", ".join(shown(name) for name in list(kinds)[:10]) + (", ..." if len(kinds) > 10 else "")


def _policy(fields: Mapping[str, Any]) -> Policy:
    limits = fields.get("limits", {})
    return Policy(
        rules=tuple(_rule(rule) for rule in fields["rules"]),
        max_undetermined=float(limits.get("max_undetermined", DEFAULT_MAX_UNDETERMINED)),
        max_not_snapped=float(limits.get("max_not_snapped", DEFAULT_MAX_NOT_SNAPPED)),
        waivers=tuple(_waiver(waiver) for waiver in fields.get("waivers", ())),
        title=_one_line(fields["title"]) if "title" in fields else None,
    )


def _rule(fields: Mapping[str, Any]) -> Rule:
    service = fields.get("service")
    return Rule(
        id=fields["id"],
        kind=fields["kind"],
        value=float(fields["value"]),
        service=None if service == ALL_SERVICES else service,
        zone=fields.get("zone"),
        weight=fields.get("weight", "households"),
        severity=fields.get("severity", "error"),
        note=_one_line(fields["note"]) if "note" in fields else None,
    )


def _waiver(fields: Mapping[str, Any]) -> Waiver:
    return Waiver(
        rule=fields["rule"],
        owner=_one_line(fields["owner"]),
        reason=_one_line(fields["reason"]),
        expires=date.fromisoformat(fields["expires"]),
        household=fields.get("household"),
        zone=fields.get("zone"),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _check_size(value: Any, name: str) -> None:
    """Refuse what a schema would take minutes to look through, before it does."""
    left = _MOST_VALUES
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            item
            for part in level
            if isinstance(part, (dict, list))
            for item in (part.values() if isinstance(part, dict) else part)
        ]
        left -= len(level)
        if left < 0:
            raise BadInputError(name, f"holds more than {_MOST_VALUES} values")
    if level:
        raise BadInputError(name, "is nested too deeply")
