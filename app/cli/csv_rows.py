"""CSV in UTF-8: one row a household with its verdicts, or one row a facility.

Spreadsheets run a cell that begins like a formula, and names in OpenStreetMap can be written by anybody. Such text
gets a blank in front, which makes it text to a spreadsheet; `--households` and `--facilities` drop blanks around
values, so that what is read back is what was there.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from app.cli.features import household_pieces
from app.domain.area import Area
from app.geo.verdict import OVERALL_STATES
from app.ingest.coordinates import Coordinates
from app.schemas.crs import places_in
from app.schemas.facilities import facility_features
from app.services.assessment import Assessment

_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
"""A negative id is no formula; a blank before it would only make programs take it for text."""

FACILITY_COLUMNS = ("services", "name", "area_m2")


def _place_columns(coordinates: Coordinates | None) -> tuple[str, str]:
    """Names of the columns of places: only WGS 84 is called `lon` and `lat`."""
    return ("lon", "lat") if coordinates is None else ("x", "y")


def _places(features: list[dict[str, Any]], coordinates: Coordinates | None) -> list[list[float]]:
    """Where features are, points all of them."""
    places = [feature["geometry"]["coordinates"] for feature in features]
    if coordinates is None or not places:
        return places
    lon_deg, lat_deg = np.array(places).T
    moved: list[list[float]] = places_in(coordinates, lon_deg, lat_deg).tolist()
    return moved


def household_csv(assessment: Assessment, coordinates: Coordinates | None = None) -> Iterator[bytes]:
    """A header, and one row for each household in the order of their ids; places in a coordinate system."""
    services = assessment.services
    area = assessment.area
    groups = [name for name in area.households.counted if name in area.households.groups]
    more = [*groups, *(["zone"] if area.zones is not None else [])]
    header = ["id", *_place_columns(coordinates), "households", "population", *more, "overall"]
    for item in services:
        over = "over_m" if item.service.length_limit_m is not None else "over_s"
        columns = ("state", "time_s", over, *(["holds"] if assessment.band is not None else []))
        header += [f"{item.service.id}_{column}" for column in columns]
    yield csv_lines([header])
    position = 0
    for features in household_pieces(assessment):
        rows = []
        for feature, place in zip(features, _places(features, coordinates), strict=True):
            properties = feature["properties"]
            overall = OVERALL_STATES[assessment.overall[position]]
            position += 1
            row = [
                safe_text(properties["id"]),
                *place,
                properties["households"],
                properties["population"],
                *(properties[group] for group in groups),
                *([safe_text(properties["zone"])] if area.zones is not None else []),
                overall,
            ]
            for verdict in properties["services"].values():
                row += [verdict["state"], verdict["time_s"], verdict.get("over_s", verdict.get("over_m"))]
                if "holds" in verdict:
                    row.append("yes" if all(verdict["holds"].values()) else "no")
            rows.append([plain_number(value) for value in row])
        yield csv_lines(rows)


def facility_csv(
    area: Area, services: dict[int, list[str]], coordinates: Coordinates | None = None
) -> Iterator[bytes]:
    """A header, and one row for each facility; `reach15 area import --facilities` reads it again."""
    yield csv_lines([["id", *_place_columns(coordinates), *FACILITY_COLUMNS]])
    rows = []
    features = facility_features(area, services)
    for feature, place in zip(features, _places(features, coordinates), strict=True):
        properties = feature["properties"]
        name = " ".join(_CONTROL.sub(" ", properties["name"] or "").split())
        offered = ";".join(properties["services"])
        rows.append([safe_text(properties["id"]), *place, offered, safe_text(name), properties["area_m2"]])
    yield csv_lines(rows)


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""An import refuses them in a name."""


def safe_text(text: str) -> str:
    """The text, with a blank in front where a spreadsheet would take it for a formula."""
    if text.startswith(_FORMULA_STARTS) and not _PLAIN_NUMBER.fullmatch(text):
        return f" {text}"
    return text


def plain_number(value: Any) -> Any:
    """Whole numbers without ``.0``; what does not exist is an empty cell."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
