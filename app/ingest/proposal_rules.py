"""What each action needs, and which features cannot stand together."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import shapely

from app.domain.errors import BadInputError
from app.domain.proposal import Change

_REFERENCES = ("facility", "way", "node")
_PLACES = ("Point", "Polygon", "MultiPolygon")
_POLYGONS = ("Polygon", "MultiPolygon")


def check_feature(change: Change, where: str, notes: list[str], *, lenient: bool) -> Change:
    """A change that has what its action needs, and nothing beside it.

    Raises
    ------
    BadInputError
        If it has not; names the property.
    """
    given = [name for name in _REFERENCES if getattr(change, name) is not None]
    if len(given) > 1:
        raise BadInputError(
            f"{where}, property {given[1]}", f"stands beside {given[0]}; a feature refers to one thing"
        )
    reference = given[0] if given else None
    if change.action in {"add", "move"}:
        _check_placed(change, where, reference)
    elif change.action == "close":
        _check_closed(change, where, reference)
    else:
        _check_opened(change, where, reference)
    if reference is not None and change.action in {"close", "open"} and change.geometry is not None:
        if not lenient:
            raise BadInputError(
                f"{where}, geometry", f"stands beside {reference}, which says it all; write null"
            )
        notes.append(f"{where}: passed over the geometry, since {reference} says it all")
        change = replace(change, geometry=None)
    if change.action != "add":
        for name in ("services", "capacity"):
            if getattr(change, name):
                raise BadInputError(f"{where}, property {name}", f"belongs to add, not to {change.action}")
    return change


def _check_placed(change: Change, where: str, reference: str | None) -> None:
    if reference in {"way", "node"}:
        raise BadInputError(
            f"{where}, property {reference}",
            f"{change.action} is for facilities; streets are opened or closed",
        )
    if reference is None:
        raise BadInputError(f"{where}, property facility", "is missing; name the facility that moves")
    if change.geometry is None:
        raise BadInputError(f"{where}, geometry", f"is null; draw where to {change.action} the facility")
    if change.geometry.geom_type not in _PLACES:
        raise BadInputError(
            f"{where}, geometry", f"is a {change.geometry.geom_type}; draw a facility as a point or an area"
        )
    if change.action == "add" and not change.services:
        raise BadInputError(f"{where}, property services", "is missing; list what the new facility offers")


def _check_closed(change: Change, where: str, reference: str | None) -> None:
    if reference is not None:
        return
    if change.geometry is None:
        raise BadInputError(
            f"{where}, property facility", "is missing, as are way, node and a polygon; say what closes"
        )
    if change.geometry.geom_type not in _POLYGONS:
        raise BadInputError(
            f"{where}, geometry",
            f"is a {change.geometry.geom_type}; streets are closed by a polygon, way or node",
        )


def _check_opened(change: Change, where: str, reference: str | None) -> None:
    if reference == "facility":
        raise BadInputError(
            f"{where}, property facility", "cannot be opened; add it, with its place and services"
        )
    if reference is not None:
        return
    if change.geometry is None:
        raise BadInputError(f"{where}, property way", "is missing, as are node and a line; say what opens")
    if change.geometry.geom_type != "LineString":
        raise BadInputError(
            f"{where}, geometry", f"is a {change.geometry.geom_type}; draw the new link as one LineString"
        )
    if change.geometry.length == 0:
        raise BadInputError(
            f"{where}, geometry", "is a line without length; draw it from one node to another"
        )


def raise_if_contradicting(changes: Iterable[Change], source: str) -> None:
    """Refuse two features that cannot both be done.

    Raises
    ------
    BadInputError
        Names both.
    """
    first: dict[tuple[str, object], Change] = {}
    for change in changes:
        for kind in _REFERENCES:
            value = getattr(change, kind)
            if value is None:
                continue
            other = first.setdefault((kind, value), change)
            if other is not change and not other.means_the_same_as(change):
                raise contradiction(source, other, change, f"{kind} {value}")
    links = [change for change in changes if change.action == "open" and change.geometry is not None]
    polygons = [change for change in changes if change.action == "close" and change.geometry is not None]
    if not links or not polygons:
        return
    tree = shapely.STRtree(np.asarray([link.geometry for link in links], dtype=object))
    areas = np.asarray([polygon.geometry for polygon in polygons], dtype=object)
    met = tree.query(areas, predicate="intersects")
    pairs = [sorted((polygons[area], links[line]), key=_number) for area, line in met.T.tolist()]
    if pairs:
        one, other = min(pairs, key=lambda pair: (pair[0].number, pair[1].number))
        raise contradiction(source, one, other, "the new link")


def contradiction(source: str, one: Change, other: Change, subject: str) -> BadInputError:
    """The error that names two features which cannot both be done."""
    return BadInputError(
        f"{source}, features {one.number} and {other.number}",
        f"contradict each other: {one.action} and {other.action} of {subject}; keep one of them",
    )


def _number(change: Change) -> int:
    return change.number
