"""Versions of areas in a directory: ``areas/NAME/versions/VERSION-SUFFIX/``, each a folder that never changes.

A version is written under a temporary name, synced, and renamed when whole. Which folders are versions that exist,
and which one is current, the database says; a folder that it does not know is what a killed import left.
"""

import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from app.domain.area import Area
from app.domain.errors import StoreError


class ArtifactFolder:
    """An `ArtifactStore` in a data directory."""

    def __init__(self, root: Path) -> None:
        self._areas = root / "areas"
        self._locks = root / "locks"

    def check(self) -> None:
        """Raise `StoreError` if areas cannot be read from here."""
        if self._areas.exists():
            with _explained(self._areas):
                next(iter(self._areas.iterdir()), None)

    @contextmanager
    def alone_with(self, area_id: str) -> Iterator[None]:
        """Keep other processes of this machine from writing or deleting this area; they wait for their turn."""
        with _explained(self._locks):
            self._locks.mkdir(parents=True, exist_ok=True)
            lock = (self._locks / f"{area_id}.lock").open("w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file closes, a killed process's too
            yield

    def write(self, area: Area) -> str:
        """Write a version, whole and on the disk; returns the name of its folder."""
        from app.store.area_files import write_area  # noqa: PLC0415 - as in `read`

        versions = self._versions(area.id)
        with _explained(versions):
            versions.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=versions))
            try:
                write_area(area, aside)
                # Side by side: the disk writes them out together, ten times sooner than one after the other.
                with ThreadPoolExecutor(max_workers=8) as threads:
                    list(threads.map(_sync, aside.iterdir()))
                _sync(aside)
                # A name that no import ever used, so that nobody takes this version for one they know.
                folder = versions / f"{area.version}-{uuid.uuid4().hex[:8]}"
                aside.rename(folder)
                _sync(versions, versions.parent, self._areas)
            except BaseException:
                shutil.rmtree(aside, ignore_errors=True)
                raise
        return folder.name

    def read(self, area_id: str, folder: str) -> Area:
        """A version, checked against its checksums. Its arrays stay readable when its folder is removed."""
        from app.store.area_files import read_area  # noqa: PLC0415 - Arrow: 25 MB that who lists areas does not need

        path = self._versions(area_id) / folder
        if not path.is_dir():
            raise StoreError(str(path), "the version's folder is missing; import the area again")
        with _explained(path):
            return read_area(path)

    def folders(self) -> dict[str, frozenset[str]]:
        """Names of all that lies where versions lie, by area."""
        if not self._areas.is_dir():
            return {}
        with _explained(self._areas):
            areas = sorted(path.name for path in self._areas.iterdir() if path.is_dir())
            return {
                area_id: frozenset(path.name for path in self._versions(area_id).glob("*"))
                for area_id in areas
            }

    def remove(self, area_id: str, folders: Collection[str]) -> None:
        """Remove versions that are no longer known."""
        for folder in folders:
            shutil.rmtree(self._versions(area_id) / folder, ignore_errors=True)

    def remove_all_but(self, area_id: str, known: Collection[str]) -> None:
        """Remove what killed imports left. Only for who is `alone_with` the area: others may be writing."""
        versions = self._versions(area_id)
        if versions.is_dir():
            with _explained(versions):
                names = {path.name for path in versions.iterdir()}
            self.remove(area_id, names - set(known))

    def remove_area(self, area_id: str) -> None:
        """Remove all that is kept of an area."""
        shutil.rmtree(self._areas / area_id, ignore_errors=True)

    def _versions(self, area_id: str) -> Path:
        return self._areas / area_id / "versions"


def _sync(*paths: Path) -> None:
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Errors of the file system and of damaged files as errors that name the place."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            str(error.filename or path), f"{error.strerror or error}; check the data directory"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(str(path), "is damaged or foreign; import the area again") from error
