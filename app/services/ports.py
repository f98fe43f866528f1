"""What the use-cases need of the outside; a database and a directory stand behind it."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from app.domain.area import Area, AreaSummary, AreaVersion, ImportReport
from app.domain.audit import AuditEntry
from app.domain.job import Beat, Ending, Job, JobStatus
from app.domain.place import Box, PlaceKind, StoredPlace
from app.domain.scenario import Precondition, Scenario, ScenarioContent, ScenarioSummary
from app.domain.snapshot import Answered, Snapshot, SnapshotSummary
from app.domain.standard import OwnStandard, Standard
from app.domain.storage_fault import StorageFault


class AreaStore(Protocol):
    """Keeps imported areas in versions. A version never changes, and exists as a whole or not at all."""

    def list_areas(self) -> tuple[AreaSummary, ...]:
        """All areas, by id, as their current versions are."""

    def current_version(self, area_id: str) -> str:
        """Key of the version that answers are given from; `AreaNotFoundError` if there is none."""

    def load(self, area_id: str, key: str | None = None) -> Area:
        """The version of this key, or the current one; `StoreError` if it is damaged, foreign or gone."""

    def describe(self, area_id: str) -> tuple[AreaSummary, ImportReport]:
        """Summary of the current version and report of its import; `AreaNotFoundError` if there is no such area."""

    def places(self, area_id: str, key: str, kind: PlaceKind, box: Box | None) -> Iterator[StoredPlace]:
        """Places of the version of this key, all or what touches a box, in the order of its arrays.

        Found by the index of the database, without the arrays; `VersionNotFoundError` if it is gone.
        """

    def save(self, area: Area, report: ImportReport, *, replaces: str | None = None) -> None:
        """Make this the current version; until it is whole, the old one stands. Drops versions beyond those kept.

        Raises
        ------
        AreaChangedError
            If the version of the key `replaces`, from which this one was made, is not the current one any more.
        """

    def acting_for(self, actor: str) -> "AreaStore":
        """The same areas for who asked: versions and the audit log name them."""

    def ending(self, job_id: str, worker: str) -> "AreaStore":
        """The same areas for the work of a running job: what `save` makes current ends that job too, or is not kept.

        Its `save` raises `JobStoppedError`, and keeps nothing, if the job was cancelled or taken from its worker.
        """

    def delete(self, area_id: str) -> None:
        """Forget an area and its versions; `AreaNotFoundError` if there is none."""

    def list_versions(self, area_id: str) -> tuple[AreaVersion, ...]:
        """All versions that are kept, newest first."""

    def roll_back(self, area_id: str, reference: str | None = None) -> AreaVersion:
        """Make a kept version current again, by default the one before the current one.

        Raises
        ------
        VersionNotFoundError
            If there is none of this number or name.
        """

    def prune(self, area_id: str, keep: int) -> tuple[AreaVersion, ...]:
        """Drop all but the newest `keep` versions and the current one, and what killed imports left."""

    def faults(self) -> tuple[StorageFault, ...]:
        """What in database and data directory does not go together."""

    def check(self) -> None:
        """Raise `StoreError` or `DatabaseError` if areas cannot be read from here."""


class ArtifactStore(Protocol):
    """Keeps what answers are computed from: a folder of arrays and tables for each version."""

    def check(self) -> None:
        """Raise `StoreError` if areas cannot be read from here."""

    def alone_with(self, area_id: str) -> AbstractContextManager[None]:
        """Keep other processes of this machine from writing or deleting this area meanwhile."""

    def write(self, area: Area) -> str:
        """Write a version, whole and on the disk; returns its key."""

    def read(self, area_id: str, folder: str) -> Area:
        """A version, checked against its checksums."""

    def folders(self) -> dict[str, frozenset[str]]:
        """Names of all that lies where versions lie, by area."""

    def remove(self, area_id: str, folders: Collection[str]) -> None:
        """Remove versions that are no longer known."""

    def remove_all_but(self, area_id: str, known: Collection[str]) -> None:
        """Remove what killed imports left; only for who is alone with the area."""

    def remove_area(self, area_id: str) -> None:
        """Remove all that is kept of an area."""


class AreaChange(Protocol):
    """Changes of one area, kept together when all went well and not at all otherwise."""

    def register(self, area: Area, report: ImportReport, key: str) -> None:
        """Add a version and make it current."""

    def roll_back(self, reference: str | None) -> AreaVersion:
        """Make a known version current."""

    def end_job(self, job_id: str, worker: str, ending: Ending) -> bool:
        """End a running job with this change; False if it is no longer this worker's, or shall be cancelled."""

    def prune(self, keep: int) -> tuple[AreaVersion, ...]:
        """Forget all but the newest `keep` versions and the current one."""

    def delete(self) -> None:
        """Forget the area."""

    def keys(self) -> frozenset[str]:
        """Keys of all versions of this area, those registered here included."""


class AreaRegistry(Protocol):
    """Knows which areas and versions exist, and which one is current."""

    def acting_for(self, actor: str) -> "AreaRegistry":
        """The same for who asked: versions and the audit log name them."""

    def check(self) -> None:
        """Raise `DatabaseError` if it cannot be asked."""

    def changing(self, area_id: str) -> AbstractContextManager[AreaChange]:
        """A transaction over one area; others that change the same one wait."""

    def list_areas(self) -> tuple[AreaSummary, ...]:
        """All areas, by id."""

    def current_key(self, area_id: str) -> str:
        """Key of the current version; `AreaNotFoundError` if there is no such area."""

    def describe(self, area_id: str) -> tuple[AreaSummary, ImportReport]:
        """Summary and report of the current version."""

    def list_versions(self, area_id: str) -> tuple[AreaVersion, ...]:
        """All versions, newest first."""

    def places(self, area_id: str, key: str, kind: PlaceKind, box: Box | None) -> Iterator[StoredPlace]:
        """Places of a version, all or those that touch a box."""

    def known_keys(self) -> dict[str, dict[str, int]]:
        """Keys of all versions with their numbers, by area."""

    def faults(self) -> tuple[StorageFault, ...]:
        """What in the database does not go together."""

    def is_registered(self, area_id: str, key: str) -> bool:
        """Whether a version of this key exists."""


class ScenarioStore(Protocol):
    """Keeps proposals by name, each for an area: they stay when its versions go, and go with it.

    Everything raises `AreaNotFoundError` if there is no such area.
    """

    def acting_for(self, actor: str) -> "ScenarioStore":
        """The same for who asked: scenarios and the audit log name them."""

    def list_scenarios(
        self, area_id: str, *, after: str | None = None, limit: int | None = None
    ) -> tuple[tuple[ScenarioSummary, ...], int]:
        """Scenarios in the order of their names, those after one alone; and how many there are in all."""

    def get(self, area_id: str, name: str) -> Scenario:
        """One scenario; `ScenarioNotFoundError` if there is none."""

    def save(
        self, area_id: str, name: str, content: ScenarioContent, condition: Precondition
    ) -> tuple[ScenarioSummary, bool]:
        """Keep this under a name, in place of what stood there; also tells whether nothing did.

        Raises
        ------
        PreconditionFailedError
            If the condition does not hold at the moment of the change; nothing is changed then.
        """

    def remove(self, area_id: str, name: str, condition: Precondition) -> None:
        """Forget one; `ScenarioNotFoundError` if there is none, `PreconditionFailedError` as above."""


class JobStore(Protocol):
    """Keeps jobs, and hands each to one worker at a time."""

    def add(self, job: Job) -> None:
        """Queue a new job."""

    def get(self, job_id: str) -> Job:
        """One job; `JobNotFoundError` if there is none."""

    def list_jobs(
        self, *, status: JobStatus | None, area_id: str | None, before: str | None, limit: int
    ) -> tuple[list[Job], int]:
        """Jobs from the newest on, those older than the job `before`, and how many match on all pages."""

    def claim(self, worker: str) -> Job | None:
        """The oldest queued job, now running and this worker's; None if nothing waits."""

    def beat(
        self, job_id: str, worker: str, *, stage: str | None, percent: float | None, details: dict[str, Any]
    ) -> Beat:
        """Say that a job's worker lives and how far the job is."""

    def finish(self, job_id: str, worker: str, ending: Ending) -> bool:
        """End a running job; False, and nothing is changed, if it is no longer this worker's.

        Also True where this worker has ended it well already: with what it saved, or before it lost the connection.
        """

    def hand_back(self, job_id: str, worker: str) -> bool:
        """Queue a running job again, for another worker; False if it is no longer this worker's."""

    def request_cancel(self, job_id: str) -> Job:
        """Cancel a queued job, or ask the worker of a running one to stop; `JobConflictError` for an ended one."""

    def retry(self, job_id: str) -> Job:
        """Queue a failed or cancelled job again; `JobConflictError` unless it is retriable."""

    def running(self) -> list[tuple[Job, float]]:
        """Jobs that are running, each with the seconds since its worker was last heard of."""

    def fail_lost(self, job_id: str, worker: str, ending: Ending, *, silent_s: float) -> bool:
        """End a running job of this worker that has been silent for so long; False if it has not."""

    def expire(self, *, older_than_s: float) -> list[str]:
        """Let go of the input of jobs that ended longer ago: no longer retriable. Returns their ids."""

    def unneeded(self, job_ids: list[str]) -> list[str]:
        """Of which of these ids nobody needs the input any more: no job has it, or it ended for good."""


class StandardStore(Protocol):
    """Keeps the standards of a city's own, and who changed them."""

    def list_standards(self) -> tuple[OwnStandard, ...]:
        """All of them, by id."""

    def find_standard(self, standard_id: str) -> OwnStandard | None:
        """The one of this id."""

    def add_standard(
        self, standard: Standard, document: Mapping[str, Any], *, actor: str
    ) -> tuple[OwnStandard, bool]:
        """Keep a new one. Where its id is taken, what is kept there stays and comes back with False."""

    def replace_standard(
        self, standard: Standard, document: Mapping[str, Any], *, actor: str
    ) -> tuple[OwnStandard, bool]:
        """Keep one, instead of what is kept under its id; False if there was something."""

    def remove_standard(self, standard_id: str, *, actor: str) -> bool:
        """Forget one; False if there is none."""


class AuditLog(Protocol):
    """Tells who changed what."""

    def list_entries(
        self, *, subject: str | None, since: datetime | None, before: int | None, limit: int
    ) -> tuple[list[AuditEntry], int]:
        """Changes from the newest on, those before the one of the id `before`, and how many match on all pages."""


class SnapshotStore(Protocol):
    """Keeps assessments of areas: they stay when versions go, and go with their area.

    Everything raises `AreaNotFoundError` if there is no such area.
    """

    def take(self, answered: Answered, *, note: str | None, actor: str) -> Snapshot:
        """Keep an answer."""

    def list_snapshots(
        self, area_id: str, *, before: int | None = None, limit: int | None = None
    ) -> tuple[list[SnapshotSummary], int]:
        """Snapshots from the newest on, those before the number `before`, and how many there are in all."""

    def get(self, area_id: str, snapshot_id: int) -> Snapshot:
        """One snapshot; `SnapshotNotFoundError` if there is none."""

    def remove(self, area_id: str, snapshot_id: int, *, actor: str) -> None:
        """Forget one; `SnapshotNotFoundError` if there is none."""
