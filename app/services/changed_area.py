"""The changed city, worked out as a whole: what every faster way must agree with."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.access import ENTRANCE
from app.domain.area import Area
from app.domain.errors import BadInputError
from app.domain.facility import Facilities, FacilityPlaces
from app.domain.proposal import Change, Proposal
from app.domain.standard import Service
from app.geo.errors import NoWalkableWayError
from app.geo.links import EdgeLocator
from app.geo.network import WalkNetwork
from app.geo.street_changes import StreetChanges, change_streets
from app.geo.units import Geometries, IntArray
from app.ingest.table_near import find_far
from app.ingest.table_source import Near
from app.services.facility_access import join_places, locate_facilities
from app.services.proposal_streets import places_of_nodes, resolve_streets

Door = tuple[float, float]

_SAME_PLACE_DEG = 1e-7
"""About a centimetre, to which OpenStreetMap and answers round places."""


@dataclass(frozen=True)
class FacilityChanges:
    """What a proposal does to facilities, resolved against an area.

    ``gone`` are positions of those closed or moved away. ``new`` are places added, or moved to, by id.
    """

    gone: IntArray
    new: FacilityPlaces
    notes: tuple[str, ...]


def changed_area(area: Area, proposal: Proposal, services: Iterable[Service] = ()) -> Area:
    """The area after a proposal, everything worked out anew.

    Households keep their order. The plane in which links are measured stays the area's own. `services` as in
    `resolve_facilities`.

    Raises
    ------
    BadInputError
        If the proposal names what the area does not hold, or leaves no street.
    """
    streets = resolve_streets(area.network, proposal).changes
    facility_changes = resolve_facilities(area, proposal, services)
    network = changed_network(area.network, streets, proposal.source)
    locator = EdgeLocator(network, max_link_m=area.max_link_m)
    kept = np.setdiff1d(np.arange(area.facilities.count), facility_changes.gone)
    old = places_of(area.facilities, kept)
    doors = change_doors(area, streets, old)
    facilities = locate_facilities(
        join_places([replace(old, entrances=doors), facility_changes.new]), locator
    )
    homes = area.households.access
    return replace(
        area,
        network=network,
        household_links=locator.link(homes.lon_deg, homes.lat_deg)
        if network is not area.network
        else area.household_links,
        facilities=facilities,
        facility_links=locator.link(facilities.access.lon_deg, facilities.access.lat_deg),
    )


def changed_network(network: WalkNetwork, streets: StreetChanges, source: str) -> WalkNetwork:
    """The network after a change of streets; the same one where none changes."""
    if not changes_anything(streets):
        return network
    try:
        return change_streets(network, streets)
    except NoWalkableWayError as error:
        raise BadInputError(source, "closes every street of the area; nothing is left to walk on") from error


def changes_anything(streets: StreetChanges) -> bool:
    """Whether any street opens or closes."""
    arrays = (streets.closed_segments, streets.closed_nodes, streets.opened_nodes, streets.opened_ways)
    return bool(streets.links) or any(len(values) for values in arrays)


def resolve_facilities(area: Area, proposal: Proposal, services: Iterable[Service] = ()) -> FacilityChanges:
    """Find the facilities that a proposal adds, closes and moves.

    Parameters
    ----------
    services : iterable of Service
        Those that say by tags what the area's facilities offer; by default only what files said of them is known.

    Raises
    ------
    BadInputError
        If it closes or moves one that is not there, adds one under the id of another, or places one far from the area.
    """
    gone: list[int] = []
    new: list[FacilityPlaces] = []
    notes: list[str] = []
    changes = [change for change in proposal.changes if change.facility is not None]
    for change in sorted(changes, key=lambda item: str(item.facility)):
        where = f"{proposal.source}, feature {change.number}, property facility"
        at = _find(area.facilities, str(change.facility))
        if change.geometry is not None:
            _refuse_far(area, proposal.source, change)
        if change.action == "add":
            if at is None:
                new.append(_added(change))
                continue
            problem = _why_another(area.facilities, at, change, services)
            if problem is not None:
                raise BadInputError(
                    where,
                    f"the area has another facility '{change.facility}', which {problem}; move it, or give the new one "
                    "its own id",
                )
            notes.append(f"feature {change.number}: facility {change.facility} is there already")
            continue
        if at is None:
            raise BadInputError(where, f"the area has no facility '{change.facility}'; check the id")
        if change.action == "move":
            if _stands_there(area.facilities, at, change.geometry):
                notes.append(f"feature {change.number}: facility {change.facility} stands there already")
                continue
            new.append(_moved(area.facilities, at, change))
        gone.append(at)
    return FacilityChanges(np.asarray(sorted(gone), dtype=np.int64), _joined(new), tuple(notes))


def _refuse_far(area: Area, source: str, change: Change) -> None:
    near = Near(area.extent.polygon, area.network.projection)
    for problem in find_far(np.asarray([change.geometry], dtype=object), near, "feature").values():
        raise BadInputError(f"{source}, feature {change.number}, geometry", problem)


def _find(facilities: Facilities, name: str) -> int | None:
    """Position of the facility of this id; they are sorted by it."""
    at = int(np.searchsorted(facilities.id, name))
    return at if at < facilities.count and facilities.id[at] == name else None


def places_of(facilities: Facilities, chosen: IntArray) -> FacilityPlaces:
    """Facilities as they were read; the entrances of areas are those they were given."""
    points = np.asarray(shapely.points(facilities.lon_deg[chosen], facilities.lat_deg[chosen]), dtype=object)
    outline = facilities.outline[chosen]
    is_area = np.asarray([shape is not None for shape in outline], dtype=bool)
    access = facilities.access
    entrances = tuple(
        tuple(
            (float(access.lon_deg[point]), float(access.lat_deg[point]))
            for point in range(access.start[place], access.start[place + 1])
            if access.kind[point] == ENTRANCE
        )
        for place in chosen.tolist()
    )
    geometry: Geometries = np.where(is_area, outline, points)
    return FacilityPlaces(
        id=facilities.id[chosen],
        name=facilities.name[chosen],
        source=facilities.source[chosen],
        tags=tuple(facilities.tags[place] for place in chosen.tolist()),
        services=tuple(facilities.services[place] for place in chosen.tolist()),
        geometry=geometry,
        entrances=entrances,
        area_m2=facilities.area_m2[chosen],
    )


def change_doors(area: Area, streets: StreetChanges, places: FacilityPlaces) -> tuple[tuple[Door, ...], ...]:
    """Entrances of places after a change: a closed node is no way in, an opened one on an outline is."""
    shut = places_of_nodes(area.network, streets.closed_nodes)
    opened = places_of_nodes(area.network, streets.opened_nodes)
    if not shut and not opened:
        return places.entrances
    doors = []
    for shape, entrances in zip(places.geometry, places.entrances, strict=True):
        kept = [door for door in entrances if place_key(*door) not in shut]
        if opened and shape.geom_type != "Point":
            corners = {
                place_key(*corner): tuple(corner) for corner in shapely.get_coordinates(shape).tolist()
            }
            known = {place_key(*door) for door in kept}
            kept += [corners[key] for key in sorted(opened & corners.keys() - known)]
        doors.append(tuple(kept))
    return tuple(doors)


def corners_of(facilities: Facilities, chosen: IntArray) -> frozenset[tuple[int, int]]:
    """Corners of outlines, in ten-millionths of a degree: opened barriers there become entrances."""
    outlines = [shape for shape in facilities.outline[chosen].tolist() if shape is not None]
    return frozenset(place_key(*corner) for corner in shapely.get_coordinates(outlines).tolist())


def place_key(lon_deg: float, lat_deg: float) -> tuple[int, int]:
    """A place in ten-millionths of a degree, as OpenStreetMap keeps it."""
    return round(lon_deg * 1e7), round(lat_deg * 1e7)


def _why_another(facilities: Facilities, at: int, change: Change, services: Iterable[Service]) -> str | None:
    """Why the facility that has the id is not the one to be added; None if it is that one."""
    as_drawn = _stands_there(facilities, at, change.geometry)
    if not as_drawn and not _is_at(facilities, at, change.geometry):  # answers tell areas as points
        return "stands elsewhere"
    by_tags = {
        service.id
        for service in services
        if service.id in change.services and at in facilities.offering(service)
    }
    missing = [
        name for name in change.services if name not in by_tags and name not in facilities.services[at]
    ]
    return f"does not offer '{missing[0]}'" if missing else None


def _stands_there(facilities: Facilities, at: int, geometry: BaseGeometry | None) -> bool:
    outline = facilities.outline[at]
    if outline is None:
        return _is_at(facilities, at, geometry)
    return geometry is not None and bool(outline.equals(geometry))


def _is_at(facilities: Facilities, at: int, geometry: BaseGeometry | None) -> bool:
    """Whether a facility's point is meant, though answers round it."""
    if not isinstance(geometry, shapely.Point):
        return False
    off_deg = max(abs(geometry.x - facilities.lon_deg[at]), abs(geometry.y - facilities.lat_deg[at]))
    return bool(off_deg < _SAME_PLACE_DEG)


def _added(change: Change) -> FacilityPlaces:
    return _place(str(change.facility), change.name, "supplied", {}, change.services, change.geometry)


def _moved(facilities: Facilities, at: int, change: Change) -> FacilityPlaces:
    """The same facility elsewhere; its mapped entrances stay behind."""
    name, source = str(facilities.name[at]), str(facilities.source[at])
    return _place(
        str(change.facility),
        name,
        source,
        dict(facilities.tags[at]),
        facilities.services[at],
        change.geometry,
    )


def _place(
    place_id: str,
    name: str,
    source: str,
    tags: dict[str, str],
    services: tuple[str, ...],
    geometry: BaseGeometry | None,
) -> FacilityPlaces:
    shape: Geometries = np.empty(1, dtype=object)
    shape[0] = geometry
    return FacilityPlaces(
        np.asarray([place_id]), np.asarray([name]), np.asarray([source]), (tags,), (services,), shape, ((),)
    )


def _joined(places: list[FacilityPlaces]) -> FacilityPlaces:
    if places:
        return join_places(places)
    nothing = np.empty(0, dtype=np.str_)
    return FacilityPlaces(nothing, nothing, nothing, (), (), np.empty(0, dtype=object), ())
