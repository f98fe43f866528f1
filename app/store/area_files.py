"""How one version of an area looks on disk: NumPy arrays, GeoParquet tables, and a manifest with checksums."""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from app.domain.access import AccessPoints
from app.domain.area import Area, Extent
from app.domain.errors import StoreError
from app.domain.facility import Facilities
from app.domain.household import AGE_GROUPS, Households
from app.domain.zone import Zones
from app.geo.links import AccessLinks
from app.geo.network import WalkNetwork
from app.geo.obstacles import Obstacles
from app.geo.projection import LocalProjection
from app.geo.units import FloatArray, Geometries, running_starts
from app.store import arrow_columns as columns_of
from app.store import spreading_files
from app.store.array_files import load_array, save_array

FORMAT = "reach15-area/4"
MANIFEST = "manifest.json"

_LINK_ARRAYS = ("start", "edge", "offset_m", "link_m", "lon_deg", "lat_deg", "nearest_m")
_POINTS = ("Point",)
_POLYGONS = ("Polygon", "MultiPolygon")
_ZONES = "zones.parquet"
_HOUSEHOLD_ZONE = "household_zone.npy"
_OBSTACLES = "obstacles"


def write_area(area: Area, folder: Path) -> None:
    """Write every file of an area into an empty folder; the manifest comes last."""
    for name, values in area.network.arrays().items():
        save_array(folder / f"network.{name}.npy", values)
    for name, links in (("household_links", area.household_links), ("facility_links", area.facility_links)):
        for array in _LINK_ARRAYS:
            save_array(folder / f"{name}.{array}.npy", getattr(links, array))
    pq.write_table(_household_table(area), folder / "households.parquet")
    pq.write_table(_facility_table(area.facilities), folder / "facilities.parquet")
    save_array(folder / _HOUSEHOLD_ZONE, area.household_zone)
    if area.obstacles is not None:
        for name, values in area.obstacles.arrays().items():
            save_array(folder / f"{_OBSTACLES}.{name}.npy", values)
    if area.zones is not None:
        pq.write_table(_zone_table(area.zones), folder / _ZONES)
    if area.spreading is not None:
        spreading_files.write_spreading(area.spreading, folder)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "id": area.id,
        "title": area.title,
        "version": area.version,
        "data_hash": area.data_hash,
        "projection": {
            "lon_deg": area.network.projection.lon_deg,
            "lat_deg": area.network.projection.lat_deg,
        },
        "max_link_m": area.max_link_m,
        "extent": {"basis": area.extent.basis, "wkb": shapely.to_wkb(area.extent.polygon, hex=True)},
        "study_area": None if area.study_area is None else shapely.to_wkb(area.study_area, hex=True),
        "sha256": {path.name: _checksum(path) for path in sorted(folder.iterdir())},
    }
    manifest["seal"] = _seal(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")


def read_area(folder: Path) -> Area:
    """Read an area and check every file against the manifest. Arrays are mapped, not copied.

    Raises
    ------
    StoreError
        If a file is missing, damaged or of another format.
    """
    manifest = read_manifest(folder)
    for name, expected in manifest["sha256"].items():
        path = folder / name
        if not path.is_file():
            raise StoreError(str(path), "the file is missing; import the area again")
        if _checksum(path) != expected:
            raise StoreError(str(path), "the file is damaged (its checksum differs); import the area again")
    names = WalkNetwork.array_names()
    network = WalkNetwork(
        projection=LocalProjection(**manifest["projection"]),
        **{name: load_array(folder / f"network.{name}.npy") for name in names},
    )
    households, border_m = _households(folder / "households.parquet")
    study_area = manifest["study_area"]
    area = Area(
        id=manifest["id"],
        title=manifest["title"],
        version=manifest["version"],
        data_hash=manifest["data_hash"],
        extent=Extent(shapely.from_wkb(manifest["extent"]["wkb"]), manifest["extent"]["basis"]),
        study_area=None if study_area is None else shapely.from_wkb(study_area),
        max_link_m=manifest["max_link_m"],
        network=network,
        households=households,
        household_links=_links(folder, "household_links"),
        household_border_m=border_m,
        facilities=_facilities(folder / "facilities.parquet"),
        facility_links=_links(folder, "facility_links"),
        zones=_zones(folder / _ZONES) if _ZONES in manifest["sha256"] else None,
        household_zone=load_array(folder / _HOUSEHOLD_ZONE),
        obstacles=_obstacles(folder, manifest["sha256"]),
        spreading=spreading_files.read_spreading(folder, manifest["sha256"]),
    )
    columns_of.release_memory()
    return area


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest; `StoreError` if there is none or it is of another format."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(str(path), "not readable; import the area again") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise StoreError(str(path), f"not of the format {FORMAT}; import the area again with this version")
    if manifest.get("seal") != _seal(manifest):
        raise StoreError(str(path), "was changed or damaged (its seal differs); import the area again")
    return manifest


def _seal(manifest: dict[str, Any]) -> str:
    """Checksum of all that the manifest says."""
    content = {name: value for name, value in manifest.items() if name != "seal"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _checksum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _links(folder: Path, name: str) -> AccessLinks:
    return AccessLinks(**{array: load_array(folder / f"{name}.{array}.npy") for array in _LINK_ARRAYS})


def _obstacles(folder: Path, files: Collection[str]) -> Obstacles | None:
    """None in folders from before they were kept: the format is the same, these files are not there."""
    names = {name: f"{_OBSTACLES}.{name}.npy" for name in Obstacles.array_names()}
    if not any(file in files for file in names.values()):
        return None
    return Obstacles(**{name: load_array(folder / file) for name, file in names.items()})


def _household_table(area: Area) -> pa.Table:
    households = area.households
    known = households.population
    columns = {
        "id": columns_of.texts(households.id.tolist()),
        "households": columns_of.floats(households.households),
        "population": columns_of.missing_floats(households.count)
        if known is None
        else columns_of.floats(known),
        **{
            group: columns_of.floats(households.groups[group])
            for group in AGE_GROUPS
            if group in households.groups
        },
        "estimated": columns_of.flags(households.estimated),
        "border_m": columns_of.floats(area.household_border_m),
        **_access_columns(households.access),
        "geometry": _points(households.lon_deg, households.lat_deg),
    }
    return _geo_table(columns, has_population=known is not None)


def _zone_table(zones: Zones) -> pa.Table:
    columns = {
        "id": columns_of.texts(zones.id.tolist()),
        "name": columns_of.texts(zones.name.tolist()),
        "geometry": columns_of.blobs(shapely.to_wkb(zones.geometry)),
    }
    return _geo_table(columns, _POLYGONS)


def _facility_table(facilities: Facilities) -> pa.Table:
    services = [service for ids in facilities.services for service in ids]
    service_starts = running_starts(np.asarray([len(ids) for ids in facilities.services], dtype=np.int64))
    columns = {
        "id": columns_of.texts(facilities.id.tolist()),
        "name": columns_of.texts(facilities.name.tolist()),
        "source": columns_of.texts(facilities.source.tolist()),
        "tags": columns_of.json_texts(facilities.tags),
        "services": columns_of.lists(service_starts, columns_of.texts(services)),
        "area_m2": columns_of.floats(facilities.area_m2),
        "outline": columns_of.blobs(
            content or b"" for content in shapely.to_wkb(facilities.outline).tolist()
        ),
        **_access_columns(facilities.access),
        "geometry": _points(facilities.lon_deg, facilities.lat_deg),
    }
    return _geo_table(columns)


def _geo_table(columns: dict[str, Any], kinds: tuple[str, ...] = _POINTS, **facts: bool) -> pa.Table:
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": kinds}},
    }
    table = pa.Table.from_arrays(list(columns.values()), names=list(columns))
    return table.replace_schema_metadata({"geo": json.dumps(geo), "reach15": json.dumps(facts)})


def _points(lon_deg: FloatArray, lat_deg: FloatArray) -> pa.Array:
    return columns_of.blobs(shapely.to_wkb(np.asarray(shapely.points(lon_deg, lat_deg))))


def _access_columns(access: AccessPoints) -> dict[str, pa.Array]:
    return {
        "access_lon_deg": columns_of.lists(access.start, columns_of.floats(access.lon_deg)),
        "access_lat_deg": columns_of.lists(access.start, columns_of.floats(access.lat_deg)),
        "access_kind": columns_of.lists(access.start, columns_of.texts(access.kind.tolist())),
    }


def _households(path: Path) -> tuple[Households, FloatArray]:
    columns, metadata = columns_of.read_columns(path)
    facts = json.loads(metadata[b"reach15"])
    lon_deg, lat_deg = _coordinates(columns)
    households = Households(
        id=_strings(columns["id"]),
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        households=columns_of.to_floats(columns["households"]),
        population=columns_of.to_floats(columns["population"]) if facts["has_population"] else None,
        estimated=np.asarray(columns["estimated"].to_pylist(), dtype=bool),
        access=_access(columns),
        groups={group: columns_of.to_floats(columns[group]) for group in AGE_GROUPS if group in columns},
    )
    return households, columns_of.to_floats(columns["border_m"])


def _zones(path: Path) -> Zones:
    columns, _ = columns_of.read_columns(path)
    shapes = shapely.from_wkb(np.asarray(columns["geometry"].to_pylist(), dtype=object))
    return Zones(_strings(columns["id"]), _strings(columns["name"]), np.asarray(shapes))


def _facilities(path: Path) -> Facilities:
    columns, _ = columns_of.read_columns(path)
    lon_deg, lat_deg = _coordinates(columns)
    return Facilities(
        id=_strings(columns["id"]),
        name=_strings(columns["name"]),
        source=_strings(columns["source"]),
        tags=tuple(json.loads(text) for text in columns["tags"].to_pylist()),
        services=tuple(tuple(ids) for ids in columns["services"].to_pylist()),
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        area_m2=columns_of.to_floats(columns["area_m2"]),
        outline=_outlines(columns["outline"]),
        access=_access(columns),
    )


def _outlines(column: pa.Array) -> Geometries:
    outlines: Geometries = shapely.from_wkb(
        np.asarray([content or None for content in column.to_pylist()], dtype=object)
    )
    return outlines


def _coordinates(columns: dict[str, pa.Array]) -> tuple[FloatArray, FloatArray]:
    points = shapely.from_wkb(np.asarray(columns["geometry"].to_pylist(), dtype=object))
    return shapely.get_x(points), shapely.get_y(points)


def _strings(column: pa.Array) -> np.ndarray:
    return np.asarray(column.to_pylist(), dtype=np.str_)


def _access(columns: dict[str, pa.Array]) -> AccessPoints:
    return AccessPoints(
        columns_of.to_starts(columns["access_lon_deg"]),
        columns_of.to_floats(columns["access_lon_deg"].flatten()),
        columns_of.to_floats(columns["access_lat_deg"].flatten()),
        _strings(columns["access_kind"].flatten()),
    )
