"""Places out of OpenStreetMap that a standard's selectors may choose as facilities."""

import numpy as np
import shapely

from app.domain.facility import FacilityPlaces
from app.domain.standard import is_public
from app.geo.units import Geometries
from app.ingest.osm_file import OsmExtract
from app.ingest.outline import doors_on_outlines


def facility_places_from_osm(extract: OsmExtract) -> tuple[FacilityPlaces, int]:
    """All places in use and open to the public, nodes and areas, and how many were left out as neither.

    Which of them offers a service is for the standard to say, when it is asked.
    """
    nodes, areas = extract.point_places, extract.places
    area_geometries = areas.geometries()
    owner, lon_deg, lat_deg = doors_on_outlines(area_geometries, extract.doors.public)
    doors: list[list[tuple[float, float]]] = [[] for _ in areas.id]
    for area, lon, lat in zip(owner, lon_deg, lat_deg, strict=True):
        doors[area].append((float(lon), float(lat)))

    ids = nodes.id + areas.id
    tags = nodes.tags + areas.tags
    geometry: Geometries = np.empty(len(ids), dtype=object)
    geometry[: len(nodes.id)] = shapely.points(np.asarray(nodes.lon_deg), np.asarray(nodes.lat_deg))
    geometry[len(nodes.id) :] = area_geometries
    entrances = [()] * len(nodes.id) + [tuple(found) for found in doors]

    kept = [position for position, tag in enumerate(tags) if is_public(tag)]
    places = FacilityPlaces(
        id=np.asarray([ids[position] for position in kept], dtype=np.str_),
        name=np.asarray([tags[position].get("name", "") for position in kept], dtype=np.str_),
        source=np.full(len(kept), "osm"),
        tags=tuple(tags[position] for position in kept),
        services=((),) * len(kept),
        geometry=geometry[kept],
        entrances=tuple(entrances[position] for position in kept),
    )
    return places, len(ids) - len(kept)
