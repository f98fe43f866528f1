"""Example answers of the OpenAPI document: from the demo area, shortened. A test compares them with real ones."""

import json
from importlib.resources import files
from typing import Any

EXAMPLES: dict[str, Any] = json.loads(
    files("app.routers").joinpath("examples.json").read_text(encoding="utf-8")
)
"""By the path of their endpoint."""

DEMO_HOUSEHOLD: str = EXAMPLES["/v1/areas/{area}/households/{household_id}"]["id"]


def add_examples(document: dict[str, Any]) -> None:
    """Put the examples into an OpenAPI document. FastAPI, which writes it, would drop every null from them."""
    for path, example in EXAMPLES.items():
        contents = document["paths"][path]["get"]["responses"]["200"]["content"]
        usual = next(kind for kind, content in contents.items() if "$ref" in content["schema"])
        contents[usual]["example"] = example  # another media type is another answer
