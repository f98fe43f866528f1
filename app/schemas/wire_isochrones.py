"""Shapes of isochrones on the wire: the question that is posted, and the answer, for the OpenAPI document."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.domain.profile import STANDARD_PROFILE_ID
from app.schemas.wire import AreaReference, Provenance, StandardReference
from app.services.isochrone_limits import MOST_LIMITS, MOST_METERS, MOST_MINUTES
from app.services.isochrone_origins import MOST_ORIGINS
from app.services.isochrones import REASONS

Position = tuple[float, float]
_Minutes = Annotated[float, Field(ge=0, le=MOST_MINUTES, allow_inf_nan=False)]
_Meters = Annotated[float, Field(ge=0, le=MOST_METERS, allow_inf_nan=False)]


class PostedOrigin(BaseModel):
    """A place, WGS 84."""

    model_config = ConfigDict(extra="forbid")

    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)


class IsochroneQuestion(BaseModel):
    """Isochrones of many places, one by one or merged."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "origins": [{"lon": 24.9414, "lat": 60.1719}, {"lon": 24.9505, "lat": 60.1699}],
                "minutes": [10],
                "merge": True,
            }
        },
    )

    origins: list[PostedOrigin] = Field(min_length=1, max_length=MOST_ORIGINS)
    minutes: list[_Minutes] = Field(default=[], max_length=MOST_LIMITS)
    meters: list[_Meters] = Field(default=[], max_length=MOST_LIMITS)
    merge: bool = Field(default=False, description="Draw the union of all, instead of each by itself.")
    profile: str | None = Field(
        default=None, description=f"Who walks; `{STANDARD_PROFILE_ID}` if nobody says."
    )
    speed_mps: float | None = Field(default=None, allow_inf_nan=False)
    standard: str | None = Field(default=None, description="Whose speed and profile count, if none is given.")
    direction: Literal["towards", "from"] = "towards"
    shape: Literal["polygon", "streets"] = "polygon"
    verify: bool = False


class IsochronePolygons(BaseModel):
    """Valid polygons by RFC 7946; none where nothing is reached."""

    type: Literal["MultiPolygon"]
    coordinates: list[list[list[Position]]]


class IsochroneStreets(BaseModel):
    """Reached parts of streets."""

    type: Literal["MultiLineString"]
    coordinates: list[list[Position]]


class IsochroneProperties(BaseModel):
    """What was asked for, and how far the picture can be trusted."""

    minutes: float | None = Field(default=None, description="The limit, if it is a time.")
    meters: float | None = Field(default=None, description="The limit, if it is a length.")
    max_error_m: float = Field(description="How far from its border the picture may be wrong.")
    complete: bool = Field(
        description="Whether all that a walk of this length could reach lies where the data is complete. Where it does "
        "not, streets beyond the extent may carry the picture farther."
    )
    reason: str | None = Field(
        description="Why nothing is drawn: "
        + "; ".join(f"`{code}`: {text}" for code, text in REASONS.items())
    )
    nearest_street_m: float | None = Field(
        default=None, description="Where no street is within reach: how far it is."
    )
    link_m: float | None = Field(
        description="Way between the origin and its street; null where there is none."
    )
    origin: int | None = Field(default=None, description="Which of the posted origins, counted from 0.")
    households: int | None = Field(
        default=None, description="`verify`: households of the area, counted as rows."
    )
    households_wrong: int | None = Field(
        default=None, description="`verify`: how many the polygon puts on the wrong side of its border."
    )
    share_wrong: float | None = Field(default=None, description="`verify`: the same as a share.")
    farthest_wrong_m: float | None = Field(
        default=None, description="`verify`: distance of the farthest of them from the border; 0 without any."
    )


class Isochrone(BaseModel):
    """One limit around one origin, or around all together."""

    type: Literal["Feature"]
    geometry: IsochronePolygons | IsochroneStreets
    properties: IsochroneProperties


class IsochronesAnswer(BaseModel):
    """Isochrones, smallest limit first."""

    type: Literal["FeatureCollection"]
    attribution: str
    area: AreaReference
    standard: StandardReference | None
    profile: str
    speed_mps: float
    direction: Literal["towards", "from"]
    shape: Literal["polygon", "streets"]
    provenance: Provenance
    features: list[Isochrone]
