"""Distances to the border of the extent: boxes run along parallels and meridians."""

import numpy as np
import pytest
import shapely
from pyproj import Geod, Proj

from app.geo.extent import border_distances_m
from app.geo.projection import LocalProjection

GEOD = Geod(ellps="WGS84")


def border_m(extent: shapely.Geometry, lon: float, lat: float) -> float:
    plane = LocalProjection(lon, lat)  # an area's plane lies about its own streets
    return float(border_distances_m(plane, extent, np.array([lon]), np.array([lat]))[0])


def geodesic_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    return float(GEOD.inv(lon1, lat1, lon2, lat2)[2])


@pytest.mark.parametrize("lat", [0.0, 30.0, 45.0, 65.0])
@pytest.mark.parametrize("half_width_deg", [0.02, 1.0])
def test_the_border_of_a_box_is_its_parallel_however_wide_the_box(lat: float, half_width_deg: float) -> None:
    # 1 km south of the box's northern side. At 65 N a straight line between the corners of a box 2 degrees wide would
    # run 360 m north of the parallel in its middle.
    north = lat + 0.02
    inside_lat = float(GEOD.fwd(10.0, north, 180.0, 1000.0)[1])
    box = shapely.box(10 - half_width_deg, lat - 0.02, 10 + half_width_deg, north)
    expected = min(1000.0, geodesic_m(10, inside_lat, 10 + half_width_deg, inside_lat))
    assert border_m(box, 10.0, inside_lat) == pytest.approx(expected, abs=0.05)


def test_how_far_the_straight_line_would_be_off() -> None:
    plane = Proj(proj="tmerc", lon_0=10, lat_0=65, k=1, ellps="WGS84")
    corner_y, middle_y = plane(11.0, 65.0)[1], plane(10.0, 65.0)[1]
    assert corner_y - middle_y == pytest.approx(370, abs=20)


@pytest.mark.parametrize("lat", [0.0, 45.0, 65.0])
def test_east_and_west_sides_are_meridians(lat: float) -> None:
    box = shapely.box(9.9, lat - 1, 10.02, lat + 1)
    # the shortest way to the meridian; nearly the way along the parallel (within 0.5 m over 1 to 2 km)
    assert border_m(box, 10.0, lat) == pytest.approx(geodesic_m(10.0, lat, 10.02, lat), abs=0.5)


def test_outside_is_negative_and_the_border_is_nought() -> None:
    box = shapely.box(10.0, 50.0, 10.1, 50.1)
    south = float(GEOD.fwd(10.05, 50.0, 180.0, 250.0)[1])
    assert border_m(box, 10.05, south) == pytest.approx(-250.0, abs=0.05)
    assert border_m(box, 10.05, 50.0) == pytest.approx(0.0, abs=0.05)
    corner = geodesic_m(10.0, 50.0, 9.99, 49.99)
    assert border_m(box, 9.99, 49.99) == pytest.approx(-corner, abs=0.05)


def test_a_point_far_outside_is_far_outside() -> None:
    assert border_m(shapely.box(10.0, 50.0, 10.1, 50.1), 14.0, 50.0) < -100_000
    assert border_m(shapely.box(10.0, 50.0, 10.1, 50.1), 30.0, 50.0) <= -150_000


def test_a_point_deep_inside_a_country_is_deep_inside() -> None:
    assert border_m(shapely.box(0.0, 40.0, 20.0, 60.0), 10.0, 50.0) >= 150_000


def test_a_polygon_with_a_hole_and_a_second_part() -> None:
    shell = [(10.0, 50.0), (10.1, 50.0), (10.1, 50.1), (10.0, 50.1)]
    hole = [(10.04, 50.04), (10.06, 50.04), (10.06, 50.06), (10.04, 50.06)]
    extent = shapely.MultiPolygon([shapely.Polygon(shell, [hole]), shapely.box(10.2, 50.0, 10.3, 50.1)])
    in_hole = border_m(extent, 10.05, 50.0495)
    assert in_hole == pytest.approx(-geodesic_m(10.05, 50.0495, 10.06, 50.0495), abs=0.5)
    beside_hole = border_m(extent, 10.05, 50.035)
    assert beside_hole == pytest.approx(geodesic_m(10.05, 50.035, 10.05, 50.04), abs=0.1)
    assert border_m(extent, 10.25, 50.05) == pytest.approx(geodesic_m(10.25, 50.05, 10.3, 50.05), abs=0.5)
    between = border_m(extent, 10.15, 50.05)
    assert between == pytest.approx(-geodesic_m(10.1, 50.05, 10.15, 50.05), abs=0.5)


def test_slanting_borders() -> None:
    triangle = shapely.Polygon([(10.0, 50.0), (10.02, 50.0), (10.0, 50.02)])
    # Distance to the slanting side, by hand: the legs are a and b metres, the height a*b/hypot(a, b) from the corner.
    a, b = geodesic_m(10.0, 50.0, 10.02, 50.0), geodesic_m(10.0, 50.0, 10.0, 50.02)
    inside = border_m(triangle, 10.0001, 50.0001)
    assert inside == pytest.approx(geodesic_m(10.0001, 50.0001, 10.0, 50.0001), abs=0.05)
    outside = border_m(triangle, 10.02, 50.02)
    assert outside == pytest.approx(-a * b / np.hypot(a, b), rel=0.002)


def test_many_points_at_once_are_each_their_own() -> None:
    box, plane = shapely.box(10.0, 50.0, 10.1, 50.1), LocalProjection(10.05, 50.05)
    lon, lat = np.meshgrid(np.linspace(9.98, 10.12, 8), np.linspace(49.98, 50.12, 8))
    together = border_distances_m(plane, box, lon.ravel(), lat.ravel())
    alone = [
        border_distances_m(plane, box, np.array([x]), np.array([y]))[0]
        for x, y in zip(lon.ravel(), lat.ravel(), strict=True)
    ]
    assert together == pytest.approx(alone, abs=0.01)
    assert border_distances_m(plane, box, np.empty(0), np.empty(0)).shape == (0,)
