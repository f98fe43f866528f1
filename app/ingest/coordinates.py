"""What coordinates of a user's file mean: any CRS, the Chinese shifted ones too, turned into WGS 84 and back."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from app.domain.errors import BadInputError
from app.geo import china_offset
from app.geo.units import BoolArray, FloatArray

CRS_FIX = (
    "give an EPSG code such as EPSG:4547, cgcs2000, gcj02 or bd09, or reproject it to WGS 84 (EPSG:4326)"
)

_SHIFTED = {"gcj02": ("gcj02", "gcj"), "bd09": ("bd09", "bd09ll", "bd")}
_ALIASES = {"wgs84": "EPSG:4326", "cgcs2000": "EPSG:4490"}
_PLAIN = re.compile(r"[\s_-]")

_OPENS_FILES = re.compile(
    r"\b(?:init|\w*grids|catalog|file)\s*=|PARAMETERFILE|ABRIDGEDTRANSFORMATION", re.IGNORECASE
)
"""Definitions that make PROJ open files of this machine. Coordinates of users need none; requests come from anybody."""

_BAIDU_METRES = ("bd09mc", "bd09m")

_AS_WGS84 = frozenset({"China 2000", "China_2000", "D_China_2000"})
"""Datums from which PROJ knows no step to WGS 84 but none at all, rightly: CGCS2000 is within decimetres of it."""

_TO_WGS84 = {"gcj02": china_offset.gcj02_to_wgs84, "bd09": china_offset.bd09_to_wgs84}
_FROM_WGS84 = {"gcj02": china_offset.wgs84_to_gcj02, "bd09": china_offset.wgs84_to_bd09}

_Move = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class Coordinates:
    """A coordinate system of a user's file.

    Attributes
    ----------
    name : str
        As messages call it.
    crs : CRS or None
        None for gcj02 and bd09, which no register knows.
    to_wgs84, from_wgs84 : callable
        Two arrays, easting (or longitude) first, to two arrays.
    is_rough : callable
        Whether the last `to_wgs84` knew no way from this datum to WGS 84 and left it out: places may be 100 m off.
    """

    name: str
    crs: CRS | None
    to_wgs84: _Move
    from_wgs84: _Move
    is_rough: Callable[[], bool] = lambda: False

    @property
    def is_projected(self) -> bool:
        return self.crs is not None and bool(self.crs.is_projected)

    @property
    def metres_per_unit(self) -> float:
        """Of a projected CRS's coordinates."""
        return 1.0 if self.crs is None else float(self.crs.axis_info[0].unit_conversion_factor)

    def holds(self, lon_deg: FloatArray, lat_deg: FloatArray, *, margin_deg: float = 2.0) -> BoolArray:
        """Whether places lie in (or near) the region that the CRS was made for; everywhere if none is known."""
        area = None if self.crs is None else self.crs.area_of_use
        if area is None:
            found: BoolArray = np.isfinite(lon_deg) & np.isfinite(lat_deg)
            return found
        # across the antimeridian the east side is numbered below the west side
        width = (area.east - area.west) % 360.0 or 360.0
        east_of_west = (lon_deg - (area.west - margin_deg)) % 360.0
        inside: BoolArray = east_of_west <= width + 2 * margin_deg
        return inside & (lat_deg >= area.south - margin_deg) & (lat_deg <= area.north + margin_deg)


def find_coordinates(text: str, where: str) -> Coordinates:
    """The coordinate system that a user names.

    Parameters
    ----------
    text : str
        ``gcj02``, ``bd09``, ``cgcs2000``, ``wgs84``, or whatever pyproj understands: an EPSG code, WKT, a URN.
    where : str
        The flag, field or file that names it, for the message.

    Raises
    ------
    BadInputError
        If nobody knows it, or it has no easting and northing.
    """
    plain = _PLAIN.sub("", text.strip()).casefold()
    for name, spellings in _SHIFTED.items():
        if plain in spellings:
            return Coordinates(name, None, _TO_WGS84[name], _FROM_WGS84[name])
    if plain in _BAIDU_METRES:
        raise BadInputError(
            where, f"its CRS {text[:60]} is Baidu's plane of metres; convert it to degrees and say bd09"
        )
    if _OPENS_FILES.search(text):
        raise BadInputError(where, f"its CRS {text[:60]} names files, which are not read here; {CRS_FIX}")
    try:
        crs = CRS.from_user_input(_ALIASES.get(plain, int(plain) if plain.isdecimal() else text))
    except (CRSError, ProjError, OverflowError) as error:
        raise BadInputError(where, f"its CRS {text[:60]} is not known; {CRS_FIX}") from error
    if not crs.is_projected and not crs.is_geographic:
        raise BadInputError(where, f"its CRS {crs.name} has no easting and northing; {CRS_FIX}")
    try:
        there = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        back = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    except ProjError as error:
        raise BadInputError(where, f"its CRS {crs.name} cannot be turned into WGS 84; {CRS_FIX}") from error
    return Coordinates(code_of(crs), crs, _moved_by(there), _moved_by(back), _rough_by(crs, there))


def agreed_coordinates(stated: str | None, asked: str | None, where: str) -> Coordinates:
    """The coordinate system of a file that states one (or none) and of a user who names one (or none).

    Files made from Chinese maps state WGS 84 or CGCS2000, there being no code for gcj02 and bd09; so these two are no
    contradiction to a CRS in degrees.

    Raises
    ------
    BadInputError
        If the two contradict each other, or one is not known.
    """
    own = None if stated is None else find_coordinates(stated, where)
    if asked is None:
        return own or find_coordinates("EPSG:4326", where)
    wanted = find_coordinates(asked, where)
    if own is None:
        return wanted
    if own.crs is None:  # GeoJSON as answers of ours are, with a crs member that says gcj02 or bd09
        is_same = own.name == wanted.name
    else:
        is_same = not own.is_projected if wanted.crs is None else _is_same(own.crs, wanted.crs)
    if not is_same:
        raise BadInputError(
            where,
            f"states the CRS {own.name}, but crs={asked} was given; leave crs out, or correct whichever is wrong",
        )
    return wanted


def code_of(crs: CRS) -> str:
    """Short name of a CRS: its code where it has one."""
    authority = crs.to_authority(min_confidence=100)
    return ":".join(authority) if authority is not None else str(crs.name)


def _is_same(one: CRS, other: CRS) -> bool:
    if one.equals(other, ignore_axis_order=True):
        return True
    # Files without a register's code hold the same definition in another spelling (Esri's WKT).
    code = one.to_epsg(min_confidence=70)
    return code is not None and code == other.to_epsg(min_confidence=70)


def _moved_by(transformer: Transformer) -> _Move:
    def move(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        moved_x, moved_y = transformer.transform(x, y)
        return np.asarray(moved_x), np.asarray(moved_y)

    return move


def _rough_by(crs: CRS, transformer: Transformer) -> Callable[[], bool]:
    datum = None if crs.geodetic_crs is None else crs.geodetic_crs.datum
    if datum is not None and datum.name in _AS_WGS84:
        return lambda: False
    # Which of several ways PROJ takes is known only once it has gone one.
    return lambda: "Ballpark" in transformer.description


# --- what is often wrong with surveyed coordinates ---------------------------------------------------------------

_MOST_DEGREES = 360.0

_MOST_EASTING_M = 1e7
"""Chinese zones put their number before the six digits of an easting."""


def why_misplaced(coordinates: Coordinates, x: FloatArray, y: FloatArray) -> str | None:
    """What is wrong with coordinates of which most lie outside the region of their CRS; None if nothing known.

    Recognised are degrees in a system of metres, northings in `x` (the surveyors' X), and the number of the zone
    before an easting where the CRS has none, or none where it has one. The message names the fix.
    """
    if not coordinates.is_projected or len(x) == 0:
        return None

    def fit(east: FloatArray, north: FloatArray) -> bool:
        with np.errstate(invalid="ignore"):
            lon_deg, lat_deg = coordinates.to_wgs84(east, north)
            return bool(np.mean(coordinates.holds(lon_deg, lat_deg)) > 0.5)

    if fit(x, y):
        return None
    if np.abs(x).max() <= _MOST_DEGREES and np.abs(y).max() <= _MOST_DEGREES:
        return (
            f"holds degrees such as {x[0]:g}, {y[0]:g}, but {coordinates.name} counts metres; leave that crs out, or "
            "name the system in degrees that they are in, such as EPSG:4490, gcj02 or bd09"
        )
    if fit(y, x):
        return (
            "holds northings in x and eastings in y, as surveyors write them (X north); "
            "x is easting and y northing here: exchange the two columns"
        )
    for east, north, swapped in ((x, y, ""), (y, x, ", and x and y are exchanged (x is easting here)")):
        better = _with_zone(coordinates, float(np.median(east)), float(np.median(north)))
        if better is not None:
            return f"has eastings such as {np.median(east):.0f}, which belong to {better}{swapped}; give that as crs"
    return None  # a single place may be wrong; it is found out as such


def _with_zone(coordinates: Coordinates, easting_m: float, northing_m: float) -> str | None:
    """CGCS2000 zone (EPSG code) whose eastings are written like this one."""
    if not 0 < northing_m < 6e6:
        return None
    zone = int(easting_m // 1e6)
    if easting_m >= _MOST_EASTING_M:
        if 25 <= zone <= 45:  # zones of 3 degrees
            return f"EPSG:{4488 + zone}"
        if 13 <= zone <= 23:  # zones of 6 degrees
            return f"EPSG:{4478 + zone}"
        return None
    code = None if coordinates.crs is None else coordinates.crs.to_epsg()
    if code is None or not 0 < easting_m < 1e6:
        return None
    if 4513 <= code <= 4533 or 4491 <= code <= 4501:  # the same zone without its number
        return f"EPSG:{code + (21 if code >= 4513 else 11)}"
    return None
