"""The service as it really runs: a server process with two workers."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.http import STANDARD
from tests.support.own_standard import OWN, as_yaml, own_standard
from tests.support.small_town import do_import, town

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


@contextmanager
def server(data_dir: Path, log: Path) -> Iterator[int]:
    """Port of a running server over a data directory."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory"]
    command += ["--workers", "2", "--host", "127.0.0.1", "--port", str(free)]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"REACH15_DATA_DIR": str(data_dir)},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_ready(free, process, log)
            yield free
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if ask(port, "/health/ready")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the server did not get ready:\n{log.read_text(errors='replace')}")


def ask(port: int, path: str, method: str = "GET", body: str | None = None) -> tuple[int, bytes]:
    """Status and body, over a connection of its own, so that any of the workers may answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        kind = {} if body is None else {"Content-Type": "application/yaml"}
        connection.request(method, path, body=None if body is None else body.encode(), headers=kind)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_two_workers_give_the_same_bytes(demo_data_dir: Path, tmp_path: Path) -> None:
    with server(demo_data_dir, tmp_path / "server.log") as port:
        answers = {ask(port, f"/v1/areas/helsinki/coverage?standard={STANDARD}") for _ in range(8)}
    assert len(answers) == 1
    ((status, body),) = answers
    assert status == 200
    assert json.loads(body)["area"]["id"] == "helsinki"


def test_both_workers_know_a_new_standard_within_a_second(tmp_path: Path) -> None:
    do_import(tmp_path / "data", town().write(tmp_path / "town.osm"))
    path = f"/v1/areas/town/coverage?standard={OWN}"

    def limit(port: int) -> Any:
        status, body = ask(port, path)
        return json.loads(body)["services"][0]["limit"]["minutes"] if status == 200 else status

    with server(tmp_path / "data", tmp_path / "server.log") as port:
        assert {limit(port) for _ in range(8)} == {404}
        for minutes in (10.0, 5.0):
            changed = as_yaml(own_standard(minutes))
            assert ask(port, f"/v1/standards/{OWN}", "PUT", changed)[0] in (200, 201)
            # At once, not only within a second. Whichever process is free takes a connection: so many go to both.
            assert {limit(port) for _ in range(8)} == {minutes}
        assert ask(port, f"/v1/standards/{OWN}", "DELETE")[0] == 204
        assert {limit(port) for _ in range(8)} == {404}
