"""A million households into PostGIS and into SQLite, each in a process of its own; against `geopandas.to_postgis`."""

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
    frame = geopandas.GeoDataFrame(columns(), geometry=shapes(), crs=4326)
    engine = sa.create_engine(address)
    frame.to_postgis("households", engine)
    engine.dispose()


def make_only() -> None:
    """What both sides do before: the seconds and the memory that are nobody's merit."""
    columns()
    shapes()


def rows() -> list[Row]:
    """Seconds less those of making the data."""
    making_s = in_new_process("benchmarks.bulk_loading:make_only")["seconds"]
    found: list[Row] = []
    try:
        with private_postgis() as server:
            ours, theirs = server.make_database("ours"), server.make_database("theirs")
            with closing(Database(ours)) as database:
                upgrade(database)
            other = in_new_process("benchmarks.bulk_loading:load_with_geopandas", theirs)
            mine = in_new_process("benchmarks.bulk_loading:load", ours)
    except PostgisMissingError:
        return []
    theirs_s = other["seconds"] - making_s
    found.append(_row("PostGIS", mine, making_s, theirs_s))
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{folder}/bench.sqlite"
        with closing(Database(address)) as database:
            upgrade(database)
        found.append(
            _row("SQLite", in_new_process("benchmarks.bulk_loading:load", address), making_s, theirs_s)
        )
    return found


def _row(place: str, measured: dict[str, float], making_s: float, theirs_s: float) -> Row:
    seconds = measured["seconds"] - making_s
    label = f"1,000,000 households into {place}, {COUNT / seconds:,.0f} rows/s"
    return row(label, "geopandas.to_postgis", seconds, theirs_s, measured["peak_mb"])
