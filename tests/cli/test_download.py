"""`reach15 area import` without a file: what comes from Overpass, here a stand-in for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.support.overpass_stand_in import Answer, StandIn, closed_port_url

BOX = "24.9400,60.1690,24.9460,60.1730"


@pytest.fixture
def stand_in(demo_extract: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with StandIn(demo_extract) as server:
        monkeypatch.setenv("REACH15_OVERPASS_URL", server.overpass_url)
        monkeypatch.setenv("REACH15_NOMINATIM_URL", server.nominatim_url)
        monkeypatch.setenv("REACH15_DOWNLOAD_MARGIN_M", "100")
        yield server


def test_a_box_is_downloaded(cli: Cli, stand_in: StandIn) -> None:
    report = cli("area", "import", "box", "--bbox", BOX, "--json").json()
    assert report["source"].startswith("Overpass: ")
    assert report["extent"]["basis"] == "download"
    assert report["counts"]["households"]["kept"] > 0
    assert "download" in report["stages_s"]


def test_a_server_that_fails_leaves_nothing(
    cli: Cli, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_in, "answer_query", lambda _: Answer.web_page(400, "parse error"))
    assert stand_in.overpass_url in cli("area", "import", "box", "--bbox", BOX).failed(2)
    assert cli("area", "list", "--json").json()["areas"] == []


@pytest.mark.parametrize("place", [["--bbox", BOX], ["--place", "Helsinki"]])
def test_a_server_that_is_not_there_is_named(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, place: list[str]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("REACH15_OVERPASS_URL", closed_port_url())
    monkeypatch.setenv("REACH15_NOMINATIM_URL", closed_port_url())
    assert "cannot be reached" in cli("area", "import", "away", *place).failed(2)
    assert cli("area", "list", "--json").json()["areas"] == []
