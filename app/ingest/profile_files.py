"""Walking profiles: those that come with the program, and files of a user's own."""

import functools
import os
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.domain.profile import STANDARD_PROFILE_ID, Profile, ProfileNotFoundError, ProfileSource
from app.geo.impedance import ExtraCosts
from app.ingest.marked_yaml import read_marked_yaml, read_yaml_text, shown
from app.ingest.standard_problems import PROFILE_SCHEMA, find_schema_problem

_SUFFIXES = (".yaml", ".yml")
_COSTS = ("steps_s_per_m", "crossing_s", "signal_s")


@functools.cache
def load_shipped_profiles() -> Mapping[str, Profile]:
    """The profiles that come with the program: the default one first, the others by id."""
    return MappingProxyType(
        {profile_id: _load_shipped(entry) for profile_id, entry in _shipped_files().items()}
    )


def get_shipped_profile(profile_id: str) -> Profile:
    """A profile that comes with the program.

    Raises
    ------
    ProfileNotFoundError
        If none has this id.
    """
    profiles = load_shipped_profiles()
    if profile_id not in profiles:
        raise ProfileNotFoundError(profile_id, profiles)
    return profiles[profile_id]


def get_profile(reference: str) -> Profile:
    """A profile by the id of a shipped one or by the path to a file. Not for requests: it opens what it is told.

    Raises
    ------
    ProfileNotFoundError
        If it is neither.
    BadInputError
        If it is a file, but not a profile.
    """
    profiles = load_shipped_profiles()
    if reference in profiles:
        return profiles[reference]
    looks_like_path = os.sep in reference or "/" in reference or reference.lower().endswith(_SUFFIXES)
    if looks_like_path or os.path.lexists(reference):
        return load_profile_file(Path(reference))
    raise ProfileNotFoundError(reference, profiles, "; a path to a YAML file of your own works too")


def load_profile_file(path: Path) -> Profile:
    """A user's own profile, checked against the published schema.

    Raises
    ------
    BadInputError
        If the file cannot be read or is not a profile; names file, line and field.
    """
    document = read_marked_yaml(read_yaml_text(path, "profile"), str(path))
    if not isinstance(document.value, dict):
        raise document.error((), "must be a mapping with the fields id and speed_mps")
    problem = find_schema_problem(document, PROFILE_SCHEMA)
    if problem:
        raise document.error(*problem)
    if document.value["id"] in _shipped_files():
        where = f"{shown(document.value['id'])} is the id of a profile that comes with the program; choose another"
        raise document.error(("id",), where)
    return _profile(document.value)


@functools.cache
def _shipped_files() -> Mapping[str, Traversable]:
    found = {
        entry.name.removesuffix(".yaml"): entry
        for entry in files("app").joinpath("profiles").iterdir()
        if entry.name.endswith(".yaml")
    }
    order = sorted(found, key=lambda profile_id: (profile_id != STANDARD_PROFILE_ID, profile_id))
    return {profile_id: found[profile_id] for profile_id in order}


def _load_shipped(entry: Traversable) -> Profile:
    # Tests check these against the schema, as with standards.
    return _profile(read_marked_yaml(entry.read_text(encoding="utf-8"), entry.name).value)


def _profile(fields: Mapping[str, Any]) -> Profile:
    return Profile(
        id=fields["id"],
        speed_mps=float(fields["speed_mps"]["value"]),
        avoids_steps=_value(fields, "avoids_steps", otherwise=False),
        basis=_one_line(fields["speed_mps"]["source"]),
        costs=ExtraCosts(
            **{name: float(_value(fields, name, otherwise=0.0)) for name in _COSTS},
            uses_slope=_value(fields, "uses_slope", otherwise=False),
        ),
        sources=tuple(
            ProfileSource(name, _one_line(constant["source"]), constant.get("mark"))
            for name, constant in fields.items()
            if isinstance(constant, Mapping)
        ),
        note=_one_line(fields["note"]) if "note" in fields else None,
    )


def _value(fields: Mapping[str, Any], name: str, *, otherwise: Any) -> Any:
    return fields[name]["value"] if name in fields else otherwise


def _one_line(text: str) -> str:
    return " ".join(text.split())
