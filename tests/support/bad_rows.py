"""Households, facilities and zones of the small town with bad rows in each file."""

import json
from pathlib import Path

from tests.support.osm_writing import degrees
from tests.support.small_town import csv_file

REJECTED = [("households", 3, "households"), ("facilities", 4, "id"), ("zones", 3, None)]
REPAIRED = [("households", 4, "households"), ("facilities", 3, "id"), ("zones", 2, None)]


def bad_files(folder: Path) -> dict[str, Path]:
    """One file of each kind; rows that can be used stand in each of them."""
    homes = [("a", (-100, 5), "3"), ("b", (90, 5), "x"), ("c", (20, -8), "１２")]
    places = [("p", (0, 0), "clinic"), (" q", (1, 1), "clinic"), ("p", (5, 5), "clinic")]
    folder.mkdir(exist_ok=True)
    return {
        "households": csv_file(folder / "homes.csv", "id,lon,lat,households", homes),
        "facilities": csv_file(folder / "places.csv", "id,lon,lat,services", places),
        "zones": _zones(folder / "zones.geojson"),
    }


def _zones(path: Path) -> Path:
    """A good zone, a bow tie, and one without geometry."""
    (west, south), (east, north) = degrees(-300, -300), degrees(300, 300)
    square = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    bow_tie = [[west, south], [east, north], [east, south], [west, north], [west, south]]
    shapes = {"whole": square, "tie": bow_tie, "none": None}
    features = [
        {
            "type": "Feature",
            "properties": {"id": name},
            "geometry": ring and {"type": "Polygon", "coordinates": [ring]},
        }
        for name, ring in shapes.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path
