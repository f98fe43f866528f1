"""`reach15 serve` in processes as users run it, to be asked, stopped and killed."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.private_postgis import free_port

ROOT = Path(__file__).parents[2]
PATIENCE_S = 300.0
"""Only what never comes takes so long, however busy the machine is."""
BOUNDARY = "reach15-test"


@dataclass(frozen=True)
class Answer:
    """An answer, and when it was asked for and complete."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    began_s: float = 0.0
    ended_s: float = 0.0

    def json(self) -> Any:
        return json.loads(self.body)


def wait_until(happened: Callable[[], Any], what: str) -> Any:
    """Ask again and again until the answer is true; gives it back."""
    deadline = time.monotonic() + PATIENCE_S
    while not (result := happened()):
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.02)
    return result


@dataclass
class Server:
    """A running server."""

    process: "subprocess.Popen[bytes]"
    port: int
    out: Path
    log: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> http.client.HTTPConnection:
        """A connection that stays with one of the server's processes."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        """Ask over a connection of its own."""
        connection = self.connect()
        try:
            return ask(connection, path, method, body, {k.replace("_", "-"): v for k, v in headers.items()})
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """The JSON of a good answer."""
        answer = self.ask(path)
        assert answer.status == 200, answer.body
        return answer.json()

    def upload(self, path: str, fields: Mapping[str, str], **files: Path) -> str:
        """Send a form; the address of the job that it became."""
        answer = self.ask(
            path, "POST", form(fields, files), Content_Type=f"multipart/form-data; boundary={BOUNDARY}"
        )
        assert answer.status == 202, answer.body
        return answer.headers["location"]

    def job_ended(self, address: str) -> Any:
        """A job when it has ended in whatever way."""
        ends = ("succeeded", "failed", "cancelled")

        def ended() -> Any:
            job = self.get(address)
            return job if job["status"] in ends else None

        return wait_until(ended, f"the end of {address}")

    def job_runs(self, address: str, *stages: str) -> Any:
        """A job as soon as it is at one of these stages."""

        def runs() -> Any:
            job = self.get(address)
            assert job["status"] in ("queued", "running"), f"ended too early: {job}"
            return job if job["stage"] in stages else None

        return wait_until(runs, f"{stages} of {address}")

    def children(self, part: str) -> list[int]:
        """Process ids of the server's own processes whose command has this in it."""
        return [pid for pid in descendants(self.process.pid) if part in command_of(pid)]

    def kill(self) -> None:
        """As `kill -9` does."""
        self.process.kill()
        self.process.wait()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """As a service manager does, or as Ctrl-C; the exit code."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_S)


@contextmanager
def serving(folder: Path, *options: str, port: int | None = None, **settings: object) -> Iterator[Server]:
    """A server while the block runs; `settings` as `Settings` calls them, the data in `folder` by default."""
    port = port or free_port()
    variables = {"data_dir": folder / "data", **settings}
    environment = os.environ | {f"REACH15_{name.upper()}": str(value) for name, value in variables.items()}
    command = ["-m", "app.cli", "serve", "--port", str(port), *options]
    with running(command, folder, port, environment) as server:
        yield server


@contextmanager
def running(
    command: Sequence[str], folder: Path, port: int, environment: Mapping[str, str]
) -> Iterator[Server]:
    """Whatever serves at a port, run by Python in a folder, while the block runs; from its first answer on."""
    told, log = folder / f"server-{port}.out", folder / f"server-{port}.log"
    with told.open("ab") as out, log.open("ab") as lines:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env=dict(environment) | {"PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=lines,
        )
    server = Server(process, port, told, log)
    try:
        wait_until(lambda: _is_live(server), "a server that answers")
        yield server
    except BaseException:
        shown = [line for line in log.read_text(errors="replace").splitlines() if "HTTP/1.1" not in line]
        sys.stderr.write("\n".join(shown[-60:]))
        raise
    finally:
        ours = [process.pid, *descendants(process.pid)]
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
        for pid in ours[1:]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()


def ask(
    connection: http.client.HTTPConnection,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Ask over a connection that may stay open."""
    began_s = time.monotonic()
    connection.request(method, path, body=body, headers=dict(headers or {}))
    response = connection.getresponse()
    content = response.read()
    names = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, names, content, began_s, time.monotonic())


def form(fields: Mapping[str, str], files: Mapping[str, Path]) -> bytes:
    """A form as a browser sends it."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, path in files.items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="{path.name}"'
        parts.append(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + path.read_bytes() + b"\r\n")
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def begin_upload(port: int, path: str = "/v1/areas", length: int = 10_000_000) -> socket.socket:
    """An upload that has begun and sends no more: its connection."""
    line = socket.create_connection(("127.0.0.1", port))
    line.sendall(
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {length}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="osm"; filename="slow.osm.pbf"\r\n\r\nbegins'.encode()
    )
    return line


def is_alive(pid: int) -> bool:
    """Whether there is such a process that has not ended yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def descendants(pid: int) -> list[int]:
    """Process ids of the children of a process, and of theirs."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found, new = [], [pid]
    while new:
        new = [child for child, parent in parents.items() if parent in new]
        found += new
    return found


def command_of(pid: int) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def owner_of(connection: http.client.HTTPConnection, pids: list[int]) -> int | None:
    """Which of these processes holds the other end of a connection to this machine."""
    ours, theirs = connection.sock.getsockname()[1], connection.sock.getpeername()[1]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        part = line.split()
        local, remote = (int(part[n].partition(":")[2], 16) for n in (1, 2))
        if (local, remote) == (theirs, ours):
            wanted = f"socket:[{part[9]}]"
            return next((pid for pid in pids if wanted in _files_of(pid)), None)
    return None


def _files_of(pid: int) -> set[str]:
    found = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(str(path.readlink()))
    return found


def _is_live(server: Server) -> bool:
    assert server.process.poll() is None, "the server ended"
    with suppress(OSError):
        return server.ask("/health/live").status == 200
    return False
