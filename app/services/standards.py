"""The shipped standards and their services, by name."""

from app.domain.errors import NotFoundError
from app.domain.standard import Service, Standard
from app.ingest.standard_files import load_shipped_standards


class StandardNotFoundError(NotFoundError):
    """No standard of this id is shipped."""

    def __init__(self, standard_id: str, known: tuple[str, ...]) -> None:
        self.standard_id = standard_id
        super().__init__(f"standard '{standard_id}' does not exist (standards: {', '.join(known)})")


class ServiceNotFoundError(NotFoundError):
    """Nothing here knows a service of this id."""

    def __init__(self, service_id: str, where: str, known: tuple[str, ...]) -> None:
        self.service_id = service_id
        super().__init__(f"{where} has no service '{service_id}' (services: {', '.join(known)})")


def list_standards() -> tuple[Standard, ...]:
    """All shipped standards, by id. The same objects every time, so that engines recognise their services."""
    standards = load_shipped_standards()
    return tuple(standards[standard_id] for standard_id in sorted(standards))


def get_standard(standard_id: str) -> Standard:
    """The shipped standard of this id.

    Raises
    ------
    StandardNotFoundError
        If there is none.
    """
    standard = load_shipped_standards().get(standard_id)
    if standard is None:
        raise StandardNotFoundError(standard_id, tuple(item.id for item in list_standards()))
    return standard


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
