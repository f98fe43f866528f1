#!/usr/bin/env python3
"""The commands of a checkout: ``demo``, ``test``, ``bench`` and ``lock``.

Needs Python 3.11 or newer and nothing else: each command makes the virtual environment that it runs in, and
installs from the lock files. Older Pythons must be able to parse this file, so that they can say that they are
too old.
"""

import sys

OLDEST_PYTHON = (3, 11)
if sys.version_info < OLDEST_PYTHON:
    here, needed = (".".join(map(str, version[:2])) for version in (sys.version_info, OLDEST_PYTHON))
    sys.exit(
        f"dev.py: this is Python {here} and {needed} or newer is needed; "
        "name a newer one, as in: make demo PYTHON=python3.12"
    )

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = ROOT / "pyproject.toml"
DEMO_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
DEMO_VENV = ROOT / ".venv-demo"
TEST_VENV = ROOT / ".venv-test"
LOCK_VENV = ROOT / ".venv-lock"  # removed when the lock files are written
INTERRUPTED = 130  # what a shell reports after Ctrl-C
AT_A_TIME = ("--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile")
"""One process of tests for each processor, but each has a PostGIS and areas of its own; `-n 0` takes one for all."""

LOCK_HEADER = """\
# {purpose}
# Made by `python3 scripts/dev.py lock`. Install with `pip install --require-hashes -r {name}`.
"""


class SetupError(Exception):
    """Something outside this program stands in the way; the message is one line that names the fix."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment of this checkout and the lock file that fills it."""

    path: Path
    lock: Path

    @property
    def scripts(self) -> Path:
        return self.path / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        return self.scripts / ("python.exe" if os.name == "nt" else "python")

    @property
    def stamp(self) -> Path:
        """Written last: where it is missing or differs, the environment is made anew."""
        return self.path / "installed-from.txt"

    @property
    def log(self) -> Path:
        return self.path / "install.log"

    def script(self, name: str) -> Path:
        return self.scripts / (f"{name}.exe" if os.name == "nt" else name)

    def variables(self) -> dict[str, str]:
        """Environment variables for programs that run in here, so that nothing outside is picked up."""
        kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH")}
        return kept | {
            "VIRTUAL_ENV": str(self.path),
            "PATH": os.pathsep.join([str(self.scripts), kept.get("PATH", os.defpath)]),
        }

    def fingerprint(self) -> str:
        """Changes with whatever changes the installation; linter settings in pyproject.toml do not."""
        settings = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
        parts = {
            "lock": self.lock.read_text(encoding="utf-8"),
            "build": settings["build-system"],
            "project": settings["project"],
            "hatch": settings["tool"]["hatch"],
            "python": sys.version,
            "checkout": str(ROOT),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def is_ready(self) -> bool:
        if not self.python.exists() or not self.stamp.exists():
            return False
        return self.stamp.read_text(encoding="utf-8").strip() == self.fingerprint()

    def prepare(self) -> None:
        """Make and fill the environment unless it is up to date."""
        if self.is_ready():
            return
        print(f"Making {self.path.name} from {self.lock.name}: once, a minute or two ...", flush=True)
        started_s = time.monotonic()
        make_venv(self.path)
        pip = [str(self.python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
        self.run_logged([*pip, "--only-binary=:all:", "--require-hashes", "-r", str(self.lock)])
        self.run_logged([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)])
        self.stamp.write_text(self.fingerprint() + "\n", encoding="utf-8")
        print(f"{self.path.name} is ready after {time.monotonic() - started_s:.0f} s.", flush=True)

    def run_logged(self, command: Sequence[str]) -> None:
        """Run a step of the installation, its many lines kept in a file."""
        with self.log.open("a", encoding="utf-8") as log:
            status = subprocess.call(
                command, cwd=ROOT, env=self.variables(), stdout=log, stderr=subprocess.STDOUT
            )
        if status != 0:
            reason = install_failure(self.log.read_text(encoding="utf-8", errors="replace"))
            message = f"installing into {self.path.name} failed: {reason} (all of it: {self.log})"
            raise SetupError(message)


def make_venv(path: Path) -> None:
    """Make an empty virtual environment with pip, in place of whatever is there."""
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        message = (
            f"this Python has no {' and no '.join(missing)}, so it cannot make a virtual environment; "
            f"on Debian and Ubuntu: apt-get install {package} (or python3-venv)"
        )
        raise SetupError(message)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        last = ([line for line in made.stdout.splitlines() if line.strip()] or ["no reason given"])[-1]
        message = f"a virtual environment cannot be made in {path}: {last.strip()}"
        raise SetupError(message)


def install_failure(log: str) -> str:
    """The line of pip's output that says most about a failed installation."""
    if "Retrying (Retry" in log:
        return "the package registry cannot be reached; check the network and pip's own settings"
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    # pip's own verdict, else the exception of a build step, else whatever came last.
    for pattern in (r"ERROR: (.+)", r"(\w*(?:Error|Exception): .+)", r"error: (.+)", r"(.+)"):
        found = [match for match in (re.match(pattern, line) for line in lines) if match]
        if found:
            return found[-1][1]
    return "pip did not say why"


def replace_with(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a command in place of this program, so that Ctrl-C and other signals reach it directly."""
    sys.stdout.flush()
    if os.name == "nt":  # exec returns to the prompt at once there
        return subprocess.call(command, env=variables)
    return os.execve(command[0], list(command), dict(variables))  # noqa: S606 - no shell is the point


def demo(arguments: Sequence[str], *, serve: bool) -> int:
    """Import the demonstration extract, print its coverage table, and serve it."""
    environment = Environment(DEMO_VENV, DEMO_LOCK)
    environment.prepare()
    options = [] if serve else ["--no-serve"]
    return replace_with(
        [str(environment.script("reach15")), "demo", *options, *arguments], environment.variables()
    )


def test(pytest_arguments: Sequence[str]) -> int:
    """Run every check, also after one has failed, and say at the end which did."""
    environment = Environment(TEST_VENV, DEV_LOCK)
    environment.prepare()
    python = str(environment.python)
    steps = {
        "format": [python, "-m", "ruff", "format", "--check", "."],
        "lint": [python, "-m", "ruff", "check", "."],
        "types": [python, "-m", "mypy"],
        "imports": [str(environment.script("lint-imports")), "--no-logo"],
        "tests": [python, "-m", "pytest", *AT_A_TIME, *pytest_arguments],
    }
    missing = postgis_is_missing()
    if missing:
        print(f"\n{'!' * 100}\nNOT TESTED ON POSTGIS, only on SQLite: {missing}\n{'!' * 100}", flush=True)
    failed = []
    for name, command in steps.items():
        shown = shlex.join([Path(command[0]).name, *command[1:]])
        print(f"\n=== {name}: {shown}", flush=True)
        if subprocess.call(command, cwd=ROOT, env=environment.variables()) != 0:
            failed.append(name)
    if missing:
        print(f"\nNOT TESTED ON POSTGIS: {missing}", flush=True)
    print(f"\nFailed: {', '.join(failed)}" if failed else f"\nAll {len(steps)} checks passed.", flush=True)
    return 1 if failed else 0


def postgis_is_missing() -> str | None:
    """What keeps the tests from PostGIS, or None."""
    checked = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "private_postgis.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    return None if checked.returncode == 0 else checked.stderr.strip().removeprefix("private_postgis.py: ")


def bench(arguments: Sequence[str]) -> int:
    """Run the benchmarks."""
    environment = Environment(TEST_VENV, DEV_LOCK)
    environment.prepare()
    return replace_with([str(environment.python), "-m", "benchmarks", *arguments], environment.variables())


def lock(*, upgrade: bool) -> int:
    """Write both lock files anew. Pins that still fit stay, unless `upgrade` asks for the newest of all."""
    tool = Environment(LOCK_VENV, DEV_LOCK)
    make_venv(tool.path)
    tool.run_logged([str(tool.python), "-m", "pip", "install", "--disable-pip-version-check", "uv"])
    with tempfile.TemporaryDirectory(prefix="reach15-lock-") as folder:
        everything, demonstration = Path(folder) / DEV_LOCK.name, Path(folder) / DEMO_LOCK.name
        if DEV_LOCK.exists() and not upgrade:
            shutil.copy(DEV_LOCK, everything)
        compile_lock(tool, everything, ["demo", "dem", "dev"])
        # uv keeps the pins that it finds in its output file, so the small lock is a part of the large one.
        shutil.copy(everything, demonstration)
        compile_lock(tool, demonstration, ["demo"])
        finish_lock(everything, DEV_LOCK, "Everything: the service, the demonstration's data, all checks.")
        finish_lock(demonstration, DEMO_LOCK, "The service, the demonstration's data, and the build backend.")
    shutil.rmtree(tool.path)
    print(f"Wrote {DEMO_LOCK.name} and {DEV_LOCK.name}.")
    return 0


def compile_lock(tool: Environment, output: Path, extras: Sequence[str]) -> None:
    """Resolve for all platforms and Pythons that we support; the registry's address is left out."""
    # The project itself is built without isolation, so its build backend is locked like everything else.
    backend = "\n".join(tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["build-system"]["requires"])
    options = ["--universal", "--generate-hashes", "--no-header", "--no-emit-index-url", "--quiet"]
    options += ["--python-version", ".".join(map(str, OLDEST_PYTHON)), "--output-file", str(output)]
    options += [word for extra in extras for word in ("--extra", extra)]
    command = [str(tool.script("uv")), "pip", "compile", PYPROJECT.name, "-", *options]
    if subprocess.run(command, cwd=ROOT, input=backend, text=True, check=False).returncode != 0:
        message = (
            "the versions cannot be resolved (uv's reasons stand above); the lock files stay as they were"
        )
        raise SetupError(message)


def finish_lock(made: Path, target: Path, purpose: str) -> None:
    """Put the header above the pins, and the file in its place."""
    pins = made.read_text(encoding="utf-8").replace("-r -", "build backend")
    target.write_text(LOCK_HEADER.format(purpose=purpose, name=target.name) + pins, encoding="utf-8")


def parse(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """Command and options; what is not known is handed on to the program that the command runs."""
    parser = argparse.ArgumentParser(prog="dev.py", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    demo_parser = commands.add_parser("demo", help="import the Helsinki extract, print its table, serve it")
    demo_parser.add_argument("--no-serve", action="store_true", help="stop before serving")
    commands.add_parser("test", help="format, lint, types, imports, tests; further arguments go to pytest")
    commands.add_parser("bench", help="benchmarks; further arguments go to them")
    lock_parser = commands.add_parser(
        "lock", help="write the lock files anew (the only command that uses uv)"
    )
    lock_parser.add_argument("--upgrade", action="store_true", help="take the newest versions of everything")
    options, rest = parser.parse_known_args(arguments)
    if options.command == "lock" and rest:
        parser.error(f"unrecognised arguments: {shlex.join(rest)}")
    return options, [word for word in rest if word != "--"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options, rest = parse(arguments)
    os.chdir(ROOT)
    try:
        if options.command == "demo":
            return demo(rest, serve=not options.no_serve)
        if options.command == "lock":
            return lock(upgrade=options.upgrade)
        return test(rest) if options.command == "test" else bench(rest)
    except SetupError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
