"""Places as they are kept: what was imported, before anybody judges it."""

from dataclasses import dataclass
from typing import Any, Literal

from shapely.geometry.base import BaseGeometry

from app.domain.errors import BadInputError

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees on WGS 84; the sides belong to it."""

PlaceKind = Literal["households", "facilities", "zones"]


def check_box(box: Box) -> Box:
    """The box, if it is one.

    Raises
    ------
    BadInputError
        If it is none, or lies off the globe.
    """
    west, south, east, north = box
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadInputError(
            f"bbox {west},{south},{east},{north}",
            "is not west,south,east,north in degrees with west <= east and south <= north",
        )
    return box


@dataclass(frozen=True)
class StoredPlace:
    """One household, facility or zone of a version.

    Attributes
    ----------
    properties : dict
        What is known of it, JSON-ready; None where nobody told.
    shape : BaseGeometry
        In WGS 84, lon and lat.
    """

    id: str
    properties: dict[str, Any]
    shape: BaseGeometry
