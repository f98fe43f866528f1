"""Which services the facilities of an area offer, over several standards."""

from collections.abc import Iterable

from app.domain.standard import Service, Standard
from app.services.area_engine import AreaEngine
from app.services.standards import list_standards


def distinct_services(standards: Iterable[Standard]) -> dict[str, Service]:
    """Services by id. A service that several standards ask for means the same facilities in each."""
    services: dict[str, Service] = {}
    for standard in standards:
        for service in standard.services:
            services.setdefault(service.id, service)
    return services


def known_services(standard: Standard) -> tuple[Service, ...]:
    """Services of a standard, and others of the shipped ones."""
    return tuple(distinct_services((standard, *list_standards())).values())


def services_by_facility(
    engine: AreaEngine, services: Iterable[Service], *, supplied_ids: bool = True
) -> dict[int, list[str]]:
    """Service ids, sorted, of every facility that offers any; by position, ascending.

    With `supplied_ids`, ids that a facility file gave and no standard knows are listed too.
    """
    found: dict[int, set[str]] = {}
    for service in services:
        for position in engine.offering(service).tolist():
            found.setdefault(position, set()).add(service.id)
    if supplied_ids:
        for position, ids in enumerate(engine.area.facilities.services):
            if ids:
                found.setdefault(position, set()).update(ids)
    return {position: sorted(found[position]) for position in sorted(found)}
