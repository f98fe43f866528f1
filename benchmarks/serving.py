"""A real server on the loopback address for as long as a benchmark asks it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

_DEADLINE_S = 60.0


@contextmanager
def served(data_dir: str) -> Iterator[str]:
    """Address of a server over a data directory; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory", "--port", str(port)],
        env=os.environ | {"REACH15_DATA_DIR": data_dir},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_until_live(f"{base}/health/live")
        yield base
    finally:
        server.terminate()
        server.wait()


def get(url: str) -> bytes:
    """The body of an answer."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310  # loopback only
        body: bytes = answer.read()
    return body


def _wait_until_live(url: str) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    while True:
        try:
            get(url)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
