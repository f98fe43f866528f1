"""Imports an area: data in, everything that answers need out, stored as a whole or not at all."""

import re
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.access import AccessPoints
from app.domain.area import Area, Extent, ImportReport
from app.domain.errors import BadInputError
from app.domain.facility import Facilities, FacilityPlaces
from app.domain.household import Households
from app.geo.errors import GeoError
from app.geo.extent import border_distances_m
from app.geo.links import AccessLinks, EdgeLocator
from app.geo.network import WalkNetwork
from app.geo.network_builder import build_walk_network
from app.geo.units import FloatArray, expand_ranges, running_starts
from app.ingest.osm_download import buffered_box, download_extract, geocode_place
from app.ingest.osm_facilities import facility_places_from_osm
from app.ingest.osm_file import OsmExtract, read_osm_file
from app.ingest.osm_households import DwellingEstimate, households_from_buildings
from app.ingest.osm_nodes import Box
from app.ingest.osm_stream import Progress
from app.ingest.tables import read_area_file, read_facilities_file, read_households_file
from app.services.extents import find_extent, warn_of_wide_box
from app.services.facility_access import join_places, locate_facilities
from app.services.fingerprint import VERSION_LENGTH, data_hash
from app.services.ports import AreaStore
from app.settings import Settings

AREA_ID_PATTERN = re.compile(r"[a-z0-9-]{1,63}")


@dataclass(frozen=True)
class ImportRequest:
    """What to import.

    The streets come from `osm_file`, else from Overpass. The study area is the polygon of `place`, or `box`, or the
    file `boundary`, at most one of them; without it every household counts.
    """

    area_id: str
    title: str | None = None
    osm_file: Path | None = None
    place: str | None = None
    box: Box | None = None
    boundary_file: Path | None = None
    extent_file: Path | None = None
    households_file: Path | None = None
    facilities_file: Path | None = None
    facilities_only: bool = False


@dataclass
class _Stages:
    """Times each stage and tells the progress."""

    progress: Progress | None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        if self.progress is not None:
            self.progress(name, 0)
        begin = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begin, 3)


def import_area(
    request: ImportRequest,
    store: AreaStore,
    settings: Settings,
    *,
    known_services: Collection[str],
    progress: Progress | None = None,
) -> ImportReport:
    """Import an area and make it the current version.

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
    stages = _Stages(progress)
    with stages.stage("study_area"):
        study_area = _study_area(request, settings)
        given_extent = read_area_file(request.extent_file, "extent") if request.extent_file else None
    with _osm_source(request, study_area, settings, stages) as source:
        with stages.stage("read"):
            extract = read_osm_file(source, progress=progress)
        with stages.stage("network"):
            network = _build_network(extract, _source_name(request))
        with stages.stage("extent"):
            extent = find_extent(source, extract, network, given_extent, downloaded=request.osm_file is None)
            wide = warn_of_wide_box(extract, network, extent)
    warnings = [wide] if wide else []

    with stages.stage("households"):
        households, household_counts = _households(request, extract, network, settings, warnings)
        households, outside = _inside(households, study_area)
        household_counts["dropped_outside_study_area"] = outside
    with stages.stage("facilities"):
        places, facility_counts = _facility_places(request, extract, known_services, warnings)
        locator = EdgeLocator(network, max_link_m=settings.max_link_m)
        facilities = locate_facilities(places, locator)
    with stages.stage("links"):
        household_links = locator.link(households.access.lon_deg, households.access.lat_deg)
        facility_links = locator.link(facilities.access.lon_deg, facilities.access.lat_deg)
        border_m = _nearest_border_m(network, extent, households)
    if households.count == 0:
        warnings.append("no household was found: give them with --households FILE")

    with stages.stage("hash"):
        digest = data_hash(network, households, facilities, extent, max_link_m=settings.max_link_m)
    area = Area(
        id=request.area_id,
        title=request.title or request.place or request.area_id,
        version=digest[:VERSION_LENGTH],
        data_hash=digest,
        extent=extent,
        study_area=study_area,
        max_link_m=settings.max_link_m,
        network=network,
        households=households,
        household_links=household_links,
        household_border_m=border_m,
        facilities=facilities,
        facility_links=facility_links,
    )
    report = ImportReport(
        area_id=area.id,
        version=area.version,
        data_hash=digest,
        source=_source_name(request),
        counts={
            "osm": dict(sorted(extract.counts.items())),
            "network": _network_counts(network),
            "households": household_counts | {"kept": households.count},
            "facilities": facility_counts | {"kept": facilities.count},
            "links": _link_counts(area),
        },
        extent={"basis": extent.basis, "bbox": list(extent.polygon.bounds)},
        warnings=tuple(warnings),
        stages_s=stages.seconds,
    )
    with stages.stage("store"):
        store.save(area, report)
    return report


def check_request(request: ImportRequest) -> None:
    """Refuse a request that contradicts itself, before anything is read."""
    if not AREA_ID_PATTERN.fullmatch(request.area_id):
        raise BadInputError(
            f"area name '{request.area_id}'",
            "use 1 to 63 of the characters a-z, 0-9 and -, such as 'nanjing-xuanwu'; --title takes any text",
        )
    chosen = [
        flag
        for flag, value in (
            ("--place", request.place), ("--bbox", request.box), ("--boundary", request.boundary_file)
        )
        if value is not None
    ]  # fmt: skip
    if len(chosen) > 1:
        raise BadInputError(" and ".join(chosen), "each names the study area; give one of them")
    if request.osm_file is None and not chosen:
        raise BadInputError(
            "--osm", "give an extract with --osm FILE, or download one with --place or --bbox"
        )
    if request.facilities_only and request.facilities_file is None:
        raise BadInputError(
            "--facilities-only", "leaves out the facilities of OpenStreetMap: give --facilities FILE"
        )
    if request.box is not None:
        _check_box(request.box)


def _check_box(box: Box) -> None:
    west, south, east, north = box
    where = f"--bbox {west},{south},{east},{north}"
    if not np.isfinite(box).all() or abs(west) > 180 or abs(east) > 180 or abs(south) > 90 or abs(north) > 90:
        raise BadInputError(where, "give degrees as west,south,east,north, such as 24.93,60.16,24.95,60.18")
    if not (west < east and south < north):
        raise BadInputError(where, "west must be less than east, and south less than north (order: W,S,E,N)")


def _study_area(request: ImportRequest, settings: Settings) -> BaseGeometry | None:
    if request.boundary_file is not None:
        return read_area_file(request.boundary_file, "boundary")
    if request.box is not None:
        return shapely.box(*request.box)
    if request.place is not None:
        return geocode_place(
            request.place, nominatim_url=settings.nominatim_url, timeout_s=settings.download_timeout_s
        )
    return None


@contextmanager
def _osm_source(
    request: ImportRequest, study_area: BaseGeometry | None, settings: Settings, stages: _Stages
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


def _source_name(request: ImportRequest) -> str:
    if request.osm_file is not None:
        return request.osm_file.name
    if request.place is not None:
        return f"Overpass: {request.place}"
    return f"Overpass: {request.box or (request.boundary_file and request.boundary_file.name)}"


def _build_network(extract: OsmExtract, source: str) -> WalkNetwork:
    try:
        return build_walk_network(extract.ways, wall_ids=extract.wall_ids, gate_ids=extract.gate_ids)
    except GeoError as error:
        raise BadInputError(source, f"{error}; an extract with streets is needed") from error


def _households(
    request: ImportRequest, extract: OsmExtract, network: WalkNetwork, settings: Settings, warnings: list[str]
) -> tuple[Households, dict[str, float]]:
    if request.households_file is not None:
        households, notes = read_households_file(request.households_file)
        warnings.extend(notes)
        return households, {"rows_read": households.count}
    estimate = DwellingEstimate(settings.dwelling_floor_area_m2, settings.default_building_levels)
    households, counts = households_from_buildings(extract, network.projection, estimate)
    return households, dict(sorted(counts.items()))


def _facility_places(
    request: ImportRequest, extract: OsmExtract, known_services: Collection[str], warnings: list[str]
) -> tuple[FacilityPlaces, dict[str, float]]:
    groups: list[FacilityPlaces] = []
    counts: dict[str, float] = {}
    if not request.facilities_only:
        from_osm, dropped = facility_places_from_osm(extract)
        groups.append(from_osm)
        counts |= {"osm_places": len(from_osm.id), "dropped_private_or_out_of_use": dropped}
    if request.facilities_file is not None:
        supplied, notes = read_facilities_file(request.facilities_file, known_services)
        warnings.extend(notes)
        groups.append(supplied)
        counts["supplied"] = len(supplied.id)
    return join_places(groups), counts


def _inside(households: Households, study_area: BaseGeometry | None) -> tuple[Households, int]:
    """The households whose point lies in the study area, and how many do not."""
    if study_area is None:
        return households, 0
    keep = np.flatnonzero(shapely.intersects_xy(study_area, households.lon_deg, households.lat_deg))
    access = households.access
    counts = np.diff(access.start)[keep]
    rows = expand_ranges(access.start[keep], counts)
    kept = replace(
        households,
        id=households.id[keep],
        lon_deg=households.lon_deg[keep],
        lat_deg=households.lat_deg[keep],
        households=households.households[keep],
        population=None if households.population is None else households.population[keep],
        estimated=households.estimated[keep],
        access=AccessPoints(
            running_starts(counts), access.lon_deg[rows], access.lat_deg[rows], access.kind[rows]
        ),
    )
    return kept, households.count - kept.count


def _nearest_border_m(network: WalkNetwork, extent: Extent, households: Households) -> FloatArray:
    """Of a household with several ways out, the one nearest the border decides."""
    if households.count == 0:
        return np.empty(0)
    access = households.access
    distance_m = border_distances_m(network.projection, extent.polygon, access.lon_deg, access.lat_deg)
    return np.minimum.reduceat(distance_m, access.start[:-1])


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


def _link_counts(area: Area) -> dict[str, float]:
    return {
        "households_not_snapped": int((~_owner_is_linked(area.households, area.household_links)).sum()),
        "facilities_not_snapped": int((~_owner_is_linked(area.facilities, area.facility_links)).sum()),
    }


def _owner_is_linked(owners: Households | Facilities, links: AccessLinks) -> Any:
    if owners.count == 0:
        return np.empty(0, dtype=bool)
    return np.logical_or.reduceat(links.is_linked, owners.access.start[:-1])
