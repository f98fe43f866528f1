"""Several proposals side by side: before, and for each after, difference, cost and rank."""

import math
from collections.abc import Sequence
from typing import Any

from app.schemas.changes import changes_collection, count_changes
from app.schemas.difference import callouts, newly_left_out, side_tables
from app.schemas.numbers import WEIGHT_DECIMALS
from app.schemas.provenance import provenance
from app.services.side_by_side import Compared

Row = dict[str, Any]


def side_by_side_to_dict(
    compared: Sequence[Compared], *, weight: str, by_zone: bool, households: bool
) -> dict[str, Any]:
    """The proposals, best first.

    Parameters
    ----------
    weight : str
        What ranks, and gains for each unit of cost, are counted in; tables have all weights.
    by_zone : bool
        Also the sums of every zone and of ``outside``.
    households : bool
        Also every household and service that changes, as GeoJSON.
    """
    tables = [side_tables(item.comparison.before, item.comparison.after) for item in compared]
    rows = [
        _row(item, after, between, before, weight=weight, by_zone=by_zone, households=households)
        for item, (before, after, between) in zip(compared, tables, strict=True)
    ]
    rows.sort(key=_rank_key)
    first = compared[0].comparison
    area, standard, walker = first.before.area, first.before.standard, first.before.walker
    return {
        "area": {"id": area.id, "title": area.title, "version": area.version},
        "standard": {"id": standard.id, "version": standard.version},
        "profile": walker.profile.id,
        "speed_mps": walker.speed_mps,
        "weight": weight,
        "by": "zone" if by_zone else "area",
        "before": _without_zones(tables[0][0], by_zone=by_zone),
        "proposals": [{"rank": rank} | row for rank, row in enumerate(rows, start=1)],
        "provenance": provenance(first.before),
    }


def _row(
    item: Compared,
    after: Row,
    between: Row,
    before: Row,
    *,
    weight: str,
    by_zone: bool,
    households: bool,
) -> Row:
    changes = changes_collection(item.comparison.before, item.comparison.after)
    gained, lost = between["gained_any"], between["lost_any"]
    called = callouts(before, between)
    if not by_zone:
        called = [call for call in called if call["zone"] is None]
    row = {
        "name": item.name,
        "scenario": item.is_scenario,
        "features": len(item.comparison.proposal.changes),
        "cost": item.cost,
        "gained": gained,
        "lost": lost,
        "net": round((gained[weight] or 0.0) - (lost[weight] or 0.0), WEIGHT_DECIMALS),
        "gained_per_cost": _rounded(item.gained_per_cost(weight)),
        "newly_uncovered": _newly_uncovered(item.name, between),
        "callouts": called,
        "after": _without_zones(after, by_zone=by_zone),
        "difference": _difference(item, between, weight, by_zone=by_zone)
        | {"changes": count_changes(changes)},
        "warnings": list(item.comparison.notes),
    }
    return row | ({"changes": changes} if households else {})


def _rank_key(row: Row) -> tuple[float, float, float, str]:
    """More gained than lost first; then fewer lost, then cheaper, then by name."""
    lost, cost = row["lost"]["points"], row["cost"]
    return -row["net"], lost, math.inf if cost is None else cost, row["name"]


def _newly_uncovered(name: str, between: Row) -> list[Row]:
    """Services that somebody loses, each called out: a sum of gains and losses would hide them."""
    return [
        {
            "service": row["id"],
            "lost": row["lost"],
            "message": f"'{name}' leaves somebody without '{row['id']}': {newly_left_out(row['lost'])}",
        }
        for row in between["services"]
        if row["lost"]["points"]
    ]


def _difference(item: Compared, between: Row, weight: str, *, by_zone: bool) -> Row:
    """The difference with what each service gains for a unit of cost."""
    parts = {None: between} | ({zone["id"]: zone for zone in between["zones"]} if by_zone else {})
    costed = {
        zone: part
        | {
            "services": [
                row
                | {"gained_per_cost": _rounded(item.gained_per_cost(weight, service=row["id"], zone=zone))}
                for row in part["services"]
            ]
        }
        for zone, part in parts.items()
    }
    whole = _without_zones(costed.pop(None), by_zone=False)
    return whole | ({"zones": list(costed.values())} if by_zone else {})


def _without_zones(table: Row, *, by_zone: bool) -> Row:
    return {name: value for name, value in table.items() if by_zone or name != "zones"}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, WEIGHT_DECIMALS)
