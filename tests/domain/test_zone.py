"""In which zone a place is: exactly one, or none."""

import numpy as np
import shapely

from app.domain.zone import OUTSIDE, Zones

SQUARE = shapely.box(0, 0, 2, 2)


def zones(**shapes: shapely.Geometry) -> Zones:
    ids = sorted(shapes)
    geometry = np.asarray([shapes[zone_id] for zone_id in ids], dtype=object)
    return Zones(np.asarray(ids), np.asarray(ids), geometry)


def located(among: Zones, *places: tuple[float, float]) -> list[int]:
    lon_deg, lat_deg = np.asarray(places, dtype=float).reshape(-1, 2).T
    return among.locate(lon_deg, lat_deg).tolist()


def test_inside_outside_and_on_the_border() -> None:
    east = shapely.box(2, 0, 4, 2)
    # a | b: their common border and a's own belong to a, b's own to b
    assert located(zones(a=SQUARE, b=east), (1, 1), (3, 1), (2, 1), (0, 0), (4, 2), (5, 1)) == [
        0, 1, 0, 0, 1, OUTSIDE
    ]  # fmt: skip
    assert located(zones(b=SQUARE, a=east), (2, 1)) == [0]


def test_of_overlapping_zones_the_first_id_has_it() -> None:
    whole, hole = shapely.box(-9, -9, 9, 9), SQUARE.difference(shapely.box(0.5, 0.5, 1.5, 1.5))
    assert located(zones(a=whole, b=SQUARE), (1, 1), (5, 5)) == [0, 0]
    assert located(zones(b=whole, a=SQUARE), (1, 1), (5, 5)) == [0, 1]
    assert located(zones(a=hole, b=SQUARE), (1, 1), (0.2, 0.2), (0.5, 1)) == [1, 0, 0]


def test_none_of_either() -> None:
    assert located(zones(), (1, 1)) == [OUTSIDE]
    assert located(zones(a=SQUARE)) == []
