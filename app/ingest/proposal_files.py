"""Proposals as GeoJSON: every feature one change, taken whole or refused with the feature and the property named."""

import math
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from app.domain.errors import BadInputError
from app.domain.proposal import ACTIONS, Change, Proposal
from app.ingest.proposal_geometry import GeometryReader
from app.ingest.proposal_rules import check_feature, contradiction, raise_if_contradicting
from app.ingest.proposal_values import (
    BadPropertyError,
    content_id,
    osm_id,
    plain_text,
    positive_number,
    service_list,
)
from app.ingest.table_rows import decode_utf8, listed, shown

MAX_CHANGES = 10_000
"""More than any plan holds; a file with more is something else."""

PROPERTIES = ("action", "facility", "way", "node", "services", "name", "capacity", "cost")
EXTRA_PREFIX = "x_"

_COLLECTION_MEMBERS = frozenset({"type", "features", "crs", "name", "bbox"})
_FEATURE_MEMBERS = frozenset({"type", "id", "properties", "geometry", "bbox"})


def parse_proposal(content: bytes, source: str) -> tuple[str, object]:
    """A proposal's text without its byte order mark, and its JSON.

    Raises
    ------
    BadInputError
        If it is neither; `source` names it, with the line.
    """
    text = decode_utf8(content, source, "GeoJSON")
    return text, parse_json(text, source)


def parse_json(content: str | bytes, source: str) -> object:
    """A proposal's JSON, parsed.

    Raises
    ------
    BadInputError
        If it is none; names the line.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        place = f"{source}, line {error.lineno}, character {error.colno}"
        raise BadInputError(place, f"is not valid JSON ({error.msg}); correct it there") from error


def proposal_from(
    document: object,
    source: str,
    *,
    lenient: bool = False,
    crs: str | None = None,
    known_services: Collection[str] = (),
) -> Proposal:
    """A proposal from its parsed GeoJSON.

    Parameters
    ----------
    source : str
        Names it in messages.
    lenient : bool
        Pass over properties that nobody knows, and geometry where a reference says it all, with a note.
    crs : str, optional
        Of the coordinates; an error if the document states another.
    known_services : collection of str
        Service ids of the standards at hand; others get a note.

    Raises
    ------
    BadInputError
        If anything in it cannot be used; names the feature and the property.
    """
    collection = _collection(document, source, lenient=lenient)
    reader = GeometryReader.of(collection, source, crs)
    notes: list[str] = []
    changes = [
        _change(feature, number, source, reader, notes, lenient=lenient)
        for number, feature in enumerate(collection["features"], start=1)
    ]
    raise_if_contradicting(changes, source)
    unknown = {service for change in changes for service in change.services}.difference(known_services)
    if known_services and unknown:
        notes.append(f"no standard here asks for {listed(sorted(unknown))}; check the spelling")
    return Proposal(_without_repetition(changes, notes, source), source, tuple(notes))


def _collection(document: object, source: str, *, lenient: bool) -> Mapping[str, Any]:
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        kind = document.get("type") if isinstance(document, dict) else type(document).__name__
        raise BadInputError(
            source, f"is {shown(kind)}, not a GeoJSON FeatureCollection; put the changes into one"
        )
    unknown = sorted(set(document) - _COLLECTION_MEMBERS)
    unknown = [name for name in unknown if not name.startswith(EXTRA_PREFIX)]
    if unknown and not lenient:
        raise BadInputError(source, f"has the unknown member {shown(unknown[0])}; remove it, or be lenient")
    features = document.get("features")
    if not isinstance(features, list):
        raise BadInputError(f"{source}, features", "is no list; list one feature for each change")
    if not features:
        raise BadInputError(f"{source}, features", "is empty: nothing would change; add a feature")
    if len(features) > MAX_CHANGES:
        raise BadInputError(f"{source}, features", f"has {len(features)} features; use at most {MAX_CHANGES}")
    return document


def _change(
    feature: object, number: int, source: str, reader: GeometryReader, notes: list[str], *, lenient: bool
) -> Change:
    where = f"{source}, feature {number}"
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise BadInputError(where, 'is not a GeoJSON Feature; give it "type": "Feature"')
    members = [name for name in feature if name not in _FEATURE_MEMBERS and not name.startswith(EXTRA_PREFIX)]
    if members and not lenient:
        raise BadInputError(where, f"has the unknown member {shown(members[0])}; remove it, or be lenient")
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        raise BadInputError(f"{where}, properties", "is no object; it must hold at least the action")
    known = _known_properties(properties, where, notes, lenient=lenient)
    name = "action"
    try:
        values: dict[str, Any] = {"action": _action(properties.get("action"))}
        for name, read in _READERS.items():  # the property at fault is named below
            if known.get(name) is not None:
                values[name] = read(known[name])
        name = "geometry"
        values["geometry"] = reader.read(feature.get("geometry"))
    except BadPropertyError as error:
        raise BadInputError(
            f"{where}, property {name}" if name != "geometry" else f"{where}, geometry", str(error)
        ) from error
    if values["action"] == "add":
        values.setdefault("facility", _new_id(feature, values))
    extra = {name: value for name, value in properties.items() if name.startswith(EXTRA_PREFIX)}
    change = check_feature(Change(number, **values, extra=extra), where, notes, lenient=lenient)
    if change.geometry is not None and not math.isfinite(change.geometry.length):
        raise BadInputError(
            f"{where}, geometry", "has coordinates that are not finite numbers; draw it again"
        )
    return change


def _known_properties(
    properties: Mapping[str, Any], where: str, notes: list[str], *, lenient: bool
) -> Mapping[str, Any]:
    unknown = [name for name in properties if name not in PROPERTIES and not name.startswith(EXTRA_PREFIX)]
    if unknown and not lenient:
        raise BadInputError(
            f"{where}, property {unknown[0] if unknown[0].isprintable() else shown(unknown[0])}",
            f"is unknown (there are {', '.join(PROPERTIES)}); remove it, put it under {EXTRA_PREFIX}, "
            "or be lenient",
        )
    if unknown:
        notes.append(f"{where}: passed over the properties {listed(unknown)}")
    return {name: value for name, value in properties.items() if name in PROPERTIES}


def _action(value: object) -> str:
    if value is None:
        raise BadPropertyError(f"is missing; write one of {', '.join(ACTIONS)}")
    if value not in ACTIONS or not isinstance(value, str):
        raise BadPropertyError(f"{shown(value)} is none of {', '.join(ACTIONS)}")
    return value


def _new_id(feature: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    """The feature's own id, else one that follows from what is added and not from where it stands in the file."""
    own = feature.get("id")
    if isinstance(own, str | int) and not isinstance(own, bool) and str(own).strip():
        return str(own).strip()
    return content_id(values["geometry"], values.get("services", ()))


def _without_repetition(changes: list[Change], notes: list[str], source: str) -> tuple[Change, ...]:
    """Each change once; two that differ in what they cost or are called are no repetition, or order would count."""
    kept: dict[tuple[object, ...], Change] = {}
    for change in changes:
        shape = None if change.geometry is None else change.geometry.normalize().wkb
        key = (change.action, change.facility, change.way, change.node, shape)
        first = kept.setdefault(key, change)
        if first is not change:
            if any(getattr(first, name) != getattr(change, name) for name in ("name", "capacity", "cost")):
                raise contradiction(source, first, change, change.subject)
            notes.append(
                f"features {first.number} and {change.number} say the same: {change.action} {change.subject}"
            )
    return tuple(kept.values())


_READERS = {
    "facility": plain_text,
    "way": osm_id("way"),
    "node": osm_id("node"),
    "services": service_list,
    "name": plain_text,
    "capacity": positive_number,
    "cost": positive_number,
}
