"""Which column of a user's file is which of ours: as the user says, by our name, or by a good guess."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.domain.errors import BadInputError
from app.domain.household import AGE_GROUPS
from app.ingest.table_rows import RawTable, listed

LON, LAT, WKT = "lon", "lat", "wkt"

HOUSEHOLD_FIELDS = ("id", "households", "population", *AGE_GROUPS)
FACILITY_FIELDS = ("id", "services", "name", "area_m2")
ZONE_FIELDS = ("id", "name")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "households": HOUSEHOLD_FIELDS,
    "facilities": FACILITY_FIELDS,
    "zones": ZONE_FIELDS,
}
"""What each input may have, besides where its rows are."""

GUESSES: Mapping[str, tuple[str, ...]] = {
    LON: ("lng", "long", "longitude", "x", "经度", "东经"),
    LAT: ("latitude", "y", "纬度", "北纬"),
    WKT: ("geometry", "geom", "the_geom"),
    "id": ("编号", "编码"),
    "households": ("dwellings", "户数", "住户数", "总户数"),
    "population": ("pop", "人口", "人口数", "总人口"),
    "name": ("名称", "名字"),
    "services": ("service", "服务", "服务类型", "类型"),
}
"""Other names of our columns, as `_plain` writes them."""

_AGES = {"pop_0_3": "0_3", "pop_3_6": "3_6", "pop_6_12": "6_12", "pop_60plus": "60", "pop_65plus": "65"}
AGE_PATTERNS = {
    group: re.compile(
        rf"(?:pop_?|age_?|人口_?)?{ages}"
        + (r"(?:_?岁)?" if "_" in ages else r"_?(?:plus|\+|岁?及?以上)")
        + r"(?:_?(?:人口|人数))?"
    )
    for group, ages in _AGES.items()
}

_UNIT = re.compile(r"_?\((?:户|人|个|度|°|deg|degrees|m2|㎡)\)$")
_JOINTS = re.compile(r"[\s_\-–—~]+|(?<=\d)[至到](?=\d)")


def _plain(name: str) -> str:
    """A name without what people vary: case, full-width letters, blanks, dashes and units in parentheses."""
    text = _JOINTS.sub("_", unicodedata.normalize("NFKC", name).strip().casefold())
    return _UNIT.sub("", text)


@dataclass(frozen=True)
class Wanted:
    """Columns to look for.

    Attributes
    ----------
    fields : tuple of str
        Ours.
    asked : mapping of str to str
        The file's column for those of ours that the user named.
    everything : bool
        Keep every column under its own name instead, as a report of rejected rows does.
    polygons : bool
        Places must be polygons, so that coordinates in two columns are of no use.
    guess : bool
        Whether a column of another name will do.
    """

    fields: tuple[str, ...]
    asked: Mapping[str, str] = field(default_factory=dict)
    everything: bool = False
    polygons: bool = False
    guess: bool = True

    def with_places(self) -> "Wanted":
        """With the columns that say where a row of a table without geometry is."""
        places = (WKT,) if self.polygons else (LON, LAT, WKT)
        return replace(self, fields=(*places, *self.fields))

    def find(self, found: Sequence[str], where: str) -> dict[str, int]:
        """Position of each wanted column that is there.

        Raises
        ------
        BadInputError
            If a column that the user named is missing, or more than one column may be meant.
        """
        if self.everything:
            return {name: found.index(name) for name in dict.fromkeys(found)}
        plain = [_plain(name) for name in found]
        positions: dict[str, int] = {}
        for wanted in self.fields:
            if wanted in self.asked:
                places = _named(self.asked[wanted], found, plain, where)
            else:
                places = [place for place, name in enumerate(found) if name.strip().casefold() == wanted]
                if not places and (self.guess or wanted == WKT):
                    places = [place for place, name in enumerate(plain) if _is_guess(name, wanted)]
            if len(places) > 1:
                both = listed(found[place] for place in places)
                raise BadInputError(
                    where,
                    f"more than one column may be {wanted} ({both}); name the one meant, as in "
                    f"{wanted}={found[places[0]]}",
                )
            if places:
                positions[wanted] = places[0]
        return positions


def _named(name: str, found: Sequence[str], plain: Sequence[str], where: str) -> list[int]:
    places = [place for place, other in enumerate(found) if other.strip() == name.strip()]
    places = places or [place for place, other in enumerate(plain) if other == _plain(name)]
    if not places:
        raise BadInputError(
            where, f"has no column {listed([name])}, as was asked for (found: {listed(found) or 'none'})"
        )
    return places


def _is_guess(plain: str, wanted: str) -> bool:
    if plain == wanted or plain in GUESSES.get(wanted, ()):
        return True
    return wanted in AGE_PATTERNS and AGE_PATTERNS[wanted].fullmatch(plain) is not None


def parse_columns(text: str, fields: Sequence[str], where: str) -> dict[str, str]:
    """Columns as users write them: ``id=编号,households=户数``.

    Parameters
    ----------
    text : str
    fields : sequence of str
        Ours that may be named; lon, lat and wkt may be in any case.
    where : str
        The flag or parameter, for messages.

    Raises
    ------
    BadInputError
        If it is written otherwise, names a column of ours that does not exist, or one twice.
    """
    known = (*fields, LON, LAT, WKT)
    columns: dict[str, str] = {}
    for part in text.split(","):
        ours, equals, theirs = (piece.strip() for piece in part.partition("="))
        if not equals or not theirs:
            raise BadInputError(where, f"write OURS=YOURS,... such as {fields[0]}=编号, not {part.strip()!r}")
        if ours not in known:
            raise BadInputError(where, f"there is no column {ours!r} to fill; there are {', '.join(known)}")
        if ours in columns:
            raise BadInputError(where, f"names {ours} twice; name it once")
        columns[ours] = theirs
    return columns


def tell_mapping(table: RawTable) -> None:
    """Say which columns were taken for which of ours under another name."""
    told = [
        f"{theirs} as {ours}" for ours, theirs in table.names.items() if theirs.strip().casefold() != ours
    ]
    if told:
        table.warnings.append(f"{table.file}: read column {', '.join(told)}")
