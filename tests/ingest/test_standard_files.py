"""A user's own standard is read, or refused by line and field."""

import os
import re
from pathlib import Path

import pytest
import yaml

from app.cli.wiring import find_standard
from app.domain.errors import BadInputError
from app.domain.standard import Source, StandardNotFoundError
from app.ingest import marked_yaml
from app.ingest.standard_files import (
    get_shipped_standard,
    load_standard_file,
)

BASE = """\
id: mine
version: "1"
title: {zh: 我的, en: Mine}
source: {document: Council, clause: "7", date: "2024", mark: R}
services:
  - id: shop
    names: {zh: 店, en: Shop}
    obligation: must
    max_minutes: 5
    osm:
      - {key: shop, values: [convenience]}
"""
SECOND = """\
  - id: SECOND
    names: {zh: 店, en: Shop}
    obligation: may
    max_m: 100
    user_data_only: true
"""


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "my.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def problem_of(path: Path) -> str:
    with pytest.raises(BadInputError) as caught:
        load_standard_file(path)
    message = str(caught.value).replace(str(path), path.name)
    assert message.isprintable()  # one line
    return message


def test_a_users_file_fills_in_what_it_leaves_out(tmp_path: Path) -> None:
    own = 'max_minutes: 5\n    source: {clause: "8", mark: O}\n    min_count: 2'
    text = BASE.replace("max_minutes: 5", own) + SECOND.replace("SECOND", "a_2")
    standard = load_standard_file(write(tmp_path, "\ufeff" + text))
    first, second = standard.services
    assert (first.limit_s, first.limit_m, first.min_count) == (300.0, None, 2)
    assert first.source == Source("Council", "8", "2024", "O", verify=True)
    assert (second.limit_s, second.limit_m, second.min_count, second.selectors) == (None, 100.0, 1, ())
    assert second.source == standard.source == Source("Council", "7", "2024", "R", verify=False)
    assert (standard.profile, standard.speed_mps) == (None, None)


def test_a_clause_stays_with_its_document(tmp_path: Path) -> None:
    own = "max_minutes: 5\n    source: {document: Another}"
    standard = load_standard_file(write(tmp_path, BASE.replace("max_minutes: 5", own)))
    assert standard.services[0].source == Source("Another", None, None, "R", verify=False)


def test_a_services_name_pattern_is_that_of_its_entries(tmp_path: Path) -> None:
    osm = "osm:\n      - {key: office, name_regex: 局}\n      - {key: amenity}\n    name_regex: 站"
    text = re.sub(r"osm:\n.*\n", osm + "\n", BASE)
    selectors = load_standard_file(write(tmp_path, text)).services[0].selectors
    assert [(selector.key, selector.name_regex) for selector in selectors] == [
        ("office", "局"),
        ("amenity", "站"),
    ]


def test_plain_words_of_yaml_1_1_stay_words(tmp_path: Path) -> None:
    text = BASE.replace("[convenience]", "[yes, no, on, 2018-12-01, 12:30]")
    values = load_standard_file(write(tmp_path, text)).services[0].selectors[0].values
    assert values == {"yes", "no", "on", "2018-12-01", "12:30"}


ENTRY = "{key: shop, values: [convenience]}"
MINUTES = "max_minutes: 5"


@pytest.mark.parametrize(
    ("old", "new", "place", "problem"),
    [
        # Structure
        ("id: mine\n", "", "line 1", "needs the field id"),
        (
            MINUTES,
            "max_minute: 5",
            "line 9, services[0].max_minute",
            "unknown field; did you mean max_minutes?",
        ),
        (
            MINUTES,
            f"{MINUTES}\n    any_of: [a]",
            "line 10, services[0].any_of[0]",
            "is no service of this standard",
        ),
        (
            MINUTES,
            f"{MINUTES}\n    waived_by: [shop]",
            "line 10, services[0].waived_by[0]",
            "is this service itself",
        ),
        (MINUTES, f"{MINUTES}\n    straight_m: 5", "line 6, services[0]", "has max_minutes and straight_m"),
        ("en: Shop", "en: Shop, fr: x", "line 7, services[0].names.fr", "unknown field; known here: zh, en"),
        (
            MINUTES,
            f"{MINUTES}\n    {MINUTES}",
            "line 10, services[0].max_minutes",
            "is given twice, first on line 9",
        ),
        ("id: mine", "id: mine\nid: mine", "line 2, id", "is given twice"),
        ("  - id: shop", "  - 5\n  - id: shop", "line 6, services[0]", "must be a mapping, not 5"),
        ("document: Council, ", "", "line 4, source", "needs the field document"),
        # Text and names
        ("id: mine", "id: Mine!", "line 1, id", "small letters, digits"),
        ("id: mine", 'id: "mine\\n"', "line 1, id", "small letters, digits"),
        ('version: "1"', "version: 1", "line 2, version", "must be text, not 1; write it in quotes"),
        ("en: Shop", 'en: " "', "line 7, services[0].names.en", "not blank"),
        ("zh: 店", "zh: ", "line 7, services[0].names.zh", "is empty"),
        ('"2024"', "2024", "line 4, source.date", "write it in quotes"),
        ("mark: R", "mark: X", "line 4, source.mark", '"X" is not known; known here: R, R2, C, O, o, U'),
        # Limits and numbers
        (MINUTES, "max_minutes: 0", "line 9, services[0].max_minutes", "must be greater than 0, not 0"),
        (MINUTES, "max_minutes: -1", "line 9, services[0].max_minutes", "must be greater than 0, not -1"),
        (MINUTES, "max_minutes: 1441", "line 9, services[0].max_minutes", "must be 1440 at most"),
        (MINUTES, "max_m: 1e9", "line 9, services[0].max_m", "must be 100000 at most"),
        (MINUTES, "max_minutes: .nan", "line 9, services[0].max_minutes", '".nan" is not a finite number'),
        (MINUTES, "max_minutes: -.INF", "line 9, services[0].max_minutes", '"-.INF" is not a finite number'),
        (MINUTES, "max_minutes: 1e999", "line 9, services[0].max_minutes", '"1e999" is not a finite number'),
        (MINUTES, f"max_m: {'9' * 5000}", "line 9, services[0].max_m", "is not a finite number"),
        (MINUTES, 'max_minutes: "5"', "line 9, services[0].max_minutes", "write it without quotes"),
        (MINUTES, "max_minutes: true", "line 9, services[0].max_minutes", "must be a number, not true"),
        (MINUTES, "max_minutes:", "line 9, services[0].max_minutes", "is empty"),
        (
            MINUTES,
            f"{MINUTES}\n    max_m: 9",
            "line 6, services[0]",
            "has max_minutes and max_m; exactly one",
        ),
        (f"    {MINUTES}\n", "", "line 6, services[0]", "has no limit; exactly one"),
        (MINUTES, f"{MINUTES}\n    min_count: 0", "line 10, services[0].min_count", "must be 1 at least"),
        (
            MINUTES,
            f"{MINUTES}\n    min_count: 1.5",
            "line 10, services[0].min_count",
            "must be a whole number",
        ),
        (
            MINUTES,
            f"{MINUTES}\n    min_area_m2: 0",
            "line 10, services[0].min_area_m2",
            "must be greater than 0",
        ),
        ("id: mine", "id: mine\nspeed_mps: 50", "line 2, speed_mps", "must be 10 at most"),
        ("id: mine", "id: mine\nprofile: runner", "line 2, profile", "known here: standard, brisk, careful"),
        # Obligations and ids
        ("must", "musst", "line 8, services[0].obligation", '"musst" is not known; did you mean must?'),
        ("must", "should", "line 5, services", "at least one service must have obligation: must"),
        # OSM
        ("shop, values", "building, values", "line 11, services[0].osm[0].key", '"building" is not known'),
        (
            ENTRY,
            "{key: landuse}",
            "line 11, services[0].osm[0]",
            "needs values, because an import keeps only",
        ),
        (
            ENTRY,
            "{key: highway, values: [bus_stop, crossing]}",
            "line 11, services[0].osm[0].values[1]",
            '"crossing" of highway is not kept by an import, which keeps bus_stop, platform',
        ),
        ("[convenience]", "[a, 12]", "line 11, services[0].osm[0].values[1]", "write it in quotes"),
        (
            "[convenience]",
            "[true]",
            "line 11, services[0].osm[0].values[0]",
            "must be text, not true; write it in",
        ),
        ("[convenience]", "a", "line 11, services[0].osm[0].values", "write it in [brackets]"),
        ("[convenience]", "[]", "line 11, services[0].osm[0].values", "at least one entry"),
        (ENTRY, "{key: shop, where: {a: 1}}", "line 11, services[0].osm[0].where.a", "must be a list"),
        (ENTRY, "{key: shop, name_regex: (a}", "line 11, services[0].osm[0].name_regex", "is not a pattern"),
        (
            ENTRY,
            '{key: shop, name_regex: "[[a]"}',
            "line 11, services[0].osm[0].name_regex",
            "is not a pattern",
        ),
        (MINUTES, f"{MINUTES}\n    name_regex: '*'", "line 10, services[0].name_regex", "is not a pattern"),
        (f"    osm:\n      - {ENTRY}\n", "", "line 6, services[0]", "needs the field osm (or user_data_only"),
        (
            MINUTES,
            f"{MINUTES}\n    user_data_only: true",
            "line 11, services[0].osm",
            "must not stand beside",
        ),
        # YAML
        ("id: mine", "id: mine\n\tx: 1", "line 2", "is not YAML"),
        ("id: mine", "id: a: b", "line 1", "is not YAML: mapping values are not allowed"),
        ("id: mine", "id: &a mine\nnote: *a", "line 2, note", "uses the alias *a; write the value out"),
        ("id: mine", "id: !!python/name:os.system mine", "line 1, id", "has the tag"),
        ("id: mine", "? [a]\n: 1", "line 1", "a key that is not plain text"),
        ("[convenience]", "[" * 14 + "]" * 14, "line 11, services[0].osm", "is nested too deeply"),
        ("[convenience]", f"[{'a, ' * 30_000}]", "line 11", "holds more than 20000 values"),
    ],
)
@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_a_wrong_file_names_line_and_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loader: str, old: str, new: str, place: str, problem: str
) -> None:
    if not hasattr(yaml, loader):
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(marked_yaml, "_LOADER", getattr(yaml, loader))
    assert old in BASE
    message = problem_of(write(tmp_path, BASE.replace(old, new, 1)))
    assert message.startswith(f"my.yaml, {place}: ")
    assert problem in message


def test_the_same_id_twice_names_both_lines(tmp_path: Path) -> None:
    message = problem_of(write(tmp_path, BASE + SECOND.replace("SECOND", "shop")))
    assert (
        message
        == "my.yaml, line 12, services[1].id: shop is the id of the service on line 6 too; ids must differ"
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "my.yaml: is empty"),
        (b"# nothing but this\n", "my.yaml: is empty"),
        (
            b"- a\n",
            "my.yaml, line 1: must be a mapping with the fields id, version, title, source and services",
        ),
        (b"a: 1\n---\nb: 2\n", "my.yaml, line 2: begins a second YAML document; a file holds one"),
        (b"a: 1\nb: \x00\n", "my.yaml, line 2: holds U+0000, which no text has; is it a YAML file?"),
        (BASE.encode("gbk"), "my.yaml, line 3: is not UTF-8 text; save the file as UTF-8"),
        (BASE.encode("utf-16"), "my.yaml, line 1: is not UTF-8 text; save the file as UTF-8"),
        (b"#" * 1_000_001, "my.yaml: is larger than 1 MB, so it is no standard"),
    ],
)
def test_what_is_no_yaml_text_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    assert problem_of(write(tmp_path, content)) == problem


def test_deep_nesting_does_not_break_the_parser(tmp_path: Path) -> None:
    assert "my.yaml, line 1" in problem_of(write(tmp_path, "[" * 900_000))


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    assert problem_of(tmp_path / "no.yaml") == "no.yaml: there is no such file"
    assert problem_of(tmp_path).endswith(": is a folder; give the path to a YAML file")
    assert "cannot be read" in problem_of(Path("a\0b"))
    if os.name == "posix":
        assert problem_of(Path("/dev/zero")) == "zero: is larger than 1 MB, so it is no standard"


def test_a_standard_is_asked_for_by_id_or_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, BASE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REACH15_DATA_DIR", str(tmp_path / "data"))
    assert find_standard("un-sdg11").id == "un-sdg11"
    for reference in (str(path), "my.yaml", "./my.yaml"):
        assert find_standard(reference).id == "mine"
    with pytest.raises(BadInputError, match=r"^your\.yaml: there is no such file$"):
        find_standard("your.yaml")
    with pytest.raises(
        StandardNotFoundError, match=r"'un-sdg' does not exist .*un-sdg11\); a path to a YAML file"
    ):
        find_standard("un-sdg")


def test_a_request_never_opens_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, BASE)
    monkeypatch.chdir(tmp_path)
    for reference in (str(path), "my.yaml", "../standards/un-sdg11"):
        with pytest.raises(StandardNotFoundError):
            get_shipped_standard(reference)


def test_the_example_in_the_documentation_works(tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "standards.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert example is not None
    standard = load_standard_file(write(tmp_path, example[1]))
    assert [service.id for service in standard.services] == ["pharmacy", "warm_meals"]
