"""Places of a version by the box in which they lie."""

import numpy as np
import shapely
import sqlalchemy as sa

from app.db.box_index import index_name
from app.db.geometry_type import SRID
from app.db.models import AreaVersionModel, FacilityModel, HouseholdModel
from app.db.ready import ReadyDatabase
from app.geo.units import IntArray

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees; the sides belong to it."""


class SqlPlaces:
    """Positions of places in their version's arrays."""

    def __init__(self, database: ReadyDatabase) -> None:
        self._database = database

    def households_in_box(self, key: str, box: Box) -> IntArray:
        """Positions, ascending, of the households of a version that lie in a box."""
        return self._find(HouseholdModel, key, box)

    def facilities_in_box(self, key: str, box: Box) -> IntArray:
        """Positions, ascending, of the facilities of a version that lie in a box."""
        return self._find(FacilityModel, key, box)

    def _find(self, model: type[HouseholdModel | FacilityModel], key: str, box: Box) -> IntArray:
        version = sa.select(AreaVersionModel.id).where(AreaVersionModel.folder == key).scalar_subquery()
        wanted = sa.select(model.position, model.shape).where(model.version_id == version)
        if self._database.is_sqlite:
            wanted = wanted.where(model.id.in_(_rtree_ids(model.__tablename__, box)))
        else:
            wanted = wanted.where(model.shape.op("&&")(sa.func.ST_MakeEnvelope(*box, SRID)))
        with self._database.reading() as session:
            rows = [] if session is None else session.execute(wanted).all()
        # The index of SQLite keeps single precision, rounded outwards: a superset, of which doubles decide.
        west, south, east, north = box
        points = np.array([shape for _, shape in rows], dtype=object)
        lon_deg, lat_deg = shapely.get_x(points), shapely.get_y(points)
        inside = (west <= lon_deg) & (lon_deg <= east) & (south <= lat_deg) & (lat_deg <= north)
        return np.sort(np.array([position for position, _ in rows], dtype=np.int64)[inside])


def _rtree_ids(table: str, box: Box) -> sa.Select[tuple[int]]:
    index = sa.table(
        index_name(table), *(sa.column(name) for name in ("id", "min_lon", "max_lon", "min_lat", "max_lat"))
    )
    west, south, east, north = box
    return sa.select(index.c.id).where(
        index.c.max_lon >= west, index.c.min_lon <= east, index.c.max_lat >= south, index.c.min_lat <= north
    )
