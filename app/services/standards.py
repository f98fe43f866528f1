"""The shipped standards and their services, by name."""

from app.domain.errors import NotFoundError
from app.domain.standard import Service, Standard
from app.ingest.standard_files import get_shipped_standard, load_shipped_standards


class ServiceNotFoundError(NotFoundError):
    """Nothing here knows a service of this id."""

    def __init__(self, service_id: str, where: str, known: tuple[str, ...]) -> None:
        self.service_id = service_id
        super().__init__(f"{where} has no service '{service_id}' (services: {', '.join(known)})")


def list_standards() -> tuple[Standard, ...]:
    """All shipped standards, by id. The same objects every time, so that engines recognise their services."""
    return tuple(load_shipped_standards().values())


def get_standard(standard_id: str) -> Standard:
    """The shipped standard of this id; never a file, since requests ask here.

    Raises
    ------
    StandardNotFoundError
        If there is none.
    """
    return get_shipped_standard(standard_id)


def get_service(standard: Standard, service_id: str) -> Service:
    """A service of a standard.

    Raises
    ------
    ServiceNotFoundError
        If the standard does not ask for it.
    """
    service = standard.find_service(service_id)
    if service is None:
        known = tuple(item.id for item in standard.services)
        raise ServiceNotFoundError(service_id, f"standard '{standard.id}'", known)
    return service
