"""A town of three streets to import: drawn, written, imported; places in metres.

    school (way 40)
main street (way 10), 600 m along y = 0, crossed by way 11 at x = 0
homes (ways 20, 21, 22) and a house too far out (way 23)
"""

import json
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from app.domain.area import Area, ImportReport
from app.services.import_area import ImportRequest, import_area
from app.settings import Settings
from app.wiring import open_database, open_store
from tests.support.osm_writing import Place, Sketch, degrees
from tests.support.stores import area_store

SERVICES = ("clinic", "pharmacy")


def town() -> Sketch:
    city = Sketch()
    city.street(10, [(-300, 0), (0, 0), (300, 0)], name="中山路")
    city.street(11, [(0, 0), (0, 150)], highway="steps")
    city.block(20, -110, 10, 20, 31, building="house")  # 620 m2: 6 dwellings
    city.block(21, 100, 10, 20, 20, **{"building": "apartments", "building:flats": "24"})
    city.block(22, 140, 10, 20, 20, building="house")
    city.tag((140, 10), entrance="main")
    city.tag((160, 10), entrance="yes")
    city.block(23, 200, 151, 20, 20, building="house")  # its inside is 161 m from the street
    city.block(24, 200, 10, 20, 20, building="garage")
    city.block(40, -20, 60, 40, 40, amenity="school", name="玄武小学")
    city.node(7, (50, -10), shop="bakery", name="Bread")
    city.node(8, (250, -151), amenity="pharmacy")
    city.node(9, (60, -10), amenity="parking", access="private")
    return city


def area_file(path: Path, south_west: Place, north_east: Place) -> Path:
    """A GeoJSON rectangle."""
    (west, south), (east, north) = degrees(*south_west), degrees(*north_east)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}), encoding="utf-8")
    return path


def csv_file(path: Path, header: str, rows: Sequence[tuple[str, Place, str]]) -> Path:
    """Rows of an id, a place and whatever follows its ``lon,lat``."""
    lines = [header]
    for row_id, place, rest in rows:
        lon_deg, lat_deg = degrees(*place)
        lines.append(f"{row_id},{lon_deg:.7f},{lat_deg:.7f},{rest}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def do_import(
    folder: Path,
    osm_file: Path | None,
    *,
    area_id: str = "town",
    settings: Settings | None = None,
    known_services: Collection[str] = SERVICES,
    **options: Any,
) -> tuple[ImportReport, Area]:
    """Import into a store in `folder`; the report, and the area as it is loaded from there."""
    used = settings or Settings()
    if used.database_url is None:
        used = Settings(**(used.model_dump() | {"data_dir": folder}))
    request = ImportRequest(area_id, osm_file=osm_file, **options)
    with closing(open_database(used)) as database:
        store = open_store(used, database)
        report = import_area(request, store, used, known_services=known_services)
        return report, store.load(area_id)


def version_folder(data: Path, area_id: str = "town") -> Path:
    """The folder of an area's current version in a data directory."""
    return data / "areas" / area_id / "versions" / area_store(data).current_version(area_id)
