"""A town that a gate, a private lane and a gap keep from its pharmacy; places in metres.

school at (0, 0) on the main street (-600 to 600 along y = 0), reached within 333 m by nobody beyond these:
a locked gate at (200, 50); behind it 5 dwellings, 290 m away
a private lane from (-200, 0) to (-200, 100); behind it 7 dwellings, 310 m away
a gap from (100, -60) to (100, -100); behind it 9 dwellings, 210 m away
all three areas hang together with the main street by detours of more than 1500 m
"""

from pathlib import Path

from app.domain.area import Area
from tests.support.osm_writing import Sketch
from tests.support.small_town import area_file, csv_file, do_import

STANDARD = """\
id: split
version: "1"
title: {zh: 街, en: Split}
source: {document: Test, mark: R}
services:
  - {id: pharmacy, names: {zh: 药店, en: Pharmacy}, obligation: must, max_minutes: 5,
     osm: [{key: amenity, values: [pharmacy]}]}
  - {id: park, names: {zh: 公园, en: Park}, obligation: should, straight_m: 100,
     osm: [{key: leisure, values: [park]}]}
  - {id: clinic, names: {zh: 诊所, en: Clinic}, obligation: should, max_minutes: 5,
     osm: [{key: amenity, values: [clinic]}]}
"""
GATE, LANE, GAP = 200, 20, ((100, -60), (100, -100))


def split_town() -> Sketch:
    city = Sketch()
    city.street(10, [(x, 0) for x in (-600, -200, 0, 100, 200, 600)])
    city.node(GATE, (200, 50), barrier="gate", locked="yes")
    city.street(11, [(200, 0), (200, 50), (200, 100), (200, 800), (-200, 800), (-600, 800), (-600, 0)])
    city.street(LANE, [(-200, 0), (-200, 100)], access="private")
    city.street(21, [(-200, 100), (-200, 800)])
    city.street(30, [(100, 0), GAP[0]])
    city.street(31, [GAP[1], (100, -800), (-600, -800), (-600, 0)])
    return city


def split_files(folder: Path, city: Sketch | None = None) -> dict[str, Path]:
    """Its files: ``osm``, ``households``, ``facilities``, ``extent``, ``standard``."""
    homes = [
        ("gate", (205, 90), "5"),
        ("lane", (-205, 110), "7"),
        ("gap", (105, -110), "9"),
        ("near", (50, 5), "1"),
    ]
    (folder / "split.yaml").write_text(STANDARD, encoding="utf-8")
    return {
        "osm": (city or split_town()).write(folder / "split.osm.pbf"),
        "households": csv_file(folder / "homes.csv", "id,lon,lat,households", homes),
        "facilities": csv_file(folder / "places.csv", "id,lon,lat,services", [("p", (0, -5), "pharmacy")]),
        "extent": area_file(folder / "extent.geojson", (-6000, -6000), (6000, 6000)),
        "standard": folder / "split.yaml",
    }


def import_split(data: Path, files: dict[str, Path]) -> Area:
    """The town, stored as ``split`` in a data directory."""
    _, area = do_import(
        data,
        files["osm"],
        area_id="split",
        households_file=files["households"],
        facilities_file=files["facilities"],
        extent_file=files["extent"],
    )
    return area
