"""`reach15 explain`."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from rich.cells import cell_len

from app.domain.area import ATTRIBUTION
from app.routers.examples import DEMO_HOUSEHOLD
from tests.cli.conftest import Cli
from tests.support.http import STANDARD, get_ok

COMMAND = ("explain", "helsinki", DEMO_HOUSEHOLD, "--standard", STANDARD, "--service")
ADDRESS = f"/v1/areas/helsinki/households/{DEMO_HOUSEHOLD}/explain"
SERVICES = ("pharmacy", "market", "supermarket")


@pytest.mark.parametrize("service", SERVICES)
def test_json_is_the_answer_of_the_http_service(demo_cli: Cli, client: TestClient, service: str) -> None:
    served = get_ok(client, ADDRESS, standard=STANDARD, service=service, profile="elderly", speed_mps=0.7)
    options = ("--profile", "elderly", "--speed-mps", "0.7", "--json")
    assert demo_cli(*COMMAND, service, *options).json() == served


@pytest.mark.parametrize("service", SERVICES)
def test_the_text_says_what_the_answer_says(demo_cli: Cli, service: str) -> None:
    text = demo_cli(*COMMAND, service).out
    answer = demo_cli(*COMMAND, service, "--json").json()
    flat = " ".join(text.split())
    verdict, facility = answer["verdict"], answer["facility"]
    assert flat.startswith(f"Household {DEMO_HOUSEHOLD} ")
    assert f"{verdict['state'].replace('_', ' ')}, {verdict['time_s']:,.1f} s on foot" in flat
    assert facility["id"] in flat
    for step in answer["route"]["properties"]["steps"]:
        assert f"{step['length_m']:,.1f} m {step['name'] or '(without a name)'}" in flat
    assert " ".join(answer["would_change"]["text"].split()) in flat
    assert ("no other facility" in flat) == (answer["runner_up"] is None)
    if answer["runner_up"] is not None:
        assert answer["runner_up"]["facility"] in flat
    assert ATTRIBUTION in flat
    assert answer["area"]["version"] in flat


@pytest.mark.parametrize("service", SERVICES)
def test_the_costs_add_up_by_hand(demo_cli: Cli, service: str) -> None:
    costs = demo_cli(*COMMAND, service).out.split("Costs\n")[1].split("\n\n")[0]
    rows = [
        [int(cell.replace(",", "").replace(".", "")) for cell in re.findall(r"([\d,]+\.\d{6}) [sm]\b", line)]
        for line in costs.splitlines()
    ]
    *terms, total = rows
    assert len(terms) == 3
    assert [sum(column) for column in zip(*terms, strict=True)] == total


def test_a_limit_in_metres_and_one_in_a_straight_line(demo_cli: Cli) -> None:
    command = ("explain", "helsinki", DEMO_HOUSEHOLD, "--standard", "own.yaml", "--service")
    Path("own.yaml").write_text(OWN, encoding="utf-8")
    text = demo_cli(*command, "near").out
    assert re.search(r"in a straight line; the limit is 400 m in a straight line", text)
    assert "Route" not in text
    text = demo_cli(*command, "three").out
    assert "number 3 by nearness" in text
    text = demo_cli(*command, "helipad").out
    assert "covered by its substitute near" in text
    assert "serving as near" in text
    text = demo_cli(*command, "supplied").out
    assert "no data; the limit is 5 min" in text
    assert "supplied in a file" in text


OWN = """\
id: own
version: "1"
title: {zh: 自己的, en: Own}
source: {document: Test, mark: R}
services:
  - id: near
    names: {zh: 药店, en: Pharmacy}
    obligation: must
    straight_m: 400
    osm: [{key: amenity, values: [pharmacy]}]
  - id: three
    names: {zh: 餐馆, en: Restaurants}
    obligation: must
    max_m: 1000
    min_count: 3
    osm: [{key: amenity, values: [restaurant]}]
  - id: helipad
    names: {zh: 停机坪, en: Helipad}
    obligation: should
    max_minutes: 5
    any_of: [near]
    osm: [{key: amenity, values: [nothing_like_it]}]
  - id: supplied
    names: {zh: 家政, en: Housekeeping}
    obligation: may
    max_minutes: 5
    user_data_only: true
"""


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_it_fits_and_is_plain_in_a_pipe(demo_cli: Cli, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = demo_cli(*COMMAND, "supermarket")
    lines = result.out.splitlines()
    assert b"\x1b" not in result.stdout
    assert max(map(cell_len, lines)) <= columns
    assert "…" not in result.out


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_file_holds_what_stdout_would_and_it_is_the_same_twice(demo_cli: Cli, options: list[str]) -> None:
    printed, again = (demo_cli(*COMMAND, "pharmacy", *options) for _ in range(2))
    assert printed == again
    written = demo_cli(*COMMAND, "pharmacy", *options, "-o", "answer.out")
    assert (written.code, written.stdout, written.stderr) == (0, b"", b"")
    assert Path("answer.out").read_bytes() == printed.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("helsinki", "way/0", "--standard", STANDARD, "--service", "pharmacy"), "no household 'way/0'"),
        (("helsinki", DEMO_HOUSEHOLD, "--standard", STANDARD, "--service", "heliport"), "supermarket"),
        (("helsinki", DEMO_HOUSEHOLD, "--standard", "none", "--service", "pharmacy"), STANDARD),
        (("atlantis", DEMO_HOUSEHOLD, "--standard", STANDARD, "--service", "pharmacy"), "helsinki"),
    ],
)
def test_what_does_not_exist_is_named(demo_cli: Cli, arguments: tuple[str, ...], says: str) -> None:
    assert says in demo_cli("explain", *arguments).failed(2)


def test_a_service_must_be_named(demo_cli: Cli) -> None:
    assert "--service" in demo_cli("explain", "helsinki", DEMO_HOUSEHOLD, "--standard", STANDARD).failed(3)
