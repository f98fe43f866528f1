"""Where the data of an extract is complete, and whether that can be believed."""

from pathlib import Path

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from app.domain.area import Extent
from app.domain.errors import BadInputError
from app.domain.place import Box
from app.geo.network import WalkNetwork
from app.geo.projection import LocalProjection
from app.geo.units import FloatArray
from app.ingest.boxes import box_of
from app.ingest.osm_file import OsmExtract

RIM_FAR_M = 2000.0
RIM_FAR_SHARE = 0.1
"""The walking model, section 4: warn when more than a tenth of the rim lies over 2 km from any element."""

_RIM_STEP_M = 200.0
_RIM_MOST_POINTS = 4000
_METRES_PER_DEGREE = 111_000.0


def find_extent(
    extract: OsmExtract, network: WalkNetwork, given: BaseGeometry | None, *, downloaded: bool
) -> Extent:
    """Where the data is complete, as far as anything tells.

    The first of: the import's own extent, the header's box, the box of the nodes that no way refers to, the box of
    the walkable nodes.
    """
    if given is not None:
        return Extent(given, "given")
    if extract.header_box is not None:
        return Extent(shapely.box(*extract.header_box), "download" if downloaded else "header")
    if extract.free_box is not None:
        return Extent(shapely.box(*extract.free_box), "free_nodes")
    walkable = box_of(np.column_stack([network.vertex_lon_deg, network.vertex_lat_deg]))
    if walkable is not None:
        return Extent(shapely.box(*walkable), "walkable_nodes")
    # Every walkable node lies on one parallel or meridian: nothing can be said to be complete.
    return Extent(
        shapely.Point(network.vertex_lon_deg[0], network.vertex_lat_deg[0]).buffer(1e-7), "walkable_nodes"
    )


def streets_box(network: WalkNetwork) -> BaseGeometry:
    """The box around a network."""
    lon_deg, lat_deg = network.vertex_lon_deg, network.vertex_lat_deg
    box: BaseGeometry = shapely.box(lon_deg.min(), lat_deg.min(), lon_deg.max(), lat_deg.max())
    return box


def refuse_elsewhere(drawn: BaseGeometry, data: BaseGeometry, file: Path, what: str) -> None:
    """Refuse an area drawn in a user's file that has no place in common with the data.

    Raises
    ------
    BadInputError
        Says so where longitude and latitude look exchanged.
    """
    if shapely.intersects(drawn, data):
        return
    swapped = shapely.transform(drawn, lambda places: places[:, ::-1])
    fix = (
        "longitude and latitude look swapped: lon comes first, exchange them"
        if shapely.intersects(swapped, data)
        else "take the file of this area, and see that it states its coordinate system rightly"
    )
    west, south, east, north = data.bounds
    raise BadInputError(
        str(file), f"lies outside {what} of the data ({west:.4f},{south:.4f},{east:.4f},{north:.4f}); {fix}"
    )


def warn_of_wide_box(extract: OsmExtract, network: WalkNetwork, extent: Extent) -> str | None:
    """A warning if a header's box reaches well beyond the data, as in many extracts of whole countries."""
    if extent.basis != "header" or extract.header_box is None:
        return None
    rim = _rim(extract.header_box)
    share = _far_share(network.projection, rim, _near_rim(extract.header_box, extract.nodes.lon_lat_deg()))
    if share <= RIM_FAR_SHARE:
        return None
    return (
        f"{share:.0%} of the rim of the file's header box lies over {RIM_FAR_M / 1000:.0f} km from any element: the "
        "box is wider than the data, and households near the data's true border may count as too far from a "
        "facility that is merely missing; give the true border with --extent FILE"
    )


def _rim(box: Box) -> FloatArray:
    """Points along the rim at equal distances in metres, shape (points, 2)."""
    corners = shapely.get_coordinates(shapely.box(*box).exterior)
    middle_lat_deg = (corners[:-1, 1] + corners[1:, 1]) / 2
    across, up = np.abs(np.diff(corners, axis=0)).T
    length_m = np.hypot(across * np.cos(np.deg2rad(middle_lat_deg)), up) * _METRES_PER_DEGREE
    step_m = max(_RIM_STEP_M, float(length_m.sum()) / _RIM_MOST_POINTS)
    sides = [
        np.linspace(first, last, int(np.ceil(length / step_m)), endpoint=False)
        for first, last, length in zip(corners[:-1], corners[1:], length_m, strict=True)
    ]
    return np.concatenate(sides)


def _near_rim(box: Box, places_deg: FloatArray) -> FloatArray:
    """The places that can lie within reach of the rim at all: most lie deep inside."""
    west, south, east, north = box
    lat_deg = 1.1 * RIM_FAR_M / 110_000.0
    lon_deg = lat_deg / max(0.01, float(np.cos(np.deg2rad(min(89.0, max(abs(south), abs(north)))))))
    lon, lat = places_deg[:, 0], places_deg[:, 1]
    inside = (
        (lon > west + lon_deg) & (lon < east - lon_deg) & (lat > south + lat_deg) & (lat < north - lat_deg)
    )
    return places_deg[~inside]


def _far_share(projection: LocalProjection, rim_deg: FloatArray, elements_deg: FloatArray) -> float:
    elements = np.column_stack(projection.to_plane(elements_deg[:, 0], elements_deg[:, 1]))
    elements = elements[np.isfinite(elements).all(axis=1)]
    rim = np.column_stack(projection.to_plane(rim_deg[:, 0], rim_deg[:, 1]))
    measurable = np.isfinite(rim).all(axis=1)
    distance_m = np.full(len(rim), np.inf)
    if len(elements):
        distance_m[measurable], _ = cKDTree(elements).query(rim[measurable])
    return float((distance_m > RIM_FAR_M).mean())
