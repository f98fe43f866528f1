"""Shapes of siting answers on the wire, for the OpenAPI document."""

from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.wire import AreaReference, Provenance, StandardReference


class CellSquare(BaseModel):
    """A cell as a polygon by RFC 7946."""

    type: Literal["Polygon"]
    coordinates: list[list[tuple[float, float]]]


class CellProperties(BaseModel):
    """What one facility in the middle of a cell would do."""

    gained: float = Field(description="Weight that it would newly cover, summed over the services.")


class CellFeature(BaseModel):
    """A cell that a street can be reached from."""

    type: Literal["Feature"]
    id: str = Field(description="`cell/EPSG/METRES/COLUMN/ROW`, the same in every area of the UTM zone.")
    geometry: CellSquare
    properties: CellProperties


class HeatAnswer(BaseModel):
    """What one new facility would newly cover, cell by cell."""

    type: Literal["FeatureCollection"]
    attribution: str
    area: AreaReference
    standard: StandardReference
    services: list[str]
    profile: str
    speed_mps: float
    weight: str
    cell_m: float
    ignore_existing: bool
    provenance: Provenance
    features: list[CellFeature]
