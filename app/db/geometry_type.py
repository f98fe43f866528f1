"""Geometry columns: Shapely in, Shapely out, over PostGIS's own type or WKB in SQLite."""

from typing import Any

import shapely
import sqlalchemy as sa
from geoalchemy2 import Geometry
from geoalchemy2.elements import WKBElement
from shapely.geometry.base import BaseGeometry
from sqlalchemy.types import TypeDecorator

SRID = 4326


class Shape(TypeDecorator[BaseGeometry]):
    """A geometry in WGS 84, lon and lat.

    The type is GeoAlchemy2's, which its hooks and PostGIS expect; SQLite gets a blob of WKB instead. Indexes are
    made by migrations and by `app.db.box_index`, because no statement that makes them is the same in both.
    """

    impl = Geometry
    cache_ok = True

    def __init__(self, kind: str = "GEOMETRY") -> None:
        super().__init__(geometry_type=kind, srid=SRID, spatial_index=False)
        self.kind = kind

    def load_dialect_impl(self, dialect: sa.Dialect | None) -> sa.types.TypeEngine[Any]:
        # GeoAlchemy2 asks for the type of no dialect too.
        if dialect is not None and dialect.name == "sqlite":
            return dialect.type_descriptor(sa.LargeBinary())
        kind = Geometry(geometry_type=self.kind, srid=SRID, spatial_index=False)
        return kind if dialect is None else dialect.type_descriptor(kind)

    def process_bind_param(self, value: BaseGeometry | None, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        content = shapely.to_wkb(value)
        return content if dialect.name == "sqlite" else WKBElement(content, srid=SRID)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> BaseGeometry | None:
        del dialect
        if value is None:
            return None
        return shapely.from_wkb(bytes(value.data) if isinstance(value, WKBElement) else value)
