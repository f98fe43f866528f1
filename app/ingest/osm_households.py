"""Households out of OpenStreetMap buildings. Their number is an estimate and flagged as such."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import STRtree

from app.domain.access import ENTRANCE, INSIDE, AccessPoints
from app.domain.household import Households
from app.geo.projection import LocalProjection
from app.geo.units import BoolArray, FloatArray, Geometries, ragged_starts
from app.ingest.osm_file import Areas, OsmExtract
from app.ingest.outline import doors_on_outlines

RESIDENTIAL_BUILDINGS = frozenset(
    "apartments bungalow detached dormitory farm ger house houseboat residential semidetached_house "
    "static_caravan stilt_house terrace trullo".split()
)
"""Values of ``building=*`` that OSM documents as homes, hotels, barracks and holiday cabins left out."""

ADDRESS_KEYS = frozenset({"addr:housenumber", "addr:housename", "addr:street", "addr:place", "addr:full"})
OTHER_USE_KEYS = frozenset({"shop", "office", "amenity"})


@dataclass(frozen=True)
class DwellingEstimate:
    """How dwellings are guessed where nobody counted them: footprint x levels / `floor_area_m2`, at least 1."""

    floor_area_m2: float
    default_levels: float


@dataclass(frozen=True)
class BuildingHomes:
    """Households out of buildings, the floor area of each, and how many buildings were kept and dropped by reason."""

    households: Households
    floor_area_m2: FloatArray
    counts: Counter[str]


def households_from_buildings(
    extract: OsmExtract, projection: LocalProjection, estimate: DwellingEstimate
) -> BuildingHomes:
    """Residential buildings as households.

    A residential value of ``building`` counts as it is. ``building=yes`` counts where it carries an address or
    stands on residential land, and its own tags name no shop, office or amenity.
    """
    buildings = extract.buildings
    geometries = buildings.geometries()
    points = shapely.point_on_surface(geometries)
    residential, counts = _is_residential(buildings, points, extract.residential_land)
    kept = np.flatnonzero(residential)
    kept = kept[np.argsort(np.asarray(buildings.id, dtype=np.str_)[kept])]
    geometries, points = geometries[kept], points[kept]
    tags = [buildings.tags[position] for position in kept]
    area_m2 = projection.areas_m2(geometries).tolist()
    floor_m2 = [floor_area_m2(tag, area, estimate) for tag, area in zip(tags, area_m2, strict=True)]
    lon_deg, lat_deg = shapely.get_x(points), shapely.get_y(points)
    households = Households(
        id=np.asarray([buildings.id[position] for position in kept], dtype=np.str_),
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        households=np.asarray(
            [_dwellings(tag, floor, estimate) for tag, floor in zip(tags, floor_m2, strict=True)],
            dtype=np.float64,
        ),
        population=None,
        estimated=np.ones(len(kept), dtype=bool),
        access=_access_points(geometries, lon_deg, lat_deg, extract.doors.entrances),
    )
    return BuildingHomes(households, np.asarray(floor_m2, dtype=np.float64), counts)


def dwellings(tags: Mapping[str, str], footprint_m2: float, estimate: DwellingEstimate) -> int:
    """Number of dwellings: ``building:flats`` where mapped, else from the building's size; at least 1."""
    return _dwellings(tags, floor_area_m2(tags, footprint_m2, estimate), estimate)


def _dwellings(tags: Mapping[str, str], floor_m2: float, estimate: DwellingEstimate) -> int:
    flats = _positive_number(tags.get("building:flats"))
    if flats is not None:
        return max(1, math.floor(flats))
    return max(1, math.floor(floor_m2 / estimate.floor_area_m2 + 0.5))


def floor_area_m2(tags: Mapping[str, str], footprint_m2: float, estimate: DwellingEstimate) -> float:
    """Footprint on every level of a building."""
    return footprint_m2 * (_positive_number(tags.get("building:levels")) or estimate.default_levels)


def _is_residential(
    buildings: Areas, points: Geometries, residential_land: Areas
) -> tuple[BoolArray, Counter[str]]:
    on_land = np.zeros(len(points), dtype=bool)
    if residential_land.id and len(points):
        inside, _ = STRtree(residential_land.geometries()).query(points, predicate="within")
        on_land[inside] = True
    counts: Counter[str] = Counter()
    residential = np.zeros(len(points), dtype=bool)
    for position, tags in enumerate(buildings.tags):
        reason = _judge_building(tags, on_residential_land=bool(on_land[position]))
        counts[reason] += 1
        residential[position] = reason.startswith("kept_")
    return residential, counts


def _judge_building(tags: Mapping[str, str], *, on_residential_land: bool) -> str:
    kind = tags["building"]
    if kind in RESIDENTIAL_BUILDINGS:
        return "kept_residential_value"
    if kind != "yes":
        return "dropped_other_building_value"
    if not OTHER_USE_KEYS.isdisjoint(tags) and any(tags.get(key, "no") != "no" for key in OTHER_USE_KEYS):
        return "dropped_shop_office_or_amenity"
    if not ADDRESS_KEYS.isdisjoint(tags):
        return "kept_with_address"
    return "kept_on_residential_land" if on_residential_land else "dropped_no_sign_of_homes"


def _access_points(
    geometries: Geometries, lon_deg: FloatArray, lat_deg: FloatArray, entrances: list[tuple[int, int]]
) -> AccessPoints:
    """The mapped entrances of each building, else the point inside it."""
    building, door_lon_deg, door_lat_deg = doors_on_outlines(geometries, entrances)
    closed = np.setdiff1d(np.arange(len(geometries)), building)
    owner = np.concatenate([building, closed])
    order = np.argsort(owner, kind="stable")
    kinds = np.concatenate([np.full(len(building), ENTRANCE), np.full(len(closed), INSIDE)])
    return AccessPoints(
        ragged_starts(owner, len(geometries)),
        np.concatenate([door_lon_deg, lon_deg[closed]])[order],
        np.concatenate([door_lat_deg, lat_deg[closed]])[order],
        kinds[order],
    )


def _positive_number(text: str | None) -> float | None:
    """First number of a tag's list; None where it is no positive, finite number."""
    if text is None:
        return None
    try:
        number = float(text.split(";", 1)[0].strip().replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None
