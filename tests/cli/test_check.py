"""`reach15 check`: its exit codes and reports, on a street whose walks anybody can work out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import xmlschema
from defusedxml import ElementTree
from jsonschema import Draft4Validator

from tests.cli.conftest import Cli, Result
from tests.support.bad_proposals import every_bad_file
from tests.support.gate_street import HOMES, import_street, place, street_files
from tests.support.proposing import feature, write_proposal

SCHEMAS = Path(__file__).parents[1] / "support" / "schemas"
NASTY = "r|1 <b>&\n::error::@x [a](http://x) `c` \x1b[31m 药"
"""An id that every format would misread if it did not escape."""

Check = Callable[..., Result]
POINT = {"type": "Point", "coordinates": place(-20)}
ADD = feature("add", POINT, services=["pharmacy"], cost=2)
CLOSE = feature("close", facility="east")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return street_files(tmp_path_factory.mktemp("street"))


@pytest.fixture(scope="module")
def street_data(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("street-data")
    import_street(folder, files)
    return folder


@pytest.fixture
def check(cli: Cli, files: dict[str, Path], street_data: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """`check street p.geojson` for features and a policy that are written first."""
    monkeypatch.setenv("REACH15_DATA_DIR", str(street_data))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)

    def run(*features: Any, rules: Any = None, policy: Any = None, options: tuple[Any, ...] = ()) -> Result:
        write_proposal(Path("p.geojson"), *features)
        if rules is not None or policy is not None:
            text = json.dumps({"rules": rules} | (policy or {}) if rules is not None else policy)
            Path("policy.yaml").write_text(text, encoding="utf-8")
            options = ("--policy", "policy.yaml", *options)
        return cli("check", "street", "p.geojson", "--standard", files["standard"], *options)

    return run


def rule(rule_id: str, kind: str = "max_lost", value: float = 0, **fields: Any) -> dict[str, Any]:
    return {"id": rule_id, "kind": kind, "value": value, **fields}


UNKNOWN = rule("unknown", weight="population", zone="north")
WARNS = rule("warns", severity="warn")


@pytest.mark.parametrize(
    ("change", "rules", "code", "says"),
    [
        (ADD, None, 0, "The gate passes: 1 rule: 1 passed"),
        (CLOSE, None, 1, "The gate fails: 1 rule: 1 failed"),
        (ADD, [rule("a"), rule("b", "min_gained", 18)], 0, "2 rules: 2 passed"),
        (ADD, [rule("c", "min_gained_per_cost", 9)], 0, "1 passed"),
        (ADD, [rule("c", "min_gained_per_cost", 9.1)], 1, "1 failed"),
        (CLOSE, [rule("c", "min_gained_per_cost", 0)], 2, "has a feature without a cost"),
        (CLOSE, [WARNS], 0, "1 warned"),
        (CLOSE, [UNKNOWN], 2, "The gate could not be evaluated"),
        (CLOSE, [UNKNOWN, WARNS], 2, "1 warned, 1 not evaluated"),
        (CLOSE, [UNKNOWN, rule("fails")], 1, "1 failed, 1 not evaluated"),
        (ADD, [UNKNOWN | {"severity": "warn"}], 2, "1 not evaluated"),
    ],
)
def test_exit_codes(check: Check, change: Any, rules: Any, code: int, says: str) -> None:
    result = check(change, rules=rules)
    assert (result.code, result.err) == (code, "")
    assert says in result.out


def test_a_failing_report_names_households_and_their_walks(check: Check) -> None:
    out = check(CLOSE).out
    assert "FAILED  no-household-lost: at most 0 households may lose any service; found 30" in out
    assert f"{HOMES[10]}, pharmacy: covered 3.2 min -> too_far 27.2 min" in out
    assert ["pharmacy", "54.55", "%", "9.09", "%", "-45.45", "0", "30"] in [
        line.split() for line in out.split("\n")
    ]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--format", "xml"], "'xml' is not one of text, json"),
        (["--format", "json,junit"], "would mix on standard output"),
        (["--format", "json=a,junit=a"], "two reports would go to one file"),
        (["--format", "json="], "names no file"),
        (["--format", "json=no/where.json"], "does not exist"),
        (["--write-baseline", "no/where.json"], "does not exist"),
        (["--households", "x.csv"], "goes with an extract"),
        (["--server", "http://127.0.0.1:9", "--osm", "x.osm.pbf"], "a server has its own areas"),
        (["--server", "ftp://x"], "is not a web address"),
        (["--nope"], "--nope"),
        (["--speed-mps", "0"], "0.1"),
        (["--profile", "runner"], "profile 'runner' does not exist"),
        (["--standard", "atlantis"], "standard 'atlantis' does not exist"),
        (["--policy", "nothing.yaml"], "nothing.yaml: there is no such file"),
        (["--baseline", "nothing.json"], "nothing.json"),
        (["--crs", "EPSG:0"], "EPSG:0"),
    ],
)
def test_wrong_usage_ends_with_3(check: Check, options: list[str], says: str) -> None:
    assert says in check(ADD, options=tuple(options)).failed(3)


@pytest.mark.parametrize("missing", ["osm", "households", "facilities", "zones", "extent"])
def test_missing_data_ends_with_2(check: Check, files: dict[str, Path], missing: str) -> None:
    given = {"--osm": files["osm"], f"--{missing}": "nothing.osm.pbf"}
    options = tuple(str(word) for pair in given.items() for word in pair)
    assert check(ADD, options=options).failed(2).startswith("nothing.osm.pbf: no such file")


@pytest.mark.parametrize(
    ("features", "says"),
    [
        ([feature("add", POINT)], "p.geojson, feature 1"),
        ([feature("ad", POINT, services=["pharmacy"])], "p.geojson, feature 1, property action"),
        ([feature("close", facility="east", colour="red")], "property colour: is unknown"),
        ([feature("close", facility="nowhere")], "nowhere"),
        ([ADD | {"geometry": None}], "p.geojson, feature 1"),
        ([CLOSE, feature("move", POINT, facility="east")], "feature"),
        ([], "is empty"),
    ],
)
def test_malformed_proposals_end_with_3(check: Check, features: list[Any], says: str) -> None:
    assert says in check(*features).failed(3)
    assert check(feature("close", facility="east", colour="red"), options=("--lenient",)).code == 1


def test_of_the_corpus_none_passes(check: Check, cli: Cli) -> None:
    check(ADD)
    corpus = every_bad_file()
    assert len(corpus) >= 60
    for name, content in corpus.items():
        Path("broken.geojson").write_bytes(content)
        said = cli("check", "street", "broken.geojson", "--standard", "un-sdg11").failed(3)
        assert said.startswith("broken.geojson"), name
        assert "internal" not in said, name
    assert "gone.geojson" in cli("check", "street", "gone.geojson", "--standard", "un-sdg11").failed(3)


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ({"rules": []}, "policy.yaml, line 1, rules"),
        ({"rules": [rule("a", "max_los")]}, "did you mean max_lost?"),
        ({"rules": [rule("a", service="shop")]}, "has no service 'shop'"),
    ],
)
def test_malformed_policies_end_with_3(check: Check, policy: Any, says: str) -> None:
    assert says in check(ADD, policy=policy).failed(3)


def test_what_is_missing_ends_with_2(check: Check, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    check(ADD)
    assert "area 'atlantis' does not exist" in cli(
        "check", "atlantis", "p.geojson", "--standard", "un-sdg11"
    ).failed(2)
    gone = cli("check", "street", "p.geojson", "--standard", "un-sdg11", "--server", "http://127.0.0.1:9")
    assert "cannot be asked" in gone.failed(2)

    def fail() -> None:
        raise KeyError("a")

    monkeypatch.setattr("app.cli.wiring.load_settings", fail)
    assert "internal error" in cli("check", "street", "p.geojson", "--standard", "un-sdg11").failed(2)


def waiver(household: str, expires: str = "2999-12-31") -> dict[str, str]:
    reason = "a shuttle | runs\n<daily>"
    return {"rule": "waived", "household": household, "owner": "Ms Li", "reason": reason, "expires": expires}


EVERYTHING = {
    "rules": [
        rule("passes", "min_share", 0.5, service="clinic"),
        rule(NASTY),
        WARNS | {"note": "only a hint"},
        rule("waived", value=20),
        UNKNOWN,
    ],
    "waivers": [waiver(HOMES[10])],
}
COUNTS = {"rules": 5, "passed": 1, "failed": 1, "warned": 1, "waived": 1, "not_evaluated": 1}


@pytest.fixture
def reports(check: Check, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Every format of one report in which every kind of result occurs."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "steps.md")
    Path("steps.md").write_text("before\n", encoding="utf-8")
    names = ("text", "json", "junit", "sarif", "markdown", "github")
    asked = ",".join(f"{name}=out.{name}" for name in names)
    result = check(CLOSE, ADD, policy=EVERYTHING, options=("--format", asked))
    assert (result.code, result.stdout, result.err) == (1, b"", "")
    return {name: Path(f"out.{name}").read_bytes() for name in names}


def test_every_format_is_valid_and_counts_the_same(reports: dict[str, bytes]) -> None:
    report = orjson.loads(reports["json"])
    assert report["counts"] == COUNTS
    assert (report["verdict"], report["exit_code"]) == ("failed", 1)

    for schema in ("junit-ant.xsd", "junit-jenkins.xsd"):
        xmlschema.XMLSchema(SCHEMAS / schema).validate(reports["junit"].decode())
    root = ElementTree.fromstring(reports["junit"])[0]
    counted = {name: int(root.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
    assert counted == {"tests": 5, "failures": 1, "errors": 1, "skipped": 1}
    for tag, number in (("testcase", 5), ("failure", 1), ("error", 1), ("skipped", 1)):
        assert len(root.findall(f".//{tag}")) == number
    assert "Ms Li" in root.findall(".//skipped")[0].attrib["message"]
    assert "warning: warns" in (root.findtext("system-out") or "")

    sarif = orjson.loads(reports["sarif"])
    Draft4Validator(orjson.loads((SCHEMAS / "sarif-schema-2.1.0.json").read_bytes())).validate(sarif)
    (run,) = sarif["runs"]
    levels = [(item["ruleId"], item["level"], "suppressions" in item) for item in run["results"]]
    assert [(level, suppressed) for _, level, suppressed in levels] == [
        ("error", False),
        ("warning", False),
        ("error", True),
        ("none", False),
    ]
    assert len(run["tool"]["driver"]["rules"]) == 5
    assert run["properties"]["counts"] == COUNTS
    assert "a shuttle | runs <daily>" in run["results"][2]["suppressions"][0]["justification"]
    (location,) = run["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "p.geojson"
    assert location["physicalLocation"]["region"] == {"startLine": 1}

    headline = "The gate fails: 5 rules: 1 passed, 1 failed, 1 warned, 1 waived, 1 not evaluated"
    for name in ("text", "markdown", "github"):
        assert headline in reports[name].decode()
    lines = reports["github"].decode().splitlines()
    assert [sum(line.startswith(f"::{kind} ") for line in lines) for kind in ("error", "warning")] == [2, 1]
    assert Path("steps.md").read_bytes() == b"before\n" + reports["markdown"]


def test_names_cannot_break_out_of_any_format(reports: dict[str, bytes]) -> None:
    for name in ("text", "markdown", "github", "junit"):
        text = reports[name].decode()
        assert "\x1b" not in text
        assert all(line.isprintable() for line in text.splitlines()), name
    assert not any(line.startswith("::error::") for line in reports["github"].decode().splitlines())
    markdown = reports["markdown"].decode()
    assert "<b>" not in markdown
    assert "@x" not in markdown
    assert "[a](" not in markdown
    rows = [line for line in markdown.splitlines() if line.startswith("| ")]
    cells = {line.replace("\\|", "").count("|") for line in rows}
    assert cells == {5, 7}
    assert orjson.loads(reports["json"])["rules"][1]["id"] == NASTY


def test_the_same_question_gives_the_same_bytes(check: Check, reports: dict[str, bytes]) -> None:
    for name in ("json", "sarif", "junit", "text"):
        again = check(ADD, CLOSE, policy=EVERYTHING, options=("--format", name))
        assert again.code == 1
        assert again.stdout == reports[name]
    assert check(CLOSE, ADD, policy=EVERYTHING, options=("--json",)).stdout == reports["json"]
    mixed = check(CLOSE, ADD, policy=EVERYTHING, options=("--format", "text,github")).stdout
    assert mixed == reports["text"] + reports["github"]


def test_an_expired_waiver_fails(check: Check) -> None:
    policy = {"rules": [rule("waived", value=20)], "waivers": [waiver(HOMES[10], "2020-01-01")]}
    result = check(CLOSE, policy=policy)
    assert result.code == 1
    assert "the waiver of Ms Li expired on 2020-01-01" in result.out


def test_a_baseline_is_a_ratchet(check: Check) -> None:
    rules = [rule("loss"), rule("share", "min_share", 0.9, service="pharmacy")]
    assert check(CLOSE, rules=rules, options=("--write-baseline", "b.json")).code == 1
    held = check(CLOSE, rules=rules, options=("--baseline", "b.json"))
    assert held.code == 0
    assert "everybody who fails it did so in the baseline" in held.out
    more = check(CLOSE, feature("close", facility="west"), rules=rules, options=("--baseline", "b.json"))
    assert more.code == 1
    assert f"{HOMES[9]}, pharmacy: covered 0.2 min -> no_facility (in the baseline)\n" in more.out
    assert f"{HOMES[1]}, pharmacy: covered 0.2 min -> no_facility\n" in more.out


def test_a_baseline_does_not_make_waivers_last(check: Check) -> None:
    policy = {"rules": [rule("waived")], "waivers": [waiver(home) for home in HOMES[8:]]}
    assert check(CLOSE, policy=policy, options=("--write-baseline", "b.json")).code == 0
    assert check(CLOSE, policy={"rules": [rule("waived")]}, options=("--baseline", "b.json")).code == 1


def test_an_extract_gives_the_report_of_its_import(
    check: Check, cli: Cli, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = orjson.loads(check(CLOSE, options=("--json",)).stdout)
    monkeypatch.setenv("REACH15_DATA_DIR", str(tmp_path / "nothing"))
    beside = [f"--{name}" for name in ("households", "facilities", "extent")]
    given = [word for name in beside for word in (name, files[name[2:]])]
    standard = ("--standard", files["standard"], "--json")
    named = cli("check", "street", "p.geojson", *standard, "--osm", files["osm"], *given)
    by_path = cli("check", files["osm"], "p.geojson", *standard, *given)
    assert (named.code, by_path.code) == (1, 1)
    assert orjson.loads(named.stdout) == stored
    assert orjson.loads(by_path.stdout)["changes"] == stored["changes"]
    assert not (tmp_path / "nothing").exists()


def test_lines_of_features_are_found(cli: Cli, check: Check) -> None:
    check(ADD)
    from app.cli.gate.words import feature_lines  # noqa: PLC0415

    text = Path("p.geojson").read_text(encoding="utf-8")
    assert feature_lines(text) == (1,)
    spread = '{"type": "FeatureCollection",\n"features":\n [{},\n\n {"a": [{}],\n "b": 1}\n, {}]}'
    assert feature_lines(spread) == (3, 5, 7)
    assert feature_lines('{"name": "features", "features": [') == ()
    assert feature_lines('{"x": "\\"features\\": [{}]", "features": [{}, {"a": "]}"}]}') == (1, 1)
