"""A million households into PostGIS and into SQLite, each in a process of its own; against `geopandas.to_postgis`."""

import statistics
import tempfile
from contextlib import closing

import geopandas
import numpy as np
import shapely
import sqlalchemy as sa

from app.db.bulk import Rows, add_rows
from app.db.schema import upgrade
from app.db.session import Database
from app.geo.units import Geometries
from benchmarks.measure import Row, in_new_process, row
from scripts.private_postgis import PostgisMissingError, private_postgis

COUNT = 1_000_000
TURNS = 3


def columns() -> dict[str, np.ndarray]:
    """What the table asks for, but for shapes."""
    random = np.random.default_rng(15)
    return {
        "household_id": np.char.add("way/", np.arange(COUNT).astype(str)),
        "households": random.uniform(1, 90, COUNT),
        "population": random.uniform(1, 200, COUNT),
        "estimated": np.zeros(COUNT, dtype=bool),
    }


def shapes() -> Geometries:
    """A city of points."""
    random = np.random.default_rng(4)
    return np.asarray(shapely.points(random.uniform(118, 119, COUNT), random.uniform(31, 32, COUNT)))


def load(address: str) -> None:
    """Into our table, with its indexes; the tables are made before."""
    with closing(Database(address)) as database, database.connection() as connection:
        add_rows(connection, Rows("households", 1, columns(), shapes()))


def load_with_geopandas(address: str) -> None:
    """Into a table that GeoPandas makes, with its spatial index."""
    keys = {"version_id": np.ones(COUNT, dtype=np.int64), "position": np.arange(COUNT)}
    frame = geopandas.GeoDataFrame(keys | columns(), geometry=shapes(), crs=4326)
    engine = sa.create_engine(address)
    frame.to_postgis("households", engine)
    engine.dispose()


def make_only() -> None:
    """What both sides do before: the seconds and the memory that are nobody's merit."""
    columns()
    shapes()


def rows() -> list[Row]:
    """Medians of runs in turn, less the seconds of making the data, which are nobody's merit."""
    runs: dict[str, list[dict[str, float]]] = {
        "make_only": [],
        "load_with_geopandas": [],
        "PostGIS": [],
        "SQLite": [],
    }
    try:
        with private_postgis() as server:
            for turn in range(TURNS):
                runs["make_only"].append(in_new_process("benchmarks.bulk_loading:make_only"))
                theirs = server.make_database(f"theirs_{turn}")
                runs["load_with_geopandas"].append(
                    in_new_process("benchmarks.bulk_loading:load_with_geopandas", theirs)
                )
                runs["PostGIS"].append(_run(server.make_database(f"ours_{turn}")))
                with tempfile.TemporaryDirectory() as folder:
                    runs["SQLite"].append(_run(f"sqlite:///{folder}/bench.sqlite"))
    except PostgisMissingError:
        return []
    median = {what: statistics.median(run["seconds"] for run in taken) for what, taken in runs.items()}
    theirs_s = median["load_with_geopandas"] - median["make_only"]
    found = []
    for place in ("PostGIS", "SQLite"):
        seconds = median[place] - median["make_only"]
        label = f"1,000,000 households into {place}, {COUNT / seconds:,.0f} rows/s"
        peak_mb = max(run["peak_mb"] for run in runs[place])
        found.append(row(label, "geopandas.to_postgis", seconds, theirs_s, peak_mb))
    return found


def _run(address: str) -> dict[str, float]:
    with closing(Database(address)) as database:
        upgrade(database)
    return in_new_process("benchmarks.bulk_loading:load", address)
