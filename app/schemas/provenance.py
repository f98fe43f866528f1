"""What made an answer, and whose data it is: stands in every answer with data."""

from collections.abc import Iterable
from typing import Any

from app import __version__
from app.domain.area import ATTRIBUTION, METHOD_VERSION, Area
from app.domain.standard import Standard
from app.services.assessment import Assessment


def area_provenance(area: Area) -> dict[str, Any]:
    """What an answer about an area alone was made from."""
    return {
        "data_hash": area.data_hash,
        "method_version": METHOD_VERSION,
        "software_version": __version__,
        "attribution": ATTRIBUTION,
    }


def provenance(assessment: Assessment) -> dict[str, Any]:
    """What an answer with verdicts was made from."""
    return area_provenance(assessment.area) | {"standard_version": assessment.standard.version}


def assessment_head(assessment: Assessment) -> dict[str, Any]:
    """Members beside features with verdicts: what was asked of which data, by which rules."""
    return {
        "attribution": ATTRIBUTION,
        "area": {"id": assessment.area.id, "version": assessment.area.version},
        "standard": {"id": assessment.standard.id, "version": assessment.standard.version},
        "profile": assessment.walker.profile.id,
        "speed_mps": assessment.walker.speed_mps,
        **({} if assessment.band is None else {"band": assessment.band}),
        "provenance": provenance(assessment),
    }


def area_head(area: Area) -> dict[str, Any]:
    """Members beside features of an area alone."""
    return {
        "attribution": ATTRIBUTION,
        "area": {"id": area.id, "version": area.version},
        "provenance": area_provenance(area),
    }


def facilities_head(area: Area, standards: Iterable[Standard]) -> dict[str, Any]:
    """Members beside facilities: whose data, and the standards that said what is one."""
    return {
        "attribution": ATTRIBUTION,
        "area": {"id": area.id, "version": area.version},
        "standards": [{"id": standard.id, "version": standard.version} for standard in standards],
        "provenance": area_provenance(area),
    }
