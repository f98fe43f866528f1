"""Uploads over the limit to a real server: refused before the body or while it streams, in little memory."""

import select
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.processes import BOUNDARY, PATIENCE_S, Server, begin_upload, serving, wait_until

LIMIT_MB = 60
TWO_GB = 2_000_000_000
CHUNK = b"\0" * 1_000_000
MOST_GROWTH_KB = 30_000
HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="osm"; filename="big.osm.pbf"\r\n\r\n'.encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("large")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        with serving(folder, max_upload_mb=LIMIT_MB, job_workers=0) as started:
            # Memory is compared once what is loaded in the background, and at the first upload, is loaded.
            wait_until((folder / "reach15" / "compiled.json").exists, "the compiled search")
            with closing(begin_upload(started.port, length=3)) as line:
                assert line.recv(12) == b"HTTP/1.1 422"
            yield started


def peak_kb(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def left_over(server: Server) -> list[Path]:
    jobs = server.log.parent / "data" / "jobs"
    return list(jobs.iterdir()) if jobs.is_dir() else []


@pytest.mark.parametrize("path", ["/v1/areas", "/v1/areas/town/households"])
@pytest.mark.parametrize("expects", [False, True])
def test_a_length_over_the_limit_is_refused_before_the_body(
    server: Server, path: str, *, expects: bool
) -> None:
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)) as line:
        line.sendall(
            f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {TWO_GB}\r\n"
            f"{'Expect: 100-continue' if expects else 'X-Other: x'}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n{" not in answer:  # not a byte of the body was sent
            answer += line.recv(65536)
            assert answer
        if path == "/v1/areas":
            assert answer.startswith(b"HTTP/1.1 413 "), answer
        else:  # there is no such area, which is as good a reason
            assert answer.startswith(b"HTTP/1.1 404 "), answer
    assert left_over(server) == []


def test_a_body_over_the_limit_is_refused_while_it_streams(server: Server) -> None:
    before_kb, sent = peak_kb(server), 0
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)) as line:
        line.sendall(
            b"POST /v1/areas HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            + f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n".encode()
            + f"{len(HEAD):x}\r\n".encode() + HEAD + b"\r\n"
        )  # fmt: skip
        while sent < TWO_GB and not select.select([line], [], [], 0)[0]:
            line.sendall(f"{len(CHUNK):x}\r\n".encode() + CHUNK + b"\r\n")
            sent += len(CHUNK)
        line.sendall(b"0\r\n\r\n")
        answer = line.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413 "), answer
    assert b"urn:reach15:problem:upload-too-large" in answer
    assert f'"limit_mb":{LIMIT_MB}'.encode() in answer
    assert LIMIT_MB * 1_000_000 < sent < 2 * LIMIT_MB * 1_000_000 + 20_000_000, "as soon as it was too much"
    assert peak_kb(server) - before_kb < MOST_GROWTH_KB, "memory stays the same however much comes"
    assert left_over(server) == []
