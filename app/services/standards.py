"""Standards and their services by name: those that come with the program, and a city's own out of the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.domain.errors import BadInputError, DatabaseError, NotFoundError
from app.domain.standard import (
    STANDARD_ID_PATTERN,
    OwnStandard,
    Service,
    Standard,
    StandardExistsError,
    StandardIsShippedError,
    StandardNotFoundError,
)
from app.ingest.marked_yaml import MarkedYaml, UnmarkedValue
from app.ingest.standard_files import (
    check_standard,
    get_shipped_standard,
    load_shipped_standards,
    standard_of,
)

if TYPE_CHECKING:  # would bring the engine along, a second just to list standards
    from app.services.ports import StandardStore

SHIPPED, OWN, FILE = "shipped", "own", "file"


class ServiceNotFoundError(NotFoundError):
    """Nothing here knows a service of this id."""

    def __init__(self, service_id: str, where: str, known: tuple[str, ...]) -> None:
        self.service_id = service_id
        super().__init__(f"{where} has no service '{service_id}' (services: {', '.join(known)})")


@dataclass(frozen=True)
class ListedStandard:
    """A standard, where it is from, and who keeps it since when (None unless it is one's own)."""

    standard: Standard
    origin: str
    created_at: datetime | None = None
    created_by: str | None = None


def list_standards() -> tuple[Standard, ...]:
    """All shipped standards, by id. The same objects every time, so that engines recognise their services."""
    return tuple(load_shipped_standards().values())


def find_shipped(standard_id: str) -> Standard | None:
    """The shipped standard of this id."""
    return load_shipped_standards().get(standard_id)


def get_standard(standard_id: str) -> Standard:
    """The shipped standard of this id; `StandardNotFoundError` if there is none."""
    return get_shipped_standard(standard_id)


class StandardService:
    """Shipped standards, and those that a store keeps.

    The store is asked every time, so that whoever adds, replaces or removes one is heard of at the next question, in
    every process. While a document stays the same, so does its object: engines recognise its services, and what they
    keep of one is never taken for another's.
    """

    def __init__(self, store: "StandardStore") -> None:
        self._store = store
        self._read: dict[str, tuple[Mapping[str, Any], Standard]] = {}

    def list_standards(self) -> tuple[ListedStandard, ...]:
        """All standards: the shipped ones by id, then one's own by id."""
        shipped = load_shipped_standards()
        own = [one for one in self._store.list_standards() if one.id not in shipped]
        return (
            *(ListedStandard(standard, SHIPPED) for standard in shipped.values()),
            *(self._listed(one) for one in own),
        )

    def ids(self) -> tuple[str, ...]:
        """Ids of all standards, as `list_standards` has them."""
        return tuple(listed.standard.id for listed in self.list_standards())

    def service_ids(self) -> frozenset[str]:
        """Ids of all services that any standard asks for."""
        return frozenset(
            service.id for listed in self.list_standards() for service in listed.standard.services
        )

    def find(self, standard_id: str) -> ListedStandard | None:
        """The standard of this id; never a file, since requests ask here. A shipped one goes first."""
        shipped = find_shipped(standard_id)
        if shipped is not None:
            return ListedStandard(shipped, SHIPPED)
        if not STANDARD_ID_PATTERN.fullmatch(standard_id):
            return None
        own = self._store.find_standard(standard_id)
        if own is None:
            self._read.pop(standard_id, None)
            return None
        return self._listed(own)

    def get_listed(self, standard_id: str) -> ListedStandard:
        """As `find`; `StandardNotFoundError` names those there are."""
        found = self.find(standard_id)
        if found is None:
            raise StandardNotFoundError(standard_id, self.ids())
        return found

    def get(self, standard_id: str) -> Standard:
        """The standard of this id.

        Raises
        ------
        StandardNotFoundError
            If there is none.
        """
        return self.get_listed(standard_id).standard

    def add(self, document: MarkedYaml, *, actor: str) -> tuple[ListedStandard, bool]:
        """Keep a new standard; False, and nothing is changed, if the very same is kept already.

        Parameters
        ----------
        document : MarkedYaml
            As `app.ingest.standard_files.read_standard` checked it.

        Raises
        ------
        StandardIsShippedError
            If its id is that of a shipped one.
        StandardExistsError
            If another one of its id is kept.
        """
        standard = self._checked(document)
        own, is_new = self._store.add_standard(standard, document.value, actor=actor)
        kept = self._listed(own)
        if kept.standard.digest != standard.digest:
            raise StandardExistsError(standard.id, kept.standard.version)
        return kept, is_new

    def replace(
        self, document: MarkedYaml, *, actor: str, standard_id: str | None = None
    ) -> tuple[ListedStandard, bool]:
        """Keep a standard whatever is kept under its id; False if there was one.

        Raises
        ------
        StandardIsShippedError
            If its id is that of a shipped one.
        BadInputError
            If its id is not `standard_id`.
        """
        standard = self._checked(document)
        if standard_id not in (None, standard.id):
            raise document.error(
                ("id",), f"is {standard.id}, and {standard_id} is to be replaced; give the same id twice"
            )
        own, is_new = self._store.replace_standard(standard, document.value, actor=actor)
        return self._listed(own), is_new

    def remove(self, standard_id: str, *, actor: str) -> None:
        """Forget one's own standard.

        Raises
        ------
        StandardIsShippedError, StandardNotFoundError
            If it is shipped, or there is none.
        """
        is_name = STANDARD_ID_PATTERN.fullmatch(standard_id)
        if is_name and self._store.remove_standard(standard_id, actor=actor):
            self._read.pop(standard_id, None)
            return
        self.get_listed(standard_id)
        raise StandardIsShippedError(standard_id)

    @staticmethod
    def _checked(document: MarkedYaml) -> Standard:
        standard = standard_of(document)
        if standard.id in load_shipped_standards():
            raise StandardIsShippedError(standard.id)
        return standard

    def _listed(self, own: OwnStandard) -> ListedStandard:
        return ListedStandard(self._standard(own), OWN, own.created_at, own.created_by)

    def _standard(self, own: OwnStandard) -> Standard:
        read = self._read.get(own.id)
        if read is not None and read[0] == own.document:
            return read[1]
        document = UnmarkedValue.of(f"standard '{own.id}'", own.document)
        try:
            check_standard(document)
        except BadInputError as error:  # another version of this software took it
            raise DatabaseError(error.where, f"{error.problem}; correct it and replace it") from error
        standard = standard_of(document)
        self._read[own.id] = own.document, standard
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
