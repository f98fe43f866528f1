"""docs/gate.md, the README's worked example and the CI examples do what they say."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from app.ingest.policy_files import load_policy_file
from tests.cli.conftest import ROOT, Result

DOCS = ROOT / "docs"
GATE = (DOCS / "gate.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI_FILES = ("github-actions.yml", "gitlab-ci.yml")


@pytest.fixture
def work(tmp_path: Path, demo_data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the documentation alone, over the demo area."""
    shutil.copytree(DOCS, tmp_path / "docs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REACH15_DATA_DIR", str(demo_data_dir))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def run(command: str, capture: pytest.CaptureFixture[bytes]) -> Result:
    from app.cli.entry import run as run_command  # noqa: PLC0415

    capture.readouterr()
    code = run_command(shlex.split(command)[1:])
    return Result(code, *capture.readouterr())


def blocks(text: str, kind: str) -> list[str]:
    """The fenced blocks of a kind."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [body for found, body in fenced if found == kind]


def commands(text: str) -> list[str]:
    return [line for block in blocks(text, "sh") for line in block.splitlines() if line.startswith("reach15")]


@pytest.mark.parametrize(
    "text", [GATE.split("## A worked example")[1], README.split("## May this be built?")[1].split("\n## ")[0]]
)
def test_the_worked_example(
    work: Path,
    demo_data_dir: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
) -> None:
    # Where `make demo`, run in the checkout, leaves its area; the example itself says that it is asked for there.
    (work / "demo-output").mkdir()
    (work / "demo-output" / "data").symlink_to(demo_data_dir)
    monkeypatch.delenv("REACH15_DATA_DIR")
    for name, value in re.findall(r'^export (\w+)="\$PWD/([^"]+)"', text, re.MULTILINE):
        monkeypatch.setenv(name, str(work / value))
    fails, site, passes = (run(command, capfdbinary) for command in commands(text))
    assert (fails.code, site.code, passes.code) == (1, 0, 0)
    for shown, result in zip(blocks(text, ""), (fails, passes), strict=True):
        for line in shown.splitlines():
            assert line.strip() in [out.strip() for out in result.out.splitlines()], line


def test_the_policies_shown_are_policies(tmp_path: Path) -> None:
    (shown,) = blocks(GATE, "yaml")
    path = tmp_path / "policy.yaml"
    path.write_text(shown, encoding="utf-8")
    assert len(load_policy_file(path).rules) == 3
    assert len(load_policy_file(DOCS / "examples" / "pharmacy-policy.yaml").rules) == 3


def steps(name: str) -> list[str]:
    """The shell commands of a CI file, without the one that installs."""
    document = yaml.safe_load((DOCS / "ci" / name).read_text(encoding="utf-8"))
    if name.startswith("github"):
        found = [step for step in document["jobs"]["gate"]["steps"] if "run" in step]
        return [step["run"] for step in found if step["name"] != "Install"]
    return list(document["gate"]["script"])


@pytest.mark.parametrize("name", CI_FILES)
@pytest.mark.parametrize(("share", "code"), [(0.9, 0), (1.0, 1)])
def test_the_ci_examples_run(tmp_path: Path, demo_extract: Path, name: str, share: float, code: int) -> None:
    shutil.copy(demo_extract, tmp_path / "city.osm.pbf")
    shutil.copy(DOCS / "examples" / "moved-pharmacy.geojson", tmp_path / "proposal.geojson")
    rule = {"id": "hair", "kind": "min_share", "value": share, "service": "hair_beauty"}
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump({"rules": [rule]}), encoding="utf-8")
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    program = bin_dir / "reach15"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m app.cli "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment: dict[str, Any] = os.environ | {
        "PATH": f"{bin_dir}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "REACH15_DATA_DIR": str(tmp_path / "data"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    (command,) = steps(name)
    ended = subprocess.run(
        ["bash", "-e", "-c", command], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert ended.returncode == code, ended.stderr.decode()
    assert orjson.loads((tmp_path / "gate.json").read_bytes())["exit_code"] == code
    assert b"testsuites" in (tmp_path / "gate.xml").read_bytes()
    if name.startswith("github"):
        assert (b"::error " in ended.stdout) == (code == 1)
        assert "## The gate" in (tmp_path / "summary.md").read_text(encoding="utf-8")
        assert orjson.loads((tmp_path / "gate.sarif").read_bytes())["version"] == "2.1.0"
