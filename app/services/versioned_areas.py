"""Areas in versions: their arrays in folders, and the database to say which folders are versions."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict

from app.domain.area import Area, AreaSummary, AreaVersion, ImportReport
from app.domain.errors import AreaChangedError, DatabaseError
from app.domain.job import Ending, JobStatus
from app.domain.place import Box, PlaceKind, StoredPlace
from app.domain.storage_fault import StorageFault
from app.services.folder_faults import find_folder_faults
from app.services.job_context import JobStoppedError
from app.services.ports import AreaChange, AreaRegistry, ArtifactStore


class VersionedAreas:
    """An `AreaStore` of both.

    A folder is written first and registered after, in one transaction with everything that the database keeps of
    it; a folder is removed only when no transaction knows it any more. So whatever is killed when, each version that
    the database knows is whole, and the next change of the area clears what was left.

    Parameters
    ----------
    keep : int
        Versions that stay after an import, the new one included.
    ends : tuple of str, optional
        Job and worker: the running job that ends with what is saved.
    """

    def __init__(
        self,
        artifacts: ArtifactStore,
        registry: AreaRegistry,
        *,
        keep: int,
        ends: tuple[str, str] | None = None,
    ) -> None:
        self._artifacts = artifacts
        self._registry = registry
        self._keep = keep
        self._ends = ends

    def acting_for(self, actor: str) -> "VersionedAreas":
        registry = self._registry.acting_for(actor)
        return VersionedAreas(self._artifacts, registry, keep=self._keep, ends=self._ends)

    def ending(self, job_id: str, worker: str) -> "VersionedAreas":
        return VersionedAreas(self._artifacts, self._registry, keep=self._keep, ends=(job_id, worker))

    def check(self) -> None:
        self._registry.check()
        self._artifacts.check()

    def faults(self) -> tuple[StorageFault, ...]:
        return (*find_folder_faults(self._artifacts, self._registry), *self._registry.faults())

    def list_areas(self) -> tuple[AreaSummary, ...]:
        return self._registry.list_areas()

    def describe(self, area_id: str) -> tuple[AreaSummary, ImportReport]:
        return self._registry.describe(area_id)

    def current_version(self, area_id: str) -> str:
        return self._registry.current_key(area_id)

    def load(self, area_id: str, key: str | None = None) -> Area:
        return self._artifacts.read(area_id, key or self._registry.current_key(area_id))

    def places(self, area_id: str, key: str, kind: PlaceKind, box: Box | None) -> Iterator[StoredPlace]:
        return self._registry.places(area_id, key, kind, box)

    def list_versions(self, area_id: str) -> tuple[AreaVersion, ...]:
        return self._registry.list_versions(area_id)

    def save(self, area: Area, report: ImportReport, *, replaces: str | None = None) -> None:
        self._registry.check()  # before the work, not after it
        with self._artifacts.alone_with(area.id):
            written: list[str] = []
            try:
                with self._registry.changing(area.id) as change:
                    # Whoever else changes the area waits for us: what is current now stays so.
                    self._check_unchanged(area.id, replaces)
                    written.append(self._artifacts.write(area))
                    change.register(area, report, written[0])
                    self._artifacts.remove_all_but(area.id, change.keys())
                    pruned = change.prune(self._keep)
                    self._end_job(change, report)
            except BaseException:
                self._remove_unregistered(area.id, written)
                raise
            # From here on the version stands, and no transaction knows those that are removed now.
            self._artifacts.remove(area.id, [version.key for version in pruned])

    def roll_back(self, area_id: str, reference: str | None = None) -> AreaVersion:
        self._registry.current_key(area_id)
        with self._artifacts.alone_with(area_id), self._registry.changing(area_id) as change:
            return change.roll_back(reference)

    def prune(self, area_id: str, keep: int) -> tuple[AreaVersion, ...]:
        self._registry.current_key(area_id)
        with self._artifacts.alone_with(area_id):
            with self._registry.changing(area_id) as change:
                self._artifacts.remove_all_but(area_id, change.keys())
                pruned = change.prune(keep)
            self._artifacts.remove(area_id, [version.key for version in pruned])
        return pruned

    def delete(self, area_id: str) -> None:
        self._registry.current_key(area_id)
        with self._artifacts.alone_with(area_id):
            with self._registry.changing(area_id) as change:
                change.delete()
            self._artifacts.remove_area(area_id)

    def _end_job(self, change: AreaChange, report: ImportReport) -> None:
        """Last of all: from here until the transaction ends, nobody else can change the job."""
        if self._ends is None:
            return
        if not change.end_job(*self._ends, Ending(JobStatus.SUCCEEDED, result=asdict(report))):
            raise JobStoppedError

    def _check_unchanged(self, area_id: str, key: str | None) -> None:
        if key is not None and self._registry.current_key(area_id) != key:
            raise AreaChangedError(area_id)

    def _remove_unregistered(self, area_id: str, keys: list[str]) -> None:
        """Free the space of a version that did not come to be; where nobody can tell, the next import does."""
        with suppress(DatabaseError):
            gone = [key for key in keys if not self._registry.is_registered(area_id, key)]
            self._artifacts.remove(area_id, gone)
