"""Real files that lie beside the checkout on machines that have them."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2].parent / "shared" / "data"


def shared_data(name: str) -> Path:
    """Path of a real file; skips the test where the folder is missing."""
    path = SHARED_DATA / name
    if not path.is_file():
        pytest.skip(f"needs {name} in ../shared/data beside the checkout")
    return path
