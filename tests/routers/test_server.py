"""The service as it really runs: a server process with two workers."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.http import STANDARD

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


@pytest.fixture
def port(demo_data_dir: Path, tmp_path: Path) -> Iterator[int]:
    """Port of a running server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory"]
    command += ["--workers", "2", "--host", "127.0.0.1", "--port", str(free)]
    log = tmp_path / "server.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"REACH15_DATA_DIR": str(demo_data_dir)},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_ready(free, server, log)
            yield free
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def wait_until_ready(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if ask(port, "/health/ready")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the server did not get ready:\n{log.read_text(errors='replace')}")


def ask(port: int, path: str) -> tuple[int, bytes]:
    """Status and body, over a connection of its own, so that any of the workers may answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_two_workers_give_the_same_bytes(port: int) -> None:
    answers = {ask(port, f"/v1/areas/helsinki/coverage?standard={STANDARD}") for _ in range(8)}
    assert len(answers) == 1
    ((status, body),) = answers
    assert status == 200
    assert json.loads(body)["area"]["id"] == "helsinki"
