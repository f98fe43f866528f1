"""Brings new households, facilities or zones into an area: its next version, with the streets that it has."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from app.domain.area import Area, ImportReport
from app.domain.errors import BadInputError
from app.domain.household import Households
from app.domain.row_report import RowReport
from app.domain.zone import Zones
from app.geo.links import EdgeLocator
from app.geo.units import FloatArray
from app.ingest.osm_stream import Progress
from app.ingest.table_source import Near, ReadOptions
from app.ingest.tables import read_facilities_file, read_households_file
from app.ingest.zone_files import read_zones_file
from app.services.facility_access import locate_facilities
from app.services.fingerprint import VERSION_LENGTH, data_hash
from app.services.import_parts import (
    inside,
    middles,
    nearest_border_m,
    not_linked,
    offset_warnings,
    row_counts,
)
from app.services.import_population import add_population, kept_people
from app.services.import_request import files_by_name
from app.services.import_zones import place_households
from app.services.kept_grids import continue_grids, spread_over_next
from app.services.merging import (
    LinkedFacilities,
    LinkedHouseholds,
    merge_facilities,
    merge_households,
)
from app.services.offset_check import Surroundings, buildings_among
from app.services.ports import AreaStore
from app.services.stages import Stages
from app.services.update_request import DataRequest, Kind, check_data_request, read_options_of


@dataclass(frozen=True)
class _Change:
    """What an update makes of an area."""

    area: Area
    counts: dict[str, dict[str, float]]
    warnings: tuple[str, ...]
    rows: RowReport


def update_area(
    request: DataRequest,
    store: AreaStore,
    *,
    known_services: Collection[str],
    progress: Progress | None = None,
    before_store: Callable[[ImportReport], None] | None = None,
) -> ImportReport:
    """Make the next version of an area out of its current one and a file.

    Links are computed for what is new alone. A dry run returns the report that the update would have.

    `before_store` is called with the report just before anything is stored; what it raises keeps that from being done.

    Raises
    ------
    AreaNotFoundError
        If there is no such area.
    RowsRejectedError, BadInputError
        If the request or the file cannot be used; the area stays as it is.
    AreaChangedError
        If somebody else changed the area meanwhile.
    """
    check_data_request(request)
    stages = Stages(progress)
    options = read_options_of(request)
    key = store.current_version(request.area_id)
    with stages.stage("load"):
        area = store.load(request.area_id, key)
    before = store.describe(request.area_id)[1]
    with stages.stage(request.kind):
        options = replace(options, near=Near(area.extent.polygon, area.network.projection))
        change = _CHANGES[request.kind](area, request, options, known_services)
    with stages.stage("hash"):
        digest = _hash(change.area)
    after = replace(change.area, version=digest[:VERSION_LENGTH], data_hash=digest)
    report = ImportReport(
        area_id=area.id,
        version=after.version,
        data_hash=digest,
        source=f"{request.kind}: {request.file.name} ({request.mode}), on version {area.version}",
        counts={name: counts for name, counts in (before.counts | change.counts).items() if counts},
        extent=before.extent,
        warnings=files_by_name(change.warnings, request),
        stages_s=stages.seconds,
        rows={request.kind: change.rows.as_json()},
    )
    if before_store is not None:
        before_store(report)
    if not request.dry_run:
        with stages.stage("store"):
            store.save(after, report, replaces=key)
    return report


def _change_households(
    area: Area, request: DataRequest, options: ReadOptions, known_services: Collection[str]
) -> _Change:
    del known_services
    appends = request.mode == "append"
    taken = frozenset(area.households.id.tolist()) if appends else frozenset()
    read, warnings, rows = read_households_file(request.file, replace(options, taken_ids=taken))
    people = add_population(request, read, read.households, area.extent.polygon)
    kept = continue_grids(area, people, request.file.name, appends=appends)
    found = kept.awaited(people.households)
    if appends:
        _must_know_the_same(area.households, found, request.file.name)
    new, dropped = inside(found, area.study_area)
    warnings = (*warnings, *people.warnings, *kept.warnings)
    if not appends:
        warnings = (*warnings, *_no_longer_known(area.households, new))
    locator = EdgeLocator(area.network, max_link_m=area.max_link_m)
    linked = LinkedHouseholds(
        new,
        locator.link(new.access.lon_deg, new.access.lat_deg),
        nearest_border_m(area.network, area.extent, new),
    )
    if appends:
        old = LinkedHouseholds(area.households, area.household_links, area.household_border_m)
        linked = merge_households(old, linked)
    spreading, again = spread_over_next(area, kept, found, linked.households, appends=appends)
    linked = replace(linked, households=again.households)
    warnings = (*warnings, *again.warnings)
    zoned = place_households(area.zones, linked.households)
    file_counts = row_counts(read.count, rows)
    at = read.lon_deg, read.lat_deg
    warnings = (*warnings, *_offset_warnings(area, locator, at, file_counts, request))
    counts = {
        "households": {
            **file_counts,
            "dropped_outside_study_area": dropped,
            "kept": linked.households.count,
            "not_snapped": not_linked(linked.links, linked.households.access.start),
        },
        "zones": zoned.counts,
        "population": people.counts | kept_people(people, new) | again.counts,
    }
    if linked.households.count == 0:
        warnings = (*warnings, "no household is left: none of the file lies in the study area")
    changed = replace(
        area,
        households=linked.households,
        household_links=linked.links,
        household_border_m=linked.border_m,
        household_zone=zoned.household_zone,
        spreading=spreading,
    )
    return _Change(changed, counts, (*warnings, *zoned.warnings), rows)


def _offset_warnings(
    area: Area,
    locator: EdgeLocator,
    at: tuple[FloatArray, FloatArray],
    counts: dict[str, float],
    request: DataRequest,
) -> tuple[str, ...]:
    around = Surroundings(lambda: buildings_among(area.obstacles), locator)
    return offset_warnings(*at, around, counts, asked_crs=request.crs, file=request.file.name, flag="--crs")


def _no_longer_known(old: Households, new: Households) -> tuple[str, ...]:
    """A warning that names the weights that the households of an area had and new ones lack."""
    lost = [name for name in old.known_weights if name not in new.known_weights]
    if not lost:
        return ()
    told = (
        f"the area's households told {' and '.join(lost)}, the new ones do not: answers can no longer be counted in "
        "it; add columns, or spread a grid again with --population FILE (--population-group for age groups)"
    )
    return (told,)


def _must_know_the_same(old: Households, new: Households, name: str) -> None:
    """Refuse rows that would leave some households without a weight that the others have."""
    missing = [weight for weight in old.known_weights if weight not in new.known_weights]
    extra = [weight for weight in new.known_weights if weight not in old.known_weights]
    if missing:
        raise BadInputError(
            name,
            f"has no column {' and no column '.join(missing)}, which the area's households have; "
            "add it, or replace them",
        )
    if extra:
        raise BadInputError(
            name, f"has a column {extra[0]}, which the area's households lack; remove it, or replace them"
        )


def _change_facilities(
    area: Area, request: DataRequest, options: ReadOptions, known_services: Collection[str]
) -> _Change:
    old = LinkedFacilities(area.facilities, area.facility_links)
    if request.mode == "replace":
        old = old.take(np.flatnonzero(area.facilities.source != "supplied"))
    taken = frozenset(old.facilities.id.tolist())
    options = replace(options, taken_ids=taken)
    places, warnings, rows = read_facilities_file(request.file, known_services, options)
    locator = EdgeLocator(area.network, max_link_m=area.max_link_m)
    new = locate_facilities(places, locator)
    file_counts = row_counts(len(places.id), rows)
    warnings = (*warnings, *_offset_warnings(area, locator, middles(places), file_counts, request))
    linked = merge_facilities(
        old, LinkedFacilities(new, locator.link(new.access.lon_deg, new.access.lat_deg))
    )
    counts = {
        "facilities": {
            **file_counts,
            "supplied": int((linked.facilities.source == "supplied").sum()),
            "kept": linked.facilities.count,
            "not_snapped": not_linked(linked.links, linked.facilities.access.start),
        }
    }
    changed = replace(area, facilities=linked.facilities, facility_links=linked.links)
    return _Change(changed, counts, warnings, rows)


def _change_zones(
    area: Area, request: DataRequest, options: ReadOptions, known_services: Collection[str]
) -> _Change:
    del known_services
    old = area.zones if request.mode == "append" else None
    taken = frozenset(() if old is None else old.id.tolist())
    zones, warnings, rows = read_zones_file(request.file, replace(options, taken_ids=taken))
    counts = row_counts(zones.count, rows)
    if old is not None:
        ids = np.concatenate([old.id, zones.id])
        order = np.argsort(ids, kind="stable")
        names, shapes = np.concatenate([old.name, zones.name]), np.concatenate([old.geometry, zones.geometry])
        zones = Zones(ids[order], names[order], shapes[order])
    zoned = place_households(zones, area.households)
    changed = replace(area, zones=zones, household_zone=zoned.household_zone)
    return _Change(changed, {"zones": counts | zoned.counts}, (*warnings, *zoned.warnings), rows)


_CHANGES: dict[Kind, Callable[[Area, DataRequest, ReadOptions, Collection[str]], _Change]] = {
    "households": _change_households,
    "facilities": _change_facilities,
    "zones": _change_zones,
}


def _hash(area: Area) -> str:
    return data_hash(
        area.network,
        area.households,
        area.facilities,
        area.extent,
        max_link_m=area.max_link_m,
        zones=area.zones,
        obstacles=area.obstacles,
    )
