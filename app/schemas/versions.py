"""Versions of an area on the wire."""

from collections.abc import Sequence
from typing import Any

from app import __version__
from app.domain.area import ATTRIBUTION, AreaVersion
from app.schemas.moments import utc_text


def version_to_dict(version: AreaVersion) -> dict[str, Any]:
    """One version as a plain mapping."""
    return {
        "number": version.number,
        "version": version.version,
        "current": version.current,
        "data_hash": version.data_hash,
        "title": version.title,
        "counts": version.counts,
        "created_at": utc_text(version.created_at),
        "created_by": version.created_by,
    }


def places_head(area_id: str, version: AreaVersion) -> dict[str, Any]:
    """Members beside the places that a version was imported with."""
    return {
        "attribution": ATTRIBUTION,
        "area": {"id": area_id, "version": version.version},
        "provenance": {
            "data_hash": version.data_hash,
            "software_version": __version__,
            "attribution": ATTRIBUTION,
        },
    }


def versions_to_dict(area_id: str, versions: Sequence[AreaVersion]) -> dict[str, Any]:
    """All versions of an area, newest first."""
    listed = [version_to_dict(version) for version in versions]
    return {"area": area_id, "versions": listed, "attribution": ATTRIBUTION}
