"""`reach15 site`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli

ASKED = ("site", "helsinki", "--standard", "cn-mofcom-5-8-15", "--service", "pharmacy")


@pytest.fixture
def lots(tmp_path: Path) -> Path:
    path = tmp_path / "lots.csv"
    rows = [
        f"L{n},{24.93 + 0.003 * (n % 5):.4f},{60.165 + 0.003 * (n // 5):.4f},{1 + n % 3}" for n in range(20)
    ]
    path.write_text("id,lon,lat,cost\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_the_answer_adds_up_and_is_a_proposal(demo_cli: Cli, lots: Path, tmp_path: Path) -> None:
    out = tmp_path / "sites.geojson"
    result = demo_cli(*ASKED, "--sites", "2", "--candidates", lots, "--ignore-existing", "--json", "-o", out)
    answer = result.json()
    assert answer["objective"] == answer["bound"] == sum(item["gained"] for item in answer["sites"])
    assert (answer["gap"], answer["status"]) == (0, "optimal")
    assert answer["recheck"] == {"objective": answer["objective"], "agrees": True}
    assert [set(item) >= {"id", "gained"} for item in answer["sites"]] == [True, True]
    proposal = json.loads(out.read_bytes())
    assert [item["properties"]["action"] for item in proposal["features"]] == ["add", "add"]
    assert [item["properties"]["x_id"] for item in proposal["features"]] == [
        item["id"] for item in answer["sites"]
    ]
    again = demo_cli(*ASKED, "--sites", "2", "--candidates", lots, "--ignore-existing", "--json")
    assert again.stdout == result.stdout
    table = demo_cli(*ASKED, "--sites", "2", "--candidates", lots, "--ignore-existing")
    assert table.code == 0
    assert f"newly covered: {answer['objective']} households" in table.out


def test_the_gate_takes_the_answer_as_it_is(demo_cli: Cli, lots: Path, tmp_path: Path) -> None:
    out = tmp_path / "sites.geojson"
    asked = ("site", "helsinki", "--standard", "cn-mofcom-5-8-15", "--service", "pharmacy")
    answer = demo_cli(*asked, "--sites", "2", "--candidates", lots, "--json", "--out", out).json()
    gained, cost = answer["objective"], answer["cost"]
    assert gained > 0
    assert cost > len(answer["sites"])  # not what each costs where nobody said
    each = gained / cost

    def check(value: float) -> Any:
        rule = {"id": "worth-it", "kind": "min_gained_per_cost", "value": value, "service": "pharmacy"}
        limits = {"max_undetermined": 1, "max_not_snapped": 1}
        policy = tmp_path / "policy.json"
        policy.write_text(json.dumps({"rules": [rule], "limits": limits}), encoding="utf-8")
        return demo_cli("check", *asked[1:2], out, *asked[2:4], "--policy", policy, "--json")

    at, above = check(each - 1e-6), check(each + 1e-3)
    assert (at.code, above.code) == (0, 1)
    report = json.loads(above.stdout)
    assert report["rules"][0]["measured"] == pytest.approx(each, abs=1e-3)
    (service,) = [item for item in report["difference"]["services"] if item["id"] == "pharmacy"]
    assert service["gained"]["households"] == gained
    assert service["lost"]["households"] == 0


def test_an_infeasible_target_exits_2_with_the_households(demo_cli: Cli, lots: Path) -> None:
    one = lots.with_name("one.csv")
    rows = lots.read_text(encoding="utf-8").splitlines()
    one.write_text(f"{rows[0]}\n{rows[13]}\n", encoding="utf-8")
    asked = (*ASKED, "--target", "1", "--candidates", one, "--ignore-existing")
    result = demo_cli(*asked, "--json")
    assert result.code == 2
    answer = json.loads(result.stdout)
    assert len(answer["households"]) > 10
    assert result.err.startswith("reach15: target 1: all candidates together cover")
    text = demo_cli(*asked)
    assert text.code == 2
    assert text.out.startswith("households: [")


def test_what_cannot_be_asked_is_told_in_one_line(demo_cli: Cli, lots: Path) -> None:
    assert "--sites" in demo_cli(*ASKED).failed(3)
    assert "--sites" in demo_cli(*ASKED, "--sites", "1", "--target", "0.5").failed(3)
    both = demo_cli(*ASKED, "--sites", "1", "--candidates", lots, "--grid", "100")
    assert "--candidates" in both.failed(3)
    contradiction = demo_cli(*ASKED, "--sites", "1", "--lock", "existing", "--ignore-existing")
    assert "--ignore-existing" in contradiction.failed(3)
    assert "service 'moon'" in demo_cli(*ASKED[:-1], "moon", "--sites", "1").failed(3)
    assert "--zones" in demo_cli(*ASKED, "--sites", "1", "--fair", "--candidates", lots).failed(3)
    lots.write_text("id,lon,lat,cost\na,24.94,60.17,-3\n", encoding="utf-8")
    assert "-3 is negative" in demo_cli(*ASKED, "--sites", "1", "--candidates", lots).failed(3)
