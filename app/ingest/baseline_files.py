"""Baselines: who failed which rule of the gate, kept so that only new failures count. JSON, written by the gate."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from app.domain.errors import BadInputError
from app.domain.policy import (
    GAIN_KINDS,
    Baseline,
    BaselineGains,
    BaselineRule,
    MalformedPolicyError,
)
from app.domain.zone import OUTSIDE_ID
from app.ingest.table_rows import decode_utf8, read_bytes, shown, shown_path

FORMAT = "reach15-baseline"
VERSION = 1


def load_baseline_value(path: Path) -> Any:
    """A baseline file's content, which `read_baseline_value` reads.

    Raises
    ------
    MalformedPolicyError
        If there is no such file, or it is no JSON.
    """
    name = shown_path(path)
    try:
        text = decode_utf8(read_bytes(path), name, "JSON")
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        problem = f"is not valid JSON ({error.msg}); write it anew with --write-baseline"
        raise MalformedPolicyError(f"{name}, line {error.lineno}", problem) from error
    except BadInputError as error:
        raise MalformedPolicyError(error.where, error.problem) from error


def read_baseline_value(value: Any, name: str = "baseline") -> Baseline:
    """A baseline from its JSON.

    Raises
    ------
    MalformedPolicyError
        If it is none; names the field.
    """
    fields = _mapping(value, name)
    if fields.get("format") != FORMAT:
        raise MalformedPolicyError(name, f"is no baseline: its format is {shown(fields.get('format'))}")
    if fields.get("version") != VERSION:
        raise MalformedPolicyError(
            name, f"has version {shown(fields.get('version'))}, and this program reads {VERSION}"
        )
    rules = _mapping(fields.get("rules"), f"{name}, rules")
    return Baseline(
        area=_text(fields.get("area"), f"{name}, area"),
        standard=_text(fields.get("standard"), f"{name}, standard"),
        rules={rule: _rule(entry, f"{name}, rules.{shown(rule)}") for rule, entry in rules.items()},
    )


def baseline_value(report: Mapping[str, Any]) -> dict[str, Any]:
    """What `--write-baseline` keeps of a report: who fails now, except those for whom a waiver stands.

    Waived households stay out, or writing a baseline would make a waiver last for ever.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "area": report["area"]["id"],
        "standard": report["standard"]["id"],
        "rules": {rule["id"]: _kept(rule, report) for rule in report["rules"]},
    }


def _kept(rule: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    failing = [
        {"household": item["household"], "service": item["service"]}
        for item in rule["households"]
        if not item["waived"]
    ]
    kept = {name: rule[name] for name in ("kind", "service", "zone")}
    if rule["kind"] not in GAIN_KINDS:
        return {**kept, "failing": failing}
    if rule["status"] not in ("failed", "warned"):
        return {**kept, "failing": []}
    gains = {
        "households": sorted(_gained(rule, report)),
        "measured": rule["measured"],
        "weight": rule["weight"],
    }
    return {**kept, "failing": [], "gains": gains}


def _gained(rule: Mapping[str, Any], report: Mapping[str, Any]) -> set[str]:
    """Households that gain what a rule asks for, where it asks for it."""
    return {
        str(change["household"])
        for change in (feature["properties"] for feature in report["changes"]["features"])
        if change["change"] == "gained"
        and rule["service"] in (None, change["service"])
        and (rule["zone"] is None or rule["zone"] == (change.get("zone") or OUTSIDE_ID))
    }


def _rule(value: Any, where: str) -> BaselineRule:
    fields = _mapping(value, where)
    failing = fields.get("failing")
    if not isinstance(failing, list):
        raise MalformedPolicyError(f"{where}.failing", "is no list; write it anew with --write-baseline")
    keys = set()
    for number, item in enumerate(failing):
        at = f"{where}.failing[{number}]"
        pair = _mapping(item, at)
        keys.add((_text(pair.get("household"), at), _text_or_none(pair.get("service"), at)))
    return BaselineRule(
        kind=_text(fields.get("kind"), f"{where}.kind"),
        service=_text_or_none(fields.get("service"), f"{where}.service"),
        zone=_text_or_none(fields.get("zone"), f"{where}.zone"),
        failing=frozenset(keys),
        gains=_gains(fields["gains"], f"{where}.gains") if fields.get("gains") is not None else None,
    )


def _gains(value: Any, where: str) -> BaselineGains:
    fields = _mapping(value, where)
    households, measured = fields.get("households"), fields.get("measured")
    if not isinstance(households, list):
        raise MalformedPolicyError(f"{where}.households", "is no list; write it anew with --write-baseline")
    if isinstance(measured, bool) or not isinstance(measured, int | float):
        raise MalformedPolicyError(f"{where}.measured", f"must be a number, not {shown(measured)}")
    names = (_text(name, f"{where}.households[{number}]") for number, name in enumerate(households))
    return BaselineGains(frozenset(names), float(measured), _text(fields.get("weight"), f"{where}.weight"))


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MalformedPolicyError(where, "is no mapping; write it anew with --write-baseline")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise MalformedPolicyError(where, f"must be text, not {shown(value)}")
    return value


def _text_or_none(value: Any, where: str) -> str | None:
    return None if value is None else _text(value, where)
