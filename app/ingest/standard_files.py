"""Service standards: those that come with the program, and files of a user's own."""

import functools
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from app.domain.standard import (
    SELECTOR_KEYS,
    LocalName,
    Selector,
    Service,
    Source,
    Standard,
    StandardNotFoundError,
)
from app.ingest.marked_yaml import (
    FieldPath,
    MarkedYaml,
    json_as_yaml,
    read_marked_yaml,
    read_yaml_text,
    shown,
)
from app.ingest.standard_problems import find_schema_problem

UNSURE_MARKS = frozenset({"O", "o", "U"})
"""Marks of values that nobody has read in a document; they need a check unless the file says otherwise."""

_SECONDS_PER_MINUTE = (
    60.0  # that of app.geo would bring the whole engine along, a second just to list standards
)
_SUFFIXES = (".yaml", ".yml", ".json")


def shipped_standard_ids() -> tuple[str, ...]:
    """Ids of the standards that come with the program, sorted."""
    return tuple(_shipped_files())


def load_shipped_standards() -> dict[str, Standard]:
    """The standards that come with the program, sorted by id."""
    return {standard_id: _load_shipped(standard_id) for standard_id in shipped_standard_ids()}


def get_shipped_standard(standard_id: str) -> Standard:
    """A standard that comes with the program.

    Raises
    ------
    StandardNotFoundError
        If none has this id.
    """
    if standard_id not in _shipped_files():
        raise StandardNotFoundError(standard_id, shipped_standard_ids())
    return _load_shipped(standard_id)


def find_standard_file(reference: str) -> Path | None:
    """The path that a reference is, unless it is the id of a standard. Not for requests: it looks at the disk."""
    if reference in _shipped_files():
        return None
    looks_like_path = os.sep in reference or "/" in reference or reference.lower().endswith(_SUFFIXES)
    return Path(reference) if looks_like_path or os.path.lexists(reference) else None


def load_standard_file(path: Path) -> Standard:
    """A user's own standard, checked against the published schema.

    Raises
    ------
    BadInputError
        If the file cannot be read or is not a standard; names file, line and field.
    """
    return standard_of(read_standard_file(path))


def read_standard_file(path: Path) -> MarkedYaml:
    """The checked document of a user's own standard; raises as `load_standard_file` does."""
    text = read_yaml_text(path, "standard")
    return read_standard(text, str(path), is_json=path.suffix.lower() == ".json")


def read_standard(text: str, name: str, *, is_json: bool = False) -> MarkedYaml:
    """A document, checked against the published schema; JSON is read as the YAML that it is.

    Raises
    ------
    BadInputError
        If it is no standard; names line and field after `name`.
    """
    if is_json:
        text = json_as_yaml(text, name)
    document = read_marked_yaml(text, name)
    check_standard(document)
    return document


def check_standard(document: MarkedYaml) -> None:
    """Raise `BadInputError` for the first thing that keeps a document from being a standard."""
    if not isinstance(document.value, dict):
        raise document.error((), "must be a mapping with the fields id, version, title, source and services")
    problem = find_schema_problem(document) or next(_find_problems(document), None)
    if problem:
        raise document.error(*problem)


def standard_of(document: MarkedYaml) -> Standard:
    """The standard that a checked document is."""
    return _standard(document.value)


@functools.cache
def _shipped_files() -> Mapping[str, Traversable]:
    found = (entry for entry in files("app").joinpath("standards").iterdir() if entry.name.endswith(".yaml"))
    return {entry.name.removesuffix(".yaml"): entry for entry in sorted(found, key=lambda entry: entry.name)}


@functools.cache
def _load_shipped(standard_id: str) -> Standard:
    # Tests check these against the schema. Here it would cost each command the import of jsonschema (0.2 s).
    entry = _shipped_files()[standard_id]
    return _standard(read_marked_yaml(entry.read_text(encoding="utf-8"), entry.name).value)


def _find_problems(document: MarkedYaml) -> Iterator[tuple[FieldPath, str]]:
    """What the schema cannot say, in the file's order."""
    first: dict[str, FieldPath] = {}
    for position, service in enumerate(document.value["services"]):
        path: FieldPath = ("services", position)
        earlier = first.setdefault(service["id"], path)
        if earlier != path:
            at = document.line((*earlier, "id"))
            yield (*path, "id"), f"{service['id']} is the id of the service on line {at} too; ids must differ"
        yield from _find_regex_problems(service, path)
        yield from _find_reference_problems(
            service, path, {other["id"] for other in document.value["services"]}
        )
        for number, selector in enumerate(service.get("osm", ())):
            selector_path = (*path, "osm", number)
            yield from _find_value_problems(selector, selector_path)
            yield from _find_regex_problems(selector, selector_path)


def _find_reference_problems(
    service: Mapping[str, Any], path: FieldPath, ids: AbstractSet[str]
) -> Iterator[tuple[FieldPath, str]]:
    for name in ("any_of", "waived_by"):
        for number, reference in enumerate(service.get(name, ())):
            if reference == service["id"]:
                yield (*path, name, number), f"{shown(reference)} is this service itself; name another one"
            elif reference not in ids:
                problem = (
                    f"{shown(reference)} is no service of this standard, which has {', '.join(sorted(ids))}"
                )
                yield (*path, name, number), problem


def _find_value_problems(selector: Mapping[str, Any], path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    kept = SELECTOR_KEYS[selector["key"]]
    if kept is None:
        return
    names = ", ".join(sorted(kept))
    if "values" not in selector:
        yield path, f"needs values, because an import keeps only these of {selector['key']}: {names}"
    for number, value in enumerate(selector.get("values", ())):
        if value not in kept:
            problem = f"{shown(value)} of {selector['key']} is not kept by an import, which keeps {names}"
            yield (*path, "values", number), problem


def _find_regex_problems(fields: Mapping[str, Any], path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    if "name_regex" not in fields:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of patterns whose meaning it may change
            re.compile(fields["name_regex"])
    except (re.error, Warning, OverflowError, RecursionError) as error:
        problem = f"is not a pattern that Python's re understands: {_one_line(str(error))}"
        yield (*path, "name_regex"), problem


def _standard(fields: Mapping[str, Any]) -> Standard:
    return Standard(
        id=fields["id"],
        version=fields["version"],
        title=_name(fields["title"]),
        source=_source(fields["source"]),
        speed_mps=_number(fields, "speed_mps"),
        profile=fields.get("profile"),
        speed_basis=_text(fields, "speed_basis"),
        services=tuple(_service(service, fields["source"]) for service in fields["services"]),
        note=_text(fields, "note"),
        measure=fields.get("measure"),
        denominator=tuple(dict.fromkeys(fields.get("denominator", ()))),
    )


def _service(fields: Mapping[str, Any], standard_source: Mapping[str, Any]) -> Service:
    minutes = _number(fields, "max_minutes")
    return Service(
        id=fields["id"],
        name=_name(fields["names"]),
        obligation=fields["obligation"],
        limit_s=None if minutes is None else minutes * _SECONDS_PER_MINUTE,
        limit_m=_number(fields, "max_m"),
        min_count=int(fields.get("min_count", 1)),
        selectors=tuple(_selector(entry, fields.get("name_regex")) for entry in fields.get("osm", ())),
        user_data_only=fields.get("user_data_only", False),
        min_area_m2=_number(fields, "min_area_m2"),
        tier=fields.get("tier"),
        strand=fields.get("strand"),
        service_class=fields.get("class"),
        source=_source(fields.get("source", {}), standard_source),
        note=_text(fields, "note"),
        per_persons=_number(fields, "per_persons"),
        straight_m=_number(fields, "straight_m"),
        any_of=tuple(fields.get("any_of", ())),
        waived_by=tuple(fields.get("waived_by", ())),
    )


def _selector(fields: Mapping[str, Any], name_regex: str | None) -> Selector:
    return Selector(
        key=fields["key"],
        values=frozenset(fields.get("values", ())),
        where={key: frozenset(values) for key, values in fields.get("where", {}).items()},
        without={key: frozenset(values) for key, values in fields.get("without", {}).items()},
        name_regex=fields.get("name_regex", name_regex),
    )


def _source(fields: Mapping[str, Any], standard_source: Mapping[str, Any] | None = None) -> Source:
    """A source; what it leaves out is the standard's. A mark of its own comes with a `verify` of its own."""
    merged = {**(standard_source or {}), **fields}
    verify = (fields if "mark" in fields else merged).get("verify", merged["mark"] in UNSURE_MARKS)
    # A clause and a date belong to their document.
    belonging = fields if "document" in fields else merged
    return Source(
        document=_one_line(merged["document"]),
        clause=belonging.get("clause"),
        date=belonging.get("date"),
        mark=merged["mark"],
        verify=verify,
    )


def _name(fields: Mapping[str, str]) -> LocalName:
    return LocalName(_one_line(fields["zh"]), _one_line(fields["en"]))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _text(fields: Mapping[str, Any], key: str) -> str | None:
    return _one_line(fields[key]) if key in fields else None


def _number(fields: Mapping[str, Any], key: str) -> float | None:
    return float(fields[key]) if key in fields else None
