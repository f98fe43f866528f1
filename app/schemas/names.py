"""Names and limits of services on the wire. Imports no engine: listing standards needs none."""

from app.domain.standard import LocalName, Service
from app.geo.units import SECONDS_PER_MINUTE


def limit_to_dict(service: Service) -> dict[str, float | bool]:
    """A limit in the unit that the standard gives it in; ``straight`` where streets play no part."""
    if service.straight_m is not None:
        return {"meters": service.straight_m, "straight": True}
    if service.limit_m is not None:
        return {"meters": service.limit_m}
    return {"minutes": (service.limit_s or 0.0) / SECONDS_PER_MINUTE}


def name_to_dict(name: LocalName) -> dict[str, str]:
    """A name in both languages."""
    return {"zh": name.zh, "en": name.en}
