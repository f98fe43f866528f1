"""YAML as a user wrote it: plain values, and the line of each, so that a complaint can point at its place."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import orjson
import yaml

from app.domain.errors import BadInputError

FieldPath = tuple[str | int, ...]
"""Keys and list positions that lead from the top of a file to a value."""

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_FILE_BYTES = 1_000_000
_MAX_DEPTH = 12  # the deepest field of a standard is seven levels down
_MAX_VALUES = 20_000  # checking millions against a schema takes minutes

# YAML 1.2 core schema. PyYAML itself reads YAML 1.1, where `no` is false and 2018-12-01 a date.
_CONSTANTS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MAX_DIGITS = 300  # longer ones are beyond any float
_NO_TEXT = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNKEEPABLE = re.compile(r"[\x00\ud800-\udfff]")
"""What PostgreSQL, or UTF-8, cannot hold. Other control characters are escaped wherever they are shown."""
_HALVES = re.compile(r"\\\\|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
"""A backslash for itself, or a character beyond the first plane as JSON escapes it."""
_PLAIN_KEY = re.compile(r"[\w:.-]{1,60}")


@dataclass(frozen=True)
class MarkedYaml:
    """A file's value and the lines, counted from 1, on which its parts begin."""

    name: str
    value: Any
    lines: Mapping[FieldPath, int]

    def line(self, path: FieldPath) -> int:
        """Line of the value at a path, or of the nearest part around it."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def error(self, path: FieldPath, problem: str) -> BadInputError:
        """What is wrong, with file, line and field before it."""
        return BadInputError(place(self.name, self.line(path), path), problem)


@dataclass(frozen=True)
class UnmarkedValue(MarkedYaml):
    """A value without a text, and so without lines."""

    @classmethod
    def of(cls, name: str, value: Any) -> "UnmarkedValue":
        return cls(name, value, {(): 1})

    def error(self, path: FieldPath, problem: str) -> BadInputError:
        field = field_name(path)
        return BadInputError(f"{self.name}, {field}" if field else self.name, problem)


def json_as_yaml(text: str, name: str) -> str:
    """JSON, written so that a YAML reader reads the same on the same lines.

    Raises
    ------
    BadInputError
        If it is no JSON; names the line.
    """
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadInputError(place(name, error.lineno), f"is not JSON: {error.msg}") from None
    # Tabs stand between values only. YAML has no escapes in two halves.
    return _HALVES.sub(_join_halves, text.replace("\t", " "))


def _join_halves(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[0]
    return bytes.fromhex(found[1] + found[2]).decode("utf-16-be")


def read_marked_yaml(text: str, name: str) -> MarkedYaml:
    """One YAML document of mappings, lists and plain values, read by the core schema of YAML 1.2.

    Aliases and tags are refused: they can make a small file huge, or run code in careless programs.

    Raises
    ------
    BadInputError
        If it is not such a document; names the line, and the field where there is one.
    """
    odd = _NO_TEXT.search(text)
    if odd:
        line = text.count("\n", 0, odd.start()) + 1
        raise BadInputError(
            place(name, line), f"holds U+{ord(odd[0]):04X}, which no text has; is it a YAML file?"
        )
    reader = _Reader(name, yaml.parse(text, Loader=_LOADER))
    try:
        value = reader.document()
    except yaml.YAMLError as error:
        mark: Any = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be read"
        where = place(name, mark.line + 1) if mark else name
        raise BadInputError(where, f"is not YAML: {problem}") from None
    return MarkedYaml(name, value, reader.lines)


def read_yaml_text(path: Path, kind: str) -> str:
    """A small text file of a user's own; `kind` is what it should be, such as ``standard``.

    Raises
    ------
    BadInputError
        If there is no such file, or it is too large, or not UTF-8.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise BadInputError(str(path), "there is no such file") from None
    except IsADirectoryError:
        raise BadInputError(str(path), "is a folder; give the path to a YAML file") from None
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInputError(shown(str(path)), f"cannot be read: {reason}") from None
    if len(content) > MAX_FILE_BYTES:
        raise BadInputError(str(path), f"is larger than {MAX_FILE_BYTES // 1_000_000} MB, so it is no {kind}")
    return decode_text(content, str(path))


def decode_text(content: bytes, name: str) -> str:
    """Text, without a mark at its beginning; `BadInputError` names the line where it is no UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInputError(place(name, line), "is not UTF-8 text; save the file as UTF-8") from None


def place(name: str, line: int, path: FieldPath = ()) -> str:
    """``my.yaml, line 12, services[3].max_minutes``."""
    field = field_name(path)
    return f"{name}, line {line}" + (f", {field}" if field else "")


def field_name(path: FieldPath) -> str:
    """``services[3].max_minutes``."""
    field = ""
    for step in path:
        if isinstance(step, int):
            field += f"[{step}]"
        else:
            field += ("." if field else "") + (step if _PLAIN_KEY.fullmatch(step) else shown(step))
    return field


def shown(value: Any) -> str:
    """A plain value as one short line."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:50]}..."


class _Reader:
    """Builds values out of YAML events and notes their lines."""

    def __init__(self, name: str, events: Iterator[Any]) -> None:
        self.name = name
        self.lines: dict[FieldPath, int] = {(): 1}
        self._events = events

    def document(self) -> Any:
        next(self._events)  # the stream begins
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise BadInputError(self.name, "is empty")
        value = self._value(next(self._events), ())
        next(self._events)  # the document ends
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._refuse(event, (), "begins a second YAML document; a file holds one")
        return value

    def _value(self, event: Any, path: FieldPath) -> Any:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, path, f"uses the alias *{event.anchor}; write the value out")
        if event.tag is not None:
            self._refuse(event, path, f"has the tag {shown(event.tag)}; take it away")
        if len(path) > _MAX_DEPTH:
            self._refuse(event, path[:3], "is nested too deeply")
        if len(self.lines) > _MAX_VALUES:
            self._refuse(event, (), f"holds more than {_MAX_VALUES} values")
        self.lines.setdefault(path, _line(event))
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._scalar(event, path)

    def _mapping(self, path: FieldPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, path, "has a key that is not plain text")
            key = self._text(event, path)
            if key in values:
                first = self.lines[(*path, key)]
                self._refuse(event, (*path, key), f"is given twice, first on line {first}; keep one")
            self.lines[(*path, key)] = _line(event)
            values[key] = None  # a key without its value yet, should an error need the others
            values[key] = self._value(next(self._events), (*path, key))
        return values

    def _sequence(self, path: FieldPath) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event, (*path, len(values))))
        return values

    def _scalar(self, event: Any, path: FieldPath) -> str | float | bool | None:
        text = self._text(event, path)
        if not event.implicit[0]:  # quoted, or a block of text
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if not _FLOAT.fullmatch(text) and not _NOT_FINITE.fullmatch(text):
            return text
        number = _number(text)
        if not math.isfinite(number):
            self._refuse(event, path, f"{shown(text)} is not a finite number")
        return number

    def _text(self, event: Any, path: FieldPath) -> str:
        text: str = event.value
        odd = _UNKEEPABLE.search(text)
        if odd:  # escaped: as itself it was refused before
            self._refuse(event, path, f"holds U+{ord(odd[0]):04X}, which no text has; take it away")
        return text

    def _refuse(self, event: Any, path: FieldPath, problem: str) -> NoReturn:
        raise BadInputError(place(self.name, _line(event), path), problem)


def _number(text: str) -> float:
    if _NOT_FINITE.fullmatch(text):
        return math.inf
    return int(text) if _INTEGER.fullmatch(text) and len(text) <= _MAX_DIGITS else float(text)


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1
