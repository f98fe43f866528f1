"""Service standards as the API and the command line show them."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.domain.standard import Selector, Service, Source, Standard
from app.schemas.moments import utc_text
from app.schemas.names import limit_to_dict, name_to_dict
from app.services.standards import ListedStandard


def standard_to_dict(listed: ListedStandard) -> dict[str, Any]:
    """A standard with all that it says, sources and OSM selectors included."""
    return _head(listed) | standard_content(listed.standard)


def standard_content(standard: Standard) -> dict[str, Any]:
    """What a standard says, whoever keeps it."""
    return {
        "id": standard.id,
        "version": standard.version,
        "title": name_to_dict(standard.title),
        "source": _source_to_dict(standard.source),
        "speed_mps": standard.speed_mps,
        "profile": standard.profile,
        "speed_basis": standard.speed_basis,
        "measure": standard.measure,
        "denominator": list(standard.denominator),
        "note": standard.note,
        "services": [_service_to_dict(service) for service in standard.services],
    }


def standard_summaries(standards: Iterable[ListedStandard]) -> list[dict[str, Any]]:
    """One line for each standard of a list."""
    return [
        _head(listed)
        | {
            "id": listed.standard.id,
            "version": listed.standard.version,
            "title": name_to_dict(listed.standard.title),
            "services": len(listed.standard.services),
        }
        for listed in standards
    ]


def _head(listed: ListedStandard) -> dict[str, Any]:
    return {
        "origin": listed.origin,
        "digest": listed.standard.digest,
        "created_at": None if listed.created_at is None else utc_text(listed.created_at),
        "created_by": listed.created_by,
    }


def _service_to_dict(service: Service) -> dict[str, Any]:
    return {
        "id": service.id,
        "name": name_to_dict(service.name),
        "obligation": service.obligation,
        "limit": limit_to_dict(service),
        "min_count": service.min_count,
        "tier": service.tier,
        "strand": service.strand,
        "class": service.service_class,
        "any_of": list(service.any_of),
        "waived_by": list(service.waived_by),
        "user_data_only": service.user_data_only,
        "min_area_m2": service.min_area_m2,
        "per_persons": service.per_persons,
        "osm": [_selector_to_dict(selector) for selector in service.selectors],
        "source": _source_to_dict(service.source),
        "note": service.note,
    }


def _selector_to_dict(selector: Selector) -> dict[str, Any]:
    return {
        "key": selector.key,
        "values": sorted(selector.values),
        "where": _conditions_to_dict(selector.where),
        "without": _conditions_to_dict(selector.without),
        "name_regex": selector.name_regex,
    }


def _conditions_to_dict(conditions: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    return {key: sorted(values) for key, values in sorted(conditions.items())}


def _source_to_dict(source: Source) -> dict[str, Any]:
    return {
        "document": source.document,
        "clause": source.clause,
        "date": source.date,
        "mark": source.mark,
        "verify": source.verify,
    }
