"""compose.yaml fits the program: its variables are settings, its commands exist, its parts are there."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings
from tests.cli.conftest import run_process

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]


def test_variables_are_settings() -> None:
    prefix = Settings.model_config["env_prefix"]
    known = {f"{prefix}{name}".upper() for name in Settings.model_fields}
    ours = {name for service in ("api", "schema") for name in SERVICES[service]["environment"]}
    assert ours == {"REACH15_DATABASE_URL"} & known


def test_the_address_is_that_of_the_database() -> None:
    address = SERVICES["api"]["environment"]["REACH15_DATABASE_URL"]
    settings = Settings(
        database_url=address.replace("${POSTGRES_PASSWORD:?set it, in the environment or in .env}", "x")
    )
    made = SERVICES["database"]["environment"]
    assert settings.database_address == (
        f"postgresql+psycopg://{made['POSTGRES_USER']}:x@database/{made['POSTGRES_DB']}"
    )


def test_what_depends_on_what_is_there() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        for volume in service["volumes"]:
            assert volume.partition(":")[0] in COMPOSE["volumes"]


@pytest.mark.parametrize("service", ["schema"])
def test_commands_exist(service: str, tmp_path: Path) -> None:
    env = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)}
    done = run_process(*SERVICES[service]["command"], "--help", cwd=tmp_path, env=env, capture_output=True)
    assert done.returncode == 0, done.stderr
