"""Each process imports only what it needs: heavy libraries wait for whoever uses them."""

import importlib.util
import json
import subprocess
import sys

import pytest

SELDOM = (
    "alembic",
    "geoalchemy2",
    "geopandas",
    "highspy",
    "jsonschema",
    "networkx",
    "numba",
    "openpyxl",
    "osmium",
    "osmnx",
    "pandas",
    "psycopg",
    "pyarrow",
    "pyogrio",
    "rasterio",
    "requests",
)
"""What some questions, imports or databases need, and a process that answers others does not."""

ENGINE = ("contourpy", "pyproj", "scipy", "shapely")
SERVICE = ("fastapi", "numpy", "pydantic", "sqlalchemy", "uvicorn", "yaml")


def loaded(module: str) -> set[str]:
    """The libraries that are there once a module was imported by a process of its own."""
    program = f"import json, sys, {module}; print(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        pytest.param("app.cli", (*SELDOM, *ENGINE, *SERVICE), id="any command, before it knows which"),
        pytest.param("app.wiring", (*SELDOM, "contourpy", "fastapi", "scipy"), id="what a command lists"),
        pytest.param("app.main", SELDOM, id="the service"),
        pytest.param("app.schemas.job_kinds", SELDOM, id="the worker of jobs"),
    ],
)
def test_what_is_not_needed_yet_is_not_loaded(module: str, unwanted: tuple[str, ...]) -> None:
    found = loaded(module)
    assert module.split(".", maxsplit=1)[0] in found
    assert found & set(unwanted) == set()


@pytest.mark.parametrize("name", [*SELDOM, *ENGINE, *SERVICE])
def test_the_names_are_those_of_installed_libraries(name: str) -> None:
    assert importlib.util.find_spec(name) is not None
