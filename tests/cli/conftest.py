"""Runs the command line as the program does, in this process or in one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.cli.entry import run
from tests.support.gate_street import import_street, street_files
from tests.support.processes import serving
from tests.support.proposing import feature, write_proposal

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def err(self) -> str:
        return self.stderr.decode()

    def json(self) -> Any:
        """The answer, of which nothing but JSON may be."""
        assert self.code == 0, self.err
        return json.loads(self.stdout)

    def failed(self, code: int) -> str:
        """The one line on stderr of a command that failed, stdout being empty."""
        assert self.code == code, self.err
        assert self.stdout == b""
        assert self.err.startswith("reach15: ")
        assert self.err.endswith("\n")
        line = self.err.removesuffix("\n")
        assert line.isprintable(), repr(line)
        return line.removeprefix("reach15: ")


class Cli:
    """The command line over one data directory."""

    def __init__(self, capture: pytest.CaptureFixture[bytes]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str | Path) -> Result:
        self._capture.readouterr()
        code = run([str(argument) for argument in arguments])
        return Result(code, *self._capture.readouterr())


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Cli:
    """Commands over an empty data directory, with an empty directory to work in."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("REACH15_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "100")
    return Cli(capfdbinary)


@pytest.fixture
def demo_cli(cli: Cli, demo_data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Commands over the demo area; they may only read."""
    monkeypatch.setenv("REACH15_DATA_DIR", str(demo_data_dir))
    return cli


@pytest.fixture
def street_cli(cli: Cli, tmp_path: Path) -> Cli:
    """Commands over the street of `gate_street`, in a folder with ``close.geojson``, which closes its western
    pharmacy, and ``policy.json``, which allows nobody to lose one."""
    import_street(tmp_path / "data", street_files(tmp_path))
    write_proposal(Path("close.geojson"), feature("close", facility="west"))
    rule = {"id": "a", "kind": "max_lost", "value": 0, "service": "pharmacy"}
    Path("policy.json").write_text(json.dumps({"rules": [rule]}), encoding="utf-8")
    return cli


@pytest.fixture
def street_server(street_cli: Cli, tmp_path: Path) -> Iterator[str]:
    """Address of a server over the same data."""
    assert street_cli
    with serving(tmp_path, job_workers=0) as server:
        yield server.address


def environment(data_dir: Path, **variables: str) -> dict[str, str]:
    """Variables for a process of its own."""
    return os.environ | {"REACH15_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)} | variables


def run_process(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str], **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """The program in a process of its own."""
    command = [sys.executable, "-m", "app.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=env, check=False, **options)
