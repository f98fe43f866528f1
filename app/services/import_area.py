"""Imports an area: data in, everything that answers need out, stored as a whole or not at all."""

import tempfile
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.area import Area, ImportReport
from app.domain.errors import BadInputError
from app.domain.row_report import RowsRejectedError
from app.geo.errors import GeoError, NoWalkableWayError
from app.geo.links import EdgeLocator
from app.geo.network import WalkNetwork
from app.geo.network_builder import build_walk_network
from app.ingest.boxes import buffered_box
from app.ingest.geocoding import geocode_place
from app.ingest.osm_file import OsmExtract, read_osm_file
from app.ingest.osm_households import DwellingEstimate
from app.ingest.osm_stream import Progress
from app.ingest.overpass import download_extract
from app.ingest.table_source import Near, ReadOptions
from app.ingest.tables import read_area_file
from app.services.extents import find_extent, refuse_elsewhere, streets_box, warn_of_wide_box
from app.services.fingerprint import VERSION_LENGTH, data_hash
from app.services.import_parts import find_facilities, find_households
from app.services.import_request import (
    ImportRequest,
    check_request,
    files_by_name,
    source_name,
    unmoved_warnings,
)
from app.services.import_terrain import TerrainPart, add_slope
from app.services.import_zones import place_households, read_zones
from app.services.no_collection import no_collection
from app.services.ports import AreaStore
from app.services.row_refusals import all_taken, tried
from app.services.stages import Stages
from app.settings import Settings

__all__ = ["ImportRequest", "import_area"]


@no_collection()
def import_area(
    request: ImportRequest,
    store: AreaStore,
    settings: Settings,
    *,
    known_services: Collection[str],
    progress: Progress | None = None,
    before_store: Callable[[ImportReport], None] | None = None,
) -> ImportReport:
    """Import an area and make it the current version.

    `before_store` is called with the report just before anything is stored; what it raises keeps that from being done.

    Raises
    ------
    BadInputError
        If the request or any file in it cannot be used.
    DownloadError
        If Overpass or Nominatim fails.
    StoreError
        If the area cannot be written.
    """
    check_request(request)
    stages = Stages(progress)
    with stages.stage("study_area"):
        study_area = _study_area(request, settings)
        given_extent = _given_extent(request)
    with _osm_source(request, study_area, settings, stages) as source:
        with stages.stage("read"):
            extract = read_osm_file(source, progress=progress)
        with stages.stage("network"):
            network = _build_network(extract, source_name(request))
        terrain = TerrainPart(network, {}, ())
        if request.dem_file is not None:
            with stages.stage("slope"):
                terrain = add_slope(network, extract.span_ids, request.dem_file)
                network = terrain.network
        with stages.stage("extent"):
            extent = find_extent(extract, network, given_extent, downloaded=request.osm_file is None)
            wide = warn_of_wide_box(extract, network, extent)
            if request.extent_file is not None:
                refuse_elsewhere(extent.polygon, streets_box(network), request.extent_file, "the streets")
            if request.boundary_file is not None and study_area is not None:
                refuse_elsewhere(study_area, extent.polygon, request.boundary_file, "the extent")
        with stages.stage("zones"):
            near = Near(extent.polygon, network.projection)
            zoning = tried(read_zones, request, source, near)
            others = request.households_file or request.facilities_file
            if isinstance(zoning, RowsRejectedError) and others is None:
                raise zoning
    estimate = DwellingEstimate(settings.dwelling_floor_area_m2, settings.default_building_levels)
    with stages.stage("households_and_facilities"):
        locator = EdgeLocator(network, max_link_m=settings.max_link_m)
        # Most of the time is spent in GEOS, which lets go of the interpreter's lock.
        with ThreadPoolExecutor(max_workers=1) as other:
            facility_side = other.submit(
                tried, find_facilities, request, extract, locator, extent, known_services
            )
            home_side = tried(find_households, request, extract, locator, extent, study_area, estimate)
            homes, places, zone_part = all_taken(home_side, facility_side.result(), zoning)
        zones = zone_part.zones
        zoned = place_households(zones, homes.households)
    osm_counts, obstacles = extract.counts, extract.obstacles
    del extract, locator  # the largest things of all; what follows needs room of its own
    warnings = (
        *unmoved_warnings(request),
        *((wide,) if wide else ()),
        *terrain.warnings,
        *homes.warnings,
        *places.warnings,
    )
    warnings = (*warnings, *zone_part.warnings, *zoned.warnings)

    with stages.stage("hash"):
        digest = data_hash(
            network,
            homes.households,
            places.facilities,
            extent,
            max_link_m=settings.max_link_m,
            zones=zones,
            obstacles=obstacles,
        )
    area = Area(
        id=request.area_id,
        title=request.title or request.place or request.area_id,
        version=digest[:VERSION_LENGTH],
        data_hash=digest,
        extent=extent,
        study_area=study_area,
        max_link_m=settings.max_link_m,
        network=network,
        households=homes.households,
        household_links=homes.links,
        household_border_m=homes.border_m,
        facilities=places.facilities,
        facility_links=places.links,
        zones=zones,
        household_zone=zoned.household_zone,
        obstacles=obstacles,
        spreading=homes.spreading,
    )
    report = ImportReport(
        area_id=area.id,
        version=area.version,
        data_hash=digest,
        source=source_name(request),
        counts={
            "osm": dict(sorted(osm_counts.items())),
            "network": _network_counts(network),
            "households": homes.counts,
            "facilities": places.counts,
            **{
                name: counts
                for name, counts in (
                    ("slope", terrain.counts),
                    ("population", homes.population_counts),
                    ("zones", zoned.counts),
                )
                if counts
            },
        },
        extent={"basis": extent.basis, "bbox": list(extent.polygon.bounds)},
        warnings=files_by_name(warnings, request),
        stages_s=stages.seconds,
        rows={
            kind: rows.as_json()
            for kind, rows in (
                ("households", homes.rows),
                ("facilities", places.rows),
                ("zones", zone_part.rows),
            )
            if rows is not None
        },
    )
    if before_store is not None:
        before_store(report)
    with stages.stage("store"):
        store.save(area, report)
    return report


def _given_extent(request: ImportRequest) -> BaseGeometry | None:
    if request.extent_file is None:
        return None
    return read_area_file(request.extent_file, "extent", ReadOptions(crs=request.extent_crs))


def _study_area(request: ImportRequest, settings: Settings) -> BaseGeometry | None:
    if request.boundary_file is not None:
        return read_area_file(request.boundary_file, "boundary", ReadOptions(crs=request.boundary_crs))
    if request.box is not None:
        return shapely.box(*request.box)
    if request.place is not None:
        return geocode_place(
            request.place, nominatim_url=settings.nominatim_url, timeout_s=settings.download_timeout_s
        )
    return None


@contextmanager
def _osm_source(
    request: ImportRequest, study_area: BaseGeometry | None, settings: Settings, stages: Stages
) -> Iterator[Path]:
    """The user's own file, or one downloaded into a temporary folder."""
    if request.osm_file is not None or study_area is None:
        yield Path(request.osm_file or "")
        return
    with tempfile.TemporaryDirectory(prefix="reach15-") as folder:
        target = Path(folder) / "download.osm.pbf"
        with stages.stage("download"):
            download_extract(
                buffered_box(study_area, settings.download_margin_m),
                target,
                overpass_url=settings.overpass_url,
                timeout_s=settings.download_timeout_s,
            )
        yield target


def _build_network(extract: OsmExtract, source: str) -> WalkNetwork:
    try:
        return build_walk_network(
            extract.ways,
            wall_ids=extract.wall_ids,
            gate_ids=extract.gate_ids,
            crossing_ids=extract.crossing_ids,
            signal_ids=extract.signal_ids,
        )
    except NoWalkableWayError as error:
        raise BadInputError(source, f"{error}; an extract with streets is needed") from error
    except GeoError as error:
        raise BadInputError(source, str(error)) from error


def _network_counts(network: WalkNetwork) -> dict[str, float]:
    island = network.edge_island
    return {
        "nodes": network.node_count,
        "edges": network.edge_count,
        "length_m": round(network.length_m, 1),
        "parts": len(network.part_length_m),
        "islands": int((network.part_length_m < 500.0).sum()),
        "island_length_m": round(float(network.edge_length_m[island].sum()), 1),
        "restricted_edges": int(network.edge_restricted.sum()),
        "restricted_length_m": round(float(network.edge_length_m[network.edge_restricted].sum()), 1),
    }
