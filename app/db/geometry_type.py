"""Geometry columns: Shapely in, Shapely out, over PostGIS's own type or WKB in SQLite."""

from typing import Any

import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy.types import TypeDecorator

SRID = 4326


class Shape(TypeDecorator[BaseGeometry]):
    """A geometry in WGS 84, lon and lat.

    PostGIS has it as GeoAlchemy2's type, which is loaded only then: 10 MB. SQLite has a blob of WKB. Indexes are
    made by migrations and by `app.db.box_index`, because no statement that makes them is the same in both.
    """

    impl = sa.LargeBinary
    cache_ok = True
    spatial_index = False
    """GeoAlchemy2's hooks ask whether they are to make one."""

    def __init__(self, kind: str = "GEOMETRY") -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: sa.Dialect | None) -> sa.types.TypeEngine[Any]:
        # GeoAlchemy2 asks for the type of no dialect too.
        if dialect is not None and dialect.name == "sqlite":
            return dialect.type_descriptor(sa.LargeBinary())
        from geoalchemy2 import Geometry  # noqa: PLC0415 - as said above

        kind = Geometry(geometry_type=self.kind, srid=SRID, spatial_index=False)
        return kind if dialect is None else dialect.type_descriptor(kind)

    def process_bind_param(self, value: BaseGeometry | None, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        content = shapely.to_wkb(value)
        if dialect.name == "sqlite":
            return content
        from geoalchemy2.elements import WKBElement  # noqa: PLC0415 - as said above

        return WKBElement(content, srid=SRID)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> BaseGeometry | None:
        if value is None:
            return None
        return shapely.from_wkb(value if dialect.name == "sqlite" else bytes(value.data))
