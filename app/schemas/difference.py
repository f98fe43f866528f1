"""Service coverage before and after a proposal, and what lies between: by service, zone and weight."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.area import Area
from app.domain.zone import OUTSIDE_ID
from app.geo.units import BoolArray
from app.geo.verdict import COVERED, SERVED
from app.schemas.numbers import SHARE_DECIMALS, WEIGHT_DECIMALS
from app.services.assessment import Assessment

ALL = "all"
"""Stands for all required services together, beside the ids of single ones."""

Table = dict[str, Any]
Sums = dict[str, float | None]
"""How many, by each of `Households.counted`; None where nobody told."""


@dataclass(frozen=True)
class _Group:
    """Households that are summed up together: everybody, or those of a zone; and their sums."""

    head: Table
    inside: BoolArray
    total: Sums


class SideTables:
    """Coverage before, and what each of any number of proposals makes of it.

    ``zones`` says whether tables have those of the area's zones too, if it has any. People and zones are
    the same on both sides, and looked up before: an area afterwards may have to be put together first.
    """

    def __init__(self, before: Assessment, *, zones: bool = True) -> None:
        self._side = before
        self._area = before.area
        self._everybody = _group(before.area, {}, np.ones(before.area.households.count, dtype=np.bool_))
        self._zones = _zone_groups(before.area) if zones else None
        self.before = self.after(before)

    def after(self, side: Assessment) -> Table:
        """Facilities, covered, total and share by service, and overall."""
        return self._of_all(lambda group: _table(self._area, side, group))

    def between(self, after: Assessment) -> Table:
        """The difference, with gained and lost."""
        return self._of_all(lambda group: _difference(self._side, after, group))

    def _of_all(self, table_of: Callable[[_Group], Table]) -> Table:
        table = table_of(self._everybody)
        if self._zones is not None:
            table["zones"] = [group.head | table_of(group) for group in self._zones]
        return table


def callouts(before: Table, between: Table) -> list[dict[str, Any]]:
    """Averages that rose although somebody is newly left out: what a single share would hide."""
    found = []
    for zone in (None, *between.get("zones", ())):
        table = between if zone is None else zone
        total = before["services"][0]["total"] if before["services"] else {}
        for weight in total:
            rows = {row["id"]: row for row in table["services"]}
            shares = [row["share_covered"][weight] for row in rows.values()]
            known = [share for share in shares if share is not None]
            losing = [row for row in rows.values() if row["lost"]["points"]]
            for row in losing:
                share = row["share_covered"][weight]
                if share is not None and share > 0:
                    found.append(_callout(row["id"], zone, weight, share, row["lost"]))
            mean = sum(known) / len(known) if known else 0.0
            if losing and mean > 0 and len(rows) > 1:
                lost = {name: table["lost_any"][name] for name in table["lost_any"]}
                found.append(_callout(ALL, zone, weight, round(mean, SHARE_DECIMALS), lost))
    return found


def _callout(service: str, zone: Table | None, weight: str, rise: float, lost: Sums) -> dict[str, Any]:
    where = "" if zone is None else f" in zone '{zone['id']}'"
    what = "all services on average" if service == ALL else f"'{service}'"
    people = newly_left_out(lost)
    return {
        "service": service,
        "zone": None if zone is None else zone["id"],
        "weight": weight,
        "share_difference": rise,
        "lost": lost,
        "message": f"the share of {weight} covered by {what}{where} rises by {_points(rise)}, and yet: {people}",
    }


def newly_left_out(lost: Sums) -> str:
    """Who is covered no more, in words."""
    places = f"{lost['points']:g} {'point' if lost['points'] == 1 else 'points'}"
    return f"{lost['households']:.10g} households ({places}) newly left out"


def _points(share: float) -> str:
    return f"{100 * share:.4g} percentage points"


def _zone_groups(area: Area) -> list[_Group] | None:
    if area.zones is None:
        return None
    zones = zip(area.zones.id.tolist(), area.zones.name.tolist(), strict=True)
    return [
        _group(area, {"id": zone, "name": name or None}, np.asarray(area.household_zone == position))
        for position, (zone, name) in [*enumerate(zones), (-1, (OUTSIDE_ID, None))]
    ]


def _group(area: Area, head: Table, inside: BoolArray) -> _Group:
    return _Group(head, inside, _sums(area, inside))


def _table(area: Area, side: Assessment, group: _Group) -> Table:
    rows = []
    for item in side.services:
        covered = np.asarray(item.verdicts.state == COVERED)
        rows.append(
            {"id": item.service.id, "facilities": len(item.facilities)} | _shares(area, covered, group)
        )
    return {"services": rows, "overall": _shares(area, np.asarray(side.overall == SERVED), group)}


def _shares(area: Area, covered: BoolArray, group: _Group) -> Table:
    part = _sums(area, covered & group.inside)
    return {"covered": part, "total": group.total, "share_covered": _ratios(part, group.total)}


def _difference(before: Assessment, after: Assessment, group: _Group) -> Table:
    inside = group.inside
    rows, lost_any, gained_any = [], np.zeros(len(inside), np.bool_), np.zeros(len(inside), np.bool_)
    for old, new in zip(before.services, after.services, strict=True):
        was, is_now = (np.asarray(item.verdicts.state == COVERED) for item in (old, new))
        lost_any |= was & ~is_now
        gained_any |= is_now & ~was
        rows.append(
            {"id": old.service.id, "facilities": len(new.facilities) - len(old.facilities)}
            | _steps(before.area, was, is_now, group)
        )
    served = [np.asarray(side.overall == SERVED) for side in (before, after)]
    return {
        "services": rows,
        "overall": _steps(before.area, served[0], served[1], group),
        "gained_any": _sums(before.area, gained_any & inside),
        "lost_any": _sums(before.area, lost_any & inside),
    }


def _steps(area: Area, was: BoolArray, is_now: BoolArray, group: _Group) -> Table:
    gained, lost = (_sums(area, one & ~other & group.inside) for one, other in ((is_now, was), (was, is_now)))
    covered = {
        weight: None
        if gained[weight] is None
        else round(_known(gained[weight]) - _known(lost[weight]), WEIGHT_DECIMALS)
        for weight in gained
    }
    return {
        "covered": covered,
        "share_covered": _ratios(covered, group.total),
        "gained": gained,
        "lost": lost,
    }


def _sums(area: Area, chosen: BoolArray) -> Sums:
    households = area.households
    sums: Sums = {}
    for weight in households.counted:
        values = households.weights(weight)
        total = None if values is None else round(float(values[chosen].sum()), WEIGHT_DECIMALS)
        sums[weight] = int(total) if weight == "points" and total is not None else total
    return sums


def _ratios(part: Sums, whole: Sums) -> Sums:
    """Shares; None where nobody told, or there is nobody to have a share of."""
    return {
        weight: round(_known(part[weight]) / _known(whole[weight]), SHARE_DECIMALS)
        if _known(whole[weight]) > 0
        else None
        for weight in part
    }


def _known(value: float | None) -> float:
    return value or 0.0
