"""A whole-city assessment, warm, over HTTP; and how the engine grows with the city."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from app.services.import_area import ImportRequest, import_area
from app.settings import Settings
from app.store.directory import DirectoryAreaStore
from benchmarks.measure import SHARED_DATA, Row, median_s, row

_STANDARD = "cn-mofcom-basic"  # fourteen services
_DEADLINE_S = 60.0


def rows() -> list[Row]:
    """Against the first answer of the same process, which searches; the warm one only judges and sums."""
    path = SHARED_DATA / "las-palmas.osm.pbf"
    if not path.exists():
        return []
    with tempfile.TemporaryDirectory() as folder:
        store = DirectoryAreaStore(Path(folder))
        import_area(ImportRequest("city", osm_file=path), store, Settings(), known_services=())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory", "--port", str(port)],
            env=os.environ | {"REACH15_DATA_DIR": folder},
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            base = f"http://127.0.0.1:{port}"
            _wait_until_live(f"{base}/health/live")
            url = f"{base}/v1/areas/city/coverage?standard={_STANDARD}"
            begin = time.perf_counter()
            _get(url)
            first_s = time.perf_counter() - begin
            warm_s = median_s(lambda: _get(url), repeat=31)
            speeds = iter(0.8 + 0.001 * step for step in range(1000))
            other_s = median_s(lambda: _get(f"{url}&speed_mps={next(speeds):.3f}"), repeat=31)
        finally:
            server.terminate()
            server.wait()
    return [
        row("GET coverage, las-palmas, warm", "its first answer", warm_s, first_s),
        row("GET coverage at a new speed each time", "its first answer", other_s, first_s),
    ]


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:  # noqa: S310  # loopback only
        body: bytes = answer.read()
    return body


def _wait_until_live(url: str) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    while True:
        try:
            _get(url)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
