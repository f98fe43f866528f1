"""What the use-cases need of the outside; a database or a directory may stand behind it."""

from typing import Protocol

from app.domain.area import Area, AreaSummary, ImportReport


class AreaStore(Protocol):
    """Keeps imported areas. An area is replaced as a whole or not at all."""

    def list_areas(self) -> tuple[AreaSummary, ...]:
        """All areas, by id."""

    def get_summary(self, area_id: str) -> AreaSummary:
        """One area's summary; `AreaNotFoundError` if there is none."""

    def current_version(self, area_id: str) -> str:
        """Version that answers are given from; `AreaNotFoundError` if there is none."""

    def load(self, area_id: str) -> Area:
        """The current version, checked against its checksums; `StoreError` if it is damaged or foreign."""

    def load_report(self, area_id: str) -> ImportReport:
        """Report of the import that made the current version."""

    def save(self, area: Area, report: ImportReport) -> None:
        """Make this the current version; until it is whole, the old one stands."""

    def delete(self, area_id: str) -> None:
        """Forget an area; `AreaNotFoundError` if there is none."""

    def check(self) -> None:
        """Raise `StoreError` if areas cannot be read from here."""
