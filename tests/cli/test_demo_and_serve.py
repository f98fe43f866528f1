"""`reach15 demo` and `reach15 serve`."""

import json
import os
import signal
import socket
from pathlib import Path

import pytest

from app.cli import demo
from tests.cli.conftest import Cli, environment, run_process
from tests.support.http import STANDARD
from tests.support.processes import free_port, running, serving


def test_the_demonstration_leaves_a_table_a_file_and_an_area(
    cli: Cli, demo_extract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REACH15_DATA_DIR")
    result = cli("demo", "--no-serve")
    assert result.code == 0, result.err
    assert "便利店" in result.out
    assert str(demo.UNCOVERED) in result.out
    assert "127.0.0.1" not in result.out
    uncovered = json.loads(demo.UNCOVERED.read_bytes())
    assert uncovered["features"]
    for feature in uncovered["features"]:
        states = {verdict["state"] for verdict in feature["properties"]["services"].values()}
        assert states != {"covered"}
    assert (Path("demo-output") / "data" / "areas" / "helsinki").is_dir()
    assert sorted(path.name for path in Path().iterdir()) == ["demo-output"]


def test_the_demonstration_uses_a_data_directory_that_is_set(
    cli: Cli, demo_extract: Path, tmp_path: Path
) -> None:
    answer = cli("demo", "--no-serve", "--json").json()
    assert answer["coverage"]["area"]["title"] == demo.TITLE
    assert answer["coverage"]["standard"]["id"] == STANDARD
    assert Path(answer["uncovered_file"]).is_file()
    assert (tmp_path / "data" / "areas" / "helsinki").is_dir()
    assert cli("demo", "--no-serve", "--json").json() == answer


def test_the_demonstration_replaces_no_area_of_the_users(cli: Cli, demo_extract: Path) -> None:
    assert cli("area", "import", "helsinki", "--osm", demo_extract, "--title", "Mine").code == 0
    assert "would be replaced" in cli("demo", "--no-serve").failed(2)
    assert cli("area", "show", "helsinki", "--json").json()["title"] == "Mine"


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_that_is_taken_is_one_line(cli: Cli, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setattr("app.cli.serve.DEFAULT_PORT", port)
        options = ["--port", str(port)] if command == "serve" else []
        result = cli(command, *options)
    assert result.code == 2
    assert result.stdout == b""
    line = result.err.splitlines()[-1]
    assert line.startswith(f"reach15: port {port} on 127.0.0.1: is taken")


def test_an_address_of_another_machine_is_refused(demo_cli: Cli) -> None:
    assert "--host" in demo_cli("serve", "--host", "192.0.2.1").failed(2)
    assert "not a name" in demo_cli("serve", "--host", "no such host").failed(2)


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_until_ctrl_c(demo_data_dir: Path, tmp_path: Path, workers: str) -> None:
    with serving(tmp_path, "--workers", workers, "--json", data_dir=demo_data_dir) as server:
        assert server.stop(signal.SIGINT) == 0, server.log.read_text()
    assert json.loads(server.out.read_bytes())["address"] == server.address
    assert "/health/live" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal")
def test_the_demonstration_says_what_to_try_before_it_serves(demo_extract: Path, tmp_path: Path) -> None:
    port = free_port()
    program = f"import app.cli.serve as serve; serve.DEFAULT_PORT = {port}; import app.cli; app.cli.main()"
    env = environment(tmp_path / "data")
    env.pop("PYTHONUNBUFFERED", None)  # it would flush for us
    with running(["-c", program, "demo"], tmp_path, port, env) as server:
        told = server.out.read_text(encoding="utf-8")
        server.stop(signal.SIGINT)
    assert "便利店" in told
    assert f"{server.address}/v1/areas/helsinki/coverage?standard={STANDARD}" in told


def test_a_service_that_cannot_start_says_so(tmp_path: Path, demo_data_dir: Path) -> None:
    env = environment(demo_data_dir, REACH15_MAX_LINK_M="far")
    ended = run_process("serve", "--port", str(free_port()), cwd=tmp_path, env=env, capture_output=True)
    assert ended.returncode == 2
    assert ended.stderr.startswith(b"reach15: REACH15_MAX_LINK_M=far: ")
    assert ended.stderr.count(b"\n") == 1
