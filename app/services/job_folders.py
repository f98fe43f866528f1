"""Folders of jobs in the data directory: ``jobs/ID/in`` for what was sent, ``jobs/ID/out`` for files of the result.

A folder that is being filled is locked by whoever fills it, so that one left by a killed server can be told from one
that grows.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.errors import FULL, StorageFullError

_LOCK = ".receiving"


class JobFolders:
    """Makes, finds and removes the folders of jobs."""

    def __init__(self, data_path: Path) -> None:
        self._root = data_path / "jobs"

    def inputs(self, job_id: str) -> Path:
        return self._root / job_id / "in"

    def outputs(self, job_id: str) -> Path:
        return self._root / job_id / "out"

    @contextmanager
    def receive(self, job_id: str) -> Iterator[Path]:
        """The folder to receive files in; it is removed if that fails for any reason.

        Raises
        ------
        StorageFullError
            If the disk has no room for what comes.
        """
        folder = self.inputs(job_id)
        try:
            folder.parent.mkdir(parents=True)
            with (folder.parent / _LOCK).open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                folder.mkdir()
                yield folder
        except BaseException as error:
            self.remove(job_id)
            if isinstance(error, OSError) and error.errno in FULL:
                raise StorageFullError from error
            raise

    def drop_inputs(self, job_id: str) -> None:
        """Remove what was sent; of a job without files of a result nothing stays."""
        shutil.rmtree(self.inputs(job_id), ignore_errors=True)
        if not self.output_names(job_id):
            self.remove(job_id)

    def output_names(self, job_id: str) -> list[str]:
        """Names of the files of a result."""
        folder = self.outputs(job_id)
        return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []

    def remove(self, job_id: str) -> None:
        shutil.rmtree(self._root / job_id, ignore_errors=True)

    def drop_unneeded(self, unneeded: Callable[[list[str]], list[str]]) -> None:
        """Remove what was sent for jobs that need it no more, or that never came to be: their server was killed.

        Parameters
        ----------
        unneeded : function
            Of which of some ids nobody needs the input any more.
        """
        if not self._root.is_dir():
            return
        filled = [
            path.name for path in self._root.iterdir() if path.is_dir() and not self._is_receiving(path)
        ]
        # Asked after the locks: a job is queued before its folder's lock is let go.
        for job_id in unneeded(filled) if filled else ():
            self.drop_inputs(job_id)

    @staticmethod
    def _is_receiving(folder: Path) -> bool:
        try:
            with (folder / _LOCK).open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:  # made a moment ago, or by hand, or gone again
            return not (folder / "in").exists() and not (folder / "out").exists()
        return False
