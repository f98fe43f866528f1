"""Areas in a directory: ``areas/NAME/versions/VERSION-SUFFIX/`` and a pointer ``areas/NAME/current``.

A version is written under a temporary name, synced, renamed when whole, and only then pointed to. A reader that
follows the pointer therefore sees the old area or the new one, never anything between.
"""

import fcntl
import json
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from app.domain.area import Area, AreaSummary, ImportReport
from app.domain.errors import AreaNotFoundError, StoreError
from app.store.area_files import read_area, write_area

_SUMMARY = "summary.json"
_REPORT = "report.json"
_AREA_ID = re.compile(r"[a-z0-9-]{1,63}")


class DirectoryAreaStore:
    """An `AreaStore` in a directory of its own."""

    def __init__(self, root: Path) -> None:
        self._areas = root / "areas"

    def check(self) -> None:
        if not self._areas.exists():
            return
        with _explained(self._areas):
            next(iter(self._areas.iterdir()), None)

    def list_areas(self) -> tuple[AreaSummary, ...]:
        return tuple(self.get_summary(area_id) for area_id in self._area_ids())

    def get_summary(self, area_id: str) -> AreaSummary:
        path = self._current_folder(area_id) / _SUMMARY
        with _explained(path):
            summary = json.loads(path.read_text(encoding="utf-8"))
            return AreaSummary(**{**summary, "extent": tuple(summary["extent"])})

    def current_version(self, area_id: str) -> str:
        return self._current_folder(area_id).name

    def load(self, area_id: str) -> Area:
        folder = self._current_folder(area_id)
        with _explained(folder):
            return read_area(folder)

    def load_report(self, area_id: str) -> ImportReport:
        path = self._current_folder(area_id) / _REPORT
        with _explained(path):
            report = json.loads(path.read_text(encoding="utf-8"))
            return ImportReport(**{**report, "warnings": tuple(report["warnings"])})

    def save(self, area: Area, report: ImportReport) -> None:
        home = self._areas / area.id
        versions = home / "versions"
        with _explained(home), self._alone_with(area.id):
            versions.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=versions))
            try:
                write_area(area, aside)
                _write_json(aside / _REPORT, asdict(report))
                _write_json(aside / _SUMMARY, asdict(_summary(area)))
                _sync_folder(aside)
                # A name that no import ever used, so that nobody takes this version for one they know.
                folder = versions / f"{area.version}-{uuid.uuid4().hex[:8]}"
                aside.rename(folder)
                self._point_to(home, folder.name)
            except BaseException:
                shutil.rmtree(aside, ignore_errors=True)
                raise
            self._remove_others(versions, folder.name)

    def delete(self, area_id: str) -> None:
        home = self._home(area_id)  # a damaged area can be deleted too
        with _explained(home), self._alone_with(area_id):
            (home / "current").unlink()  # from here on the area does not exist
            shutil.rmtree(home)

    def _area_ids(self) -> list[str]:
        if not self._areas.exists():
            return []
        with _explained(self._areas):
            names = [home.name for home in self._areas.iterdir() if (home / "current").is_file()]
        return sorted(name for name in names if _AREA_ID.fullmatch(name))  # others are nobody's areas

    def _current_folder(self, area_id: str) -> Path:
        home = self._home(area_id)
        with _explained(home / "current"):
            name = (home / "current").read_text(encoding="utf-8").strip()
            folder = home / "versions" / name
            is_there = bool(name) and folder.is_dir()
        if not is_there:
            raise StoreError(
                str(home / "current"), "points to a version that is missing; import the area again"
            )
        return folder

    def _home(self, area_id: str) -> Path:
        home = self._areas / area_id
        if not _AREA_ID.fullmatch(area_id) or not (home / "current").is_file():
            raise AreaNotFoundError(area_id, tuple(self._area_ids()))
        return home

    @contextmanager
    def _alone_with(self, area_id: str) -> Iterator[None]:
        """Keep other processes from writing or deleting this area meanwhile; they wait for their turn."""
        locks = self._areas.parent / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / f"{area_id}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file closes, a killed process's too
            yield

    @staticmethod
    def _point_to(home: Path, name: str) -> None:
        pointer = home / ".current.new"
        with pointer.open("w", encoding="utf-8") as stream:
            stream.write(name + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        pointer.replace(home / "current")

    @staticmethod
    def _remove_others(versions: Path, name: str) -> None:
        """Drop old versions, and what killed imports left.

        Mapped arrays of a running reader stay readable until it lets go of them.
        """
        for folder in versions.iterdir():
            if folder.name != name:
                shutil.rmtree(folder, ignore_errors=True)


def _summary(area: Area) -> AreaSummary:
    counts = {
        "households_points": area.households.count,
        "households": float(area.households.households.sum()),
        "population": None if area.households.population is None else float(area.households.population.sum()),
        "facilities": area.facilities.count,
        "nodes": area.network.node_count,
        "edges": area.network.edge_count,
        "length_m": round(area.network.length_m, 1),
    }
    west, south, east, north = area.extent.polygon.bounds
    return AreaSummary(area.id, area.title, area.version, counts, (west, south, east, north))


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def _sync_folder(folder: Path) -> None:
    for path in [*folder.iterdir(), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Errors of the file system and of damaged JSON as errors that name the place."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            str(error.filename or path), f"{error.strerror or error}; check the data directory"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(str(path), "is damaged or foreign; import the area again") from error
