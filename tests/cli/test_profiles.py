"""Profiles on the command line: shipped ones with costs, and files of a user's own."""

import json
from pathlib import Path

from tests.cli.conftest import Cli

COMMAND = ("assess", "helsinki", "--standard", "cn-mofcom-5-8-15", "--json")
OWN = """\
id: my-walker
speed_mps: {value: 1.1111111111111112, source: as everybody}
signal_s: {value: 60, source: our street}
"""


def covered(answer: bytes) -> float:
    services = json.loads(answer)["services"]
    return sum(service["states"]["covered"]["households"] for service in services)


def test_careful_walkers_and_a_users_own_reach_less(demo_cli: Cli, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(OWN, encoding="utf-8")
    plain, careful, mine = (
        demo_cli(*COMMAND, *options) for options in ((), ("--profile", "careful"), ("--profile", str(own)))
    )
    assert json.loads(mine.stdout)["profile"] == "my-walker"
    assert covered(careful.stdout) < covered(plain.stdout)
    assert covered(mine.stdout) < covered(plain.stdout)


def test_a_wrong_profile_file_names_line_and_field(demo_cli: Cli, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(OWN.replace("signal_s", "signals_s"), encoding="utf-8")
    message = demo_cli(*COMMAND, "--profile", str(own)).failed(2)
    assert f"{own}, line 3, signals_s: unknown field; did you mean signal_s?" in message


def test_an_import_without_its_terrain_model_says_so(demo_cli: Cli, tmp_path: Path) -> None:
    message = demo_cli(
        "area", "import", "hills", "--osm", "any.osm", "--dem", str(tmp_path / "none.tif")
    ).failed(2)
    assert "none.tif: no such file; give the terrain model as a GeoTIFF" in message
