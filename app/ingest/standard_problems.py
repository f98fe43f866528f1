"""What the published JSON Schemas find wrong in a standard, profile or policy, in words for whoever wrote it."""

import difflib
import functools
import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from app.ingest.marked_yaml import FieldPath, MarkedYaml, shown

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_PATTERNS = {
    r"\S": "any text that is not blank",
    "^[a-z0-9]": "small letters, digits, - and _, beginning with a letter or digit, at most 63",
    "^[0-9A-Z": "letters, digits and ._+-, at most 32",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "a day as year-month-day, such as 2027-06-30",
    "^[0-9]{4}": "a year, year-month or year-month-day",
}


STANDARD_SCHEMA = ("standards", "standard.schema.json")
PROFILE_SCHEMA = ("profiles", "profile.schema.json")
POLICY_SCHEMA = ("policies", "policy.schema.json")


def load_schema(place: tuple[str, str] = STANDARD_SCHEMA) -> dict[str, Any]:
    """The published JSON Schema of a standard, a profile or a policy."""
    text = files("app").joinpath(*place).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def find_schema_problem(
    document: MarkedYaml, schema: tuple[str, str] = STANDARD_SCHEMA
) -> tuple[FieldPath, str] | None:
    """The first thing wrong, as the path to its field and what to do about it; None if all is well."""
    found = [(_rank(error), *_explain(error)) for error in _validator(schema).iter_errors(document.value)]
    if not found:
        return None
    _, path, problem = min(
        found, key=lambda item: (item[0], document.line(item[1]), len(item[1]), str(item[1]))
    )
    return path, problem


@functools.cache
def _validator(schema: tuple[str, str]) -> "Draft202012Validator":
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 0.2 s that only a user's own file needs

    return Draft202012Validator(load_schema(schema))


def _rank(error: "ValidationError") -> int:
    # A misspelt field is also a missing one, and the first says it better; so does a misspelt obligation.
    return {"additionalProperties": 0, "contains": 2}.get(str(error.validator), 1)


def _explain(error: "ValidationError") -> tuple[FieldPath, str]:
    path: FieldPath = tuple(error.absolute_path)
    schema: Any = error.schema
    fields: Any = error.instance
    if error.validator == "additionalProperties":
        known = list(schema["properties"])
        name = next(name for name in fields if name not in known)
        return (*path, name), f"unknown field; {_nearest(name, known)}"
    if error.validator == "not":
        name = next(name for name in ("osm", "name_regex", "zone") if name in fields)
        if name == "zone":
            return (*path, name), "does not go with min_zone_share, which asks it of every zone; take it away"
        return (*path, name), "must not stand beside user_data_only: true; keep one of them"
    if fields is None and path:
        return path, "is empty; give it a value or leave the field out"
    explain = _EXPLANATIONS.get(str(error.validator))
    if explain is None:
        return path, shown(error.message)
    return path, explain(error.validator_value, fields)


def _nearest(name: object, known: list[str]) -> str:
    close = difflib.get_close_matches(str(name), known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"


def _explain_type(wanted: str, value: object) -> str:
    problem = f"must be {_TYPES[wanted]}, not {shown(value)}"
    if wanted == "string" and isinstance(value, (bool, int, float)):
        problem += "; write it in quotes"
    elif wanted in ("number", "integer") and isinstance(value, str) and value.strip().isdecimal():
        problem += "; write it without quotes"
    elif wanted == "array" and isinstance(value, str):
        problem += "; write it in [brackets]"
    return problem


def _explain_required(wanted: list[str], value: Mapping[str, Any]) -> str:
    missing = next(name for name in wanted if name not in value)
    hint = (
        " (or user_data_only: true where OpenStreetMap cannot show the service)" if missing == "osm" else ""
    )
    return f"needs the field {missing}{hint}"


def _explain_one_of(choices: list[dict[str, list[str]]], value: object) -> str:
    names = [choice["required"][0] for choice in choices]
    found = [name for name in names if isinstance(value, dict) and name in value]
    wanted = f"exactly one of {', '.join(names)} is "
    if "max_minutes" in names:
        return f"has {' and '.join(found) if found else 'no limit'}; {wanted}the limit"
    return f"has {' and '.join(found) if found else 'none of them'}; {wanted}needed"


def _explain_pattern(pattern: str, value: object) -> str:
    rule = next(text for start, text in _PATTERNS.items() if pattern.startswith(start))
    return f"{shown(value)} does not fit; it takes {rule}"


_EXPLANATIONS: Mapping[str, Callable[[Any, Any], str]] = {
    "contains": lambda *_: "at least one service must have obligation: must",
    "enum": lambda known, value: f"{shown(value)} is not known; {_nearest(value, known)}",
    "exclusiveMinimum": lambda least, value: f"must be greater than {least}, not {shown(value)}",
    "maxItems": lambda most, _: f"must hold {most} at most",
    "maxLength": lambda most, _: f"must be {most} characters at most",
    "maxProperties": lambda most, _: f"must hold {most} at most",
    "maximum": lambda most, value: f"must be {most} at most, not {shown(value)}",
    "minItems": lambda *_: "must hold at least one entry",
    "minLength": lambda *_: "must not be empty",
    "minProperties": lambda *_: "must hold at least one entry",
    "minimum": lambda least, value: f"must be {least} at least, not {shown(value)}",
    "oneOf": _explain_one_of,
    "pattern": _explain_pattern,
    "required": _explain_required,
    "type": _explain_type,
}
