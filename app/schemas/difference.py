"""Service coverage before and after a proposal, and what lies between: by service, zone and weight."""

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


def side_tables(before: Assessment, after: Assessment) -> tuple[Table, Table, Table]:
    """The tables before and after, and their difference; with zones where the area has any.

    People and zones are the same on both sides. They are looked up before: the area afterwards, with all its streets,
    may have to be put together first.
    """
    area = before.area
    groups = _groups(area)
    everybody = groups[None]
    sides = [_table(area, side, everybody) for side in (before, after)]
    between = _difference(before, after, everybody)
    if area.zones is not None:
        names = dict(zip(area.zones.id.tolist(), area.zones.name.tolist(), strict=True))
        zones = {zone: inside for zone, inside in groups.items() if zone is not None}
        heads = {zone: {"id": zone, "name": names.get(zone) or None} for zone in zones}
        for table, side in zip(sides, (before, after), strict=True):
            table["zones"] = [heads[zone] | _table(area, side, inside) for zone, inside in zones.items()]
        between["zones"] = [
            heads[zone] | _difference(before, after, inside) for zone, inside in zones.items()
        ]
    return sides[0], sides[1], between


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


def _callout(
    service: str, zone: Table | None, weight: str, rise: float, lost: dict[str, float | None]
) -> dict[str, Any]:
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


def newly_left_out(lost: dict[str, float | None]) -> str:
    """Who is covered no more, in words."""
    places = f"{lost['points']:g} {'point' if lost['points'] == 1 else 'points'}"
    return f"{lost['households']:.10g} households ({places}) newly left out"


def _points(share: float) -> str:
    return f"{100 * share:.4g} percentage points"


def _groups(area: Area) -> dict[str | None, BoolArray]:
    groups: dict[str | None, BoolArray] = {None: np.ones(area.households.count, dtype=np.bool_)}
    if area.zones is not None:
        ids = [*area.zones.id.tolist(), OUTSIDE_ID]
        for position, zone in enumerate(ids):
            groups[zone] = np.asarray(
                area.household_zone == (position if position < area.zones.count else -1)
            )
    return groups


def _table(area: Area, side: Assessment, inside: BoolArray) -> Table:
    rows = []
    for item in side.services:
        covered = np.asarray(item.verdicts.state == COVERED)
        rows.append(
            {"id": item.service.id, "facilities": len(item.facilities)} | _shares(area, covered, inside)
        )
    return {"services": rows, "overall": _shares(area, np.asarray(side.overall == SERVED), inside)}


def _shares(area: Area, covered: BoolArray, inside: BoolArray) -> Table:
    part, whole = _sums(area, covered & inside), _sums(area, inside)
    return {"covered": part, "total": whole, "share_covered": _ratios(part, whole)}


def _difference(before: Assessment, after: Assessment, inside: BoolArray) -> Table:
    rows, lost_any, gained_any = [], np.zeros(len(inside), np.bool_), np.zeros(len(inside), np.bool_)
    for old, new in zip(before.services, after.services, strict=True):
        was, is_now = (np.asarray(item.verdicts.state == COVERED) for item in (old, new))
        lost_any |= was & ~is_now
        gained_any |= is_now & ~was
        rows.append(
            {"id": old.service.id, "facilities": len(new.facilities) - len(old.facilities)}
            | _steps(before.area, was, is_now, inside)
        )
    served = [np.asarray(side.overall == SERVED) for side in (before, after)]
    return {
        "services": rows,
        "overall": _steps(before.area, served[0], served[1], inside),
        "gained_any": _sums(before.area, gained_any & inside),
        "lost_any": _sums(before.area, lost_any & inside),
    }


def _steps(area: Area, was: BoolArray, is_now: BoolArray, inside: BoolArray) -> Table:
    gained, lost = _sums(area, is_now & ~was & inside), _sums(area, was & ~is_now & inside)
    total = _sums(area, inside)
    covered = {
        weight: None
        if gained[weight] is None
        else round(_known(gained[weight]) - _known(lost[weight]), WEIGHT_DECIMALS)
        for weight in gained
    }
    return {"covered": covered, "share_covered": _ratios(covered, total), "gained": gained, "lost": lost}


def _sums(area: Area, chosen: BoolArray) -> dict[str, float | None]:
    households = area.households
    sums: dict[str, float | None] = {}
    for weight in households.counted:
        values = households.weights(weight)
        total = None if values is None else round(float(values[chosen].sum()), WEIGHT_DECIMALS)
        sums[weight] = int(total) if weight == "points" and total is not None else total
    return sums


def _ratios(part: dict[str, float | None], whole: dict[str, float | None]) -> dict[str, float | None]:
    """Shares; None where nobody told, or there is nobody to have a share of."""
    return {
        weight: round(_known(part[weight]) / _known(whole[weight]), SHARE_DECIMALS)
        if _known(whole[weight]) > 0
        else None
        for weight in part
    }


def _known(value: float | None) -> float:
    return value or 0.0
