"""A note that the search kernels lie compiled on this machine's disk, readable without loading the compiler.

Importing Numba to ask its own cache would take a good part of what the answer may save.
"""

import hashlib
import logging
import platform
from importlib.metadata import version
from pathlib import Path

import orjson
import platformdirs

import app.geo

_LOG = logging.getLogger(__name__)

_SOURCES = ("kernels.py", "kernels_repair.py")
_COMPILED = "kernels*.nbi"
"""Numba's index files of both."""


def is_there() -> bool:
    """Whether these very kernels were compiled for this very machine, and still lie where that left them."""
    try:
        noted = orjson.loads(_path().read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return False
    if not isinstance(noted, dict) or noted.get("key") != _key():
        return False
    return any(Path(str(noted.get("folder"))).glob(_COMPILED))


def leave(folder: str) -> None:
    """Note that the kernels lie compiled in a folder. Where nothing can be written, the next question knows nothing."""
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{path.name}.{platform.node()}.{id(path)}")
        aside.write_bytes(orjson.dumps({"key": _key(), "folder": folder}))
        aside.replace(path)
    except OSError as error:
        _LOG.info("no note of the compiled search is kept: %s", error)


def _path() -> Path:
    return platformdirs.user_cache_path("reach15", appauthor=False) / "compiled.json"


def _key() -> str:
    """What compiled code depends on: the compiler, the sources as they lie there, and the processor."""
    sources = [(Path(app.geo.__file__).parent / name).stat() for name in _SOURCES]
    parts = (
        version("numba"),
        version("llvmlite"),
        platform.python_version(),
        *(f"{source.st_mtime_ns} {source.st_size}" for source in sources),
        _processor(),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # no Linux
        return f"{platform.machine()} {platform.processor()}"
    first = {
        line.partition("\t")[0]: line
        for line in lines
        if line.startswith(("model name", "flags", "Features"))
    }
    return platform.machine() + "".join(first.values())
