"""Rows that lie nowhere near the area: mistakes in coordinates that are degrees all the same."""

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.geo.extent import border_distances_m
from app.geo.projection import LocalProjection
from app.geo.units import FloatArray, Geometries
from app.ingest.table_rows import RawTable
from app.ingest.table_source import Near

MAX_OUTSIDE_M = 5000.0
"""Farther from the extent than this no walk comes, and a place there is a mistake or of another city."""

_DENSE_DEG = 0.01
"""Sides cut this fine (about 1 km) bend by less than a metre in the plane."""

_SURELY_FAR_DEG = 1.0


def reject_far(table: RawTable, geometry: Geometries, near: Near | None) -> None:
    """Note rows that lie more than `MAX_OUTSIDE_M` outside the extent."""
    if near is None:
        return
    rows = table.good_rows()
    for position, problem in find_far(geometry[rows], near, "row").items():
        point = shapely.point_on_surface(geometry[rows[position]])
        table.add_place_problem(int(rows[position]), problem, f"{point.x:.6f},{point.y:.6f}")


def find_far(geometry: Geometries, near: Near, item: str) -> dict[int, str]:
    """What is wrong with places more than `MAX_OUTSIDE_M` outside the extent, by position.

    Parameters
    ----------
    item : str
        What the user would take away: a row, a feature.
    """
    shapely.prepare(near.extent)
    outside = np.flatnonzero(~shapely.intersects(near.extent, geometry))
    if len(outside) == 0:
        return {}
    distance_m = _distances_m(geometry[outside], near)
    is_far = distance_m > MAX_OUTSIDE_M
    swapped = (
        " (longitude and latitude look swapped: lon comes first)"
        if _fits_swapped(geometry[outside[is_far]], near)
        else ""
    )
    return {
        position: f"lies {f'{metres / 1000:.1f} km' if np.isfinite(metres) else 'far'} outside the extent of the area; "
        f"up to {MAX_OUTSIDE_M / 1000:.0f} km are taken: correct the coordinates or remove the {item}{swapped}"
        for position, metres in zip(outside[is_far].tolist(), distance_m[is_far].tolist(), strict=True)
    }


def _fits_swapped(geometry: Geometries, near: Near) -> bool:
    """Whether most of some places would lie in the extent if longitude and latitude were exchanged."""
    points = shapely.point_on_surface(geometry)
    return len(points) > 0 and bool(
        np.mean(shapely.intersects_xy(near.extent, shapely.get_y(points), shapely.get_x(points))) > 0.5
    )


def _distances_m(geometry: Geometries, near: Near) -> FloatArray:
    """Metres from the extent of places outside of it; infinite where that is beyond question."""
    bounds = shapely.bounds(geometry)
    west, south, east, north = near.extent.bounds
    gaps = np.column_stack(
        [west - bounds[:, 2], south - bounds[:, 3], bounds[:, 0] - east, bounds[:, 1] - north]
    )
    distance_m = np.full(len(geometry), np.inf)
    close = np.flatnonzero(gaps.max(axis=1) < _SURELY_FAR_DEG)
    is_point = shapely.get_type_id(geometry[close]) == shapely.GeometryType.POINT
    points, areas = close[is_point], close[~is_point]
    lon_deg, lat_deg = shapely.get_x(geometry[points]), shapely.get_y(geometry[points])
    distance_m[points] = -border_distances_m(near.projection, near.extent, lon_deg, lat_deg)
    if len(areas):
        plane = _in_plane(near.extent, near.projection)
        distance_m[areas] = [
            shapely.distance(plane, _in_plane(area, near.projection)) for area in geometry[areas]
        ]
    return distance_m


def _in_plane(geometry: BaseGeometry, projection: LocalProjection) -> BaseGeometry:
    dense = shapely.segmentize(geometry, _DENSE_DEG)
    return shapely.transform(dense, lambda xy: np.column_stack(projection.to_plane(xy[:, 0], xy[:, 1])))
