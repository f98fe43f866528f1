"""The house keeps its own rules: imports point one way, locks are hashed, files stay small."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
MAX_LINES = 450

# Put together here, so that this file does not hold what it looks for.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("pypi", "python", "org"),
        ("anaconda", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
    )
)


def repository_files() -> list[Path]:
    """Files that git tracks or would add."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed, so nobody can say which files belong to the repository")
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip(f"not a git checkout: {listed.stderr.strip()}")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def requirements(lock: str) -> dict[str, str]:
    """Each pin of a lock file, ``name==version`` with its marker, and the lines that belong to it."""
    blocks: dict[str, str] = {}
    pin = ""
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if line.startswith(" "):
            blocks[pin] += line + "\n"
        else:
            pin = line.removesuffix("\\").strip()
            assert pin not in blocks
            blocks[pin] = ""
    return blocks


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = (
        "import sys; from importlinter.cli import lint_imports as f; sys.exit(f(no_cache=True, no_logo=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )


def test_imports_point_one_way() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("geo/units.py", "import fastapi"),
        ("geo/units.py", "import app.domain.errors"),
        ("domain/errors.py", "import app.services"),
        ("services/__init__.py", "import app.store"),
        ("services/__init__.py", "import fastapi"),
        ("store/__init__.py", "import app.ingest"),
        ("store/__init__.py", "import osmium"),
        ("services/__init__.py", "import osmnx"),
        ("ingest/__init__.py", "import pyrosm"),
    ],
)
def test_a_wrong_import_is_noticed(tmp_path: Path, module: str, line: str) -> None:
    shutil.copytree(ROOT / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "app" / module).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    result = lint_imports(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert line.removeprefix("import ") in result.stdout


def test_no_file_names_a_package_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in repository_files()
        for host in REGISTRY_HOSTS
        if re.search(rb"(?<![\w-])" + re.escape(host.encode()), path.read_bytes(), re.IGNORECASE)
    ]
    assert found == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_is_pinned_and_hashed(lock: str) -> None:
    pins = requirements(lock)
    assert len(pins) > 50
    unpinned = [pin for pin in pins if not re.match(r"[a-z0-9][a-z0-9._-]*==[^ ]+( ; .+)?$", pin)]
    assert unpinned == []
    assert [pin for pin, rest in pins.items() if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", rest)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_no_address_and_no_path(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert re.findall(r".*(?:://|file:|--index|--extra-index|--find-links|--trusted-host).*", text) == []
    assert re.findall(r".*(?:^|[\s@])(?:/|~|[A-Z]:\\)\w+.*", text, re.MULTILINE) == []


def test_the_small_lock_is_part_of_the_large_one() -> None:
    small, large = (requirements(lock) for lock in LOCKS)
    names = {pin.split(" ")[0] for pin in large}
    assert {pin.split(" ")[0] for pin in small} - names == set()


def test_locks_hold_everything_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build = project["build-system"]["requires"]
    runtime, extras = project["project"]["dependencies"], project["project"]["optional-dependencies"]
    for lock, wanted in (
        ("requirements.lock", [*build, *runtime, *extras["demo"]]),
        ("requirements-dev.lock", [*build, *runtime, *extras["demo"], *extras["dem"], *extras["dev"]]),
    ):
        locked = {pin.split("==")[0] for pin in requirements(lock)}
        assert {re.split(r"[<>=!~\[; ]", name)[0].lower() for name in wanted} - locked == set(), lock


def test_source_files_stay_small() -> None:
    sources = sorted((ROOT / "app").rglob("*.py"))
    assert sources
    lines = {str(path.relative_to(ROOT)): len(path.read_bytes().splitlines()) for path in sources}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}
