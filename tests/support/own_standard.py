"""A standard of one's own, for tests: one service, whose limit they choose."""

import json
from typing import Any

import yaml

OWN = "our-town"


def own_standard(minutes: float = 10, **changes: Any) -> dict[str, Any]:
    """The fields of a standard of which bakeries are all."""
    service = {
        "id": "bread",
        "names": {"zh": "面包", "en": "Bread 𠮷"},
        "obligation": "must",
        "max_minutes": minutes,
        "osm": [{"key": "shop", "values": ["bakery"]}],
    }
    return {
        "id": OWN,
        "version": "1",
        "title": {"zh": "我们的小镇", "en": "Our town"},
        "source": {"document": "Town council", "date": "2026-03", "mark": "R"},
        "services": [service],
        **changes,
    }


def as_yaml(fields: dict[str, Any]) -> str:
    return yaml.safe_dump(fields, allow_unicode=True, sort_keys=False)


def as_json(fields: dict[str, Any]) -> str:
    """Escaped and with tabs, as some programs write it."""
    return json.dumps(fields, indent="\t")
