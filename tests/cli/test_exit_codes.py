"""However a command ends: its exit code, and at most one line on stderr."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app import __version__
from app.cli.text import one_line
from tests.cli.conftest import ROOT, Cli, environment, run_process

HEAVY = ("numpy", "scipy", "shapely", "osmium", "geopandas", "pydantic_settings", "fastapi", "rich")


def test_version_and_help(cli: Cli) -> None:
    assert cli("--version").out == f"reach15 {__version__}\n"
    assert cli("--version", "--json").json() == {"name": "reach15", "version": __version__}
    bare, asked = cli(), cli("--help")
    assert (bare.code, bare.out) == (asked.code, asked.out) == (0, asked.out)
    assert "assess" in asked.out
    assert "--osm" in cli("area", "import", "-h").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bogus"], "bogus"),
        (["area"], "missing command"),
        (["area", "list", "--nope"], "--nope"),
        (["area", "show"], "NAME"),
        (["area", "show", "a", "b"], "b"),
        (["assess", "a"], "--standard"),
        (["assess", "a", "--standard"], "--standard"),
        (["assess", "a", "--standard", "b", "--format", "xml"], "'table', 'json', 'csv', 'geojson'"),
        (["assess", "a", "--standard", "b", "--weight", "tons"], "points"),
        (["assess", "a", "--standard", "b", "--speed-mps", "fast"], "--speed-mps"),
        (["area", "import", "a", "--bbox", "1,2,3"], "W,S,E,N"),
        (["serve", "--port", "99999"], "--port"),
        (["serve", "--workers", "0"], "--workers"),
        (["--json", "area", "list"], "after the command"),
    ],
)
def test_wrong_usage(cli: Cli, arguments: list[str], says: str) -> None:
    line = cli(*arguments).failed(3)
    assert says in line
    assert "--help'" in line


@pytest.mark.parametrize(
    ("variable", "value"),
    [("REACH15_MAX_LINK_M", "abc"), ("REACH15_MAX_LINK_M", "-1"), ("REACH15_LOADED_AREAS", "0")],
)
def test_a_bad_setting_names_its_variable(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert cli("area", "list").failed(2).startswith(f"{variable}={value}: ")


def test_a_home_directory_that_is_nobodys(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACH15_DATA_DIR", "~nobody-of-this-name/data")
    assert cli("area", "list").failed(2).startswith("REACH15_DATA_DIR=~nobody-of-this-name/data: ")


def test_nothing_of_a_message_reaches_the_terminal_as_a_command(cli: Cli) -> None:
    line = cli("area", "show", "a\nb\x1b[31mred\u202e\u2028").failed(2)
    assert r"a\nb\x1b[31mred\u202e\u2028" in line
    assert one_line("药店 Ä\u00a0b") == "药店 Ä\u00a0b"


def test_something_unforeseen_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise KeyError("a\nb")

    monkeypatch.setattr("app.cli.wiring.load_settings", fail)
    monkeypatch.delenv("REACH15_DEBUG", raising=False)
    assert "internal error: KeyError" in cli("area", "list").failed(1)
    monkeypatch.setenv("REACH15_DEBUG", "1")
    result = cli("area", "list")
    assert result.code == 1
    assert "Traceback" in result.err


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 2, "not enough memory"),
        (PermissionError(13, "Permission denied", "/data/areas"), 2, "/data/areas: Permission denied"),
    ],
)
def test_other_ends(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, says: str
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("app.cli.wiring.load_settings", fail)
    assert says in cli("area", "list").failed(code)


# --- in a process of its own -----------------------------------------------------------------------------------


def test_help_and_version_load_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from app.cli.entry import run\n"
        "assert run(['--version']) == 0 and run(['assess', '--help']) == 0\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


def test_a_process_ends_with_the_same_codes(tmp_path: Path, demo_data_dir: Path) -> None:
    env = environment(demo_data_dir)
    for arguments, code in (
        (["area", "list", "--json"], 0),
        (["area", "show", "nowhere"], 2),
        (["area", "show"], 3),
    ):
        ended = run_process(*arguments, cwd=tmp_path, env=env, capture_output=True)
        assert ended.returncode == code
        assert ended.stderr.count(b"\n") == (code != 0)
        if code == 0:
            assert json.loads(ended.stdout)["areas"][0]["id"] == "helsinki"
        else:
            assert ended.stdout == b""


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX")
def test_on_a_terminal_an_error_stays_one_line_and_an_import_shows_its_progress(
    tmp_path: Path, demo_extract: Path
) -> None:
    env = environment(tmp_path / "data", COLUMNS="20", TERM="xterm")
    ended, seen = run_on_terminal(["area", "show", "a-name-that-is-longer-than-the-terminal"], tmp_path, env)
    assert ended == 2
    assert seen.count(b"\n") == 1
    assert b"\x1b" not in seen
    ended, seen = run_on_terminal(
        ["area", "import", "a", "--osm", str(demo_extract), "--json"], tmp_path, env | {"COLUMNS": "80"}
    )
    assert ended == 0
    assert b"reading OpenStreetMap data" in seen


def run_on_terminal(arguments: list[str], cwd: Path, env: dict[str, str]) -> tuple[int, bytes]:
    """Exit code and all that stderr showed, stderr being a terminal; stdout must be JSON or empty."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", *arguments], cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # how Linux says that the other side has closed
            break
        if not piece:
            break
        seen += piece
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert not out or json.loads(out)
    return process.returncode, seen


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGPIPE")
@pytest.mark.parametrize("arguments", [["--help"], ["standards", "list"], ["facilities", "helsinki"]])
def test_a_reader_that_has_enough_ends_it_silently(
    tmp_path: Path, demo_data_dir: Path, arguments: list[str]
) -> None:
    readable, writable = os.pipe()
    os.close(readable)
    ended = run_process(
        *arguments, cwd=tmp_path, env=environment(demo_data_dir), stdout=writable, stderr=subprocess.PIPE
    )
    os.close(writable)
    assert ended.stderr == b""
    assert ended.returncode == 128 + signal.SIGPIPE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_disk_behind_stdout_is_one_line(tmp_path: Path, options: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = run_process(
            "area",
            "list",
            *options,
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert ended.returncode == 2
    assert ended.stderr.startswith(b"reach15: standard output: ")
    assert ended.stderr.count(b"\n") == 1


def test_a_terminal_without_chinese_gets_question_marks(tmp_path: Path) -> None:
    env = environment(tmp_path, PYTHONIOENCODING="ascii")
    ended = run_process("standards", "list", cwd=tmp_path, env=env, capture_output=True)
    assert ended.returncode == 0, ended.stderr
    assert b"???" in ended.stdout
