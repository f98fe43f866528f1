"""Imports one area again and again in processes that are killed at moments of their work.

Run as ``python -m tests.support.killed_imports DATA_DIR OSM_FILE MOMENTS``. Everything is loaded once; each import runs
in a fork. A moment is the n-th event that Python's auditing or SQLAlchemy tells: an opened or renamed file, a
statement, a commit. So moments are the same on every machine.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from app.services.import_area import ImportRequest, import_area
from app.settings import Settings
from app.wiring import open_database, open_store

_WATCHED = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "sqlite3.connect", "fcntl.flock"}


class Moments:
    """Counts events, and acts at one of them."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        self.count = 0
        self.first_of_storing = 0
        self._at, self._act = at, act
        self._running = False

    def watch(self) -> None:
        """Begin to count."""
        self._running = True
        sys.addaudithook(lambda event, _: self._tell() if event in _WATCHED else None)
        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            sa.event.listen(sa.Engine, name, lambda *_: self._tell())

    def stop(self) -> None:
        """Count no more."""
        self._running = False

    def begin_storing(self) -> None:
        """Note that from here on data may change."""
        self.first_of_storing = self.count

    def _tell(self) -> None:
        if self._running:
            self.count += 1
            if self.count == self._at:
                self._act()


def import_watched(data_dir: Path, osm_file: Path, title: str, moments: Moments) -> None:
    """One import, its events counted."""
    settings = Settings(data_dir=data_dir)
    with closing(open_database(settings)) as database:
        moments.watch()
        import_area(
            ImportRequest("town", title=title, osm_file=osm_file),
            open_store(settings, database, actor="killed"),
            settings,
            known_services=(),
            progress=lambda stage, _: moments.begin_storing() if stage == "store" else None,
        )
        moments.stop()


def in_fork(work: Callable[[], None]) -> int:
    """Exit status of some work in a process of its own."""
    process = os.fork()
    if process == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - told by the exit status
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def state_of(data_dir: Path) -> tuple[str, str, int]:
    """Title and hash of what would answer, loaded and checked; and how many folders are kept too many."""
    settings = Settings(data_dir=data_dir)
    with closing(open_database(settings)) as database:
        store = open_store(settings, database)
        area = store.load("town")
        known = {version.key for version in store.list_versions("town")}
    folders = {path.name for path in (data_dir / "areas" / "town" / "versions").iterdir()}
    assert known <= folders
    return area.title, area.data_hash, len(folders - known)


def main(data_dir: Path, osm_file: Path, wanted: int) -> None:
    """Kill an import at as many moments, and tell what stood after each."""
    counted = data_dir / "counted.json"

    def count() -> None:
        moments = Moments(-1, lambda: None)
        import_watched(data_dir, osm_file, "first", moments)
        counted.write_text(json.dumps([moments.first_of_storing, moments.count]))

    for _ in range(2):  # the second one replaces, as all that follow
        assert in_fork(count) == 0
    first, last = json.loads(counted.read_text())
    early = [1 + first * step // 4 for step in range(1, 4)]
    late = [first + 1 + (last - first - 1) * step // (wanted - 4) for step in range(wanted - 3)]
    outcomes = []
    for number, moment in enumerate(early + late):
        before = state_of(data_dir)
        title = f"import {number}"

        def run(title: str = title, moment: int = moment) -> None:
            kill = Moments(moment, lambda: os.kill(os.getpid(), signal.SIGKILL))
            import_watched(data_dir, osm_file, title, kill)

        status = in_fork(run)
        after = state_of(data_dir)
        outcomes.append(
            {
                "moment": moment,
                "killed": status == -signal.SIGKILL,
                "as_before": after[:2] == before[:2],
                "as_after": after[0] == title and after[1] == before[1],
                "left": after[2],
            }
        )
    moments = Moments(-1, lambda: None)
    assert in_fork(lambda: import_watched(data_dir, osm_file, "last", moments)) == 0
    print(json.dumps({"outcomes": outcomes, "last": state_of(data_dir)}))  # noqa: T201 - read by the test


def fill_disk(data_dir: Path, osm_file: Path, limit: int) -> None:
    """Import while no file may grow beyond a limit in bytes, as on a disk that is full, from storing on."""
    settings = Settings(data_dir=data_dir)
    with closing(open_database(settings)) as database:
        request = ImportRequest("town", title="new", osm_file=osm_file)
        store = open_store(settings, database)
        limits = (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1])

        def full(stage: str, _: int) -> None:
            if stage == "store":
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)

        import_area(request, store, settings, known_services=(), progress=full)


if __name__ == "__main__" and sys.argv[1] == "fill":
    fill_disk(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
elif __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
