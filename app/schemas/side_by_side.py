"""Several proposals side by side: before, and for each after, difference, cost and rank."""

import math
from collections.abc import Sequence
from typing import Any

from app.schemas.changes import changes_collection, count_changes
from app.schemas.difference import SideTables, callouts, newly_left_out
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
    first = compared[0].comparison
    tables = SideTables(first.before, zones=by_zone)
    rows = [_row(item, tables, weight=weight, households=households) for item in compared]
    rows.sort(key=_rank_key)
    area, standard, walker = first.before.area, first.before.standard, first.before.walker
    return {
        "area": {"id": area.id, "title": area.title, "version": area.version},
        "standard": {"id": standard.id, "version": standard.version},
        "profile": walker.profile.id,
        "speed_mps": walker.speed_mps,
        "weight": weight,
        "by": "zone" if by_zone else "area",
        "before": tables.before,
        "proposals": [{"rank": rank} | row for rank, row in enumerate(rows, start=1)],
        "provenance": provenance(first.before),
    }


def _row(item: Compared, tables: SideTables, *, weight: str, households: bool) -> Row:
    after, between = item.comparison.after, tables.between(item.comparison.after)
    changes = changes_collection(item.comparison.before, after)
    gained, lost = between["gained_any"], between["lost_any"]
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
        "callouts": callouts(tables.before, between),
        "after": tables.after(after),
        "difference": _difference(item, between, weight) | {"changes": count_changes(changes)},
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


def _difference(item: Compared, between: Row, weight: str) -> Row:
    """The difference with what each service gains for a unit of cost."""

    def costed(part: Row, zone: str | None) -> Row:
        def per_cost(row: Row) -> float | None:
            return _rounded(item.gained_per_cost(weight, service=row["id"], zone=zone))

        return part | {"services": [row | {"gained_per_cost": per_cost(row)} for row in part["services"]]}

    zones = [costed(part, part["id"]) for part in between.get("zones", ())]
    return costed(between, None) | ({"zones": zones} if "zones" in between else {})


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, WEIGHT_DECIMALS)
