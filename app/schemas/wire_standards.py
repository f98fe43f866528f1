"""The body of a request that brings a standard, for the OpenAPI document."""

from typing import Any

import yaml

from app.ingest.standard_problems import load_schema

EXAMPLE_STANDARD: dict[str, Any] = {
    "id": "our-district",
    "version": "1",
    "title": {"zh": "本区服务标准", "en": "Our district's standard"},
    "source": {"document": "District plan 2026, annex 3", "mark": "R"},
    "speed_mps": 1.2,
    "services": [
        {
            "id": "pharmacy",
            "names": {"zh": "药店", "en": "Pharmacy"},
            "obligation": "must",
            "max_minutes": 10,
            "osm": [{"key": "amenity", "values": ["pharmacy"]}],
        }
    ],
}


def standard_body() -> dict[str, Any]:
    """A standard as YAML or as JSON; docs/standards.md names the schema that both are checked against."""
    text = yaml.safe_dump(EXAMPLE_STANDARD, sort_keys=False, allow_unicode=True)
    described = {"type": "object", "description": load_schema()["description"]}
    return {
        "required": True,
        "content": {
            "application/yaml": {"schema": {"type": "string"}, "example": text},
            "application/json": {"schema": described, "example": EXAMPLE_STANDARD},
        },
    }
