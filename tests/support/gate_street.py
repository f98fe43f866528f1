"""A street of eleven homes, two pharmacies and a clinic to hold proposals against; places in metres.

    home-00 (-1000) ... home-05 (0) ... home-10 (1000), 200 m apart, with 1, 2, ..., 11 dwellings
    pharmacies ``west`` (-800) and ``east`` (800), a clinic ``clinic`` (0); all 5 m beside the street

Within 5 minutes (333.3 m) of a pharmacy are homes 0 to 2 and 8 to 10; within 15 minutes (1000 m) of the clinic all but
homes 0 and 10, whose walk is 1010 m.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from app.domain.area import Area
from app.domain.standard import Standard
from app.domain.zone import Zones
from app.ingest.standard_files import load_standard_file
from tests.support.osm_writing import Sketch, degrees
from tests.support.small_town import area_file, csv_file, do_import

STANDARD = """\
id: street
version: "1"
title: {zh: 街, en: Street}
source: {document: Test, mark: R}
services:
  - {id: pharmacy, names: {zh: 药店, en: Pharmacy}, obligation: must, max_minutes: 5,
     osm: [{key: amenity, values: [pharmacy]}]}
  - {id: clinic, names: {zh: 诊所, en: Clinic}, obligation: should, max_minutes: 15,
     osm: [{key: amenity, values: [clinic]}]}
"""
HOMES = [f"home-{number:02}" for number in range(11)]
HOME_X = [-1000 + 200 * number for number in range(11)]


def street_files(folder: Path) -> dict[str, Path]:
    """The files of the street: ``osm``, ``households``, ``facilities``, ``extent``, ``standard``."""
    city = Sketch()
    city.street(10, [(x, 0) for x in range(-3000, 3001, 200)])
    homes = [
        (name, (x, 5), f"{1 + n},{10 * n}") for n, (name, x) in enumerate(zip(HOMES, HOME_X, strict=True))
    ]
    places = [
        ("west", (-800, -5), "pharmacy"),
        ("east", (800, -5), "pharmacy"),
        ("clinic", (0, -5), "clinic"),
    ]
    (folder / "street.yaml").write_text(STANDARD, encoding="utf-8")
    return {
        "osm": city.write(folder / "street.osm.pbf"),
        "households": csv_file(folder / "homes.csv", "id,lon,lat,households,population", homes),
        "facilities": csv_file(folder / "places.csv", "id,lon,lat,services", places),
        "extent": area_file(folder / "extent.geojson", (-6000, -6000), (6000, 6000)),
        "standard": folder / "street.yaml",
    }


def import_street(data: Path, files: dict[str, Path]) -> Area:
    """The street, stored as ``street`` in a data directory."""
    _, area = do_import(
        data,
        files["osm"],
        area_id="street",
        households_file=files["households"],
        facilities_file=files["facilities"],
        extent_file=files["extent"],
    )
    return area


def with_zones(area: Area) -> Area:
    """The street with the zones ``east`` (homes 6 to 10) and ``west`` (homes 0 to 4); home 5 lies in none."""
    zones = Zones(np.array(["east", "west"]), np.array(["东", ""]), np.array([None, None], dtype=object))
    zone = np.array([1] * 5 + [-1] + [0] * 5)
    return replace(area, zones=zones, household_zone=zone)


def load_standard(files: dict[str, Path]) -> Standard:
    return load_standard_file(files["standard"])


def place(x_m: float) -> list[float]:
    """Coordinates beside the street."""
    return list(degrees(x_m, -5))
