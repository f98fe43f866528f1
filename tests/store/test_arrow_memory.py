"""Arrow shares the memory of everything else, unless the environment says otherwise."""

import os
import subprocess
import sys

import pytest

ASK = "import app.store.area_files, pyarrow; print(pyarrow.default_memory_pool().backend_name)"
VARIABLE = "ARROW_DEFAULT_MEMORY_POOL"


@pytest.mark.parametrize(("told", "used"), [({}, "system"), ({VARIABLE: "mimalloc"}, "mimalloc")])
def test_the_allocator_of_tables(told: dict[str, str], used: str) -> None:
    others = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=others | told, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == used
