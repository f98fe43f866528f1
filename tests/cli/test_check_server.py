"""`reach15 check --server`: the same reports, byte for byte, as from the data here."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.support.http import STANDARD
from tests.support.processes import serving
from tests.support.proposing import feature, write_proposal

HOUSE = "node/349041876"
CASES: dict[str, Any] = {
    "passes": {"rules": [{"id": "a", "kind": "min_share", "value": 0.1, "service": "hair_beauty"}]},
    "fails": {"rules": [{"id": "a", "kind": "min_share", "value": 1, "service": "hair_beauty"}]},
    "unknown": {"rules": [{"id": "a", "kind": "max_lost", "value": 0}]},
}
CODES = {"passes": 0, "fails": 1, "unknown": 2}


@pytest.fixture(scope="module")
def server(demo_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running server over the demo area."""
    with serving(tmp_path_factory.mktemp("server"), data_dir=demo_data_dir, job_workers=0) as started:
        yield started.address


def arguments(name: str = "passes") -> list[str]:
    write_proposal(
        Path("p.geojson"),
        feature("add", {"type": "Point", "coordinates": [24.9414, 60.1719]}, services=["supermarket"]),
        feature("close", facility=HOUSE),
    )
    Path("policy.json").write_text(json.dumps(CASES[name]), encoding="utf-8")
    return ["check", "helsinki", "p.geojson", "--standard", STANDARD, "--policy", "policy.json"]


@pytest.mark.parametrize("name", CASES)
def test_a_server_gives_the_same_bytes(demo_cli: Cli, server: str, name: str) -> None:
    formats = ("text", "json", "junit", "sarif", "markdown", "github")
    for side, options in (("here", []), ("there", ["--server", server + "/"])):
        asked = ",".join(f"{kind}={side}.{kind}" for kind in formats)
        result = demo_cli(*arguments(name), *options, "--format", asked, "--write-baseline", f"{side}.base")
        assert (result.code, result.err) == (CODES[name], "")
    for kind in (*formats, "base"):
        assert Path(f"here.{kind}").read_bytes() == Path(f"there.{kind}").read_bytes()


def test_a_server_hears_every_option(demo_cli: Cli, server: str) -> None:
    options = ["--profile", "elderly", "--speed-mps", "0.77", "--lenient", "--crs", "EPSG:4326", "--json"]
    demo_cli(*arguments("fails"), "--write-baseline", "b.json")
    options += ["--baseline", "b.json"]
    here, there = (
        demo_cli(*arguments("fails"), *options),
        demo_cli(*arguments("fails"), *options, "--server", server),
    )
    assert here.stdout == there.stdout
    assert here.code == there.code
    assert json.loads(here.stdout)["speed_mps"] == 0.77


def test_what_a_server_refuses(demo_cli: Cli, server: str) -> None:
    words = arguments()
    assert "atlantis" in demo_cli("check", "atlantis", *words[2:], "--server", server).failed(2)
    assert "runner" in demo_cli(*words, "--profile", "runner", "--server", server).failed(3)
    wrong = [word if word != STANDARD else "atlantis" for word in words]
    assert "atlantis" in demo_cli(*wrong, "--server", server).failed(3)
    write_proposal(Path("p.geojson"), feature("close", facility="nowhere"))
    assert "nowhere" in demo_cli(*words, "--server", server).failed(3)


class _Strange(BaseHTTPRequestHandler):
    """A server of something else."""

    answer = (200, b"<html>")

    def do_POST(self) -> None:
        self.send_response(self.answer[0])
        self.end_headers()
        self.wfile.write(self.answer[1])

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    "answer",
    [(200, b"<html>"), (200, b"{}"), (200, b"[]"), (302, b""), (404, b"{}"), (500, b"oops"), (503, b"{}")],
)
def test_a_strange_server_never_lets_a_proposal_pass(
    demo_cli: Cli, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, bytes]
) -> None:
    monkeypatch.setattr(_Strange, "answer", answer)
    strange = HTTPServer(("127.0.0.1", 0), _Strange)
    thread = Thread(target=strange.serve_forever, daemon=True)
    thread.start()
    try:
        address = f"http://127.0.0.1:{strange.server_port}"
        assert "did not answer as it should" in demo_cli(*arguments(), "--server", address).failed(2)
    finally:
        strange.shutdown()
        strange.server_close()
        thread.join()
