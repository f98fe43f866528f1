"""Missing links as GeoJSON lines, and as a proposal that the gate takes."""

from typing import Any

import numpy as np

from app.domain.area import ATTRIBUTION
from app.domain.proposal import Change
from app.geo.units import FloatArray
from app.schemas.numbers import DEGREE_DECIMALS, LINK_DECIMALS, WALK_DECIMALS, WEIGHT_DECIMALS, number
from app.schemas.provenance import area_provenance
from app.services.missing_links import MissingLink, MissingLinks


def links_to_geojson(answer: MissingLinks) -> dict[str, Any]:
    """One line for each change, the best first."""
    area, standard, question = answer.engine.area, answer.standard, answer.question
    return {
        "type": "FeatureCollection",
        "attribution": ATTRIBUTION,
        "area": {"id": area.id, "version": area.version},
        "standard": {"id": standard.id, "version": standard.version},
        "service": question.service.id,
        "profile": answer.walker.profile.id,
        "speed_mps": answer.walker.speed_mps,
        "weight": question.weight,
        "max_length_m": question.max_length_m,
        "uncovered": round(answer.lacking, WEIGHT_DECIMALS),
        "candidates": {**answer.looked_at, "links_across_obstacles": answer.crossing},
        "compared": answer.compared,
        "complete": answer.is_complete,
        "bound": number(answer.bound, WEIGHT_DECIMALS),
        "notes": list(answer.notes),
        "provenance": area_provenance(area) | {"standard_version": standard.version},
        "features": [_feature(answer, item, rank) for rank, item in enumerate(answer.found, start=1)],
    }


def links_to_proposal(answer: MissingLinks) -> dict[str, Any]:
    """The best change as a proposal of its own; one without features where nothing wins anybody."""
    features = [proposal_feature(item.change) for item in answer.found[:1]]
    return {"type": "FeatureCollection", "features": features}


def proposal_feature(change: Change) -> dict[str, Any]:
    """A street that opens, as proposals write it."""
    properties: dict[str, Any] = {"action": "open"}
    if change.geometry is None:
        properties |= {"node": change.node} if change.node is not None else {"way": change.way}
        return {"type": "Feature", "properties": properties, "geometry": None}
    line = np.asarray(change.geometry.coords)
    return {"type": "Feature", "properties": properties, "geometry": _line(line)}


def _feature(answer: MissingLinks, item: MissingLink, rank: int) -> dict[str, Any]:
    candidate, households = item.candidate, answer.engine.area.households
    opened: dict[str, Any]
    if candidate.kind == "gate":
        lon, lat = np.round(candidate.line[1], DEGREE_DECIMALS).tolist()
        opened = {"node": candidate.ids[0], "gate": {"lon": lon, "lat": lat}}
    elif candidate.kind == "way":
        opened = {"way": candidate.ids[0]}
    else:
        opened = {"nodes": list(candidate.ids)}
    return {
        "type": "Feature",
        "id": f"{candidate.kind}/{'-'.join(map(str, candidate.ids))}",
        "geometry": _line(candidate.line),
        "properties": {
            "rank": rank,
            "kind": candidate.kind,
            **opened,
            "length_m": round(candidate.length_m, LINK_DECIMALS),
            "households": len(item.gained),
            "gained": round(item.weight_gained, WEIGHT_DECIMALS),
            "lost": round(item.weight_lost, WEIGHT_DECIMALS),
            "time_saved_s": round(item.time_saved_s, WALK_DECIMALS),
            "households_gained": households.id[item.gained].tolist(),
            "households_lost": households.id[item.lost].tolist(),
            "proposal": proposal_feature(item.change),
        },
    }


def _line(line: FloatArray) -> dict[str, Any]:
    """A line, or several where it has gaps (rows of NaN)."""
    gaps = np.flatnonzero(np.isnan(line[:, 0]))
    parts = [part[~np.isnan(part[:, 0])] for part in np.split(np.round(line, DEGREE_DECIMALS), gaps)]
    if len(parts) == 1:
        return {"type": "LineString", "coordinates": parts[0].tolist()}
    return {"type": "MultiLineString", "coordinates": [part.tolist() for part in parts]}
