"""Finds where facilities are entered: mapped entrances, else crossings, else the nearest point of the outline."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from app.domain.access import CROSSING, ENTRANCE, GIVEN, NEAREST, AccessPoints
from app.domain.errors import BadInputError
from app.domain.facility import Facilities, FacilityPlaces
from app.geo.links import EdgeLocator
from app.geo.units import FloatArray, Geometries, IntArray, ragged_starts


def join_places(groups: list[FacilityPlaces]) -> FacilityPlaces:
    """Several lists of places as one, sorted by id.

    Raises
    ------
    BadInputError
        If two of them have the same id.
    """
    ids = np.concatenate([group.id for group in groups])
    order = np.argsort(ids, kind="stable")
    repeated = np.flatnonzero(ids[order][1:] == ids[order][:-1])
    if len(repeated):
        raise BadInputError(
            f"facility '{ids[order][repeated[0]]}'",
            "this id stands in OpenStreetMap and in the supplied facilities; rename it, or use --facilities-only",
        )
    geometry: Geometries = np.concatenate([group.geometry for group in groups])
    return FacilityPlaces(
        id=ids[order],
        name=np.concatenate([group.name for group in groups])[order],
        source=np.concatenate([group.source for group in groups])[order],
        tags=_reorder([item for group in groups for item in group.tags], order),
        services=_reorder([item for group in groups for item in group.services], order),
        geometry=geometry[order],
        entrances=_reorder([item for group in groups for item in group.entrances], order),
        area_m2=np.concatenate([_told_area_m2(group) for group in groups])[order],
    )


def locate_facilities(places: FacilityPlaces, locator: EdgeLocator) -> Facilities:
    """Facilities with their access points; `places` must be sorted by id."""
    is_area = np.isin(shapely.get_type_id(places.geometry), (3, 6))
    outline = places.geometry.copy()
    outline[~is_area] = None
    planar = locator.network.projection.shapes_to_plane(places.geometry)
    middle = shapely.point_on_surface(places.geometry)
    return Facilities(
        id=places.id,
        name=places.name,
        source=places.source,
        tags=places.tags,
        services=tuple(tuple(sorted(ids)) for ids in places.services),
        lon_deg=shapely.get_x(middle),
        lat_deg=shapely.get_y(middle),
        area_m2=np.where(is_area, shapely.area(planar), _told_area_m2(places)),
        outline=outline,
        access=_access_points(places, is_area, planar, locator),
    )


def _told_area_m2(places: FacilityPlaces) -> FloatArray:
    return np.full(len(places.id), np.nan) if places.area_m2 is None else places.area_m2


def _access_points(
    places: FacilityPlaces, is_area: NDArray[np.bool_], planar: Geometries, locator: EdgeLocator
) -> AccessPoints:
    points = np.flatnonzero(~is_area)
    with_doors = np.flatnonzero(is_area & np.asarray([bool(doors) for doors in places.entrances], dtype=bool))
    closed = np.setdiff1d(np.flatnonzero(is_area), with_doors)
    crossed, crossing_places = locator.crossings(planar[closed])
    uncrossed = np.setdiff1d(np.arange(len(closed)), crossed)
    nearest_places = locator.nearest_place(planar[closed[uncrossed]])

    doors = np.asarray([door for area in with_doors for door in places.entrances[area]], dtype=np.float64)
    doors = doors.reshape(-1, 2)
    door_owner = np.repeat(with_doors, [len(places.entrances[area]) for area in with_doors])
    groups: list[tuple[IntArray, FloatArray, FloatArray, str]] = [
        (points, shapely.get_x(places.geometry[points]), shapely.get_y(places.geometry[points]), GIVEN),
        (door_owner, doors[:, 0], doors[:, 1], ENTRANCE),
        (closed[crossed], *_to_degrees(crossing_places, locator), CROSSING),
        (closed[uncrossed], *_to_degrees(nearest_places, locator), NEAREST),
    ]
    owner = np.concatenate([group[0] for group in groups])
    order = np.argsort(owner, kind="stable")
    return AccessPoints(
        ragged_starts(owner, len(places.id)),
        np.concatenate([group[1] for group in groups])[order],
        np.concatenate([group[2] for group in groups])[order],
        np.concatenate([np.full(len(group[0]), group[3]) for group in groups])[order],
    )


def _to_degrees(points: Geometries, locator: EdgeLocator) -> tuple[FloatArray, FloatArray]:
    return locator.network.projection.to_degrees(shapely.get_x(points), shapely.get_y(points))


def _reorder(items: list[Any], order: IntArray) -> tuple[Any, ...]:
    return tuple(items[position] for position in order)
