"""The service as it really runs: a server process with two workers."""

from pathlib import Path
from typing import Any

from tests.support.http import STANDARD
from tests.support.own_standard import OWN, as_yaml, own_standard
from tests.support.processes import Server, serving
from tests.support.small_town import do_import, town


def test_two_workers_give_the_same_bytes(demo_data_dir: Path, tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2", data_dir=demo_data_dir, job_workers=0) as server:
        answers = [server.ask(f"/v1/areas/helsinki/coverage?standard={STANDARD}") for _ in range(8)]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert answers[0].json()["area"]["id"] == "helsinki"


def test_both_workers_know_a_new_standard_within_a_second(tmp_path: Path) -> None:
    do_import(tmp_path / "data", town().write(tmp_path / "town.osm"))
    path = f"/v1/areas/town/coverage?standard={OWN}"

    def limit(server: Server) -> Any:
        answer = server.ask(path)
        return answer.json()["services"][0]["limit"]["minutes"] if answer.status == 200 else answer.status

    with serving(tmp_path, "--workers", "2", job_workers=0) as server:
        assert {limit(server) for _ in range(8)} == {404}
        for minutes in (10.0, 5.0):
            changed = as_yaml(own_standard(minutes)).encode()
            kept = server.ask(f"/v1/standards/{OWN}", "PUT", changed, Content_Type="application/yaml")
            assert kept.status in (200, 201)
            # At once, not only within a second. Whichever process is free takes a connection: so many go to both.
            assert {limit(server) for _ in range(8)} == {minutes}
        assert server.ask(f"/v1/standards/{OWN}", "DELETE").status == 204
        assert {limit(server) for _ in range(8)} == {404}
