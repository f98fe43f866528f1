"""The two halves of an import that do not need one another: households and facilities, each with its links."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.area import Extent
from app.domain.facility import Facilities, FacilityPlaces
from app.domain.household import Households
from app.domain.population import Spreading
from app.domain.row_report import RowReport
from app.geo.extent import border_distances_m
from app.geo.links import AccessLinks, EdgeLocator
from app.geo.network import WalkNetwork
from app.geo.units import FloatArray, IntArray
from app.ingest.osm_facilities import facility_places_from_osm
from app.ingest.osm_file import OsmExtract
from app.ingest.osm_households import DwellingEstimate, households_from_buildings
from app.ingest.table_source import Near
from app.ingest.tables import read_facilities_file, read_households_file
from app.services.facility_access import join_places, locate_facilities
from app.services.import_population import add_population, kept_people
from app.services.import_request import ImportRequest, read_options
from app.services.kept_grids import keep_grids, share_in
from app.services.offset_check import Surroundings, check_offset


@dataclass(frozen=True)
class HouseholdPart:
    """Households of the study area with their links; ``border_m`` as in `Area`."""

    households: Households
    links: AccessLinks
    border_m: FloatArray
    counts: dict[str, float]
    population_counts: dict[str, float]
    warnings: tuple[str, ...]
    rows: RowReport | None
    spreading: Spreading | None


@dataclass(frozen=True)
class FacilityPart:
    """Facilities with their links."""

    facilities: Facilities
    links: AccessLinks
    counts: dict[str, float]
    warnings: tuple[str, ...]
    rows: RowReport | None


def find_households(
    request: ImportRequest,
    extract: OsmExtract,
    locator: EdgeLocator,
    extent: Extent,
    study_area: BaseGeometry | None,
    estimate: DwellingEstimate,
) -> HouseholdPart:
    """Households from the user's file, else from buildings, with the people of a grid; then the study area chooses."""
    network = locator.network
    warnings: tuple[str, ...] = ()
    rows: RowReport | None = None
    counts: dict[str, float]
    if request.households_file is not None:
        options = read_options(request, "households", Near(extent.polygon, network.projection))
        households, warnings, rows = read_households_file(request.households_file, options)
        counts = row_counts(households.count, rows)
        size, size_per_dwelling = households.households, 1.0
        at = households.lon_deg, households.lat_deg
        around = Surroundings(extract.buildings.geometries, locator)
        told = offset_warnings(
            *at,
            around,
            counts,
            asked_crs=options.crs,
            file=request.households_file.name,
            flag="--households-crs",
        )
        warnings = (*warnings, *told)
    else:
        homes = households_from_buildings(extract, network.projection, estimate)
        households, size = homes.households, homes.floor_area_m2
        size_per_dwelling = estimate.floor_area_m2
        counts = dict(sorted(homes.counts.items()))
    people = add_population(request, households, size, extent.polygon)
    warnings = (*warnings, *people.warnings)
    spreading = None
    if people.grids:
        grids = keep_grids(people, extent.polygon, study_area)
        spreading = share_in(grids, households, size, study_area, size_per_dwelling=size_per_dwelling)
    households, counts["dropped_outside_study_area"] = inside(people.households, study_area)
    links = locator.link(households.access.lon_deg, households.access.lat_deg)
    counts |= {"kept": households.count, "not_snapped": not_linked(links, households.access.start)}
    if households.count == 0:
        warnings = (*warnings, "no household was found: give them with --households FILE")
    border_m = nearest_border_m(network, extent, households)
    population_counts = people.counts | kept_people(people, households)
    return HouseholdPart(households, links, border_m, counts, population_counts, warnings, rows, spreading)


def find_facilities(
    request: ImportRequest,
    extract: OsmExtract,
    locator: EdgeLocator,
    extent: Extent,
    known_services: Collection[str],
) -> FacilityPart:
    """Facilities from OpenStreetMap and from the user's file, as the request says."""
    groups: list[FacilityPlaces] = []
    counts: dict[str, float] = {}
    warnings: tuple[str, ...] = ()
    rows: RowReport | None = None
    if not request.facilities_only:
        from_osm, dropped = facility_places_from_osm(extract)
        groups.append(from_osm)
        counts |= {"osm_places": len(from_osm.id), "dropped_private_or_out_of_use": dropped}
    if request.facilities_file is not None:
        options = read_options(request, "facilities", Near(extent.polygon, locator.network.projection))
        supplied, warnings, rows = read_facilities_file(request.facilities_file, known_services, options)
        groups.append(supplied)
        counts |= {
            "supplied": len(supplied.id),
            "rows_rejected": len(rows.rejected),
            "repairs": len(rows.repaired),
        }
        at = middles(supplied)
        around = Surroundings(extract.buildings.geometries, locator)
        told = offset_warnings(
            *at,
            around,
            counts,
            asked_crs=options.crs,
            file=request.facilities_file.name,
            flag="--facilities-crs",
        )
        warnings = (*warnings, *told)
    facilities = locate_facilities(join_places(groups), locator)
    links = locator.link(facilities.access.lon_deg, facilities.access.lat_deg)
    counts |= {"kept": facilities.count, "not_snapped": not_linked(links, facilities.access.start)}
    return FacilityPart(facilities, links, counts, warnings, rows)


def offset_warnings(
    lon_deg: FloatArray,
    lat_deg: FloatArray,
    around: Surroundings,
    counts: dict[str, float],
    *,
    asked_crs: str | None,
    file: str,
    flag: str,
) -> tuple[str, ...]:
    """The warning of an offset check, if any, its numbers put among the counts."""
    check = check_offset(lon_deg, lat_deg, asked_crs=asked_crs, around=around)
    if check is None:
        return ()
    counts |= check.counts
    warning = check.warning(file, flag)
    return () if warning is None else (warning,)


def middles(places: FacilityPlaces) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of the middle of each place."""
    points = shapely.centroid(places.geometry)
    return shapely.get_x(points), shapely.get_y(points)


def row_counts(taken: int, rows: RowReport) -> dict[str, float]:
    """Of a file's rows, how many there were, could not be used, and were repaired."""
    return {
        "rows_read": taken + len(rows.rejected),
        "rows_rejected": len(rows.rejected),
        "repairs": len(rows.repaired),
    }


def inside(households: Households, study_area: BaseGeometry | None) -> tuple[Households, int]:
    """The households whose point lies in the study area, and how many do not."""
    if study_area is None:
        return households, 0
    keep = np.flatnonzero(shapely.intersects_xy(study_area, households.lon_deg, households.lat_deg))
    return households.take(keep), households.count - len(keep)


def nearest_border_m(network: WalkNetwork, extent: Extent, households: Households) -> FloatArray:
    """Of a household with several ways out, the one nearest the border decides."""
    if households.count == 0:
        return np.empty(0)
    access = households.access
    distance_m = border_distances_m(network.projection, extent.polygon, access.lon_deg, access.lat_deg)
    return np.minimum.reduceat(distance_m, access.start[:-1])


def not_linked(links: AccessLinks, owner_start: IntArray) -> int:
    """How many places have no link at any of their access points."""
    if len(owner_start) == 1:
        return 0
    return int((~np.logical_or.reduceat(links.is_linked, owner_start[:-1])).sum())
