"""Shipped profiles, and what a user hears about a profile file of their own."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from app.domain.errors import BadInputError
from app.domain.profile import ProfileNotFoundError
from app.geo.impedance import NO_COSTS, ExtraCosts
from app.ingest.marked_yaml import read_marked_yaml
from app.ingest.profile_files import (
    get_profile,
    get_shipped_profile,
    load_profile_file,
    load_shipped_profiles,
)
from app.ingest.standard_problems import PROFILE_SCHEMA, load_schema

OWN = """\
id: my-walker
note: A neighbour with a stick.
speed_mps: {value: 0.7, source: measured in our street}
avoids_steps: {value: true, source: her knees}
crossing_s: {value: 12, source: a stopwatch, mark: C}
"""


@pytest.mark.parametrize(
    ("profile_id", "speed_mps", "avoids_steps"),
    [
        ("standard", 1000 / 900, False),
        ("elderly", 0.80, False),
        ("child", 0.90, False),
        ("wheelchair", 0.90, True),
        ("brisk", 5 / 3.6, False),
    ],
)
def test_the_profiles_of_the_walking_model(profile_id: str, speed_mps: float, avoids_steps: bool) -> None:
    profile = get_shipped_profile(profile_id)
    assert profile.speed_mps == speed_mps
    assert profile.avoids_steps is avoids_steps
    assert profile.costs == NO_COSTS
    assert not profile.costs


def test_one_shipped_profile_has_costs() -> None:
    careful = get_shipped_profile("careful")
    # 30 s for a flight of 10 m; half of 0 to 15 s; (120 - 30)^2 / (2 * 120) s.
    assert careful.costs == ExtraCosts(3.0, 7.5, (120 - 30) ** 2 / 240, uses_slope=True)
    assert [profile.id for profile in load_shipped_profiles().values() if profile.costs] == ["careful"]


def test_shipped_profiles_follow_the_published_schema_and_name_their_sources() -> None:
    schema = load_schema(PROFILE_SCHEMA)
    Draft202012Validator.check_schema(schema)
    for entry in files("app").joinpath("profiles").iterdir():
        if not entry.name.endswith(".yaml"):
            continue
        fields = read_marked_yaml(entry.read_text(encoding="utf-8"), entry.name).value
        assert list(Draft202012Validator(schema).iter_errors(fields)) == []
        assert f"{fields['id']}.yaml" == entry.name
        profile = get_shipped_profile(fields["id"])
        assert {source.field for source in profile.sources} == fields.keys() - {"id", "note"}
        assert profile.basis


def test_the_default_comes_first() -> None:
    assert list(load_shipped_profiles()) == ["standard", "brisk", "careful", "child", "elderly", "wheelchair"]


def test_a_file_of_a_users_own(tmp_path: Path) -> None:
    path = tmp_path / "neighbour.yaml"
    path.write_text(OWN, encoding="utf-8")
    profile = get_profile(str(path))
    assert (profile.id, profile.speed_mps, profile.avoids_steps) == ("my-walker", 0.7, True)
    assert profile.costs == ExtraCosts(crossing_s=12.0)
    assert [(source.field, source.mark) for source in profile.sources] == [
        ("speed_mps", None), ("avoids_steps", None), ("crossing_s", "C")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ("crossing_s", "crosing_s", "line 5, crosing_s", "did you mean crossing_s"),
        ("value: 12", "value: -1", "line 5, crossing_s.value", "must be 0 at least"),
        ("value: 12", "value: soon", "line 5, crossing_s.value", "must be a number"),
        ("value: 0.7", "value: 70", "line 3, speed_mps.value", "must be 10 at most"),
        (", source: measured in our street", "", "line 3, speed_mps", "needs the field source"),
        ("{value: 0.7, source: measured in our street}", "0.7", "line 3, speed_mps", "must be a mapping"),
        (", mark: C", ", page: 3", "line 5, crossing_s.page", "unknown field"),
        ("id: my-walker\n", "", "line 1", "needs the field id"),
        ("my-walker", "careful", "line 1, id", "comes with the program"),
        ("value: true", "value: yes", "line 4, avoids_steps.value", "must be true or false"),
    ],
)
def test_a_wrong_file_names_line_and_field(tmp_path: Path, old: str, new: str, place: str, says: str) -> None:
    path = tmp_path / "own.yaml"
    assert old in OWN
    path.write_text(OWN.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInputError, match=says) as caught:
        load_profile_file(path)
    assert caught.value.where == f"{path}, {place}"


def test_what_is_neither_id_nor_file() -> None:
    with pytest.raises(ProfileNotFoundError, match="a path to a YAML file of your own works too"):
        get_profile("runner")
    with pytest.raises(BadInputError, match="there is no such file"):
        get_profile("runner.yaml")
    with pytest.raises(ProfileNotFoundError):
        get_shipped_profile("neighbour.yaml")


def test_the_schema_is_json_with_an_id_of_its_own() -> None:
    text = files("app").joinpath(*PROFILE_SCHEMA).read_text(encoding="utf-8")
    assert json.loads(text)["$id"] == "urn:reach15:schema:profile"
