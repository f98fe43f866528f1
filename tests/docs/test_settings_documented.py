"""docs/settings.md names every setting with its default."""

import re
from pathlib import Path

from pydantic import TypeAdapter
from pydantic_core import PydanticUndefined

from app.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(
    r"^\| `(?P<variable>[A-Z0-9_]+)` \| (?P<default>[^|]+) \| (?P<meaning>[^|]+) \|$", re.MULTILINE
)


def documented() -> dict[str, str]:
    rows = ROW.finditer(DOCUMENT.read_text(encoding="utf-8"))
    return {row["variable"]: row["default"].strip().strip("`") for row in rows}


def test_every_setting_has_its_row_and_no_row_is_left_over() -> None:
    prefix = Settings.model_config["env_prefix"]
    assert documented().keys() == {f"{prefix}{name}".upper() for name in Settings.model_fields}


def test_every_default_is_the_true_one() -> None:
    rows = documented()
    for name, field in Settings.model_fields.items():
        default = field.default
        assert default is not PydanticUndefined
        written = rows[f"REACH15_{name.upper()}"]
        if default is None:
            assert written.startswith("the ")
        else:
            assert TypeAdapter(type(default)).validate_python(written) == default
